"""A gateway with one account that agents lend to, and a member who prompts through it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from gateway import bootstrap
from gateway.app_keys import AGENTS, CONFIG
from gateway.client import GatewayClient
from gateway.config import Account
from tests.fakes.agent import FakeAgent, PassingTime, dialled
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, chatting
from tests.gateway.conftest import eventually

HOME = Account(name="home", kind="agent", tier="free", model="lent")
# One agent sleeps before its next ping, and before the next look at its key.
OF_AN_AGENT = 2


@pytest.fixture
def time() -> PassingTime:
    return PassingTime()


@pytest.fixture
async def room(tmp_path: Path, time: PassingTime) -> AsyncGenerator[Chatting]:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, [HOME], sleep=time.sleep, title_wait_seconds=0.0) as room,
    ):
        room.keys["home"] = await agent_key(room, "home")
        yield room


@pytest.fixture
async def mia(room: Chatting) -> GatewayClient:
    return await room.user("mia")


@pytest.fixture
async def agent(room: Chatting) -> AsyncGenerator[FakeAgent]:
    async with dialled(room.server.url, room.keys["home"]) as agent:
        await connected(room, 1)
        yield agent


async def agent_key(room: Chatting, name: str) -> str:
    return await bootstrap.create_key(room.server.app[CONFIG], "agent", name)


async def connected(room: Chatting, number: int) -> None:
    """Wait until so many agents lend."""

    async def there() -> bool:
        return len([one for one in room.server.app[AGENTS].connections if not one.closed]) == number

    await eventually(there)
