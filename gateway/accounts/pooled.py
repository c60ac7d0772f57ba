"""One account in the pool: its upstream, and what happened to it since the start."""

import math
from dataclasses import dataclass

from gateway import wire
from gateway.accounts.breaker import Breaker
from gateway.agents import Agents
from gateway.config import Account
from gateway.upstreams.base import Upstream
from gateway.wire import AccountState


@dataclass(slots=True, eq=False)
class PooledAccount:
    """An account with its upstream. `upstream` is None without its key; `breaker` where nobody else shares it.
    `agents` are there for an account that they lend a model to.

    `in_flight` counts prompts, `holds` whatever still needs the upstream. `turn` numbers its last turn.
    """

    account: Account
    upstream: Upstream | None
    breaker: Breaker | None = None
    agents: Agents | None = None
    in_flight: int = 0
    holds: int = 0
    requests: int = 0
    failures: int = 0
    last_error: str | None = None
    turn: int = 0
    removed: bool = False

    @property
    def state(self) -> AccountState:
        """Whether it may be asked, and why not."""
        if self.upstream is None:
            return "no_key"
        if self.agents is not None and not self.agents.lending_to(self.account):
            return "no_agent"
        return "closed" if self.breaker is None else self.breaker.state

    @property
    def full(self) -> bool:
        """Whether it has all the prompts it may have at once; on trial that is one."""
        most = 1 if self.state == "half_open" else self.account.max_in_flight
        if most and self.in_flight >= most:
            return True
        return self.agents is not None and not self.agents.has_room(self.account, self.in_flight)

    @property
    def usable(self) -> bool:
        """Whether a prompt can be answered by it, now or as soon as it has room."""
        return self.state in ("closed", "half_open")

    def to_wire(self) -> wire.Account:
        """What an admin sees of it."""
        breaker = self.breaker
        left = 0.0 if breaker is None or self.state not in ("cooling", "open") else breaker.seconds_left
        return wire.Account(
            name=self.account.name,
            kind=self.account.kind,
            tier=self.account.tier,
            model=self.account.model,
            state=self.state,
            retry_after=math.ceil(left) if left else None,
            in_flight=self.in_flight,
            max_in_flight=self.account.max_in_flight,
            requests=self.requests,
            failures=self.failures,
            consecutive_failures=0 if breaker is None else breaker.consecutive_failures,
            last_error=self.last_error,
            agents=[] if self.agents is None else self.agents.to_wire(self.account),
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """The use of one account for one prompt."""

    account: Account
    upstream: Upstream
