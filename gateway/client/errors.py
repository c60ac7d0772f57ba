"""What a call can raise. `ApiError` is all of it; below it stand

| what went wrong | error |
|---|---|
| nobody answered, or the connection broke | `GatewayUnreachable` |
| the key is unknown, revoked or expired | `Unauthenticated` |
| the key is good, but not for this | `PermissionDenied` |
| there is no such thing, or none that this key may see | `NotFound` |
| too much for now; `retry_after` says for how many seconds | `RateLimited` |
| a limit of the user's is used up; `limit` and `left` say how much; a kind of `RateLimited` | `LimitReached` |
| the request cannot be taken as it is | `InvalidRequest`, `Conflict`, `TooLarge` |
| the model's provider failed | `UpstreamFailed`, `UpstreamTimeout` |
| the answer broke off after it had begun; a kind of `UpstreamFailed` | `BrokenAnswer` |
| the gateway cannot serve now, or has a bug | `Unavailable`, `InternalError` |
| what answered is no Rolekey gateway | `ProtocolError` |
"""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import ClassVar

import aiohttp
import msgspec

from gateway.errors import (
    BY_STATUS,
    ApiError,
    Conflict,
    InternalError,
    InvalidRequest,
    LimitReached,
    NotFound,
    PermissionDenied,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UpstreamFailed,
    UpstreamTimeout,
)
from gateway.wire import ErrorAnswer

_STANDING = ("X-RateLimit-Limit", "X-RateLimit-Remaining")
_FIGURE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
NOT_A_GATEWAY = "What answers at the gateway's address is not a Rolekey gateway."


class GatewayUnreachable(ApiError):
    """Nobody answered: the gateway is down, or the connection broke.

    `sent` is False where the request cannot have reached it.
    """

    status: ClassVar[int] = 0
    default_code: ClassVar[str] = "gateway_unreachable"

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class ProtocolError(ApiError):
    """What answered does not speak the gateway's protocol. `http_status` is what it said, where it said that much."""

    status: ClassVar[int] = 0
    default_code: ClassVar[str] = "protocol_error"

    def __init__(self, message: str, *, http_status: int | None = None) -> None:
        super().__init__(message)
        self.http_status = http_status


class BrokenAnswer(UpstreamFailed):
    """An answer that broke off after it had begun; what had arrived is kept under `conversation_id`."""

    default_code: ClassVar[str] = "upstream_broken_stream"

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(answer.error.message, code=answer.error.code, retry_after=answer.retry_after)
        self.conversation_id = answer.conversation_id
        self.message_id = answer.message_id


@contextmanager
def reaching() -> Generator[None]:
    """Say a lost or refused connection in one way.

    Raises `GatewayUnreachable`, and `ProtocolError` for what is no HTTP or no address.
    """
    try:
        yield
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise GatewayUnreachable("The gateway does not answer. Try again in a moment.", sent=False) from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError, OSError) as error:
        raise GatewayUnreachable("The gateway does not answer. Try again in a moment.") from error
    except aiohttp.ClientError as error:
        raise ProtocolError(NOT_A_GATEWAY) from error


def error_of(status: int, headers: Mapping[str, str], data: bytes) -> ApiError:
    """The error that an answer with this status is; `retry_after` from the body, else from the header."""
    try:
        answer = msgspec.json.decode(data, type=ErrorAnswer)
    except msgspec.MsgspecError:
        return ProtocolError(
            f"The gateway's address answered with HTTP status {status} and no reason.", http_status=status
        )
    kind = BY_STATUS.get(status, InternalError)
    retry_after = _seconds(headers.get("Retry-After")) if answer.retry_after is None else answer.retry_after
    standing = {name: headers[name] for name in _STANDING if name in headers}
    if kind is RateLimited and retry_after is not None and _are_figures(standing):
        return LimitReached(answer.error.message, code=answer.error.code, retry_after=retry_after, headers=standing)
    return kind(answer.error.message, code=answer.error.code, retry_after=retry_after)


def _are_figures(standing: Mapping[str, str]) -> bool:
    return len(standing) == len(_STANDING) and all(_FIGURE.fullmatch(value) for value in standing.values())


def _seconds(retry_after: str | None) -> float | None:
    """`Retry-After` in seconds; the form with a date is left out, since it needs the right time here."""
    return float(retry_after) if retry_after is not None and retry_after.isascii() and retry_after.isdigit() else None


__all__ = [
    "NOT_A_GATEWAY",
    "ApiError",
    "BrokenAnswer",
    "Conflict",
    "GatewayUnreachable",
    "InternalError",
    "InvalidRequest",
    "LimitReached",
    "NotFound",
    "PermissionDenied",
    "ProtocolError",
    "RateLimited",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "UpstreamFailed",
    "UpstreamTimeout",
    "error_of",
    "reaching",
]
