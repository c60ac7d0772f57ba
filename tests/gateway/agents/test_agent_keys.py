"""Which keys open the door to agents, and that it is shut behind those that are good no more."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from gateway import bootstrap
from gateway.app_keys import CONFIG
from gateway.client import GatewayClient
from gateway.errors import Unavailable, UpstreamFailed
from gateway.wire import UpdateUser
from tests.fakes.agent import FakeAgent, PassingTime, socket_to
from tests.gateway.agents.conftest import OF_AN_AGENT, agent_key
from tests.gateway.chatting import Chatting, ask


async def refused(room: Chatting, key: str | None) -> int:
    """The status that somebody is refused with who dials in."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with socket_to(room.server.url, key):
            pass
    return caught.value.status


async def test_only_an_agents_key_opens_the_door_and_it_opens_no_other(room: Chatting, mia: GatewayClient) -> None:
    assert await refused(room, None) == 401
    assert await refused(room, "rk-nonsense") == 401
    for name in ("mia", "bot", "root"):
        assert await refused(room, room.keys[name]) == 403
    assert await refused(room, await agent_key(room, "stranger")) == 403
    headers = {"Authorization": f"Bearer {room.keys['home']}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for method, path in (("GET", "/api/whoami"), ("POST", "/api/chat"), ("GET", "/api/accounts")):
            async with session.request(method, room.server.url + path, json={"prompt": "Hi"}) as response:
                assert response.status == 403
        async with session.get(room.server.url + "/client/register") as response:
            assert (await response.json())["error"]["code"] == "no_websocket"


async def revoke(room: Chatting) -> None:
    await bootstrap.revoke(room.server.app[CONFIG], "home")  # as the command line does: past the gateway


async def disable(room: Chatting) -> None:
    await room.admin.update_user("home", UpdateUser(disabled=True))


async def rotate(room: Chatting) -> None:
    await room.admin.rotate_key("home")


@pytest.mark.parametrize("end", [revoke, disable, rotate])
async def test_an_agent_whose_key_is_good_no_more_is_cut_off_within_a_second_and_its_request_fails(
    room: Chatting, mia: GatewayClient, agent: FakeAgent, time: PassingTime, end: Callable[[Chatting], Awaitable[None]]
) -> None:
    asked = asyncio.create_task(ask(mia, "Hi"))
    await agent.next()
    await end(room)
    await time.passes(1, sleepers=OF_AN_AGENT)
    with pytest.raises(UpstreamFailed) as caught:
        await asked
    assert caught.value.code == "upstream_agent_gone"
    code, words = await agent.closed()
    assert code == 4401
    assert words


async def test_an_agent_whose_key_is_good_no_more_gets_not_one_more_prompt(
    room: Chatting, mia: GatewayClient, agent: FakeAgent
) -> None:
    await revoke(room)
    with pytest.raises(Unavailable) as caught:
        await ask(mia, "Hi")
    assert caught.value.code == "no_agent"
    assert (await agent.closed())[0] == 4401
