"""Why nobody is there to answer, in words for whoever asked."""

import math
from collections.abc import Sequence

from gateway.accounts.pooled import PooledAccount
from gateway.agents.errors import no_agent
from gateway.config import Account
from gateway.errors import PermissionDenied, Unavailable
from gateway.wire import Tier

# An answer takes seconds; whoever finds every account full is not kept waiting for one, but told to come back.
_BUSY_SECONDS = 1.0


def no_account(accounts: Sequence[Account], tiers: Sequence[Tier]) -> Unavailable:
    """There is none of the tier, or none with its key."""
    if not accounts:
        words = "This gateway has no account yet: an admin must set OPENAI_API_KEY or add [[gateway.accounts]]."
    elif lacking := [account.api_key_env for account in accounts if account.tier in tiers]:
        words = f"No {' or '.join(tiers)} account has its key: an admin must set {' or '.join(lacking)}."
    else:
        words = f"This gateway has no {' or '.join(tiers)} account: an admin must add one to [[gateway.accounts]]."
    return Unavailable(words, code="no_account")


def all_busy() -> Unavailable:
    """Every account, or the one that is needed, has all the prompts it may have at once."""
    return Unavailable(
        "All accounts are busy with as many prompts as they take at once. Try again in a moment.",
        code="accounts_busy",
        retry_after=_BUSY_SECONDS,
    )


def all_resting(accounts: Sequence[PooledAccount]) -> Unavailable:
    """Every account cools down, failed too often, is refused by its provider, or waits for its agents."""
    if all(pooled.state == "no_agent" for pooled in accounts):
        return no_agent(accounts[0].account)
    accounts = [pooled for pooled in accounts if pooled.state != "no_agent"]
    waits = [_wait(pooled) for pooled in accounts]
    return _resting("No account can answer now", min((wait for wait in waits if wait is not None), default=None))


def account_resting(pooled: PooledAccount) -> Unavailable:
    """The account that began a conversation does, and no other may go on with it."""
    if pooled.state == "no_agent":
        return no_agent(pooled.account)
    return _resting(
        f"The account {pooled.account.name}, which began this conversation, cannot answer now", _wait(pooled)
    )


def account_gone(name: str) -> Unavailable:
    """The account that began a conversation is not there any more."""
    return Unavailable(
        f"The account {name}, which began this conversation, is not there any more. Begin a new conversation.",
        code="account_unavailable",
    )


def plus_required() -> PermissionDenied:
    """Plus was asked for without plus access."""
    return PermissionDenied(
        "This needs plus access, which this user does not have. Ask without plus, or ask an admin for access.",
        code="plus_required",
    )


def _wait(pooled: PooledAccount) -> float | None:
    if pooled.breaker is None or pooled.state == "disabled":
        return None
    return pooled.breaker.seconds_left


def _resting(who: str, wait: float | None) -> Unavailable:
    if wait is None:
        words = f"{who}: the provider refuses the key. An admin must look at the gateway's accounts."
        return Unavailable(words, code="accounts_resting")
    seconds = max(1, math.ceil(wait))
    words = f"{who}: the provider's rate limit is reached, or it failed too often. Try again in {seconds} s."
    return Unavailable(words, code="accounts_resting", retry_after=wait)
