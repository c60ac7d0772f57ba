"""The upstream accounts as an admin sees them."""

from typing import Literal

import msgspec

from gateway.wire.base import Answer, Moment, Tier

AccountState = Literal["closed", "cooling", "open", "half_open", "disabled", "no_key", "no_agent"]
"""Of an account: closed is well; cooling waits for the provider's rate limit; open rests after failures in a row;
half_open is on trial with one prompt at a time; disabled had its key refused; no_key has none; no_agent waits for an
agent."""

AgentDialect = Literal["rolekey", "original"]
"""What an agent speaks: Rolekey's own protocol, or that of ChatGPT-API-server's agents."""


class ConnectedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that lends an account its model now. `name` is its key's, null for one without a key.

    `models` is empty where it does not say; `asked_at` is null before its first request.
    """

    connection: str
    name: str | None
    dialect: AgentDialect
    models: list[str]
    in_flight: int
    max_in_flight: int
    connected_at: Moment
    heard_at: Moment
    asked_at: Moment | None


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream account as an admin sees it; `last_error` is the code of its last failure.

    `retry_after` is in seconds, where it is known when the account is asked again; a `max_in_flight` of 0 is no limit.
    `agents` are those of an account of the kind agent.
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
    agents: list[ConnectedAgent] = []


class AccountPage(Answer, frozen=True, kw_only=True):
    """Every account."""

    accounts: list[Account]
