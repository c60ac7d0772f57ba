"""What was used, and what may be."""

from datetime import date
from typing import Literal

import msgspec

from gateway.wire.base import Answer, Moment, Tier

UsageBy = Literal["tier", "account", "model", "client", "user"]
"""What usage may be told apart by."""


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. `limit` and `left` are null where there is none; `used` counts what requests under way hold, too.

    It resets at `resets_at`; `concurrent` does whenever an answer is finished.
    """

    limit: int | float | None
    used: int | float
    left: int | float | None
    resets_at: Moment | None


class TierAllowances(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may use of a tier: requests by the minute that begins with the first, tokens by the UTC day, costs by
    the UTC month.
    """

    tier: Tier
    requests_per_minute: Allowance
    tokens_per_day: Allowance
    cost_per_month_usd: Allowance
    concurrent: Allowance


class UsageSum(msgspec.Struct, frozen=True, kw_only=True):
    """Answers, also those that broke off, and what they and the titles of conversations used.

    `estimated` says how many answers the provider did not count; what is of unknown price costs nothing here.
    """

    requests: int = 0
    estimated: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class UsageOfDay(UsageSum, frozen=True, kw_only=True):
    """What was used on one UTC day."""

    day: date


class UsageOfUser(UsageSum, frozen=True, kw_only=True):
    """What one user used. `username` is what the user is called, `client_id` the name of the user's client."""

    user_id: str
    username: str = ""
    client_id: str | None


class UsageOfGroup(UsageSum, frozen=True, kw_only=True):
    """What was used of one tier, account or model, or by one client's users or one user, and on which days.

    `name` is empty for users that no client made, and null for all groups that are not told by themselves.
    `username` is what a user is called, and `client_id` its client. An account `own:NAME` is a user's own key at NAME's
    provider.
    """

    name: str | None
    username: str = ""
    client_id: str | None = None
    days: list[UsageOfDay]


class UsageAnswer(Answer, frozen=True, kw_only=True, rename={"from_": "from"}):
    """`GET /api/usage`: from the first to the last day, both included.

    `limits` tell of one user's; `users` are a page of all that are meant, and `next_cursor` asks for those after them.
    With `by` there are `groups` in their place.
    """

    from_: date
    to: date
    total: UsageSum
    days: list[UsageOfDay]
    limits: list[TierAllowances] = []
    users: list[UsageOfUser] = []
    groups: list[UsageOfGroup] = []
    next_cursor: str | None = None
