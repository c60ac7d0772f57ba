"""The one shape of every error."""

from typing import Literal

import msgspec


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong: `code` for programs, `message` for people."""

    code: str
    message: str


def _error() -> Literal["error"]:
    return "error"


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The one shape of every error, also of the streamed event `error`.

    In a stream `conversation_id` and `message_id` say what was kept of a reply that broke off.
    """

    error: ErrorBody
    message: str
    # A plain default would be left out with the others.
    status: Literal["error"] = msgspec.field(default_factory=_error)
    retry_after: float | None = None
    conversation_id: str | None = None
    message_id: str | None = None
