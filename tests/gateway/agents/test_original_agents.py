"""The public browser agents of ChatGPT-API-server work unchanged, where the settings let them in."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from gateway.app_keys import AGENTS
from gateway.client import GatewayClient
from gateway.config import Account
from gateway.errors import ApiError, Unavailable, UpstreamFailed, UpstreamTimeout
from tests.fakes.agent import FakeAgent, PassingTime, socket_to
from tests.fakes.upstream import FakeUpstream
from tests.gateway.agents.browser import BrowserAgent, browser
from tests.gateway.chatting import Chatting, ask, chatting

BROWSER = Account(name="browser", kind="agent", tier="free", model="chat", keyless_agents=True)


@pytest.fixture
def time() -> PassingTime:
    return PassingTime()


@pytest.fixture
async def room(tmp_path: Path, time: PassingTime) -> AsyncGenerator[Chatting]:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, [BROWSER], sleep=time.sleep, title_wait_seconds=0.0) as room,
    ):
        yield room


@pytest.fixture
async def mia(room: Chatting) -> GatewayClient:
    return await room.user("mia")


async def test_no_agent_comes_in_without_a_key_unless_the_settings_say_so(tmp_path: Path) -> None:
    shut = Account(name="home", kind="agent", tier="free", model="lent")
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, [shut]) as room:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with socket_to(room.server.url, None):
                pass
    assert caught.value.status == 401


async def test_where_agents_without_a_key_come_in_keys_of_other_roles_still_do_not(room: Chatting) -> None:
    for key, status in ((room.keys["root"], 403), (room.keys["bot"], 403), ("rk-nonsense", 401)):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with socket_to(room.server.url, key):
                pass
        assert caught.value.status == status


async def test_an_agent_without_a_key_lends_to_no_account_that_does_not_say_so(tmp_path: Path) -> None:
    keyed = Account(name="home", kind="agent", tier="plus", model="chat")
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, [BROWSER, keyed]) as room, browser(room):
        states = {account.name: account.state for account in (await room.admin.accounts()).accounts}
    assert states == {"browser": "closed", "home": "no_agent"}


async def test_a_conversation_goes_on_in_the_agents_own_chat_and_branches_there(
    room: Chatting, mia: GatewayClient
) -> None:
    async with browser(room) as agent:
        answering = asyncio.create_task(agent.answer("Hello!"))
        first = await ask(mia, "Hi", system="Be brief")
        asked = await answering
        assert first.reply == "Hello!"
        assert (asked["conversation_id"], asked["content"]) == ("", "System: Be brief\n\nUser: Hi")
        assert asked["parent_id"] != asked["message_id"]
        for prompt in ("Left", "Right"):
            answering = asyncio.create_task(agent.answer(f"You said {prompt}"))
            follow_up = await ask(mia, prompt, conversation_id=first.conversation_id, parent_id=first.message_id)
            assert follow_up.reply == f"You said {prompt}"
            again = await answering
            assert again["conversation_id"] == "chat 1"
            assert again["parent_id"] == f"reply to {asked['message_id']}"
            assert again["content"] == prompt


async def test_an_agent_that_was_not_there_is_told_the_story_so_far(room: Chatting, mia: GatewayClient) -> None:
    async with browser(room) as agent:
        answering = asyncio.create_task(agent.answer("Four."))
        first = await ask(mia, "What is two and two?")
        await answering
    async with browser(room) as agent:
        answering = asyncio.create_task(agent.answer("Because."))
        await ask(mia, "Why?", conversation_id=first.conversation_id)
        asked = await answering
    assert asked["conversation_id"] == ""
    assert asked["content"] == "User: What is two and two?\n\nAssistant: Four.\n\nUser: Why?"


async def test_an_agent_that_comes_back_with_its_stored_id_takes_its_own_place(
    room: Chatting, mia: GatewayClient
) -> None:
    async with browser(room) as lost:
        asked = asyncio.create_task(ask(mia, "Hi"))
        await lost.prompt()
        async with browser(room, lost.connection_id) as back:
            with pytest.raises(UpstreamFailed):
                await asked
            assert (await FakeAgent(lost.socket).closed())[0] == 4409
            answering = asyncio.create_task(back.answer("Back again"))
            assert (await ask(mia, "Hi")).reply == "Back again"
            await answering
            headers = {"Authorization": room.keys["root"]}
            async with (
                aiohttp.ClientSession(headers=headers) as session,
                session.get(f"{room.server.url}/api/connections") as response,
            ):
                [told] = (await response.json())["connections"]
            assert set(told) == {"Id", "Ws", "Heartbeat", "LastMessageTime"}
            assert (told["Id"], told["Ws"]) == (lost.connection_id, {})


async def test_who_is_connected_is_an_admins_affair(room: Chatting, mia: GatewayClient) -> None:
    url = f"{room.server.url}/api/connections"
    async with browser(room) as agent, aiohttp.ClientSession() as session:
        for name, status in (("root", 200), ("bot", 403), ("mia", 403)):
            async with session.get(url, headers={"Authorization": room.keys[name]}) as response:
                assert response.status == status
        async with session.get(url) as response:
            assert response.status == 401
        async with session.get(f"{url}?admin_key={room.keys['root']}") as response:
            [told] = (await response.json())["connections"]
        assert (told["Id"], told["LastMessageTime"]) == (agent.connection_id, "0001-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("message", "data"),
    [
        ("error", "Wrong response code"),
        ("ChatGptResponse", "no JSON"),
        ("ChatGptResponse", '{"error": "the owner\'s trouble"}'),
        ("ChatGptResponse", '{"content": ["not text"]}'),
    ],
)
async def test_an_agents_error_is_told_in_our_words(
    room: Chatting, mia: GatewayClient, message: str, data: str
) -> None:
    async with browser(room) as agent:
        asked = asyncio.create_task(ask(mia, "Hi"))
        number, _ = await agent.prompt()
        await agent.say(number, message, data, error={"an": "object"} if message == "error" else None)
        with pytest.raises(UpstreamFailed) as caught:
            await asked
        assert "reported an error" in caught.value.message
        assert "owner" not in caught.value.message


async def test_an_agent_answers_one_prompt_at_a_time_and_names_no_conversation(
    room: Chatting, mia: GatewayClient
) -> None:
    async with browser(room) as agent:
        asked = asyncio.create_task(ask(mia, "A question of some length"))
        number, _ = await agent.prompt()
        with pytest.raises(Unavailable) as caught:
            await ask(mia, "Another")
        assert caught.value.code == "accounts_busy"
        await agent.say(number, "ChatGptResponse", '{"content": "Yes"}')
        answer = await asked
        assert answer.conversation_title == "A question of some length"
        answering = asyncio.create_task(agent.answer("Done"))  # the next it gets is a prompt, not a title's
        await ask(mia, "Next")
        assert (await answering)["content"] == "Next"


async def test_an_agent_that_says_nothing_is_given_up_and_its_late_answer_is_no_lie(tmp_path: Path) -> None:
    hasty = Account(
        name="b", kind="agent", tier="free", model="chat", keyless_agents=True, first_byte_timeout_seconds=0.1
    )
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, [hasty], title_wait_seconds=0.0) as room:
        mia = await room.user("mia")
        async with browser(room) as agent:
            with pytest.raises(UpstreamTimeout):
                await ask(mia, "Hi")
            number, _ = await agent.prompt()
            await agent.say(number, "ChatGptResponse", '{"content": "Late"}')
            answering = asyncio.create_task(agent.answer("In time"))
            assert (await ask(mia, "Hi")).reply == "In time"
            await answering


async def test_an_agent_that_answers_twice_is_cut_off_and_its_first_answer_stands(
    room: Chatting, mia: GatewayClient
) -> None:
    async with browser(room) as agent:
        asked = asyncio.create_task(ask(mia, "Hi"))
        number, _ = await agent.prompt()
        for content in ("Once", "Twice"):
            await agent.say(number, "ChatGptResponse", json.dumps({"content": content}))
        first = await asked
        assert first.reply == "Once"
        assert (await FakeAgent(agent.socket).closed())[0] == 4400
    messages = (await mia.get_conversation(first.conversation_id)).messages
    assert [message.content.parts[0] for message in messages] == ["Hi", "Once"]


async def unknown_id(agent: BrowserAgent) -> None:
    await agent.say("not-yours", "ChatGptResponse", '{"content": "For somebody else"}')


async def unasked_pong(agent: BrowserAgent) -> None:
    await agent.say("1", "pong")


async def nonsense(agent: BrowserAgent) -> None:
    await agent.socket.send_str('{"id": 7}')


async def binary(agent: BrowserAgent) -> None:
    await agent.socket.send_bytes(b"\0")


async def megabytes(agent: BrowserAgent) -> None:
    await agent.say("1", "ChatGptResponse", "x" * 2_000_000)


@pytest.mark.parametrize("lie", [unknown_id, unasked_pong, nonsense, binary, megabytes])
async def test_an_agent_that_breaks_the_protocol_is_cut_off(
    room: Chatting, mia: GatewayClient, lie: Callable[[BrowserAgent], Awaitable[None]]
) -> None:
    async with browser(room) as agent:
        asked = asyncio.create_task(ask(mia, "Hi"))
        await agent.prompt()
        await lie(agent)
        with pytest.raises(ApiError) as caught:
            await asked
        assert caught.value.code == "upstream_agent_gone"
        assert (await FakeAgent(agent.socket).closed())[0] == (1009 if lie is megabytes else 4400)


@pytest.mark.parametrize("greeting", ['{"id": "made up", "message": "Connection id"}', "{", "[]"])
async def test_an_agent_that_does_not_greet_as_it_should_is_not_let_in(room: Chatting, greeting: str) -> None:
    async with socket_to(room.server.url, None) as socket:
        await socket.receive()
        await socket.send_str(greeting)
        assert (await FakeAgent(socket).closed())[0] == 4400
    assert room.server.app[AGENTS].connections == ()


async def test_pings_are_answered_by_their_id_and_who_does_not_is_cut_off(
    room: Chatting, mia: GatewayClient, time: PassingTime
) -> None:
    async with browser(room) as agent:
        await time.passes(15, sleepers=2)
        answering = asyncio.create_task(agent.answer("Still here"))
        assert (await ask(mia, "Hi")).reply == "Still here"
        await answering
        await time.passes(15, sleepers=2)
        assert json.loads((await agent.socket.receive()).data)["message"] == "ping"
        await time.passes(15, sleepers=2)
        assert (await FakeAgent(agent.socket).closed())[0] == 4408
