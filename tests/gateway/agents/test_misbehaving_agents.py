"""Agents that lie, flood or say what nobody understands: they are cut off, and nobody else's answer is touched."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.client import GatewayClient
from gateway.errors import ApiError, UpstreamTimeout
from tests.fakes.agent import FakeAgent, chunk, dialled, socket_to
from tests.fakes.upstream import FakeUpstream
from tests.gateway.agents.conftest import HOME, agent_key, connected
from tests.gateway.chatting import Chatting, ask, chatting


async def unknown_number(agent: FakeAgent, number: int) -> None:
    await agent.begin(number + 1, "For somebody else")


async def body_before_head(agent: FakeAgent, number: int) -> None:
    await agent.body(number, chunk("Hi"))


async def end_before_head(agent: FakeAgent, number: int) -> None:
    await agent.say("end", number=number)


async def second_head(agent: FakeAgent, number: int) -> None:
    await agent.begin(number)
    await agent.begin(number)


async def second_hello(agent: FakeAgent, number: int) -> None:
    await agent.say("hello", protocol=1, session="session-1", models=["lent"], at_once=1)


async def unasked_pong(agent: FakeAgent, number: int) -> None:
    await agent.say("pong", number=1)


async def no_number(agent: FakeAgent, number: int) -> None:
    await agent.socket.send_bytes(b"\0\0")


async def nonsense(agent: FakeAgent, number: int) -> None:
    await agent.socket.send_str("{")


async def wrong_type(agent: FakeAgent, number: int) -> None:
    await agent.socket.send_str(json.dumps({"type": "head", "number": "1", "status": 200, "content_type": ""}))


async def huge_frame(agent: FakeAgent, number: int) -> None:
    await agent.begin(number)
    await agent.body(number, b"x" * 2_000_000)


@pytest.mark.parametrize(
    ("lie", "code"),
    [
        (unknown_number, 4400),
        (body_before_head, 4400),
        (end_before_head, 4400),
        (second_head, 4400),
        (second_hello, 4400),
        (unasked_pong, 4400),
        (no_number, 4400),
        (nonsense, 4400),
        (wrong_type, 4400),
        (huge_frame, 1009),
    ],
)
async def test_an_agent_that_breaks_the_protocol_is_cut_off_and_nobody_elses_answer_is_touched(
    room: Chatting, mia: GatewayClient, lie: Callable[[FakeAgent, int], Awaitable[None]], code: int
) -> None:
    key = room.keys["home"]
    async with (
        dialled(room.server.url, key, session="honest-1") as honest,
        dialled(room.server.url, key, session="lying-001") as liar,
    ):
        await connected(room, 2)
        asked = [asyncio.create_task(ask(mia, "Hi")) for _ in range(2)]
        mine, lied = await honest.next(), await liar.next()
        await honest.begin(mine["number"], "Honest")
        await lie(liar, lied["number"])
        assert (await liar.closed())[0] == code
        await honest.finish(mine["number"])
        results = await asyncio.gather(*asked, return_exceptions=True)
        [failure] = [result for result in results if isinstance(result, ApiError)]
        assert failure.code == "upstream_agent_gone"
        assert [result.reply for result in results if not isinstance(result, BaseException)] == ["Honest"]


async def test_an_agent_that_floods_an_answer_is_stopped_and_can_go_on_with_others(
    room: Chatting, mia: GatewayClient, agent: FakeAgent
) -> None:
    asked = asyncio.create_task(ask(mia, "Hi"))
    request = await agent.next()
    await agent.begin(request["number"])
    piece = chunk("x" * 900_000)
    with pytest.raises(ApiError) as caught:
        while not asked.done():
            await agent.body(request["number"], piece)
            await asyncio.sleep(0)
        await asked
    assert caught.value.code == "upstream_flood"
    answering = asyncio.create_task(after_cancel(agent))
    assert (await ask(mia, "Hi")).reply == "Short"
    await answering


async def test_an_agent_that_never_answers_is_given_up_and_told_so(tmp_path: Path) -> None:
    hasty = msgspec.structs.replace(HOME, first_byte_timeout_seconds=0.2)
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, [hasty], title_wait_seconds=0.0) as room:
        mia = await room.user("mia")
        async with dialled(room.server.url, await agent_key(room, "home")) as agent:
            await connected(room, 1)
            asked = asyncio.create_task(ask(mia, "Hi"))
            request = await agent.next()
            with pytest.raises(UpstreamTimeout):
                await asked
            assert await agent.next() == {"type": "cancel", "number": request["number"]}
            assert (await mia.list_conversations()).conversations == []


async def test_what_an_agent_says_after_its_answers_end_is_passed_over(
    room: Chatting, mia: GatewayClient, agent: FakeAgent
) -> None:
    answering = asyncio.create_task(agent.answer("Once."))
    assert (await ask(mia, "Hi")).reply == "Once."
    number = (await answering)["number"]
    await agent.body(number, chunk("Twice."))
    await agent.finish(number)
    await agent.say("failed", number=number, why="broken")
    answering = asyncio.create_task(agent.answer("Next."))
    assert (await ask(mia, "Hi")).reply == "Next."
    await answering


async def after_cancel(agent: FakeAgent) -> None:
    said = await agent.next()
    while said["type"] != "request":
        said = await agent.next()
    await agent.begin(said["number"], "Short")
    await agent.finish(said["number"])


@pytest.mark.parametrize(
    ("hello", "words"),
    [
        ({"protocol": 2}, "version 1"),
        ({"models": ["something-else"]}, "want lent"),
        ({"models": []}, "no hello"),
        ({"session": "short"}, "no hello"),
        ({"at_once": 0}, "no hello"),
        ({"type": "status"}, "no hello"),
    ],
)
async def test_a_greeting_that_does_not_fit_is_refused_in_words(
    room: Chatting, hello: dict[str, Any], words: str
) -> None:
    async with socket_to(room.server.url, room.keys["home"]) as socket:
        good = {"type": "hello", "protocol": 1, "session": "session-1", "models": ["lent"], "at_once": 1}
        await socket.send_str(json.dumps(good | hello))
        code, reason = await FakeAgent(socket).closed()
        assert code == 4400
        assert words in reason
    await connected(room, 0)


async def test_an_agent_that_does_not_greet_is_not_waited_for(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, [HOME], request_timeout_seconds=0.1) as room,
        socket_to(room.server.url, await agent_key(room, "home")) as socket,
    ):
        assert await FakeAgent(socket).closed() == (4400, "no greeting in time")
