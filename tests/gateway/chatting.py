"""A running gateway in front of a fake provider, and people to prompt through it."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from gateway import bootstrap
from gateway.agents.connection import Sleep
from gateway.app import create_app
from gateway.client import ChatEvent, GatewayClient
from gateway.config import Account, Config, Gateway, Limits, PlusLimits, Secrets, TierLimits
from gateway.server import GatewayServer
from gateway.times import Clock
from gateway.wire import ChatAnswer, ChatRequest, CreateUser, Delta
from tests.fakes.upstream import FakeUpstream
from tests.gateway.engines import PLACES

FREE_KEY = "sk-free-0123456789"
PLUS_KEY = "sk-plus-0123456789"
_ROOM: dict[str, Any] = {"requests_per_minute": 10**6, "tokens_per_day": 10**9, "concurrent": 10**6}
# Limits are in force and far away.
ROOMY = Limits(free=TierLimits(**_ROOM), plus=PlusLimits(**_ROOM))


def accounts_at(upstream: FakeUpstream, **changes: Any) -> list[Account]:
    """An account for each tier, which differ in name, key and model."""
    free = Account(
        name="main-free",
        tier="free",
        model="gpt-free",
        title_model="gpt-title",
        base_url=upstream.base_url,
        api_key_env="FREE_KEY",
    )
    plus = msgspec.structs.replace(free, name="main-plus", tier="plus", model="gpt-plus", api_key_env="PLUS_KEY")
    return [msgspec.structs.replace(account, **changes) for account in (free, plus)]


class Chatting:
    """The gateway, its provider and the keys of an admin and a client."""

    def __init__(
        self, upstream: FakeUpstream, server: GatewayServer, admin: GatewayClient, client: GatewayClient
    ) -> None:
        self.upstream = upstream
        self.server = server
        self.admin = admin
        self.client = client
        self.keys = dict[str, str]()

    async def user(self, name: str = "mia", *, plus: bool = False) -> GatewayClient:
        """A new user of the client's."""
        made = await self.client.create_user(CreateUser(user_id=name, plus=plus))
        self.keys[name] = made.key
        return self.client.acting_with(made.key)

    @asynccontextmanager
    async def raw(
        self, name: str, body: dict[str, Any], headers: dict[str, str] | None = None
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """A user's `POST /api/chat` without the client library."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"{self.server.url}/api/chat",
                json=body,
                headers={"Authorization": f"Bearer {self.keys[name]}", **(headers or {})},
            ) as response,
        ):
            yield response


@asynccontextmanager
async def chatting(
    folder: Path,
    upstream: FakeUpstream,
    accounts: list[Account] | None = None,
    *,
    sleep: Sleep = asyncio.sleep,
    clock: Clock = time.time,
    **settings: Any,
) -> AsyncGenerator[Chatting]:
    """Start a gateway with its data in `folder`; started again on the same folder it finds what it kept.

    `sleep` is what it waits with between pings to agents, `clock` what it tells the time by.
    """
    wanted = accounts_at(upstream) if accounts is None else accounts
    config = Config(
        data_dir=folder,
        gateway=msgspec.structs.replace(
            Gateway(port=0, accounts=wanted, shutdown_grace_seconds=0.5, storage=PLACES.storage(folder), limits=ROOMY),
            **settings,
        ),
        secrets=Secrets(secret="x" * 43, accounts={"FREE_KEY": FREE_KEY, "PLUS_KEY": PLUS_KEY}),
    )
    keys = [await _key(config, "admin", "root"), await _key(config, "client", "bot")]
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(GatewayServer(config, create_app(config, sleep=sleep, clock=clock)))
        admin, client = [await stack.enter_async_context(GatewayClient(server.url, key)) for key in keys]
        room = Chatting(upstream, server, admin, client)
        room.keys |= {"root": keys[0], "bot": keys[1]}
        yield room


async def _key(config: Config, role: Any, name: str) -> str:
    marker = config.data_dir / f"{name}.test-key"
    if not marker.exists():
        marker.write_text(await bootstrap.create_key(config, role, name))
    return marker.read_text()


async def ask(user: GatewayClient, prompt: str, **fields: Any) -> ChatAnswer:
    """Prompt and wait for the answer."""
    return await user.ask(ChatRequest(prompt=prompt, **fields))


async def events_of(user: GatewayClient, prompt: str, **fields: Any) -> list[ChatEvent]:
    """Everything an answer's stream tells."""
    return [event async for event in user.chat(ChatRequest(prompt=prompt, **fields))]


def text_of(events: list[ChatEvent]) -> str:
    """The reply as it was streamed."""
    return "".join(event.text for event in events if isinstance(event, Delta))
