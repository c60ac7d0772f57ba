"""Conversations over `/v1`: what is billed, and kept where the settings say so, on both databases."""

import asyncio
from pathlib import Path

import pytest
from openai.types.chat import ChatCompletionMessageParam

from tests.fakes.upstream import Answer, FakeUpstream, Hang, Recorded
from tests.gateway.chatting import Chatting, chatting
from tests.gateway.conftest import eventually
from tests.gateway.v1.conftest import HI, Libraries, kept, used

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
        for _ in range(2):
            await library(room).chat.completions.create(model="auto", messages=HI)
        assert len(await kept(room)) == 2
        assert await used(room) == (2, 2, 10)


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
