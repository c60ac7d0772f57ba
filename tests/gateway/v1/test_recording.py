"""Conversations over `/v1`: what is billed, and kept where the settings say so, on both databases."""

import asyncio
import json
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.fakes.upstream import Answer, BreakOff, ErrorEvent, FakeUpstream, Hang, Raw, Recorded, Refuse
from tests.gateway.chatting import Chatting, chatting
from tests.gateway.conftest import eventually
from tests.gateway.v1.conftest import HI, TOOL, Libraries, kept, used

pytestmark = pytest.mark.usefixtures("either_engine")


async def test_conversations_are_kept_where_the_settings_say_so_and_follow_ups_find_theirs(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    upstream.reply = answered_by_number
    async with chatting(tmp_path, upstream, record_v1=True) as room:
        await room.user("mia")
        ai = library(room)
        messages: list[ChatCompletionMessageParam] = [{"role": "system", "content": "Be brief"}, *HI]
        for follow_up in ("And then?", "At last?"):
            answer = await ai.chat.completions.create(model="auto", messages=messages)
            messages.append({"role": "assistant", "content": answer.choices[0].message.content})
            messages.append({"role": "user", "content": follow_up})
        stream = await ai.chat.completions.create(model="auto", messages=messages, stream=True)
        assert [chunk async for chunk in stream]
        again = await ai.chat.completions.create(model="auto", messages=HI)
        assert again.choices[0].message.content == "Answer to 1"
        said = [[text for _, text, _ in conversation] for conversation in await kept(room)]
    first = ["Hi", "Answer to 2", "And then?", "Answer to 4", "At last?", "Answer to 6"]
    assert sorted(said) == sorted([first, ["Hi", "Answer to 1"]])


def answered_by_number(request: Recorded) -> str:
    return f"Answer to {len(request.messages)}"


async def test_the_same_asked_twice_is_kept_twice(tmp_path: Path, upstream: FakeUpstream, library: Libraries) -> None:
    async with chatting(tmp_path, upstream, record_v1=True) as room:
        await room.user("mia")
        create = library(room).chat.completions.create
        await create(model="auto", messages=HI)
        await asyncio.gather(*(create(model="auto", messages=HI) for _ in range(3)))
        assert len(await kept(room)) == 4
        assert await used(room) == (4, 4, 20)


async def test_what_is_no_text_is_kept_as_a_line_and_what_no_database_holds_is_left_out(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    function = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    call: Any = {"id": "call_1", "type": "function", "function": function}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice: dict[str, Any] = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    upstream.play(Raw((json.dumps({"choices": [choice]}).encode(),), "application/json"), Answer(text="It is\0 sunny."))
    image: Any = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    messages: list[Any] = [{"role": "user", "content": [{"type": "text", "text": "Weather\0 there?"}, image]}]
    async with chatting(tmp_path, upstream, record_v1=True) as room:
        await room.user("mia")
        create = library(room).chat.completions.create
        await create(model="auto", messages=messages, tools=[TOOL])
        messages += [message, {"role": "tool", "tool_call_id": "call_1", "content": "sunny"}]
        await create(model="auto", messages=messages, tools=[TOOL])
        [conversation] = await kept(room)
    assert [text for _, text, _ in conversation] == [
        "Weather there?\n[image]",
        '[get_weather({"city": "Paris"})]',
        "sunny",
        "It is sunny.",
    ]


@pytest.mark.parametrize("act", [BreakOff(pieces=("Half", " an answer")), ErrorEvent(pieces=("Half", " an answer"))])
async def test_of_a_stream_that_breaks_off_what_came_is_kept(
    tmp_path: Path, upstream: FakeUpstream, act: Any, library: Libraries
) -> None:
    upstream.play(act)
    async with chatting(tmp_path, upstream, record_v1=True) as room:
        await room.user("mia")
        stream = await library(room).chat.completions.create(model="auto", messages=HI, stream=True)
        with pytest.raises(openai.APIError):
            assert [chunk async for chunk in stream] == []
        assert await kept(room) == [[("user", "Hi", "complete"), ("assistant", "Half an answer", "incomplete")]]


async def test_of_what_the_provider_refuses_nothing_is_kept(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    upstream.play(Refuse(400, "invalid_value"))
    async with chatting(tmp_path, upstream, record_v1=True) as room:
        await room.user("mia")
        with pytest.raises(openai.BadRequestError):
            await library(room).chat.completions.create(model="auto", messages=HI)
        assert await kept(room) == []
        assert await used(room) == (0, 0, 0)


# Hanging up


async def test_a_caller_that_hangs_up_stops_the_provider_and_what_came_is_billed_and_kept(
    tmp_path: Path, upstream: FakeUpstream, library: Libraries
) -> None:
    upstream.play(Answer(pieces=("one ", "two ", "three"), pause_at=2))
    async with chatting(tmp_path, upstream, record_v1=True) as room:
        await room.user("mia")
        stream = await library(room).chat.completions.create(model="auto", messages=HI, stream=True)
        async for chunk in stream:
            if chunk.choices[0].delta.content == "two ":
                break
        await stream.close()
        async with asyncio.timeout(10):
            await upstream.deserted.wait()

        async def stored() -> bool:
            return await kept(room) == [[("user", "Hi", "complete"), ("assistant", "one two ", "incomplete")]]

        await eventually(stored)
        requests, _, answered = await used(room)
        assert (requests, answered > 0) == (1, True)


async def test_a_caller_that_hangs_up_before_a_whole_answer_stops_the_provider(
    room: Chatting, upstream: FakeUpstream, library: Libraries
) -> None:
    upstream.play(Hang())
    asking = asyncio.create_task(library(room).chat.completions.create(model="auto", messages=HI))
    await upstream.paused.wait()
    asking.cancel()
    async with asyncio.timeout(10):
        await upstream.deserted.wait()

    async def billed() -> bool:
        return (await used(room))[0] == 1

    await eventually(billed)
