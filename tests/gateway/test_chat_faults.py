"""What a person is told when an answer cannot be had, and what is kept of it."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from gateway.client import BrokenAnswer, GatewayClient
from gateway.config import Recovery
from gateway.errors import ApiError, InvalidRequest, RateLimited, Unavailable, UpstreamFailed, UpstreamTimeout
from gateway.wire import ChatRequest, Delta, ErrorAnswer, Message, Start
from tests.fakes.upstream import Act, Answer, BreakOff, ErrorEvent, FakeUpstream, Hang, HangUp, Raw, Refuse
from tests.gateway.chatting import FREE_KEY, Chatting, accounts_at, ask, chatting, text_of

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    async with chatting(tmp_path, upstream, recovery=Recovery(cool_down_seconds=0.001)) as running:
        yield running


async def kept(user: GatewayClient) -> list[list[Message]]:
    """The messages of every conversation."""
    page = await user.list_conversations()
    return [(await user.get_conversation(found.id)).messages for found in page.conversations]


async def until_kept(user: GatewayClient, count: int) -> list[Message]:
    """The messages of the one conversation, once there are so many."""
    async with asyncio.timeout(5):
        while not (found := await kept(user)) or len(found[0]) < count:
            pass
    return found[0]


# Refused before a word was said


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("act", "kind", "code"),
    [
        (Refuse(401, "invalid_api_key"), UpstreamFailed, "upstream_authentication"),
        (Refuse(429, "rate_limit_exceeded", headers={"Retry-After": "7"}), RateLimited, "upstream_rate_limited"),
        (Refuse(429, "insufficient_quota"), Unavailable, "upstream_quota"),
        (Refuse(400, "context_length_exceeded"), InvalidRequest, "context_too_long"),
        (Refuse(400), InvalidRequest, "upstream_rejected"),
        (Refuse(404, "model_not_found"), UpstreamFailed, "upstream_model"),
        (Refuse(500), UpstreamFailed, "upstream_error"),
        (HangUp(), UpstreamFailed, "upstream_error"),
        (Raw((b"<html>", b"</html>"), "text/html"), UpstreamFailed, "upstream_protocol"),
    ],
)
async def test_a_refusal_is_a_true_http_error_and_leaves_nothing_behind(
    room: Chatting, act: Act, kind: type[ApiError], code: str, stream: bool
) -> None:
    room.upstream.play(act)
    user = await room.user()
    async with room.raw("mia", {"prompt": "Hi", "stream": stream}) as response:
        error = msgspec.json.decode(await response.read(), type=ErrorAnswer)
        assert response.status == kind.status
        assert response.content_type == "application/json"
        assert response.headers.get("Retry-After") == ("7" if kind is RateLimited else None)
    assert error.error.code == code
    assert "sk-" not in error.message
    assert await kept(user) == []


async def test_a_refused_follow_up_leaves_the_conversation_as_it_was(room: Chatting) -> None:
    user = await room.user()
    first = await ask(user, "One")
    room.upstream.play(Refuse(500))
    with pytest.raises(UpstreamFailed):
        await ask(user, "Two", conversation_id=first.conversation_id)
    assert [message.content.parts[0] for message in (await kept(user))[0]] == ["One", first.reply]
    assert (await ask(user, "Two", conversation_id=first.conversation_id)).last_message_prompt == "One"


async def test_a_silent_provider_is_given_up_in_time(tmp_path: Path, upstream: FakeUpstream) -> None:
    upstream.play(Hang())
    accounts = accounts_at(upstream, connect_timeout_seconds=0.02, first_byte_timeout_seconds=0.03)
    async with chatting(tmp_path, upstream, accounts) as room:
        user = await room.user()
        with pytest.raises(UpstreamTimeout) as caught:
            await ask(user, "Hi")
        assert caught.value.code == "upstream_timeout"
        assert await kept(user) == []


async def test_a_provider_that_is_down_is_said_to_be_so(tmp_path: Path) -> None:
    async with FakeUpstream() as gone:
        accounts = accounts_at(gone)
    async with chatting(tmp_path, gone, accounts) as room:
        with pytest.raises(UpstreamFailed) as caught:
            await ask(await room.user(), "Hi")
    assert caught.value.code == "upstream_unreachable"


async def test_an_account_that_was_refused_is_passed_over_for_the_next(tmp_path: Path, upstream: FakeUpstream) -> None:
    free = accounts_at(upstream)[0]
    accounts = [msgspec.structs.replace(free, name=name, model=name) for name in ("a", "b")]
    async with chatting(tmp_path, upstream, accounts) as room:
        user = await room.user()
        upstream.play(Refuse(401))
        with pytest.raises(UpstreamFailed):
            await ask(user, "Hi")
        assert [(await ask(user, "Hi")).model for _ in range(3)] == ["b", "b", "b"]


# Broken off


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (BreakOff(), "upstream_broken_stream"),
        (ErrorEvent(), "upstream_error"),
        (ErrorEvent(code=429), "upstream_rate_limited"),
    ],
)
async def test_what_had_arrived_of_a_broken_answer_is_kept_and_can_be_followed(
    room: Chatting, act: Act, code: str
) -> None:
    room.upstream.play(act)
    user = await room.user()
    seen = list[Any]()
    with pytest.raises(BrokenAnswer) as caught:
        async for event in user.chat(ChatRequest(prompt="Hi")):
            seen.append(event)
    assert caught.value.code == code
    prompt, reply = (await kept(user))[0]
    assert isinstance(seen[0], Start)
    assert (caught.value.conversation_id, caught.value.message_id) == (seen[0].conversation_id, reply.id)
    assert reply.id == seen[0].message_id
    assert reply.content.parts[0] == text_of(seen) == "Half an answer"
    assert (prompt.status, reply.status) == ("complete", "incomplete")
    assert reply.usage is not None
    assert reply.usage.estimated
    follow_up = await ask(user, "Go on", conversation_id=seen[0].conversation_id)
    assert follow_up.last_message_reply == "Half an answer"


async def test_nothing_is_kept_of_a_broken_answer_that_was_not_streamed(room: Chatting) -> None:
    room.upstream.play(BreakOff())
    user = await room.user()
    async with room.raw("mia", {"prompt": "Hi"}) as response:
        error = msgspec.json.decode(await response.read(), type=ErrorAnswer)
        assert response.status == 502
    assert not room.upstream.requests[0].streamed
    assert (error.error.code, error.message_id) == ("upstream_broken_stream", None)
    assert await kept(user) == []


async def test_an_answer_without_a_word_that_was_not_streamed_says_what_is_kept(room: Chatting) -> None:
    room.upstream.play(Answer(""))
    user = await room.user()
    async with room.raw("mia", {"prompt": "Hi"}) as response:
        error = msgspec.json.decode(await response.read(), type=ErrorAnswer)
        assert response.status == 502
    assert error.message_id is None
    conversation = await user.get_conversation(str(error.conversation_id))
    assert [message.content.parts for message in conversation.messages] == [["Hi"]]


async def test_a_provider_that_falls_silent_midway_is_given_up_in_time(tmp_path: Path, upstream: FakeUpstream) -> None:
    upstream.play(Answer("One two", pause_at=1))
    accounts = accounts_at(upstream, idle_timeout_seconds=0.05)
    async with chatting(tmp_path, upstream, accounts) as room:
        user = await room.user()
        with pytest.raises(BrokenAnswer) as caught:
            await ask(user, "Hi")
        assert caught.value.code == "upstream_timeout"
        assert (await kept(user))[0][1].content.parts == ["One"]


@pytest.mark.parametrize("act", [BreakOff(()), ErrorEvent(()), Answer(""), Answer("", finish_reason="length")])
async def test_an_answer_without_a_word_keeps_the_prompt_and_no_empty_reply(room: Chatting, act: Act) -> None:
    room.upstream.play(act)
    user = await room.user()
    with pytest.raises(BrokenAnswer) as caught:
        await ask(user, "Hi")
    assert caught.value.message_id is None
    assert [message.content.parts for message in (await kept(user))[0]] == [["Hi"]]
    again = await ask(user, "Hi again", conversation_id=str(caught.value.conversation_id))
    assert again.reply == room.upstream.reply
    assert room.upstream.requests[1].messages == [("user", "Hi again")]


# The caller goes away


async def test_a_caller_that_hangs_up_stops_the_answer_and_keeps_what_had_arrived(room: Chatting) -> None:
    room.upstream.play(Answer("One two three", pause_at=2))
    user = await room.user()
    stream = user.chat(ChatRequest(prompt="Hi"))
    seen = ""
    async for event in stream:
        seen += event.text if isinstance(event, Delta) else ""
        if seen == "One two":
            break
    await stream.aclose()
    async with asyncio.timeout(5):
        await room.upstream.deserted.wait()
    reply = (await until_kept(user, 2))[1]
    assert (reply.content.parts, reply.status) == (["One two"], "incomplete")
    assert (await room.admin.accounts()).accounts[0].in_flight == 0


async def test_a_caller_that_hangs_up_before_the_first_word_leaves_nothing_behind(room: Chatting) -> None:
    room.upstream.play(Hang())
    user = await room.user()
    waiting = asyncio.create_task(ask(user, "Hi"))
    await room.upstream.paused.wait()
    waiting.cancel()
    async with asyncio.timeout(5):
        await room.upstream.deserted.wait()
        while (await user.list_conversations()).conversations:
            pass


async def test_a_caller_that_does_not_stream_stops_the_answer_too(room: Chatting) -> None:
    room.upstream.play(Answer("One two", pause_at=1))
    user = await room.user()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {room.keys['mia']}"}) as session:
        waiting = asyncio.create_task(session.post(f"{room.server.url}/api/chat", json={"prompt": "Hi"}))
        await room.upstream.paused.wait()
        waiting.cancel()
    async with asyncio.timeout(5):
        await room.upstream.deserted.wait()
        while (await user.list_conversations()).conversations:
            pass
        while not (await user.usage()).days:
            pass
    [day] = (await user.usage()).days
    assert (day.requests, day.estimated, day.output_tokens) == (1, 1, 0)
    assert day.input_tokens > 0


async def test_a_gateway_that_stops_says_so_in_the_stream_and_keeps_what_had_arrived(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    upstream.play(Answer("One two", pause_at=1))
    seen = list[Any]()
    async with chatting(tmp_path, upstream, shutdown_grace_seconds=0.05) as room:
        user = await room.user()
        key = room.keys["mia"]
        begun = asyncio.Event()

        async def read() -> None:
            async for event in user.chat(ChatRequest(prompt="Hi")):
                seen.append(event)
                if isinstance(event, Delta):
                    begun.set()

        reading = asyncio.create_task(read())
        await begun.wait()
        await room.server.__aexit__(None, None, None)
        with pytest.raises(BrokenAnswer) as caught:
            await reading
    assert caught.value.code == "interrupted"
    async with chatting(tmp_path, upstream) as room:
        reply = (await kept(room.client.acting_with(key)))[0][1]
    assert (reply.id, reply.content.parts, reply.status) == (caught.value.message_id, ["One"], "incomplete")


async def test_neither_keys_nor_prompts_nor_replies_are_logged(
    room: Chatting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    user = await room.user()
    room.upstream.reply = "SECRET-REPLY"
    await ask(user, "SECRET-PROMPT")
    room.upstream.play(BreakOff(("SECRET-REPLY",)), Refuse(401, message=f"Wrong key {FREE_KEY} for SECRET-PROMPT"))
    for _ in range(2):
        with pytest.raises(ApiError):
            await ask(user, "SECRET-PROMPT")
    assert caplog.text
    for secret in (FREE_KEY, room.keys["mia"], "SECRET-PROMPT", "SECRET-REPLY"):
        assert secret not in caplog.text
