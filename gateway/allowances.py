"""How much of each limit is used and left, and whether one more prompt fits in.

A minute begins with the first request after the one before; tokens are counted by the UTC day, costs by the UTC month.
Each tier has a budget of its own. A limit that a user was given holds for both tiers together.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any, Literal

import msgspec

from gateway import wire
from gateway.config import TierLimits
from gateway.errors import LimitReached
from gateway.store import columns_of
from gateway.times import moment
from gateway.wire import Tier, TierAllowances, UserLimits

LimitName = Literal["requests_per_minute", "tokens_per_day", "cost_per_month_usd", "concurrent"]

MINUTE = 60_000
_DAY = 24 * 60 * MINUTE
# An answer shorter than that helps nobody: with less left the prompt is refused.
_LEAST_ANSWER_TOKENS = 256
# One prompt gets a quarter of what is left at most, or the longest answer would keep the user's others waiting.
_SHARES = 4
# Sums of binary fractions are a little off; a millionth of a cent is not worth a refusal.
_DUST_USD = 1e-8
# When there may be room again that others of the user's requests only hold.
_HELD_SECONDS = 2.0


class InUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a user's finished requests used of a tier, and what those under way hold."""

    tier: Tier
    requests: int
    began_at: int | None
    running: int
    abandoned: int
    held_tokens: int
    held_cost_usd: float
    tokens: int
    cost_usd: float

    @classmethod
    def from_row(cls, row: Any) -> "InUse":
        """A row of the query `in_use`."""
        return cls(**columns_of(row))


class Naming(msgspec.Struct, frozen=True, kw_only=True):
    """What a generated title may come to; the cost is None where it is not known."""

    tokens: int
    cost_usd: float | None


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt may come to: its tokens, those of the longest answer, and what so many of each cost, which `price`
    may refuse to say. A new conversation gets a title too, where there is room for that.

    On somebody's own credential tokens cost the gateway nothing, and count against no limit of its. What is not given
    back as a request counts as one also where it fails.
    """

    tier: Tier
    input_tokens: int
    output_tokens: int
    price: Callable[[int, int], float]
    own_credential: bool = False
    given_back: bool = True
    naming: Naming | None = None

    @property
    def least_output_tokens(self) -> int:
        """The shortest answer that is worth asking for."""
        return min(self.output_tokens, _LEAST_ANSWER_TOKENS)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """What a prompt gets: tokens in all, of which its answer may take so many, and what they may cost.

    `named` says whether a title is among them.
    """

    tokens: int
    output_tokens: int
    cost_usd: float
    named: bool


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """One limit in force. `used` is gone, `held` by requests under way; `resets_at` is in milliseconds."""

    name: LimitName
    tier: Tier
    limit: float
    used: float
    held: float = 0
    resets_at: int | None = None

    @property
    def left(self) -> float:
        """What may still be used, never less than nothing."""
        return max(0, self.limit - self.used - self.held)

    def headers(self, now: int, *, taken: float = 0) -> dict[str, str]:
        """The limit as a response tells it; the reset in seconds from now."""
        reset = 0 if self.resets_at is None else math.ceil(max(0, self.resets_at - now) / 1000)
        return {
            "X-RateLimit-Resource": self.name,
            "X-RateLimit-Limit": _number(self.limit),
            "X-RateLimit-Remaining": _number(max(0, self.left - taken)),
            "X-RateLimit-Reset": str(reset),
        }


Allowances = Mapping[LimitName, Allowance]


def effective(rules: TierLimits, own: UserLimits | None) -> dict[LimitName, float]:
    """Each limit's figure: the user's own, else the tier's; 0 is no limit."""
    figures: dict[LimitName, float] = {
        "requests_per_minute": rules.requests_per_minute,
        "tokens_per_day": rules.tokens_per_day,
        "cost_per_month_usd": rules.cost_per_month_usd,
        "concurrent": rules.concurrent,
    }
    for name in figures:
        chosen = None if own is None else getattr(own, name)
        if chosen is not None:
            figures[name] = chosen
    return figures


def measured(
    tier: Tier, rules: TierLimits, own: UserLimits | None, rows: Sequence[InUse], now: int
) -> dict[LimitName, Allowance]:
    """Every limit of a tier, those without a figure too, with what is used of it. `now` is in milliseconds."""
    found = dict[LimitName, Allowance]()
    for name, limit in effective(rules, own).items():
        personal = own is not None and getattr(own, name) is not None
        counted = [row for row in rows if personal or row.tier == tier]
        found[name] = _measure(name, tier, limit, counted, now)
    return found


def fit(allowances: Allowances, needs: Needs, now: int) -> Share:
    """What one more prompt gets. Raises `LimitReached`, and what `needs.price` raises.

    The limit that lasts longest is looked at first, so that nobody is told to come back in vain.
    """
    output = needs.output_tokens
    cost = 0.0
    if not needs.own_credential:
        output = _within_tokens(allowances["tokens_per_day"], needs, now)
        if allowances["cost_per_month_usd"].limit:
            output = _within_cost(allowances["cost_per_month_usd"], needs, output, now)
            cost = needs.price(needs.input_tokens, output)
    requests, concurrent = allowances["requests_per_minute"], allowances["concurrent"]
    if requests.limit and requests.left < 1:
        words = f"{_whose(requests)} takes {_prompts(requests.limit)} a minute, and has had that."
        raise refusal(requests, now, code="limit_requests", words=words)
    if concurrent.limit and concurrent.left < 1:
        words = f"{_whose(concurrent)} answers {_prompts(concurrent.limit)} at a time; wait until one is finished."
        raise refusal(concurrent, now, code="limit_concurrent", words=words)
    if needs.own_credential:
        return Share(tokens=0, output_tokens=output, cost_usd=0.0, named=True)
    return _named(
        Share(tokens=needs.input_tokens + output, output_tokens=output, cost_usd=cost, named=False),
        allowances,
        needs.naming,
    )


def standing(allowances: Allowances, share: Share, now: int) -> dict[str, str]:
    """The headers of an answer: the first limit in force, once this prompt has had its share."""
    taken: dict[LimitName, float] = {
        "requests_per_minute": 1,
        "tokens_per_day": share.tokens,
        "cost_per_month_usd": share.cost_usd,
        "concurrent": 1,
    }
    for name, allowance in allowances.items():
        if allowance.limit:
            return allowance.headers(now, taken=taken[name])
    return {}


def to_wire(tier: Tier, allowances: Allowances) -> TierAllowances:
    """What is told of a tier's limits."""
    return TierAllowances(tier=tier, **{name: _told(allowance) for name, allowance in allowances.items()})


def refusal(allowance: Allowance, now: int, *, code: str, words: str, wait: float | None = None) -> LimitReached:
    """The error that says which limit it is, what is left and when to come back."""
    if wait is None:
        reset = allowance.resets_at
        wait = _HELD_SECONDS if reset is None else max(1.0, (reset - now) / 1000)
    return LimitReached(words, code=code, retry_after=math.ceil(wait), headers=allowance.headers(now))


def today(now: int) -> int:
    """The day of a moment, in days since 1970-01-01, UTC."""
    return now // _DAY


def first_of_month(now: int) -> int:
    """The first day of a moment's month, in days since 1970-01-01, UTC."""
    return _month_with(today(now))[0]


def _measure(name: LimitName, tier: Tier, limit: float, rows: Sequence[InUse], now: int) -> Allowance:
    if name == "requests_per_minute":
        began = min((row.began_at for row in rows if row.began_at is not None), default=now)
        used = sum(row.requests for row in rows)
        return Allowance(name=name, tier=tier, limit=limit, used=used, resets_at=began + MINUTE)
    if name == "tokens_per_day":
        held = sum(row.held_tokens for row in rows)
        used = sum(row.tokens for row in rows)
        return Allowance(name=name, tier=tier, limit=limit, used=used, held=held, resets_at=(today(now) + 1) * _DAY)
    if name == "cost_per_month_usd":
        next_month = _month_with(today(now))[1] * _DAY
        cost, held_cost = sum(row.cost_usd for row in rows), sum(row.held_cost_usd for row in rows)
        return Allowance(name=name, tier=tier, limit=limit, used=cost, held=held_cost, resets_at=next_month)
    return Allowance(name=name, tier=tier, limit=limit, used=sum(row.running for row in rows))


def _named(share: Share, allowances: Allowances, naming: Naming | None) -> Share:
    """The same share with a title where that is wanted and leaves every limit unharmed."""
    tokens, cost = allowances["tokens_per_day"], allowances["cost_per_month_usd"]
    if naming is None or (tokens.limit and share.tokens + naming.tokens > tokens.left):
        return share
    dollars = 0.0
    if cost.limit:
        if naming.cost_usd is None or share.cost_usd + naming.cost_usd > cost.left:
            return share
        dollars = naming.cost_usd
    return Share(
        tokens=share.tokens + naming.tokens,
        output_tokens=share.output_tokens,
        cost_usd=share.cost_usd + dollars,
        named=True,
    )


def _within_tokens(allowance: Allowance, needs: Needs, now: int) -> int:
    """How long the answer may be."""
    if not allowance.limit:
        return needs.output_tokens
    least = needs.input_tokens + needs.least_output_tokens
    if allowance.left >= least:
        share = int(allowance.left / _SHARES) - needs.input_tokens
        return min(needs.output_tokens, max(share, needs.least_output_tokens))
    words = (
        f"{_whose(allowance)} has {allowance.left:,.0f} of {allowance.limit:,.0f} tokens left today; "
        f"this prompt and an answer need about {least:,}."
    )
    raise _spent(allowance, least, now, "limit_tokens", words)


def _within_cost(allowance: Allowance, needs: Needs, output: int, now: int) -> int:
    """How long the answer may be for what is left of the month's money."""
    least = needs.price(needs.input_tokens, min(output, needs.least_output_tokens))
    if allowance.left + _DUST_USD >= least:
        share = allowance.left / _SHARES
        asking, whole = needs.price(needs.input_tokens, 0), needs.price(needs.input_tokens, output)
        if whole <= share:
            return output
        affordable = int((share - asking) / (whole - asking) * output) if whole > asking else output
        return min(output, max(affordable, needs.least_output_tokens))
    words = f"{_whose(allowance)} has ${allowance.left:.2f} of ${allowance.limit:,.2f} left for this month."
    raise _spent(allowance, least, now, "limit_cost", words)


def _spent(allowance: Allowance, least: float, now: int, code: str, words: str) -> LimitReached:
    """A refusal until the window ends, or, where the rest is only held, until that is known to be needed."""
    if allowance.used + least <= allowance.limit:
        words = f"{words} Others of your prompts are being answered and hold the rest."
        return refusal(allowance, now, code=code, words=words, wait=_HELD_SECONDS)
    return refusal(allowance, now, code=code, words=words)


def _whose(allowance: Allowance) -> str:
    return f"Your {allowance.tier} access"


def _prompts(number: float) -> str:
    return "one prompt" if number == 1 else f"{number:,.0f} prompts"


def _told(allowance: Allowance) -> wire.Allowance:
    whole = allowance.name != "cost_per_month_usd"
    used = allowance.used + allowance.held
    return wire.Allowance(
        limit=(int(allowance.limit) if whole else allowance.limit) if allowance.limit else None,
        used=used,
        left=(int(allowance.left) if whole else allowance.left) if allowance.limit else None,
        resets_at=None if allowance.resets_at is None else moment(allowance.resets_at),
    )


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=4)
def _month_with(day: int) -> tuple[int, int]:
    """The first day of the month that a day is in, and the first of the next one, in days since 1970-01-01, UTC."""
    within = moment(day * _DAY)
    first = within.replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    return day - (within - first).days, day + (after - within).days
