"""An account that agents lend a model to."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from gateway.agents import AgentConnection, Agents
from gateway.agents.errors import agent_gone, in_agents_words, not_offered
from gateway.config import Account
from gateway.errors import ApiError
from gateway.upstreams.base import Completion, Endpoint, Event
from gateway.upstreams.relayed import Relayed, Relays
from gateway.upstreams.spoken import spoken
from gateway.upstreams.transport import Response


class AgentUpstream(Relays):
    """Has one of the account's agents answer."""

    def __init__(self, account: Account, agents: Agents) -> None:
        self._account = account
        self._agents = agents

    def __repr__(self) -> str:
        return f"AgentUpstream({self._account.name!r})"

    async def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        """Have one agent answer and yield its events; see `Upstream`. Raises `storage.StorageError`, too."""
        begun = False
        async with self._agents.borrow(self._account, completion.model, completion.conversation_id) as agent:
            try:
                async with aclosing(agent.upstream(self._account).stream(completion)) as events:
                    async for event in events:
                        begun = True
                        yield event
            except ApiError as error:
                raise self._told(agent, error, begun=begun) from error

    async def call(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        """See `Endpoint`: what one of the agents' servers answers."""
        async with self._agents.borrow(self._account, self._account.model, None) as agent:
            upstream = agent.upstream(self._account)
            if not isinstance(upstream, Endpoint):
                raise not_offered(self._account, path)
            try:
                return await upstream.call(path, body)
            except ApiError as error:
                raise self._told(agent, error, begun=False) from error

    @asynccontextmanager
    async def relay(self, request: Relayed) -> AsyncGenerator[Response]:
        """See `Relays`. Raises `storage.StorageError`, too."""
        begun = False
        async with self._agents.borrow(self._account, request.model, None) as agent:
            upstream = agent.upstream(self._account)
            relaying = upstream.relay(request) if isinstance(upstream, Relays) else spoken(upstream, request)
            try:
                async with relaying as response:
                    begun = True
                    yield response
            except ApiError as error:
                raise self._told(agent, error, begun=begun) from error

    async def close(self) -> None:
        """The agents' connections are not the account's own, and stay."""

    def _told(self, agent: AgentConnection, error: ApiError, *, begun: bool) -> ApiError:
        if agent.closed and error.code.startswith("upstream_"):
            return agent_gone(self._account, begun=begun)
        return in_agents_words(self._account, error)
