"""`rolekey agent`: a local server's models, lent to a gateway from behind a firewall."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from gateway import bootstrap
from gateway.agents.lending import LendingAgent, Lent, is_exposed, register_url
from gateway.app_keys import AGENTS, CONFIG
from gateway.client import GatewayClient
from gateway.config import Account
from gateway.errors import ApiError, Unauthenticated, UpstreamFailed
from gateway.wire import ChatRequest, Delta
from tests.fakes.agent import PassingTime
from tests.fakes.upstream import Answer, BreakOff, FakeUpstream, Hang, Refuse
from tests.gateway.chatting import Chatting, ask, chatting, events_of, text_of
from tests.gateway.conftest import eventually

HOME = Account(name="home", kind="agent", tier="free", model="gpt-free", title_model="gpt-title")


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    """The server behind the firewall; the gateway is not told of it."""
    async with FakeUpstream(keys={"sk-local"}) as upstream:
        yield upstream


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    async with chatting(tmp_path, upstream, [HOME]) as room:
        room.keys["home"] = await bootstrap.create_key(room.server.app[CONFIG], "agent", "home")
        yield room


@pytest.fixture
async def mia(room: Chatting) -> GatewayClient:
    return await room.user("mia")


def lent(url: str, key: str, upstream: FakeUpstream, **changes: Any) -> Lent:
    wanted = Lent(
        gateway=register_url(url),
        key=key,
        server=upstream.base_url,
        server_key="sk-local",
        models=["gpt-free", "gpt-title"],
        at_once=64,
        session="session-1",
    )
    return msgspec.structs.replace(wanted, **changes)


@asynccontextmanager
async def lending(what: Lent, *, time: PassingTime | None = None) -> AsyncGenerator[LendingAgent]:
    """An agent that runs; random numbers are all 1."""
    agent = LendingAgent(what, version="0", random=lambda: 1.0, sleep=asyncio.sleep if time is None else time.sleep)
    running = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError, Unauthenticated):
            await running


@asynccontextmanager
async def lending_to(
    room: Chatting, *, time: PassingTime | None = None, **changes: Any
) -> AsyncGenerator[LendingAgent]:
    async with lending(lent(room.server.url, room.keys["home"], room.upstream, **changes), time=time) as agent:
        await there(room)
        yield agent


async def there(room: Chatting) -> None:
    async def one() -> bool:
        return any(not agent.closed for agent in room.server.app[AGENTS].connections)

    await eventually(one)


# Answering


async def test_a_local_server_answers_through_the_agent_as_if_the_gateway_reached_it(
    room: Chatting, mia: GatewayClient
) -> None:
    async with lending_to(room):
        answer = await ask(mia, "Hello out there")
        assert answer.reply == "Hello from the fake upstream."
        assert answer.conversation_title == "A Fine Title"
        assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.estimated) == (3, 5, False)
        [request] = room.upstream.requests
        assert (request.key, request.body["model"], request.prompt) == ("sk-local", "gpt-free", "Hello out there")
        assert request.headers.get("Authorization") != f"Bearer {room.keys['home']}"


async def test_pieces_are_passed_on_as_they_come(room: Chatting, mia: GatewayClient) -> None:
    room.upstream.play(Answer("One two three", pause_at=1))
    async with lending_to(room):
        stream = mia.chat(ChatRequest(prompt="Count"))
        await anext(stream)
        assert await anext(stream) == Delta(text="One")
        room.upstream.release.set()
        rest = [event async for event in stream]
    assert text_of(rest) == " two three"


async def test_many_prompts_are_answered_at_once(room: Chatting, mia: GatewayClient) -> None:
    room.upstream.reply = lambda request: request.prompt * 500
    room.upstream.play(*(Answer(pause_at=0) for _ in range(32)))
    async with lending_to(room):
        asked = [asyncio.create_task(ask(mia, f"{number:02}")) for number in range(32)]

        async def all_there() -> bool:
            return len(room.upstream.requests) == 32

        await eventually(all_there)  # while not one of them has an answer
        room.upstream.release.set()
        replies = [answer.reply for answer in await asyncio.gather(*asked)]
    assert replies == [f"{number:02}" * 500 for number in range(32)]


async def test_a_caller_that_hangs_up_stops_the_local_server(room: Chatting, mia: GatewayClient) -> None:
    room.upstream.play(Answer("One two three", pause_at=1))
    async with lending_to(room):
        stream = mia.chat(ChatRequest(prompt="Count"))
        await anext(stream)
        await anext(stream)
        await stream.aclose()
        await room.upstream.deserted.wait()


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (BreakOff(), "upstream_broken_stream"),
        (BreakOff(pieces=()), "upstream_broken_stream"),
        (Refuse(500), "upstream_error"),
        (Refuse(429, headers={"Retry-After": "9"}), "upstream_rate_limited"),
        (Refuse(400, "context_length_exceeded"), "context_too_long"),
    ],
)
async def test_what_the_local_server_does_wrong_is_told_as_of_any_other(
    room: Chatting, mia: GatewayClient, act: Any, code: str
) -> None:
    room.upstream.play(act)
    async with lending_to(room):
        with pytest.raises(ApiError) as caught:
            await ask(mia, "Hi")
    assert caught.value.code == code
    if code == "upstream_rate_limited":
        assert caught.value.retry_after == 9.0


async def test_a_local_server_that_is_not_there_or_refuses_the_agent_is_said_to_whoever_runs_it(
    room: Chatting, mia: GatewayClient, caplog: pytest.LogCaptureFixture
) -> None:
    async with lending_to(room, server="http://127.0.0.1:9/v1"):
        with pytest.raises(UpstreamFailed) as caught:
            await ask(mia, "Hi")
        assert caught.value.code == "upstream_unreachable"
        assert "--upstream" in caught.value.message
    async with lending_to(room, server_key="sk-wrong", session="session-2"):
        with pytest.raises(UpstreamFailed) as caught:
            await ask(mia, "Hi")
        assert caught.value.code == "upstream_authentication"
        assert "ROLEKEY_AGENT_UPSTREAM_KEY" in caught.value.message


async def test_nothing_that_was_said_and_no_key_reaches_the_agents_log(
    room: Chatting, mia: GatewayClient, caplog: pytest.LogCaptureFixture
) -> None:
    room.upstream.reply = "a private answer"
    with caplog.at_level(logging.DEBUG):
        async with lending_to(room):
            await ask(mia, "a private question")
    assert "lending gpt-free, gpt-title to home" in caplog.text
    for secret in ("private", "sk-local", room.keys["home"], room.keys["home"][3:20]):
        assert secret not in caplog.text


async def test_an_agent_that_is_stopped_finishes_its_answers_first(room: Chatting, mia: GatewayClient) -> None:
    room.upstream.play(Answer("One two three", pause_at=1))
    async with lending_to(room) as agent:
        streaming = asyncio.create_task(events_of(mia, "Count"))
        await room.upstream.paused.wait()
        stopping = asyncio.create_task(agent.stop(30.0))

        async def takes_no_more() -> bool:
            return (await room.admin.accounts()).accounts[0].agents[0].max_in_flight == 0

        await eventually(takes_no_more)
        room.upstream.release.set()
        assert text_of(await streaming) == "One two three"
        await stopping
    assert room.server.app[AGENTS].connections == ()


# Coming back


async def test_an_agent_whose_connection_breaks_stops_its_work_and_dials_in_again(
    room: Chatting, mia: GatewayClient
) -> None:
    time = PassingTime()
    room.upstream.play(Hang())
    async with lending_to(room, time=time):
        asked = asyncio.create_task(ask(mia, "Hi"))
        await room.upstream.paused.wait()
        [connection] = room.server.app[AGENTS].connections
        connection._line.abort()  # as a network that goes away does
        with pytest.raises(UpstreamFailed) as caught:
            await asked
        assert caught.value.code == "upstream_agent_gone"
        await room.upstream.deserted.wait()
        await time.passes(60, sleepers=1)
        await there(room)
        assert (await ask(mia, "Again")).reply == "Hello from the fake upstream."
    assert time.slept == [2.0]


async def test_it_waits_longer_each_time_but_never_longer_than_a_minute(upstream: FakeUpstream) -> None:
    time = PassingTime()
    async with lending(lent("ws://127.0.0.1:9", "rk-x", upstream), time=time):
        for _ in range(8):
            await time.passes(100, sleepers=1)
        await time.passes(0, sleepers=1)
    assert time.slept[:8] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


async def test_a_key_that_is_refused_ends_it_and_one_that_no_account_names_does_not(
    room: Chatting, upstream: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    what = lent(room.server.url, "rk-nonsense", upstream)
    with pytest.raises(Unauthenticated, match="ROLEKEY_AGENT_KEY"):
        await LendingAgent(what, version="0", random=lambda: 1.0).run()
    stranger = await bootstrap.create_key(room.server.app[CONFIG], "agent", "stranger")
    time = PassingTime()
    async with lending(lent(room.server.url, stranger, upstream), time=time):
        await time.passes(0, sleepers=1)
    assert "no account of the gateway names this agent" in caplog.text


# Gateways that are none


@asynccontextmanager
async def gateway_that(act: Callable[[web.WebSocketResponse], Awaitable[None]]) -> AsyncGenerator[str]:
    """Something an agent dials in to, that welcomes it and then does this."""

    async def register(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        await socket.receive()
        await act(socket)
        return socket

    app = web.Application()
    app.router.add_get("/client/register", register)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def welcome(ping_seconds: float = 15.0) -> str:
    return json.dumps({"type": "welcome", "connection": "c", "accounts": ["a"], "ping_seconds": ping_seconds})


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("chat/completions", {"model": "another-one", "messages": []}),
        ("chat/completions", None),
        ("chat/completions", {"messages": []}),
        ("chat/completions", ["gpt-free"]),
    ],
)
async def test_no_gateway_gets_at_what_is_not_lent(upstream: FakeUpstream, path: str, body: Any) -> None:
    answers = asyncio.Queue[dict[str, Any]]()

    async def ask_for_more(socket: web.WebSocketResponse) -> None:
        await socket.send_str(welcome())
        await socket.send_str(json.dumps({"type": "request", "number": 1, "path": path, "body": body}))
        answers.put_nowait(json.loads((await socket.receive()).data))

    async with gateway_that(ask_for_more) as url, lending(lent(url, "rk-x", upstream)):
        assert await answers.get() == {"type": "failed", "number": 1, "why": "refused"}
    assert upstream.requests == []


async def say_nothing(socket: web.WebSocketResponse) -> None:
    await socket.send_str(welcome(ping_seconds=0.02))
    await socket.receive()


async def ask_another_path(socket: web.WebSocketResponse) -> None:
    await socket.send_str(welcome())
    await socket.send_str(json.dumps({"type": "request", "number": 1, "path": "../admin", "body": None}))
    await socket.receive()


async def send_nonsense(socket: web.WebSocketResponse) -> None:
    await socket.send_str("{")
    await socket.receive()


async def hang_up(socket: web.WebSocketResponse) -> None:
    await socket.close(code=4400, message=b"in its own words")


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (say_nothing, "the gateway is silent"),
        (ask_another_path, "another protocol"),
        (send_nonsense, "another protocol"),
        (hang_up, "in its own words"),
    ],
)
async def test_a_gateway_that_is_none_is_left_and_tried_again(
    upstream: FakeUpstream,
    caplog: pytest.LogCaptureFixture,
    act: Callable[[web.WebSocketResponse], Awaitable[None]],
    words: str,
) -> None:
    time = PassingTime()
    async with gateway_that(act) as url, lending(lent(url, "rk-x", upstream), time=time):
        await time.passes(60, sleepers=1)
        await time.passes(0, sleepers=1)
    assert words in caplog.text
    assert time.slept == [2.0, 4.0]


def test_the_address_to_dial_is_made_from_the_gateways() -> None:
    assert str(register_url("https://llm.example.org")) == "wss://llm.example.org/client/register"
    assert str(register_url("ws://127.0.0.1:8080/")) == "ws://127.0.0.1:8080/client/register"
    assert str(register_url("wss://llm.example.org/rolekey/agents")) == "wss://llm.example.org/rolekey/agents"
    exposed = {
        url: is_exposed(register_url(url)) for url in ("ws://[::1]:1", "ws://localhost", "ws://10.0.0.7", "wss://x")
    }
    assert [url for url, is_so in exposed.items() if is_so] == ["ws://10.0.0.7"]
