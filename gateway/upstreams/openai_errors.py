"""What an OpenAI-compatible provider's refusals mean, said once in the gateway's own words.

https://developers.openai.com/api/docs/guides/error-codes

The provider's sentence is for its own customer and may hold a piece of the key or of the prompt: members never see it.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec

from gateway.config import Account
from gateway.errors import ApiError, InvalidRequest, RateLimited, Unavailable, UpstreamFailed, UpstreamTimeout

_LONGEST_WAIT_SECONDS = 86_400.0
_QUOTA_CODES = {
    "insufficient_quota",
    "billing_hard_limit_reached",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "project_spend_limit_exceeded",
}
_CONTENT_CODES = {"content_filter", "content_policy_violation", "invalid_prompt"}
_CONTEXT_WORDS = re.compile(
    r"maximum context length|context.?(?:length|window|size).{0,40}exceed|exceed.{0,40}context|prompt is too long",
    re.IGNORECASE,
)
_KEY_LIKE = re.compile(r"\b(?:sk|rk|pk|gsk|xai|key)[-_]\S+|\bBearer\s+\S+|\S*\*{3,}\S*|[A-Za-z0-9_+/=-]{24,}")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


class ProviderError(msgspec.Struct, frozen=True):
    """The object under `error` in a provider's answer."""

    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    param: str | None = None

    @property
    def words(self) -> set[str]:
        """Its machine-readable words."""
        return {str(word) for word in (self.type, self.code) if word is not None}

    def names(self, parameter: str) -> bool:
        """Whether it complains about this parameter of the request."""
        return self.param == parameter or parameter in (self.message or "")

    def names_exactly(self, parameter: str) -> bool:
        """The same for a parameter whose name is an everyday word: in a message it must stand in quotation marks."""
        return self.param == parameter or any(f"{mark}{parameter}{mark}" in (self.message or "") for mark in "'\"`")

    def __repr__(self) -> str:
        return f"ProviderError({self.type}, {self.code}, {self.param})"


class _Body(ProviderError, frozen=True):
    # Some servers put the error's fields at the top.
    error: ProviderError | str | None = None


def read_error(body: bytes) -> ProviderError:
    """The error in an answer's body, as far as it can be read."""
    try:
        answer = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ProviderError(message=body[:1000].decode(errors="replace"))
    if isinstance(answer.error, str):
        return ProviderError(message=answer.error)
    return answer.error or answer


def log_words(error: ProviderError, secrets: tuple[str, ...]) -> str:
    """The error for the log: without `secrets` and whatever looks like a key, in one short line."""
    text = _shown(error.message or "", secrets, 200)
    return f"type={error.type} code={error.code} param={error.param}: {text}"


def refusal(
    account: Account, model: str, status: int, error: ProviderError, headers: Mapping[str, str], now: float
) -> ApiError:
    """The gateway's error for a provider's answer with this status; `now` is in seconds since the epoch."""
    if status == 402 or error.words & _QUOTA_CODES:
        return Unavailable(
            f"The account {account.name} has used up its budget at the provider: an admin must raise it there.",
            code="upstream_quota",
        )
    if status == 429:
        return _rate_limited(account, retry_after(headers, now))
    if status in (401, 403):
        return _unauthenticated(account, model)
    if status == 404:
        return _not_found(account, model, error)
    if status in (408, 504):
        return timed_out(account)
    if 400 <= status < 500:
        return _rejected(account, status, error)
    return UpstreamFailed(
        f"The provider of the account {account.name} failed (HTTP {status}). Nothing was lost: ask again in a moment.",
        retry_after=retry_after(headers, now),
    )


def with_providers_words(told: ApiError, account: Account, error: ProviderError, secrets: tuple[str, ...]) -> ApiError:
    """The same error for whoever wrote the request, and cannot mend it without the provider's own sentence.

    That goes without `secrets` and whatever looks like a key. An error that is not about the request stays as it is.
    """
    if not isinstance(told, InvalidRequest):
        return told
    if told.code == "upstream_rejected" and error.message:
        words = _shown(error.message, secrets, 500)
        told = InvalidRequest(
            f"The provider of the account {account.name} rejected the request: {words}", code=told.code
        )
    told.param = error.param
    return told


def event_refusal(account: Account, model: str, error: ProviderError, now: float) -> ApiError:
    """The gateway's error for an error event within a stream, which has no status of its own."""
    if isinstance(error.code, int) and 400 <= error.code < 600:
        return refusal(account, model, error.code, error, {}, now)
    words = error.words
    if words & {"rate_limit_exceeded", "rate_limit_error", "tokens", "requests"}:
        return refusal(account, model, 429, error, {}, now)
    if words & _QUOTA_CODES:
        return refusal(account, model, 402, error, {}, now)
    if words & {"invalid_api_key", "authentication_error", "permission_error"}:
        return refusal(account, model, 401, error, {}, now)
    if "context_length_exceeded" in words or "invalid_request_error" in words:
        return refusal(account, model, 400, error, {}, now)
    return UpstreamFailed(
        f"The provider of the account {account.name} broke off with an error of its own. Ask again in a moment."
    )


def timed_out(account: Account) -> UpstreamTimeout:
    """The provider was silent for too long."""
    return UpstreamTimeout(f"The provider of the account {account.name} did not answer in time. Ask again in a moment.")


def unreachable(account: Account) -> UpstreamFailed:
    """No connection came about."""
    through = ", or the account's proxy," if account.proxy else ""
    return UpstreamFailed(
        f"The provider of the account {account.name}{through} cannot be reached. "
        "Try again in a moment; if it stays so, an admin must check the account's base_url and the network.",
        code="upstream_unreachable",
    )


def hung_up(account: Account) -> UpstreamFailed:
    """The provider closed the connection before it said anything."""
    return UpstreamFailed(
        f"The provider of the account {account.name} hung up without an answer. Ask again in a moment."
    )


def broken_stream(account: Account) -> UpstreamFailed:
    """The answer ended before it was finished."""
    return UpstreamFailed(
        f"The provider of the account {account.name} broke off the answer. "
        "Ask it to go on from what has arrived, or ask again.",
        code="upstream_broken_stream",
    )


def not_the_protocol(account: Account) -> UpstreamFailed:
    """Something answered, but not as an OpenAI-compatible endpoint does."""
    return UpstreamFailed(
        f"What answers for the account {account.name} does not speak OpenAI's protocol: "
        "an admin must check the account's base_url, which usually ends in /v1.",
        code="upstream_protocol",
    )


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, from `Retry-After` (RFC 9110, 10.2.3) or from OpenAI's `x-ratelimit-reset-*`."""
    wait = _milliseconds(headers.get("retry-after-ms", ""))
    if wait is None:
        wait = _seconds_or_date(headers.get("retry-after", ""), now)
    if wait is None:
        wait = _reset(headers)
    return None if wait is None else min(max(wait, 0.0), _LONGEST_WAIT_SECONDS)


def _shown(text: str, secrets: tuple[str, ...], most: int) -> str:
    for secret in filter(None, secrets):
        text = text.replace(secret, "[hidden]")
    return " ".join(_KEY_LIKE.sub("[hidden]", text).split())[:most]


def _milliseconds(text: str) -> float | None:
    return int(text) / 1000 if text.isascii() and text.isdecimal() else None


def _seconds_or_date(text: str, now: float) -> float | None:
    text = text.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now


def _reset(headers: Mapping[str, str]) -> float | None:
    """The reset of the limit that is used up, else the later one."""
    waits = {
        limit: _duration(headers.get(f"x-ratelimit-reset-{limit}", ""))
        for limit in ("requests", "tokens")
        if headers.get(f"x-ratelimit-reset-{limit}")
    }
    spent = [wait for limit, wait in waits.items() if headers.get(f"x-ratelimit-remaining-{limit}") == "0"]
    return max((wait for wait in spent or waits.values() if wait is not None), default=None)


def _duration(text: str) -> float | None:
    """Seconds in a duration such as `6m0s` or `20ms`."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in parts)


def _rate_limited(account: Account, wait: float | None) -> RateLimited:
    when = "in a moment" if wait is None else f"in {max(1, round(wait))} s"
    return RateLimited(
        f"The account {account.name} is at its provider's rate limit. Try again {when}.",
        code="upstream_rate_limited",
        retry_after=wait,
    )


def _unauthenticated(account: Account, model: str) -> UpstreamFailed:
    where = account.api_key_env or "the account's api_key_env, which is not set"
    return UpstreamFailed(
        f"The provider refused the account {account.name}. Its key is wrong, revoked or lacks access to the model "
        f"{model}: an admin must check {where}.",
        code="upstream_authentication",
    )


def _not_found(account: Account, model: str, error: ProviderError) -> UpstreamFailed:
    if "model_not_found" in error.words or "model" in (error.message or "").lower():
        return UpstreamFailed(
            f"The provider of the account {account.name} has no model {model}: "
            "an admin must set another one in the account's settings.",
            code="upstream_model",
        )
    return not_the_protocol(account)


def _rejected(account: Account, status: int, error: ProviderError) -> ApiError:
    if status == 413 or "context_length_exceeded" in error.words or _CONTEXT_WORDS.search(error.message or ""):
        return InvalidRequest(
            "The conversation is too long for the model. Shorten the prompt or begin a new conversation.",
            code="context_too_long",
        )
    if "model_not_found" in error.words:
        return _not_found(account, account.model, error)
    if error.words & _CONTENT_CODES:
        return InvalidRequest(
            "The provider declined the prompt under its rules for content. Say it differently.",
            code="upstream_content_filter",
        )
    return InvalidRequest(
        f"The provider of the account {account.name} rejected the request (HTTP {status}). "
        "Try another prompt; if every prompt fails, an admin must check the gateway's log.",
        code="upstream_rejected",
    )
