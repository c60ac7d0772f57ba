"""What a check says, and how it asks over HTTP."""

from typing import Any, Literal, TypeVar

import aiohttp
import msgspec

Result = Literal["ok", "failed", "absent"]
T = TypeVar("T")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one check found. `absent` is nothing wrong: something optional is not there, or has nothing to check."""

    check: str
    result: Result
    detail: str
    advice: str = ""


class Refused(Exception):
    """An HTTP answer that is not a success, or is not what the API answers."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status


async def get_json(session: aiohttp.ClientSession, url: str, kind: type[T], **options: Any) -> T:
    """The answer as `kind`.

    Raises `Refused` or `aiohttp.ClientError`.
    """
    async with session.get(url, allow_redirects=False, **options) as response:
        if response.status != 200:
            raise Refused(response.status)
        body = await response.read()
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        raise Refused(response.status) from None
