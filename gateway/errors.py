"""One tree of errors for both ends of the gateway's HTTP: the server raises them, the client raises them again.

Every message is safe to show and says what to change. Anything else that goes wrong is a bug: it is logged with the
request's id and answered as `internal_error`.
"""

from collections.abc import Mapping
from typing import ClassVar


class ApiError(Exception):
    """An answer that is not a success.

    `status` is the HTTP status, `code` the stable word programs test for, `message` the sentence for people,
    `retry_after` the seconds to wait before trying again, where that is known. `conversation_id` and `message_id` say
    what was kept of an answer that broke off; `headers` go with the answer; `param` names the field at
    fault, where that is known.
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, code: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.retry_after = retry_after
        self.conversation_id: str | None = None
        self.message_id: str | None = None
        self.headers: Mapping[str, str] = {}
        self.param: str | None = None


class InternalError(ApiError):
    """500: a bug on the server's side; the message carries the reference to look for in its log."""


class InvalidRequest(ApiError):
    """400: the request is not one the route takes."""

    status = 400
    default_code = "invalid_request"


class Unauthenticated(ApiError):
    """401: there is no key, or it is unknown, revoked or expired."""

    status = 401
    default_code = "invalid_key"


class PermissionDenied(ApiError):
    """403: the key is good, but not for this."""

    status = 403
    default_code = "forbidden"


class NotFound(ApiError):
    """404: there is no such thing, or none that this key may see."""

    status = 404
    default_code = "not_found"


class MethodNotAllowed(ApiError):
    """405: the route exists, the method does not."""

    status = 405
    default_code = "method_not_allowed"


class TimedOut(ApiError):
    """408: the request did not arrive in time."""

    status = 408
    default_code = "request_timeout"


class Conflict(ApiError):
    """409: what is there already contradicts the request."""

    status = 409
    default_code = "conflict"


class TooLarge(ApiError):
    """413: the body is larger than the gateway takes."""

    status = 413
    default_code = "too_large"


class HeadersTooLarge(ApiError):
    """431: the headers are larger than the gateway takes."""

    status = 431
    default_code = "headers_too_large"


class RateLimited(ApiError):
    """429: too much for now."""

    status = 429
    default_code = "rate_limited"


class LimitReached(RateLimited):
    """429: a limit of the user's is used up. `headers` tell which one, what is left of it and when it resets."""

    def __init__(self, message: str, *, code: str, retry_after: float, headers: Mapping[str, str]) -> None:
        super().__init__(message, code=code, retry_after=retry_after)
        self.headers = headers

    @property
    def limit(self) -> float:
        """How much the limit is: prompts, tokens or US dollars, as its code says."""
        return float(self.headers["X-RateLimit-Limit"])

    @property
    def left(self) -> float:
        """What is left of it, in the same unit."""
        return float(self.headers["X-RateLimit-Remaining"])


class UpstreamFailed(ApiError):
    """502: the provider was asked and did not answer as it should."""

    status = 502
    default_code = "upstream_error"


class Unavailable(ApiError):
    """503: the gateway, its database or the account that is needed cannot serve now."""

    status = 503
    default_code = "unavailable"


class UpstreamTimeout(ApiError):
    """504: the provider did not answer in time."""

    status = 504
    default_code = "upstream_timeout"


BY_STATUS: dict[int, type[ApiError]] = {
    kind.status: kind
    for kind in (
        InternalError,
        InvalidRequest,
        Unauthenticated,
        PermissionDenied,
        NotFound,
        MethodNotAllowed,
        TimedOut,
        Conflict,
        TooLarge,
        RateLimited,
        HeadersTooLarge,
        UpstreamFailed,
        Unavailable,
        UpstreamTimeout,
    )
}
