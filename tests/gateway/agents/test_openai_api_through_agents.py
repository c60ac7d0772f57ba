"""`/v1` answered by agents: OpenAI's library takes them for a provider, and is told at once when one goes away."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import openai
import pytest
from openai.types.chat import ChatCompletion

from gateway.client import GatewayClient
from gateway.config import Account
from tests.fakes.agent import FakeAgent, chunk, dialled
from tests.fakes.upstream import FakeUpstream
from tests.gateway.agents.browser import BrowserAgent, browser
from tests.gateway.agents.conftest import HOME, agent_key, connected
from tests.gateway.chatting import Chatting, chatting
from tests.gateway.conftest import eventually
from tests.gateway.v1.conftest import HI, TOOL, Libraries, kept, posted, used

BROWSER = Account(name="browser", kind="agent", tier="free", model="chat", keyless_agents=True)
CALL = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
END = b"data: [DONE]\n\n"


@pytest.fixture
async def library() -> AsyncGenerator[Libraries]:
    async with AsyncExitStack() as stack:
        yield Libraries(stack)


@pytest.fixture
def ai(room: Chatting, mia: GatewayClient, library: Libraries) -> openai.AsyncOpenAI:
    """Mia's."""
    assert mia.url == room.server.url
    return library(room)


@asynccontextmanager
async def room_of(folder: Path, *accounts: Account, **settings: Any) -> AsyncGenerator[Chatting]:
    """A room whose `/v1` conversations are kept."""
    async with (
        FakeUpstream() as upstream,
        chatting(folder, upstream, [*accounts], record_v1=True, title_wait_seconds=0.0, **settings) as room,
    ):
        await room.user("mia")
        yield room


async def answer_whole(agent: FakeAgent, answer: Any, *, status: int = 200) -> dict[str, Any]:
    """Take the next request and answer it in one piece; the request."""
    request = await agent.next()
    await agent.say("head", number=request["number"], status=status, content_type="application/json")
    await agent.body(request["number"], json.dumps(answer).encode())
    await agent.say("end", number=request["number"])
    return request


def asked(ai: openai.AsyncOpenAI, prompt: str = "Hi", **fields: Any) -> asyncio.Task[Any]:
    """A question on its way; a `ChatCompletion`, or the stream of its chunks."""
    create: Any = ai.chat.completions.create
    return asyncio.create_task(create(model="lent", messages=[{"role": "user", "content": prompt}], **fields))


# Our own agents


@pytest.mark.parametrize("size", [1, 11, 100_000])
async def test_a_stream_passes_byte_for_byte_however_the_agent_cuts_it(
    room: Chatting, mia: GatewayClient, agent: FakeAgent, size: int
) -> None:
    words = b'data: {"choices":[{"index":0,"delta":{"content":"\xc3\xa9 \\"usage\\" \xf0\x9f\x98\x80"}}]}\n\n: odd\n\n'
    counts = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}\n\n'
    sent = words + counts + END
    body = {"model": "auto", "messages": HI, "stream": True, "frobnicate": [1], "tools": [TOOL], "user": "x"}
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(read(room, body))
        request = await agent.next()
        await agent.begin(request["number"])
        for at in range(0, len(sent), size):
            await agent.body(request["number"], sent[at : at + size])
        await agent.say("end", number=request["number"])
    assert reading.result() == words + END
    told = request["body"]
    assert (told["model"], told["messages"], told["frobnicate"], told["tools"]) == ("lent", HI, [1], [TOOL])
    assert told["stream_options"] == {"include_usage": True}
    assert told.get("user") != "x"
    assert await used(room) == (1, 3, 4)


async def read(room: Chatting, body: Any) -> bytes:
    async with posted(room, body) as response:
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        return await response.read()


async def test_a_chunk_is_there_as_soon_as_the_agent_says_it(ai: openai.AsyncOpenAI, agent: FakeAgent) -> None:
    streaming = asked(ai, stream=True)
    request = await agent.next()
    await agent.begin(request["number"], "one ")
    chunks: Any = aiter(await streaming)
    assert (await anext(chunks)).choices[0].delta.content == "one "
    await agent.body(request["number"], chunk("two"))
    assert (await anext(chunks)).choices[0].delta.content == "two"
    await agent.finish(request["number"])
    assert [one.choices[0].finish_reason async for one in chunks] == ["stop"]


async def test_calls_of_tools_come_whole_and_streamed(room: Chatting, ai: openai.AsyncOpenAI, agent: FakeAgent) -> None:
    message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    whole = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    asking = asked(ai, tools=[TOOL])
    request = await answer_whole(agent, whole)
    assert "stream" not in request["body"]
    answer: ChatCompletion = await asking
    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"city": "Paris"}

    async with asyncio.TaskGroup() as group:
        final = group.create_task(streamed_with_tools(ai))
        number = (await agent.next())["number"]
        await agent.begin(number)
        frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "lent"}
        choices: list[dict[str, Any]] = [
            {"index": 0, "delta": {"tool_calls": [{**CALL, "index": 0}]}},
            {"index": 0, "delta": {}, "finish_reason": "tool_calls"},
        ]
        for choice in choices:
            await agent.body(number, b"data: %b\n\n" % json.dumps(frame | {"choices": [choice]}).encode())
        await agent.body(number, END)
        await agent.say("end", number=number)
    assert final.result() == {"city": "Paris"}
    requests, _, written = await used(room)
    assert (requests, written > 0) == (2, True)


async def streamed_with_tools(ai: openai.AsyncOpenAI) -> Any:
    async with ai.chat.completions.stream(model="auto", messages=HI, tools=[TOOL]) as stream:
        [call] = (await stream.get_final_completion()).choices[0].message.tool_calls or []
        return json.loads(call.function.arguments)


async def test_several_at_once_are_answered_in_any_order_each_its_own(
    room: Chatting, ai: openai.AsyncOpenAI, agent: FakeAgent
) -> None:
    asking = [asked(ai, f"Number {number}", stream=True) for number in range(4)]
    requests = [await agent.next() for _ in asking]
    for request in reversed(requests):
        await agent.begin(request["number"], request["body"]["messages"][0]["content"])
    for request in requests:
        await agent.body(request["number"], chunk("!"))
        await agent.finish(request["number"])
    said = ["".join([part.choices[0].delta.content or "" async for part in await one]) for one in asking]
    assert said == [f"Number {number}!" for number in range(4)]
    assert (await used(room))[0] == 4


async def test_an_agent_that_drops_before_its_first_word_is_a_502_in_openais_shape_at_once(
    room: Chatting, ai: openai.AsyncOpenAI, agent: FakeAgent
) -> None:
    for stream in (False, True):
        async with dialled(room.server.url, room.keys["home"]) as dropping:  # takes the first one's place
            await connected(room, 1)
            asking = asked(ai, stream=stream)
            await dropping.next()
            await dropping.socket.close()
            with pytest.raises(openai.InternalServerError) as caught:
                await asking
        assert (caught.value.status_code, caught.value.code) == (502, "upstream_agent_gone")
        assert caught.value.type == "server_error"
        assert "went away" in caught.value.message
    with pytest.raises(openai.InternalServerError) as nobody:
        await asked(ai)
    assert (nobody.value.status_code, nobody.value.code) == (503, "no_agent")
    assert int(nobody.value.response.headers["retry-after"]) == 5


async def test_an_agent_that_drops_in_the_middle_ends_the_stream_in_an_error_and_what_came_is_billed_and_kept(
    tmp_path: Path, library: Libraries
) -> None:
    async with room_of(tmp_path, HOME) as room:
        key = await agent_key(room, "home")
        async with dialled(room.server.url, key) as agent:
            await connected(room, 1)
            asking = asked(library(room), stream=True)
            request = await agent.next()
            await agent.begin(request["number"], "Half an ")
            said = list[str]()
            with pytest.raises(openai.APIError) as caught:
                async for part in await asking:
                    said.append(part.choices[0].delta.content)
                    await agent.socket.close()
        assert said == ["Half an "]
        assert caught.value.code == "upstream_agent_gone"
        assert set(caught.value.body)  # pyright: ignore[reportArgumentType] -- a dict == {"message", "type", "param", "code"}
        assert await kept(room) == [[("user", "Hi", "complete"), ("assistant", "Half an ", "incomplete")]]
        requests, _, answered = await used(room)
        assert (requests, answered > 0) == (1, True)


async def test_a_caller_that_hangs_up_stops_the_agent_and_what_came_is_billed_and_kept(
    tmp_path: Path, library: Libraries
) -> None:
    async with room_of(tmp_path, HOME) as room, dialled(room.server.url, await agent_key(room, "home")) as agent:
        await connected(room, 1)
        asking = asked(library(room), stream=True)
        request = await agent.next()
        await agent.begin(request["number"], "Half an ")
        stream: Any = await asking
        await anext(aiter(stream))
        await stream.close()
        assert await agent.next() == {"type": "cancel", "number": request["number"]}

        async def stored() -> bool:
            return await kept(room) == [[("user", "Hi", "complete"), ("assistant", "Half an ", "incomplete")]]

        await eventually(stored)
        assert (await used(room))[0] == 1


@pytest.mark.parametrize(
    ("why", "status", "code"), [("unreachable", 502, "upstream_unreachable"), ("refused", 502, "upstream_model")]
)
async def test_an_agent_that_cannot_ask_says_so(
    ai: openai.AsyncOpenAI, agent: FakeAgent, why: str, status: int, code: str
) -> None:
    asking = asked(ai)
    await agent.say("failed", number=(await agent.next())["number"], why=why)
    with pytest.raises(openai.InternalServerError) as caught:
        await asking
    assert (caught.value.status_code, caught.value.code) == (status, code)


async def test_what_the_agents_server_refuses_is_the_callers_own_error(
    ai: openai.AsyncOpenAI, agent: FakeAgent
) -> None:
    asking = asked(ai, temperature=9)
    refusal = {"message": "Bad temperature", "type": "invalid_request_error", "param": "temperature", "code": "invalid"}
    await answer_whole(agent, {"error": refusal}, status=400)
    with pytest.raises(openai.BadRequestError) as caught:
        await asking
    assert caught.value.param == "temperature"


@pytest.mark.parametrize("stream", [True, False])
async def test_an_agent_that_sends_megabytes_is_stopped(
    ai: openai.AsyncOpenAI, agent: FakeAgent, *, stream: bool
) -> None:
    asking = asked(ai, stream=stream)
    number = (await agent.next())["number"]
    await agent.say(
        "head", number=number, status=200, content_type="text/event-stream" if stream else "application/json"
    )
    for _ in range(80):  # an event, or a body, without an end
        await agent.body(number, b"x" * 500_000)
    with pytest.raises(openai.APIError) as caught:
        async for _ in await asking:
            pass
    assert caught.value.code == "upstream_flood"


async def test_embeddings_and_responses_go_through_an_agent_too(tmp_path: Path, library: Libraries) -> None:
    able = msgspec.structs.replace(HOME, embedding_model="embed", responses=True)
    async with (
        room_of(tmp_path, able) as room,
        dialled(room.server.url, await agent_key(room, "home"), models=["lent", "embed"]) as agent,
    ):
        await connected(room, 1)
        ai = library(room)
        embedding = asyncio.create_task(ai.embeddings.create(model="auto", input="a", encoding_format="float"))
        vector = {"object": "embedding", "index": 0, "embedding": [0.5]}
        answer = {"object": "list", "data": [vector], "model": "embed", "usage": {"prompt_tokens": 1}}
        request = await answer_whole(agent, answer)
        assert (request["path"], request["body"]["model"]) == ("embeddings", "embed")
        assert (await embedding).data[0].embedding == [0.5]
        responding = asyncio.create_task(ai.responses.create(model="auto", input="Hi"))
        part: dict[str, Any] = {"type": "output_text", "text": "Hello", "annotations": []}
        item: dict[str, Any] = {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [part],
        }
        request = await answer_whole(agent, {"object": "response", "status": "completed", "output": [item]})
        assert (request["path"], request["body"]["model"]) == ("responses", "lent")
        assert (await responding).output_text == "Hello"


# Browser agents


async def test_a_browser_agents_answer_comes_in_openais_form_whole_and_streamed(
    tmp_path: Path, library: Libraries
) -> None:
    async with room_of(tmp_path, BROWSER) as room, browser(room) as agent:
        ai = library(room)
        asking = asyncio.create_task(ai.chat.completions.create(model="chat", messages=HI))
        await agent.answer("Hello!")
        whole = await asking
        assert (whole.object, whole.choices[0].message.content) == ("chat.completion", "Hello!")
        assert whole.choices[0].finish_reason == "stop"
        follow_up: Any = [*HI, {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "And?"}]
        streaming = asyncio.create_task(ai.chat.completions.create(model="auto", messages=follow_up, stream=True))
        again = await agent.answer("More.")
        assert again["conversation_id"] == "chat 1"  # in its own chat it goes on
        assert again["content"] == "And?"
        said = [part.choices[0] async for part in await streaming]
        assert "".join(choice.delta.content or "" for choice in said) == "More."
        assert said[-1].finish_reason == "stop"
        assert [[text for _, text, _ in one] for one in await kept(room)] == [["Hi", "Hello!", "And?", "More."]]
        requests, asked_for, answered = await used(room)
        assert (requests, asked_for > 0, answered > 0) == (2, True, True)  # nobody counted: estimated


@pytest.mark.parametrize("stream", [True, False])
async def test_a_browser_agent_that_goes_away_fails_or_says_nothing_is_an_error_in_openais_shape(
    tmp_path: Path, library: Libraries, *, stream: bool
) -> None:
    hasty = msgspec.structs.replace(BROWSER, first_byte_timeout_seconds=0.1)
    for account, act, status, code in (
        (BROWSER, drop, 502, "upstream_agent_gone"),
        (BROWSER, fail, 502, "upstream_error"),
        (hasty, say_nothing, 504, "upstream_timeout"),
    ):
        async with room_of(tmp_path / code, account) as room, browser(room) as agent:
            asking = asyncio.create_task(
                library(room).chat.completions.create(model="chat", messages=HI, stream=stream)
            )
            await act(agent)
            with pytest.raises(openai.InternalServerError) as caught:
                await asking
            assert (caught.value.status_code, caught.value.code) == (status, code)
            assert await kept(room) == []


async def drop(agent: BrowserAgent) -> None:
    await agent.prompt()
    await agent.socket.close()


async def fail(agent: BrowserAgent) -> None:
    number, _ = await agent.prompt()
    await agent.say(number, "error", "Unknown error", error={})


async def say_nothing(agent: BrowserAgent) -> None:
    await agent.prompt()
