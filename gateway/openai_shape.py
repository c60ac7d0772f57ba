"""How errors and limits are told below `/v1`: as programs written for OpenAI expect them.

https://developers.openai.com/api/docs/guides/error-codes, …/guides/rate-limits#rate-limits-in-headers
"""

from collections.abc import Mapping

from gateway.errors import ApiError
from gateway.wire.openai import OpenAIError, OpenAIErrorAnswer

PREFIX = "/v1/"

# Where OpenAI has a word of its own, programs test for that.
_CODES = {
    "missing_key": "invalid_api_key",
    "invalid_key": "invalid_api_key",
    "revoked_key": "invalid_api_key",
    "unknown_model": "model_not_found",
    "limit_requests": "rate_limit_exceeded",
    "limit_concurrent": "rate_limit_exceeded",
    "limit_tokens": "rate_limit_exceeded",
    "limit_cost": "insufficient_quota",
    "upstream_rate_limited": "rate_limit_exceeded",
    "context_too_long": "context_length_exceeded",
    "upstream_content_filter": "content_policy_violation",
    "prompt_flagged": "content_policy_violation",
}
_TYPES = {401: "authentication_error", 403: "permission_error"}
_LIMIT_TYPES = {"limit_requests": "requests", "limit_tokens": "tokens", "limit_cost": "insufficient_quota"}
_RESOURCES = {"requests_per_minute": "requests", "tokens_per_day": "tokens"}
# The official libraries wait for a minute at most, and would ask twice more in vain.
_WORTH_WAITING_SECONDS = 60.0


def is_below_v1(path: str) -> bool:
    """Whether this address is one of OpenAI's API."""
    return path.startswith(PREFIX)


def openai_error(error: ApiError) -> OpenAIErrorAnswer:
    """The body that tells an error, also in a stream."""
    code = _CODES.get(error.code, error.code)
    return OpenAIErrorAnswer(error=OpenAIError(message=error.message, type=_type(error), param=error.param, code=code))


def openai_headers(error: ApiError) -> dict[str, str]:
    """The headers that go with it beside those that any error has."""
    headers = limit_headers(error.headers)
    if error.retry_after is not None and error.retry_after > _WORTH_WAITING_SECONDS:
        headers["X-Should-Retry"] = "false"
    return headers


def limit_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`X-RateLimit-*` under the names that OpenAI gives them, where it has such a limit."""
    what = _RESOURCES.get(headers.get("X-RateLimit-Resource", ""))
    if what is None:
        return {}
    return {
        f"X-RateLimit-Limit-{what}": headers["X-RateLimit-Limit"],
        f"X-RateLimit-Remaining-{what}": headers["X-RateLimit-Remaining"],
        f"X-RateLimit-Reset-{what}": f"{headers['X-RateLimit-Reset']}s",
    }


def _type(error: ApiError) -> str:
    if error.status == 429:
        return _LIMIT_TYPES.get(error.code, "rate_limit_error")
    if error.status >= 500:
        return "server_error"
    return _TYPES.get(error.status, "invalid_request_error")
