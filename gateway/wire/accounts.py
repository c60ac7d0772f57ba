"""The upstream accounts as an admin sees them."""

from typing import Literal

import msgspec

from gateway.wire.base import Answer, Tier

AccountState = Literal["closed", "cooling", "open", "half_open", "disabled", "no_key"]
"""Of an account: closed is well; cooling waits for the provider's rate limit; open rests after failures in a row;
half_open is on trial with one prompt at a time; disabled had its key refused; no_key has none."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream account as an admin sees it; `last_error` is the code of its last failure.

    `retry_after` is in seconds, where it is known when the account is asked again; a `max_in_flight` of 0 is no limit.
    """

    name: str
    kind: str
    tier: Tier
    model: str
    state: AccountState
    retry_after: int | None
    in_flight: int
    max_in_flight: int
    requests: int
    failures: int
    consecutive_failures: int
    last_error: str | None


class AccountPage(Answer, frozen=True, kw_only=True):
    """Every account."""

    accounts: list[Account]
