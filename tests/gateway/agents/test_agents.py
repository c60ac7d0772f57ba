"""Agents that dial in with a key answer like any account, and what they drop is told and kept."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from bot.config import ConfigError, load
from gateway.app_keys import ACCOUNTS, CONFIG
from gateway.client import GatewayClient
from gateway.config import Account
from gateway.errors import ApiError, Unavailable, UpstreamFailed
from gateway.wire import ChatRequest, Delta
from tests.fakes.agent import FakeAgent, PassingTime, chunk, dialled
from tests.fakes.upstream import FakeUpstream
from tests.gateway.agents.conftest import HOME, OF_AN_AGENT, agent_key, connected
from tests.gateway.chatting import Chatting, ask, chatting, events_of, text_of
from tests.gateway.conftest import eventually

# Answering


async def test_what_an_agent_says_arrives_as_it_is_said(room: Chatting, mia: GatewayClient, agent: FakeAgent) -> None:
    assert agent.welcome["accounts"] == ["home"]
    stream = mia.chat(ChatRequest(prompt="Hi there"))
    start = asyncio.create_task(anext(stream))
    request = await agent.next()
    assert (request["path"], request["body"]["model"]) == ("chat/completions", "lent")
    assert request["body"]["messages"] == [{"role": "user", "content": "Hi there"}]
    assert "safety_identifier" not in request["body"]
    await agent.begin(request["number"], "First ")
    await start
    assert await anext(stream) == Delta(text="First ")
    await agent.body(request["number"], chunk("second"))
    assert await anext(stream) == Delta(text="second")
    await agent.finish(request["number"])
    answer = await anext(stream)
    assert getattr(answer, "reply", None) == "First second"


async def test_an_agent_answers_many_at_once_in_any_order(room: Chatting, mia: GatewayClient, agent: FakeAgent) -> None:
    asked = [asyncio.create_task(ask(mia, f"Number {number}")) for number in range(3)]
    requests = [await agent.next() for _ in asked]
    for request in reversed(requests):
        await agent.begin(request["number"], request["body"]["messages"][0]["content"].upper())
        await agent.finish(request["number"])
    assert [answer.reply for answer in await asyncio.gather(*asked)] == ["NUMBER 0", "NUMBER 1", "NUMBER 2"]


async def test_without_its_agent_an_account_says_so_and_is_there_as_soon_as_it_is(
    room: Chatting, mia: GatewayClient
) -> None:
    with pytest.raises(Unavailable) as caught:
        await ask(mia, "Hi")
    assert (caught.value.code, caught.value.retry_after) == ("no_agent", 5.0)
    [home] = (await room.admin.accounts()).accounts
    assert (home.kind, home.state, home.agents) == ("agent", "no_agent", [])
    assert await metric(room, "rolekey_account_agents") == 0
    async with aiohttp.ClientSession() as session, session.get(f"{room.server.url}/health/ready") as response:
        assert response.status == 200  # else no agent could ever come through a load balancer
    async with dialled(room.server.url, room.keys["home"], at_once=7) as agent:
        await connected(room, 1)
        answering = asyncio.create_task(agent.answer())
        assert (await ask(mia, "Hi")).reply == "Hello from the agent."
        await answering
        [home] = (await room.admin.accounts()).accounts
        [told] = home.agents
        assert (home.state, told.name, told.dialect, told.models) == ("closed", "home", "rolekey", ["lent"])
        assert (told.max_in_flight, told.asked_at is not None) == (7, True)
        assert await metric(room, "rolekey_account_agents") == 1
    await connected(room, 0)
    assert (await room.admin.accounts()).accounts[0].state == "no_agent"


async def metric(room: Chatting, name: str) -> float:
    headers = {"Authorization": f"Bearer {room.keys['root']}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(f"{room.server.url}/metrics") as response:
        [line] = [line for line in (await response.text()).splitlines() if line.startswith(f"{name}{{")]
        return float(line.split()[-1])


async def test_a_caller_that_hangs_up_stops_the_agent(room: Chatting, mia: GatewayClient, agent: FakeAgent) -> None:
    stream = mia.chat(ChatRequest(prompt="Hi"))
    start = asyncio.create_task(anext(stream))
    request = await agent.next()
    await agent.begin(request["number"], "One")
    await start
    await stream.aclose()
    said = await agent.next()
    while said["type"] != "cancel":
        said = await agent.next()
    assert said == {"type": "cancel", "number": request["number"]}
    # What is on its way all the same is no lie.
    await agent.finish(request["number"])
    answering = asyncio.create_task(agent.answer())
    assert (await ask(mia, "Again")).reply == "Hello from the agent."
    await answering


# Turns


async def test_the_agent_with_the_least_to_do_is_asked_and_a_conversation_stays_with_its_own(
    room: Chatting, mia: GatewayClient
) -> None:
    key = room.keys["home"]
    async with (
        dialled(room.server.url, key, session="session-1", models=["lent"]) as one,
        dialled(room.server.url, key, session="session-2", models=["lent", "other"]) as two,
    ):
        await connected(room, 2)
        first, second = asyncio.create_task(ask(mia, "First")), asyncio.create_task(ask(mia, "Second"))
        requests = {agent: await agent.next() for agent in (one, two)}
        begun = dict[FakeAgent, str]()
        for agent, request in requests.items():
            await agent.begin(request["number"], "Yes")
            await agent.finish(request["number"])
        for answer in await asyncio.gather(first, second):
            mine = next(a for a, r in requests.items() if r["body"]["messages"][0]["content"] == answer.api_prompt)
            begun[mine] = answer.conversation_id
        for agent in (two, two, one, one):
            answering = asyncio.create_task(agent.answer())
            assert (await ask(mia, "More", conversation_id=begun[agent])).reply
            await answering
        await one.socket.close()
        await connected(room, 1)
        answering = asyncio.create_task(two.answer())
        assert (await ask(mia, "More", conversation_id=begun[one])).reply
        assert [message["content"] for message in (await answering)["body"]["messages"]][-1] == "More"


async def test_an_agent_gets_no_more_than_it_takes(room: Chatting, mia: GatewayClient) -> None:
    async with dialled(room.server.url, room.keys["home"], at_once=1) as agent:
        await connected(room, 1)
        first = asyncio.create_task(ask(mia, "First"))
        request = await agent.next()
        with pytest.raises(Unavailable) as caught:
            await ask(mia, "Second")
        assert caught.value.code == "accounts_busy"
        await agent.begin(request["number"], "Yes")
        await agent.finish(request["number"])
        await first
        await agent.say("status", at_once=0, busy=0)

        async def leaving() -> bool:
            return (await room.admin.accounts()).accounts[0].agents[0].max_in_flight == 0

        await eventually(leaving)
        with pytest.raises(Unavailable):
            await ask(mia, "Third")


async def test_an_agent_that_comes_back_takes_the_place_of_the_connection_it_lost(
    room: Chatting, mia: GatewayClient, agent: FakeAgent
) -> None:
    asked = asyncio.create_task(ask(mia, "Hi"))
    await agent.next()
    async with dialled(room.server.url, room.keys["home"], session="session-1") as again:
        assert (await agent.closed())[0] == 4409
        with pytest.raises(UpstreamFailed):
            await asked
        await connected(room, 1)
        answering = asyncio.create_task(again.answer())
        assert (await ask(mia, "Hi")).reply == "Hello from the agent."
        await answering


# Going away


async def test_an_agent_that_drops_before_its_first_word_leaves_a_clear_error_and_nothing_behind(
    room: Chatting, mia: GatewayClient, agent: FakeAgent
) -> None:
    asked = asyncio.create_task(ask(mia, "Hi"))
    await agent.next()
    await agent.socket.close()
    with pytest.raises(UpstreamFailed) as caught:
        await asked
    assert caught.value.code == "upstream_agent_gone"
    assert "home" in caught.value.message
    assert (await mia.list_conversations()).conversations == []


async def test_an_agent_that_drops_in_the_middle_ends_the_stream_at_once_and_what_it_said_is_kept(
    room: Chatting, mia: GatewayClient, agent: FakeAgent
) -> None:
    events = list[Any]()

    async def read() -> None:
        async for event in mia.chat(ChatRequest(prompt="Hi")):
            events.append(event)
            if isinstance(event, Delta):
                await agent.socket.close()

    reading = asyncio.create_task(read())
    request = await agent.next()
    await agent.begin(request["number"], "Half an ")
    with pytest.raises(ApiError) as caught:
        await reading
    assert caught.value.code == "upstream_agent_gone"
    assert "go on from what has arrived" in caught.value.message
    assert text_of(events) == "Half an "
    [kept] = (await mia.list_conversations()).conversations
    messages = (await mia.get_conversation(kept.id)).messages
    assert [(message.content.parts, message.status) for message in messages][1] == (["Half an "], "incomplete")


# Being stuck


async def test_an_agent_that_does_not_answer_a_ping_is_cut_off_and_its_request_fails(
    room: Chatting, mia: GatewayClient, agent: FakeAgent, time: PassingTime
) -> None:
    asked = asyncio.create_task(ask(mia, "Hi"))
    request = await agent.next()
    await time.passes(15, sleepers=OF_AN_AGENT)
    ping = await agent.next()
    await agent.say("pong", number=ping["number"])
    await agent.begin(request["number"])  # after it the pong has been heard
    await agent.finish(request["number"])
    with pytest.raises(ApiError):
        await asked  # it said nothing
    asked = asyncio.create_task(ask(mia, "Hi"))
    await agent.next()
    await time.passes(15, sleepers=OF_AN_AGENT)
    assert (await agent.next())["type"] == "ping"
    await time.passes(15, sleepers=OF_AN_AGENT)
    with pytest.raises(UpstreamFailed) as caught:
        await asked
    assert caught.value.code == "upstream_agent_gone"
    assert (await agent.closed())[0] == 4408


# What the agent's server does


@pytest.mark.parametrize(("why", "code"), [("unreachable", "upstream_unreachable"), ("refused", "upstream_model")])
async def test_an_agent_says_why_it_cannot_answer(
    room: Chatting, mia: GatewayClient, agent: FakeAgent, why: str, code: str
) -> None:
    asked = asyncio.create_task(ask(mia, "Hi"))
    await agent.say("failed", number=(await agent.next())["number"], why=why)
    with pytest.raises(UpstreamFailed) as caught:
        await asked
    assert caught.value.code == code


async def test_a_rate_limit_behind_an_agent_is_its_accounts(
    room: Chatting, mia: GatewayClient, agent: FakeAgent
) -> None:
    asked = asyncio.create_task(ask(mia, "Hi"))
    number = (await agent.next())["number"]
    head = {"status": 429, "content_type": "application/json", "headers": {"Retry-After": "7"}}
    await agent.say("head", number=number, **head)
    await agent.body(number, b'{"error": {"message": "slow down"}}')
    await agent.say("end", number=number)
    with pytest.raises(ApiError) as caught:
        await asked
    assert (caught.value.code, caught.value.retry_after) == ("upstream_rate_limited", 7.0)
    assert (await room.admin.accounts()).accounts[0].state == "cooling"


# Settings


async def test_an_account_that_changes_keeps_its_agents_and_one_that_goes_loses_them(
    room: Chatting, mia: GatewayClient, agent: FakeAgent
) -> None:
    config = room.server.app[CONFIG]

    def with_accounts(*accounts: Account) -> Any:
        return msgspec.structs.replace(config, gateway=msgspec.structs.replace(config.gateway, accounts=[*accounts]))

    streaming = asyncio.create_task(events_of(mia, "Hi"))
    request = await agent.next()
    await agent.begin(request["number"], "Hel")
    renamed = msgspec.structs.replace(HOME, name="cabin", agents=["home"], max_in_flight=3)
    room.server.reload(with_accounts(renamed))
    await agent.body(request["number"], chunk("lo"))
    await agent.finish(request["number"])
    assert text_of(await streaming) == "Hello"
    answering = asyncio.create_task(agent.answer())
    assert (await ask(mia, "Hi")).reply == "Hello from the agent."
    await answering
    room.server.reload(with_accounts(msgspec.structs.replace(HOME, name="elsewhere")))
    assert (await agent.closed())[0] == 4403
    assert room.server.app[ACCOUNTS].accounts[0].state == "no_agent"


async def test_an_agent_is_told_when_the_gateway_stops(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        closed: asyncio.Task[tuple[int | None, str]] | None = None
        async with chatting(tmp_path, upstream, [HOME]) as room:
            dialling = dialled(room.server.url, await agent_key(room, "home"))
            agent = await dialling.__aenter__()
            closed = asyncio.create_task(agent.closed())
            await connected(room, 1)
        assert await closed == (1001, "the gateway stops")
        await dialling.__aexit__(None, None, None)


@pytest.mark.parametrize("line", ['agents = ["home"]', "keyless_agents = true"])
def test_agents_belong_to_accounts_of_their_kind(tmp_path: Path, line: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[[gateway.accounts]]\nname = "a"\ntier = "free"\nmodel = "m"\n{line}\n')
    with pytest.raises(ConfigError, match="agents"):
        load(path, {})
