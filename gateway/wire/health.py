"""Whether the gateway is up."""

from typing import Literal

import msgspec


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /health`."""

    status: Literal["ok"] = "ok"
    version: str
