"""Prompts through a running gateway: answers, streams, follow-ups, titles, tiers."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from gateway.client import GatewayClient
from gateway.errors import ApiError, InvalidRequest, NotFound, PermissionDenied, Unavailable
from gateway.wire import ChatAnswer, ChatRequest, CreateUser, Delta, Start, UpdateUser
from tests.fakes.upstream import Answer, FakeUpstream, Refuse
from tests.gateway.chatting import FREE_KEY, PLUS_KEY, Chatting, accounts_at, ask, chatting, events_of, text_of

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    async with chatting(tmp_path, upstream) as running:
        yield running


# An answer


async def test_a_prompt_is_answered_with_everything_there_is_to_know(room: Chatting) -> None:
    user = await room.user("1:2")
    answer = await ask(user, "Hello?")
    assert answer.reply == room.upstream.reply
    assert answer.message.content.parts == [answer.reply]
    assert answer.message.id == answer.message_id
    assert (answer.model, answer.tier, answer.finish_reason) == ("gpt-free", "free", "stop")
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.estimated) == (1, 5, False)
    assert (answer.api_user, answer.api_client_id, answer.api_prompt) == ("1:2", "bot", "Hello?")
    assert answer.api_response_time_taken >= 0
    assert answer.api_prompt_time_origin_readable.endswith(" UTC")
    assert answer.last_message_prompt is msgspec.UNSET
    asked = room.upstream.requests[0]
    assert asked.key == FREE_KEY
    assert asked.messages == [("user", "Hello?")]


async def test_an_answer_is_streamed_as_it_comes_and_is_on_disk_when_it_is_done(room: Chatting) -> None:
    room.upstream.play(Answer("Hello wörld", pause_at=1))
    user = await room.user()
    stream = user.chat(ChatRequest(prompt="Hi"))
    start = await anext(stream)
    assert isinstance(start, Start)
    kept = await user.get_conversation(start.conversation_id)
    assert [(message.role, message.content.parts) for message in kept.messages] == [("user", ["Hi"])]
    assert await anext(stream) == Delta(text="Hello")
    room.upstream.release.set()
    rest = [event async for event in stream]
    done = rest[-1]
    assert isinstance(done, ChatAnswer)
    assert done.reply == "Hello" + text_of(rest) == "Hello wörld"
    assert (done.message_id, done.parent_id) == (start.message_id, start.parent_id)
    kept = await user.get_conversation(start.conversation_id)
    assert [message.content.parts[0] for message in kept.messages] == ["Hi", "Hello wörld"]
    assert kept.messages[1].status == "complete"
    assert kept.messages[1].usage == done.usage


@pytest.mark.parametrize("how", [{"stream": True}, {}])
async def test_the_stream_is_plain_server_sent_events(room: Chatting, how: dict[str, bool]) -> None:
    room.upstream.play(Answer("One\n\ntwo\u2028three 🎉"))
    await room.user()
    accept = {} if how else {"Accept": "text/event-stream"}
    async with room.raw("mia", {"prompt": "Hi", **how}, accept) as response:
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Accel-Buffering"] == "no"
        body = (await response.read()).decode()
    *blocks, end = body.split("\n\n")
    assert end == ""
    events = [block.split("\n") for block in blocks]
    assert all(len(lines) == 2 and lines[1].startswith("data: ") for lines in events)
    names = [lines[0].removeprefix("event: ") for lines in events]
    assert (names[0], names[-1]) == ("start", "done")
    assert set(names[1:-1]) == {"delta"}
    pieces = [json.loads(lines[1].removeprefix("data: ")).get("text", "") for lines in events]
    assert "".join(pieces) == "One\n\ntwo\u2028three 🎉"


async def test_the_whole_answer_can_be_json_pretty_json_or_the_reply_alone(room: Chatting) -> None:
    await room.user()
    async with room.raw("mia", {"prompt": "Hi"}) as response:
        assert msgspec.json.decode(await response.read(), type=ChatAnswer).reply == room.upstream.reply
    async with room.raw("mia", {"prompt": "Hi", "pretty": True}) as response:
        assert (await response.text()).startswith('{\n  "status": "success",\n')
    async with room.raw("mia", {"prompt": "Hi", "reply_only": True}) as response:
        assert response.content_type == "text/plain"
        assert await response.text() == room.upstream.reply


async def test_where_the_provider_does_not_count_the_use_is_estimated(room: Chatting) -> None:
    room.upstream.play(Answer("12345678", usage=False))
    answer = await ask(await room.user(), "1234")
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.estimated) == (1, 2, True)


async def test_a_known_model_has_its_price_told_and_kept(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream, accounts_at(upstream, model="gpt-4o-mini")) as room:
        user = await room.user()
        answer = await ask(user, "Hello?")
        assert answer.usage.cost_usd == pytest.approx((1 * 0.15 + 5 * 0.60) / 1e6)
        kept = await user.get_conversation(answer.conversation_id)
        assert kept.messages[1].usage == answer.usage


# Who may prompt


async def test_a_client_prompts_for_its_own_users_and_nobody_else(room: Chatting) -> None:
    mia = await room.user("mia")
    answer = await ask(room.client, "Hi", user_id="mia")
    assert answer.api_user == "mia"
    assert (await mia.get_conversation(answer.conversation_id)).conversation.user_id == "mia"
    with pytest.raises(NotFound) as unknown:
        await ask(room.client, "Hi", user_id="nobody")
    assert unknown.value.code == "unknown_user"
    with pytest.raises(InvalidRequest):
        await ask(room.client, "Hi")
    with pytest.raises(PermissionDenied):
        await ask(mia, "Hi", user_id="noa")
    with pytest.raises(PermissionDenied):
        await ask(room.admin, "Hi", user_id="mia")
    await room.client.update_user("mia", UpdateUser(disabled=True))
    with pytest.raises(PermissionDenied) as disabled:
        await ask(room.client, "Hi", user_id="mia")
    assert disabled.value.code == "disabled"
    assert len(room.upstream.requests) == 1


# Follow-ups


async def test_a_follow_up_sends_what_was_said_before(room: Chatting) -> None:
    room.upstream.reply = lambda request: f"Answer {len(request.messages)}"
    user = await room.user()
    first = await ask(user, "One")
    second = await ask(user, "Two", conversation_id=first.conversation_id)
    assert room.upstream.requests[1].messages == [("user", "One"), ("assistant", "Answer 1"), ("user", "Two")]
    assert (second.last_message_prompt, second.last_message_reply) == ("One", "Answer 1")
    assert second.conversation_id == first.conversation_id
    kept = (await user.get_conversation(first.conversation_id)).messages
    assert [message.parent_id for message in kept] == [None, kept[0].id, kept[1].id, kept[2].id]


async def test_a_follow_up_of_an_earlier_reply_begins_a_branch(room: Chatting) -> None:
    user = await room.user()
    first = await ask(user, "One")
    await ask(user, "Two", conversation_id=first.conversation_id)
    await ask(user, "Other two", conversation_id=first.conversation_id, parent_id=first.message_id)
    assert [text for role, text in room.upstream.requests[2].messages if role == "user"] == ["One", "Other two"]


async def test_follow_ups_at_the_same_time_branch_from_the_same_reply(room: Chatting) -> None:
    user = await room.user()
    first = await ask(user, "One")
    room.upstream.play(Answer("Slow", pause_at=0))
    slow = asyncio.create_task(ask(user, "Two", conversation_id=first.conversation_id))
    await room.upstream.paused.wait()
    await ask(user, "Three", conversation_id=first.conversation_id)
    room.upstream.release.set()
    await slow
    assert [text for role, text in room.upstream.requests[2].messages if role == "user"] == ["One", "Three"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"conversation_id": "not-an-id"}, "unknown_conversation"),
        ({"conversation_id": "00000000-0000-4000-8000-000000000000"}, "unknown_conversation"),
    ],
)
async def test_a_conversation_that_is_not_there_is_said_to_be_so(
    room: Chatting, fields: dict[str, str], code: str
) -> None:
    with pytest.raises(NotFound) as caught:
        await ask(await room.user(), "Hi", **fields)
    assert caught.value.code == code
    assert room.upstream.requests == []


async def test_nobody_follows_up_on_somebody_elses_conversation(room: Chatting) -> None:
    theirs = await ask(await room.user("mia"), "Hi")
    for other in (await room.user("tom"), room.client):
        fields = {"user_id": "tom"} if other is room.client else {}
        with pytest.raises(NotFound) as caught:
            await ask(other, "Hi", conversation_id=theirs.conversation_id, **fields)
        assert caught.value.code == "unknown_conversation"


async def test_a_parent_is_a_reply_in_that_conversation(room: Chatting) -> None:
    user = await room.user()
    first, other = await ask(user, "One"), await ask(user, "Other")
    for parent in (other.message_id, first.parent_id, "nonsense"):
        with pytest.raises(NotFound) as caught:
            await ask(user, "Two", conversation_id=first.conversation_id, parent_id=parent)
        assert caught.value.code == "unknown_parent"
    with pytest.raises(InvalidRequest):
        await ask(user, "Two", parent_id=first.message_id)


async def test_a_system_prompt_stays_with_its_conversation(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream, system_prompt="Be kind.") as room:
        user = await room.user()
        await ask(user, "Hi")
        own = await ask(user, "Hi", system="Be brief.")
        await ask(user, "More", conversation_id=own.conversation_id)
    assert [request.messages[0] for request in upstream.requests] == [
        ("system", "Be kind."),
        ("system", "Be brief."),
        ("system", "Be brief."),
    ]


async def test_a_long_conversation_is_cut_at_its_oldest_whole_exchange(tmp_path: Path, upstream: FakeUpstream) -> None:
    upstream.reply = "x" * 160
    accounts = accounts_at(upstream, context_tokens=200, max_output_tokens=80)
    async with chatting(tmp_path, upstream, accounts) as room:
        user = await room.user()
        conversation = (await ask(user, "Prompt 1")).conversation_id
        for number in (2, 3, 4):
            await ask(user, f"Prompt {number}", conversation_id=conversation)
    sent = [[text for role, text in request.messages if role == "user"] for request in upstream.requests]
    assert sent[2:] == [["Prompt 1", "Prompt 2", "Prompt 3"], ["Prompt 2", "Prompt 3", "Prompt 4"]]
    assert upstream.requests[0].body["max_completion_tokens"] == 80


@pytest.mark.parametrize("prompt", ["", "  \n\t "])
async def test_an_empty_prompt_is_refused(room: Chatting, prompt: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await ask(await room.user(), prompt)
    assert caught.value.code == "empty_prompt"
    assert room.upstream.requests == []


async def test_a_prompt_that_is_too_long_is_refused_with_both_numbers(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream, max_prompt_characters=1000) as room:
        with pytest.raises(InvalidRequest) as caught:
            await ask(await room.user(), "x" * 1001)
    assert caught.value.code == "prompt_too_long"
    assert "1,001" in caught.value.message
    assert "1,000" in caught.value.message


# Titles


async def test_a_new_conversation_is_named_by_the_title_model(room: Chatting) -> None:
    user = await room.user()
    answer = await ask(user, "How do I bake bread?")
    assert answer.conversation_title == "A Fine Title"
    assert (await user.get_conversation(answer.conversation_id)).conversation.title == "A Fine Title"
    request = room.upstream.title_requests[0]
    assert request.body["model"] == "gpt-title"
    assert request.prompt == "How do I bake bread?"
    follow_up = await ask(user, "And cake?", conversation_id=answer.conversation_id)
    assert follow_up.conversation_title == "A Fine Title"
    assert len(room.upstream.title_requests) == 1


async def test_a_title_delays_no_word_and_comes_later_where_it_is_slow(tmp_path: Path, upstream: FakeUpstream) -> None:
    upstream.title_release.clear()
    async with chatting(tmp_path, upstream, title_wait_seconds=0.02) as room:
        user = await room.user()
        answer = await ask(user, "How do I bake bread?")
        assert answer.conversation_title == "How do I bake bread?"
        upstream.title_release.set()
        async with asyncio.timeout(5):
            while (await user.get_conversation(answer.conversation_id)).conversation.title != "A Fine Title":
                pass


async def test_without_a_title_the_first_words_are_one(room: Chatting) -> None:
    room.upstream.title = Refuse(500)
    answer = await ask(await room.user(), "How do I bake bread?\nI have flour.")
    assert answer.conversation_title == "How do I bake bread? I have flour."


async def test_a_title_that_a_user_gave_stays(tmp_path: Path, upstream: FakeUpstream) -> None:
    upstream.title_release.clear()
    upstream.play(Answer("Hello", pause_at=0))
    async with chatting(tmp_path, upstream) as room:
        user = await room.user()
        stream = user.chat(ChatRequest(prompt="Hi"))
        start = await anext(stream)
        assert isinstance(start, Start)
        await user.rename_conversation(start.conversation_id, "Mine")
        upstream.release.set()
        upstream.title_release.set()
        answer = [event async for event in stream][-1]
        assert isinstance(answer, ChatAnswer)
        assert answer.conversation_title == "Mine"
        assert (await user.get_conversation(start.conversation_id)).conversation.title == "Mine"


async def test_no_title_is_asked_for_where_the_provider_refused_the_prompt(room: Chatting) -> None:
    room.upstream.play(Refuse(500))
    with pytest.raises(ApiError):
        await ask(await room.user(), "Hi")
    assert room.upstream.title_requests == []


# Tiers and accounts


async def test_plus_is_for_plus_users(room: Chatting) -> None:
    free, plus = await room.user("free"), await room.user("plus", plus=True)
    assert (await ask(plus, "Hi", plus=True)).model == "gpt-plus"
    assert (await ask(plus, "Hi", plus="true")).tier == "plus"
    assert (await ask(plus, "Hi", plus="any")).tier == "plus"
    assert (await ask(plus, "Hi")).tier == "free"
    assert (await ask(free, "Hi", plus="any")).tier == "free"
    assert (await ask(free, "Hi", plus="false")).tier == "free"
    with pytest.raises(PermissionDenied) as caught:
        await ask(free, "Hi", plus=True)
    assert caught.value.code == "plus_required"
    assert [request.key for request in room.upstream.requests] == [PLUS_KEY] * 3 + [FREE_KEY] * 3


async def test_a_user_who_lost_plus_does_not_go_on_with_a_plus_conversation(room: Chatting) -> None:
    user = await room.user(plus=True)
    answer = await ask(user, "Hi", plus=True)
    await room.client.update_user("mia", UpdateUser(plus=False))
    with pytest.raises(PermissionDenied) as caught:
        await ask(user, "More", conversation_id=answer.conversation_id)
    assert caught.value.code == "plus_required"


async def test_accounts_take_turns_and_stay_with_their_conversations(tmp_path: Path, upstream: FakeUpstream) -> None:
    free = accounts_at(upstream)[0]
    accounts = [msgspec.structs.replace(free, name=name, model=name) for name in ("a", "b", "c")]
    async with chatting(tmp_path, upstream, accounts) as room:
        user = await room.user()
        answers = [await ask(user, "Hi") for _ in range(4)]
        assert [answer.model for answer in answers] == ["a", "b", "c", "a"]
        for answer in answers:
            for _ in range(2):
                assert (await ask(user, "More", conversation_id=answer.conversation_id)).model == answer.model


@pytest.mark.parametrize("affinity", ["strict", "prefer"])
async def test_a_conversation_whose_account_is_gone(tmp_path: Path, upstream: FakeUpstream, affinity: str) -> None:
    accounts = accounts_at(upstream)
    async with chatting(tmp_path, upstream, accounts) as room:
        key_holder = await room.user()
        answer = await ask(key_holder, "Hi")
        keys = room.keys
    renamed = [msgspec.structs.replace(accounts[0], name="other"), accounts[1]]
    async with chatting(tmp_path, upstream, renamed, affinity=affinity) as room:
        user: GatewayClient = room.client.acting_with(keys["mia"])
        if affinity == "prefer":
            assert (await ask(user, "More", conversation_id=answer.conversation_id)).reply == upstream.reply
            return
        with pytest.raises(Unavailable) as caught:
            await ask(user, "More", conversation_id=answer.conversation_id)
        assert caught.value.code == "account_unavailable"


async def test_a_gateway_without_an_account_says_what_to_do(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream, []) as room:
        with pytest.raises(Unavailable) as caught:
            await ask(await room.user(), "Hi")
    assert caught.value.code == "no_account"
    assert "OPENAI_API_KEY" in caught.value.message


async def test_an_admin_sees_how_the_accounts_are_doing(room: Chatting) -> None:
    room.upstream.play(Refuse(500), Answer(pause_at=0))
    user = await room.user()
    with pytest.raises(ApiError):
        await ask(user, "Hi")
    waiting = asyncio.create_task(ask(user, "Hi"))
    await room.upstream.paused.wait()
    free, plus = (await room.admin.accounts()).accounts
    room.upstream.release.set()
    await waiting
    assert (free.name, free.in_flight, free.requests, free.failures) == ("main-free", 1, 2, 1)
    assert free.last_error == "upstream_error"
    assert (plus.name, plus.tier, plus.requests, plus.last_error) == ("main-plus", "plus", 0, None)
    for other in (user, room.client):
        with pytest.raises(PermissionDenied):
            await other.accounts()


async def test_the_offline_model_answers_without_any_provider(tmp_path: Path, upstream: FakeUpstream) -> None:
    accounts = [msgspec.structs.replace(account, kind="offline") for account in accounts_at(upstream)]
    async with chatting(tmp_path, upstream, accounts) as room:
        answer = await ask(await room.user(), "Hello there")
    assert "offline model **gpt-free**" in answer.reply
    assert answer.conversation_title == "Hello there"
    assert answer.usage.cost_usd == 0
    assert upstream.requests == []


async def test_created_users_can_prompt_many_at_once(room: Chatting) -> None:
    names = [f"1:{number}" for number in range(20)]
    made = [await room.client.create_user(CreateUser(user_id=name)) for name in names]
    room.upstream.reply = lambda request: f"To {request.prompt}"
    answers = await asyncio.gather(
        *(ask(room.client.acting_with(user.key), f"from {user.user.user_id}") for user in made)
    )
    assert [answer.reply for answer in answers] == [f"To from {name}" for name in names]


async def test_the_stream_tells_start_deltas_and_the_answer_in_this_order(room: Chatting) -> None:
    events = await events_of(await room.user(), "Hi")
    kinds = [type(event) for event in events]
    assert kinds[0] is Start
    assert kinds[-1] is ChatAnswer
    assert set(kinds[1:-1]) == {Delta}
