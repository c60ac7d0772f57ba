"""`/v1` as the official `openai` library and other programs written for OpenAI see it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from gateway.config import Limits, TierLimits
from tests.fakes.upstream import Answer, BreakOff, ErrorEvent, FakeUpstream, Raw, Refuse
from tests.gateway.chatting import Chatting, accounts_at, chatting
from tests.gateway.v1.conftest import HI, TOOL, Libraries, kept, posted, used

# Answers


async def test_an_answer_comes_through_and_every_field_of_the_request_too(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    answer = await library(room).chat.completions.create(
        model="auto",
        messages=HI,
        temperature=0.5,
        top_p=0.9,
        stop=["END"],
        seed=7,
        n=2,
        logprobs=True,
        max_tokens=100,
        response_format={"type": "json_object"},
        tools=[TOOL],
        tool_choice="auto",
        user="somebody else",
        extra_body={"frobnicate": {"deep": [1, None]}},
    )
    assert answer.choices[0].message.content == "Hello from the fake upstream."
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (1, 5)
    body = dict(upstream.requests[0].body)
    assert len(body.pop("user")) == 64  # a hash, in the place of what the caller said
    assert body == {
        "model": "gpt-free",
        "messages": HI,
        "temperature": 0.5,
        "top_p": 0.9,
        "stop": ["END"],
        "seed": 7,
        "n": 2,
        "logprobs": True,
        "max_tokens": 100,
        "response_format": {"type": "json_object"},
        "tools": [TOOL],
        "tool_choice": "auto",
        "frobnicate": {"deep": [1, None]},
    }
    assert await used(room) == (1, 1, 5)
    assert await kept(room) == []


async def test_a_stream_tells_what_it_used_only_where_that_was_asked_for_and_is_counted_in_any_case(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    for asked in (False, True):
        options: Any = {"stream_options": {"include_usage": True}} if asked else {}
        stream = await library(room).chat.completions.create(model="free", messages=HI, stream=True, **options)
        chunks = [chunk async for chunk in stream]
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == "Hello from the fake upstream."
        assert [chunk.usage.completion_tokens for chunk in chunks if chunk.usage] == ([5] if asked else [])
        assert all(chunk.choices for chunk in chunks) is not asked
        assert upstream.requests[-1].body["stream_options"] == {"include_usage": True}
    assert await used(room) == (2, 2, 10)


USAGE = b'data: {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}\r\n\r\n'
PIECES = (
    b'data: {"choices":[{"index":0,"delta":{"content":"\xc3\xa9\\"usage\\":{ \xf0\x9f\x98\x80"}}]}\n\n: a comment\n\n',
    b'event: odd\ndata: {"choices" : [ {"index":0, "delta":{}, "finish_reason":"stop"} ], "usage": null}\r\n\r\n',
)
END = b"data: [DONE]\n\n"


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_stream_is_relayed_byte_for_byte_however_it_is_cut(
    room: Chatting, upstream: FakeUpstream, size: int
) -> None:
    sent = b"".join((*PIECES, USAGE, END))
    for wanted, expected in ((None, b"".join((*PIECES, END))), ({"include_usage": True}, sent)):
        upstream.play(Raw(tuple(sent[at : at + size] for at in range(0, len(sent), size))))
        body = {"model": "free", "messages": HI, "stream": True, "stream_options": wanted}
        async with posted(room, body) as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert await response.read() == expected
    assert await used(room) == (2, 6, 8)


async def test_a_chunk_is_relayed_as_soon_as_it_is_there(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    upstream.play(Answer(pieces=("one ", "two"), pause_at=1))
    stream = await library(room).chat.completions.create(model="free", messages=HI, stream=True)
    chunks = aiter(stream)
    said = [(await anext(chunks)).choices[0].delta.content for _ in range(2)]
    assert said == ["", "one "]
    upstream.release.set()
    assert (await anext(chunks)).choices[0].delta.content == "two"
    await stream.close()


async def test_calls_of_tools_come_through_whole_and_streamed(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    whole = {"object": "chat.completion", "choices": [choice]}
    upstream.play(Raw((json.dumps(whole).encode(),), "application/json"))
    answer = await library(room).chat.completions.create(model="auto", messages=HI, tools=[TOOL])
    calls = answer.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].type == "function"
    assert json.loads(calls[0].function.arguments) == {"city": "Paris"}

    halves = ({**call, "index": 0}, {"index": 0, "function": {"arguments": ""}})
    deltas: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"tool_calls": [half]}}]} for half in halves]
    deltas.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    frame = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "gpt-free"}
    upstream.play(Raw((*(b"data: %b\n\n" % json.dumps(frame | delta).encode() for delta in deltas), END)))
    async with library(room).chat.completions.stream(model="auto", messages=HI, tools=[TOOL]) as stream:
        final = await stream.get_final_completion()
    streamed = final.choices[0].message.tool_calls
    assert streamed is not None
    assert streamed[0].function.name == "get_weather"
    requests, _, written = await used(room)
    assert (requests, written > 0) == (2, True)  # the provider counted neither: what it wrote was estimated


async def test_images_are_passed_on_as_they_are(room: Chatting, upstream: FakeUpstream, library: Libraries) -> None:
    image: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo=", "detail": "low"}}
    messages: list[ChatCompletionMessageParam] = [
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}
    ]
    await library(room).chat.completions.create(model="auto", messages=messages)
    assert upstream.requests[0].body["messages"] == messages


async def test_the_synchronous_library_works_too(room: Chatting) -> None:
    def ask() -> tuple[str | None, str]:
        with openai.OpenAI(base_url=f"{room.server.url}/v1", api_key=room.keys["mia"]) as client:
            whole = client.chat.completions.create(model="auto", messages=HI).choices[0].message.content
            stream = client.chat.completions.create(model="auto", messages=HI, stream=True)
            return whole, "".join(chunk.choices[0].delta.content or "" for chunk in stream)

    assert await asyncio.to_thread(ask) == ("Hello from the fake upstream.",) * 2


async def test_a_provider_that_knows_no_stream_options_is_asked_without_and_its_answer_estimated(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    refusal = Refuse(400, message="Unknown parameter: 'stream_options'", param="stream_options")
    upstream.play(refusal, Answer(usage=False))
    stream = await library(room).chat.completions.create(model="free", messages=HI, stream=True)
    assert [chunk async for chunk in stream]
    assert "stream_options" not in upstream.requests[-1].body
    requests, asked, answered = await used(room)
    assert (requests, asked > 0, answered > 0) == (1, True, True)


# Models


async def test_a_free_user_sees_free_models_only_and_a_plus_user_all(room: Chatting, library: Libraries) -> None:
    assert [model.id async for model in library(room).models.list()] == ["free", "auto", "gpt-free"]
    plus = [model.id async for model in library(room, "paula").models.list()]
    assert plus == ["free", "plus", "auto", "gpt-free", "gpt-plus"]
    assert (await library(room).models.retrieve("gpt-free")).id == "gpt-free"
    with pytest.raises(openai.PermissionDeniedError):
        await library(room).models.retrieve("gpt-plus")
    with pytest.raises(openai.NotFoundError):
        await library(room).models.retrieve("meta/llama")


async def test_auto_is_the_best_a_user_may_ask_and_a_models_name_that_model(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    for name, asked in (("mia", "auto"), ("paula", "auto"), ("paula", "free"), ("paula", "gpt-plus")):
        await library(room, name).chat.completions.create(model=asked, messages=HI)
    assert [request.body["model"] for request in upstream.requests] == ["gpt-free", "gpt-plus", "gpt-free", "gpt-plus"]


async def test_a_free_user_reaches_no_plus_model(room: Chatting, upstream: FakeUpstream, library: Libraries) -> None:
    for model in ("plus", "gpt-plus"):
        with pytest.raises(openai.PermissionDeniedError) as refused:
            await library(room).chat.completions.create(model=model, messages=HI)
        assert (refused.value.code, refused.value.param) == ("plus_required", "model")
    assert upstream.requests == []


# Errors


async def test_errors_are_the_librarys_own(room: Chatting, upstream: FakeUpstream, library: Libraries) -> None:
    with pytest.raises(openai.AuthenticationError) as wrong:
        await library(room).with_options(api_key="rk-nonsense").chat.completions.create(model="auto", messages=HI)
    assert wrong.value.code == "invalid_api_key"
    with pytest.raises(openai.PermissionDeniedError):
        await library(room, "bot").chat.completions.create(model="auto", messages=HI)
    with pytest.raises(openai.NotFoundError) as unknown:
        await library(room).chat.completions.create(model="gpt-none", messages=HI)
    assert unknown.value.code == "model_not_found"
    assert unknown.value.request_id
    for messages, field in (
        ([], "messages"),
        ("Hi", "messages"),
        (["Hi"], "messages[0]"),
        ([{"content": "x"}], "messages[0]"),
        ([*HI, {"role": "user", "content": 7}], "messages[1].content"),
    ):
        with pytest.raises(openai.BadRequestError) as malformed:
            await library(room).chat.completions.create(model="auto", messages=messages)  # type: ignore[arg-type]
        assert malformed.value.param == field
        assert f"{field}: " in malformed.value.message
    for body in (b"{", b"", b"[]", b'{"model": "auto"}', b'{"model": "auto", "messages": ["\xff"]}', b"[" * 100_000):
        async with posted(room, body) as response:
            assert (response.status, set(await response.json())) == (400, {"error"})
    assert upstream.requests == []


async def test_a_revoked_key_is_refused_at_once(room: Chatting, library: Libraries) -> None:
    await library(room).models.list()
    await room.client.delete_user("mia")
    with pytest.raises(openai.AuthenticationError):
        await library(room).models.list()


async def test_a_limit_is_a_rate_limit_error_that_says_when_to_come_back(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    limits = Limits(free=TierLimits(requests_per_minute=1))
    async with chatting(tmp_path, upstream, limits=limits) as room:
        await room.user("mia")
        answer = await library(room).chat.completions.with_raw_response.create(model="auto", messages=HI)
        assert answer.headers["x-ratelimit-limit-requests"] == "1"
        assert answer.headers["x-ratelimit-remaining-requests"] == "0"
        with pytest.raises(openai.RateLimitError) as refused:
            await library(room).chat.completions.create(model="auto", messages=HI)
        assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "requests")
        assert 0 < int(refused.value.response.headers["retry-after"]) <= 60
        assert refused.value.response.headers["x-ratelimit-reset-requests"].endswith("s")


async def test_what_the_provider_says_of_the_request_is_told_without_its_secrets(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    upstream.play(Refuse(400, "invalid_value", "Bad temperature, sk-proj-secretsecretsecret", param="temperature"))
    with pytest.raises(openai.BadRequestError, match="Bad temperature") as refused:
        await library(room).chat.completions.create(model="auto", messages=HI)
    assert refused.value.param == "temperature"
    assert "secret" not in str(refused.value)
    upstream.play(Refuse(401, "invalid_api_key"))
    with pytest.raises(openai.InternalServerError) as broken:  # the gateway's key, not the caller's
        await library(room).chat.completions.create(model="auto", messages=HI)
    assert (broken.value.status_code, "secret" in str(broken.value)) == (502, False)
    assert await used(room) == (0, 0, 0)


@pytest.mark.parametrize("act", [BreakOff(), ErrorEvent()])
async def test_a_stream_that_breaks_off_ends_in_an_error_and_what_came_is_billed(
    room: Chatting, upstream: FakeUpstream, act: Any, library: Libraries
) -> None:
    upstream.play(act)
    stream = await library(room).chat.completions.create(model="auto", messages=HI, stream=True)
    said = list[str]()
    with pytest.raises(openai.APIError) as broken:
        async for chunk in stream:
            said.append(chunk.choices[0].delta.content or "")
    assert "".join(said) == "Half an answer"
    assert "secret" not in str(broken.value)
    requests, _, answered = await used(room)
    assert (requests, answered > 0) == (1, True)


# Limits and moderation


async def test_an_answer_is_kept_as_short_as_the_account_and_the_limits_want(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    limits = Limits(free=TierLimits(tokens_per_day=4_000))
    async with chatting(tmp_path, upstream, accounts_at(upstream, max_output_tokens=600), limits=limits) as room:
        await room.user("mia")
        ai = library(room)
        for asked, sent in ((50, 50), (5_000, 600)):
            await ai.chat.completions.create(model="auto", messages=HI, max_completion_tokens=asked)
            assert upstream.requests[-1].body["max_completion_tokens"] == sent
        await ai.chat.completions.create(model="auto", messages=HI, n=4)
        assert upstream.requests[-1].body["max_completion_tokens"] < 300  # four answers share what one prompt may have


async def test_moderation_sees_every_message(tmp_path: Path, upstream: FakeUpstream, library: Libraries) -> None:
    upstream.flagged = {"poison": "illicit"}
    accounts = accounts_at(upstream, moderation_model="omni-moderation-latest")
    async with chatting(tmp_path, upstream, accounts) as room:
        await room.user("mia")
        messages: list[ChatCompletionMessageParam] = [{"role": "assistant", "content": "Here is poison"}, *HI]
        with pytest.raises(openai.BadRequestError, match="illicit"):
            await library(room).chat.completions.create(model="auto", messages=messages)
        assert upstream.requests == []
        await library(room).chat.completions.create(model="auto", messages=HI)
