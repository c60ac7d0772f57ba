"""Which agents are connected, whom they lend to, and whose turn it is."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from gateway.agents.connection import AgentConnection
from gateway.agents.errors import all_occupied, no_agent, not_offered
from gateway.agents.messages import NOT_NAMED, REPLACED, TOO_MANY
from gateway.config import Account
from gateway.wire import ConnectedAgent

log = logging.getLogger(__name__)

# Connections of one key, or of all who bring none.
_MOST_OF_A_NAME = 64
# Conversations of which it is known which agent had them last.
_MOST_HOMES = 10_000


class Agents:
    """The agents that are connected now.

    An agent lends to every account that names it and whose model it offers.
    """

    def __init__(self) -> None:
        self._connections = list[AgentConnection]()
        self._homes = OrderedDict[str, str]()
        self._turns = 0
        self._changed = asyncio.Event()

    @property
    def connections(self) -> tuple[AgentConnection, ...]:
        """All of them, in the order they came."""
        return tuple(self._connections)

    def lending_to(self, account: Account) -> list[AgentConnection]:
        """Those that lend to an account, without those that are about to leave."""
        return [connection for connection in self._of(account) if connection.at_once]

    def has_room(self, account: Account, seats: int) -> bool:
        """Whether the account can have one more prompt beside those that have a seat already."""
        lending = self.lending_to(account)
        return seats < sum(each.at_once for each in lending) and any(each.has_room for each in lending)

    def to_wire(self, account: Account) -> list[ConnectedAgent]:
        """The account's agents as an admin sees them."""
        return [connection.to_wire() for connection in self._of(account)]

    async def serve(self, connection: AgentConnection) -> None:
        """Have a connection take part until it ends. One of the same session, which it comes back from, is cut."""
        for other in self.connections:
            if (other.name, other.session) == (connection.name, connection.session):
                other.cut(REPLACED, "the agent has dialled in again")
        if sum(not other.closed for other in self._connections if other.name == connection.name) >= _MOST_OF_A_NAME:
            connection.cut(TOO_MANY, "too many agents with this key")
        self._connections.append(connection)
        self._changed.set()
        log.info("agent %s is connected", connection.name or "without a key")
        try:
            await connection.run()
        finally:
            self._connections.remove(connection)
            log.info("agent %s is gone", connection.name or "without a key")

    def keep_only_named(self, accounts: list[Account]) -> None:
        """Cut those that no account names any more."""
        for connection in self.connections:
            if not any(names(account, connection.name) for account in accounts):
                connection.cut(NOT_NAMED, "no account names this agent any more")

    def close(self, reason: str) -> None:
        """Cut all of them, since the gateway stops (RFC 6455, 7.4.1: 1001)."""
        for connection in self.connections:
            connection.cut(1001, reason)

    @asynccontextmanager
    async def borrow(self, account: Account, model: str, conversation: str | None) -> AsyncGenerator[AgentConnection]:
        """Have an agent for one request: the one that had the conversation last, else the one with the least to do.

        Where all are full it waits, for as long as connecting to an account may take.
        Raises `Unavailable` (`no_agent`, `accounts_busy`), `UpstreamFailed` and `storage.StorageError`.
        """
        while True:
            connection = await self._wait_for(account, model, conversation)
            with connection.seat():
                try:
                    if await connection.still_welcome():
                        yield connection
                        return
                finally:
                    self._changed.set()

    def _of(self, account: Account) -> list[AgentConnection]:
        return [
            connection
            for connection in self._connections
            if not connection.closed and names(account, connection.name) and connection.offers(account.model)
        ]

    async def _wait_for(self, account: Account, model: str, conversation: str | None) -> AgentConnection:
        try:
            async with asyncio.timeout(account.connect_timeout_seconds):
                while (connection := self._choose(account, model, conversation)) is None:
                    self._changed.clear()
                    await self._changed.wait()
                return connection
        except TimeoutError:
            raise all_occupied(account) from None

    def _choose(self, account: Account, model: str, conversation: str | None) -> AgentConnection | None:
        lending = self.lending_to(account)
        if not lending:
            raise no_agent(account)
        offering = [connection for connection in lending if connection.offers(model)]
        if not offering:
            raise not_offered(account, model)
        ready = [connection for connection in offering if connection.has_room]
        if not ready:
            return None
        home = None if conversation is None else self._homes.get(conversation)
        chosen = next((connection for connection in ready if connection.session == home), None)
        if chosen is None:
            chosen = min(ready, key=lambda connection: (connection.load, connection.turn))
        self._turns += 1
        chosen.turn = self._turns
        if conversation is not None:
            self._homes[conversation] = chosen.session
            self._homes.move_to_end(conversation)
            if len(self._homes) > _MOST_HOMES:
                self._homes.popitem(last=False)
        return chosen


def names(account: Account, agent: str | None) -> bool:
    """Whether an account is lent to by the agents of this key; None is those that bring none."""
    if account.kind != "agent":
        return False
    if agent is None:
        return account.keyless_agents
    return agent in (account.agents or [account.name])
