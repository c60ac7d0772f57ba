"""What went wrong, in words, and as an exit code."""

from chat.sanitising import one_line
from gateway.client import (
    ApiError,
    GatewayUnreachable,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    Unauthenticated,
)

FAILED = 1
WRONG_CALL = 2
REFUSED = 3
LIMITED = 4
INTERRUPTED = 130


def words_for(error: ApiError, gateway: str) -> str:
    """A sentence or two that say what to do."""
    match error:
        case GatewayUnreachable(sent=False):
            return f"Nobody answers at {gateway}. Is the gateway running? --gateway or ROLEKEY_GATEWAY names another."
        case ProtocolError():
            return f"{one_line(error.message)} The address is {gateway}; --gateway or ROLEKEY_GATEWAY names another."
        case Unauthenticated():
            return "The gateway does not take this key. On Discord `/key rotate` gives you a new one for ROLEKEY_KEY."
        case RateLimited(retry_after=float(seconds)) if seconds >= 1:
            return f"{one_line(error.message)} Try again in {_duration(seconds)}."
        case _:
            return one_line(error.message)


def exit_code_of(error: ApiError) -> int:
    """What a script is told."""
    match error:
        case Unauthenticated() | PermissionDenied():
            return REFUSED
        case RateLimited():
            return LIMITED
        case InvalidRequest() | NotFound():
            return WRONG_CALL
        case _:
            return FAILED


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
