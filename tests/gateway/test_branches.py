"""Answering again, and erasing one exchange of a conversation."""

from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from gateway.client import BrokenAnswer, GatewayClient
from gateway.errors import InvalidRequest, NotFound
from gateway.wire import ChatAnswer, ChatRequest, NewAttachment, Start
from tests.fakes.upstream import Answer, FakeUpstream, Refuse
from tests.gateway.chatting import Chatting, ask, chatting

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Chatting]:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as running:
        replies = iter(range(1, 99))
        upstream.reply = lambda _: f"Answer {next(replies)}"
        yield running


async def again(user: GatewayClient, answer: ChatAnswer, message_id: str | None = None) -> ChatAnswer:
    return await ask(user, "", conversation_id=answer.conversation_id, regenerate_id=message_id or answer.message_id)


async def kept(user: GatewayClient, answer: ChatAnswer) -> list[str]:
    return [m.content.parts[0] for m in (await user.get_conversation(answer.conversation_id)).messages]


async def test_a_prompt_answered_again_has_both_replies_and_follow_ups_go_on_from_the_newer(room: Chatting) -> None:
    user = await room.user()
    notes = NewAttachment.of("notes.txt", b"ten bits", "text/plain")
    begun = await ask(user, "One", attachments=[notes])
    second = await ask(user, "Two", conversation_id=begun.conversation_id)
    other = await again(user, begun)
    assert (other.reply, other.parent_id, other.api_prompt) == ("Answer 3", begun.parent_id, "One")
    asked = room.upstream.requests
    assert asked[2].contents == asked[0].contents
    assert "ten bits" in str(asked[2].contents)
    assert await kept(user, begun) == ["One", "Answer 1", "Two", "Answer 2", "Answer 3"]

    await ask(user, "Three", conversation_id=begun.conversation_id)
    assert [text for _, text in asked[3].messages] == ["One", "Answer 3", "Three"]
    await ask(user, "Four", conversation_id=begun.conversation_id, parent_id=second.message_id)
    assert [text for _, text in asked[4].messages] == ["One", "Answer 1", "Two", "Answer 2", "Four"]
    assert (await user.usage()).total.requests == 5


async def test_a_prompt_is_named_by_itself_or_by_a_reply_and_stays_where_answering_again_fails(room: Chatting) -> None:
    user = await room.user()
    first = await ask(user, "One")
    room.upstream.play(Refuse(400))
    with pytest.raises(InvalidRequest):
        await again(user, first, first.parent_id)
    assert await kept(user, first) == ["One", "Answer 1"]
    assert (await again(user, first, first.parent_id)).reply == "Answer 2"


async def test_answering_again_takes_nothing_but_what_is_kept(room: Chatting) -> None:
    user = await room.user()
    first = await ask(user, "One")
    good = ChatRequest(prompt="", conversation_id=first.conversation_id, regenerate_id=first.message_id)
    for bad in (
        msgspec.structs.replace(good, prompt="Hi"),
        msgspec.structs.replace(good, parent_id=first.message_id),
        msgspec.structs.replace(good, attachments=[NewAttachment.of("a.txt", b"ten bits", "text/plain")]),
        msgspec.structs.replace(good, conversation_id=None),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await user.ask(bad)
        assert "regenerate_id" in caught.value.message
    assert len(room.upstream.requests) == 1


async def test_an_edited_prompt_stands_beside_the_first_with_its_files_unless_others_are_sent(room: Chatting) -> None:
    user, guest = await room.user(), await room.user("tom")
    notes = NewAttachment.of("notes.txt", b"ten bits", "text/plain")
    first = await ask(user, "One", attachments=[notes])
    second = await ask(user, "Two", conversation_id=first.conversation_id)
    here = {"conversation_id": first.conversation_id}
    edited = await ask(user, "Uno", **here, edit_id=first.parent_id)
    assert (edited.conversation_id, edited.reply, edited.api_prompt) == (first.conversation_id, "Answer 3", "Uno")
    sent = room.upstream.requests
    assert "ten bits" in str(sent[2].contents)
    assert "Answer 1" not in str(sent[2].contents)
    other = NewAttachment.of("b.txt", b"bytes", "text/plain")
    await ask(user, "Un", **here, edit_id=first.parent_id, attachments=[other])
    assert ("ten bits" in str(sent[3].contents), "bytes" in str(sent[3].contents)) == (False, True)
    await room.client.share_conversation(first.conversation_id, "tom")
    await ask(guest, "Deux", **here, edit_id=second.parent_id)
    assert [text for role, text in sent[4].messages if role != "system"][1:] == ["Answer 1", "Deux"]
    messages = (await user.get_conversation(first.conversation_id)).messages
    prompts = [m for m in messages if m.role == "user"]
    assert [m.content.parts[0] for m in prompts] == ["One", "Two", "Uno", "Un", "Deux"]
    assert [m.parent_id for m in prompts] == [None, first.message_id, None, None, first.message_id]
    assert [[file.name for file in m.attachments] for m in prompts] == [["notes.txt"], [], ["notes.txt"], ["b.txt"], []]
    assert [m.user_id for m in prompts] == [None, None, None, None, "tom"]

    # Each has a file of its own, which the other's end does not take away.
    await user.erase_message(first.conversation_id, first.parent_id or "")
    hashed = prompts[2].attachments[0].hash
    assert await user.download_attachment(first.conversation_id, hashed) == b"ten bits"


async def test_what_cannot_be_edited_is_refused_in_words_and_nothing_is_kept(room: Chatting) -> None:
    user, stranger = await room.user(), await room.user("tom")
    first, other = await ask(user, "One"), await ask(user, "Other")
    good = ChatRequest(prompt="Uno", conversation_id=first.conversation_id, edit_id=first.parent_id)
    for bad, kind, words in (
        ({"parent_id": first.message_id}, InvalidRequest, "no parent_id with it"),
        ({"regenerate_id": first.message_id, "prompt": ""}, InvalidRequest, "edit_id"),
        ({"conversation_id": None}, InvalidRequest, "An edit_id needs the conversation_id"),
        ({"prompt": " "}, InvalidRequest, "empty"),
        ({"edit_id": first.message_id}, NotFound, "names a prompt; this one names a reply"),
        ({"edit_id": other.parent_id}, NotFound, "no such prompt to edit"),
        ({"edit_id": "nonsense"}, NotFound, "no such prompt to edit"),
    ):
        with pytest.raises(kind, match=words):
            await user.ask(msgspec.structs.replace(good, **bad))
    with pytest.raises(NotFound) as caught:
        await stranger.ask(good)
    assert caught.value.code == "unknown_conversation"
    room.upstream.play(Refuse(400))
    with pytest.raises(InvalidRequest):
        await user.ask(good)
    assert await kept(user, first) == ["One", "Answer 1"]


async def test_what_is_not_in_the_conversation_is_neither_answered_again_nor_erased(room: Chatting) -> None:
    user, stranger = await room.user("mia"), await room.user("tom")
    first, other = await ask(user, "One"), await ask(user, "Other")
    for message_id in (other.message_id, "nonsense", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound) as caught:
            await again(user, first, message_id)
        assert caught.value.code == "unknown_parent"
        with pytest.raises(NotFound) as caught:
            await user.erase_message(first.conversation_id, message_id)
        assert caught.value.code == "unknown_message"
    with pytest.raises(NotFound) as caught:
        await again(stranger, first)
    assert caught.value.code == "unknown_conversation"
    with pytest.raises(NotFound) as caught:
        await stranger.erase_message(first.conversation_id, first.message_id)
    assert caught.value.code == "unknown_conversation"
    assert await kept(user, first) == ["One", "Answer 1"]


async def test_an_erased_reply_takes_what_follows_along_and_its_prompt_unless_another_reply_is_left(
    room: Chatting,
) -> None:
    user = await room.user()
    first = await ask(user, "One")
    second = await ask(user, "Two", conversation_id=first.conversation_id)
    other = await again(user, first)
    erased = await user.erase_message(first.conversation_id, first.message_id)
    assert set(erased.message_ids) == {first.message_id, second.parent_id, second.message_id}
    assert not erased.conversation_erased
    assert await kept(user, first) == ["One", "Answer 3"]
    assert (await user.search("Two")).hits == []

    # The bot's own key does it, too, for a member who has none any more.
    erased = await room.client.erase_message(first.conversation_id, other.message_id)
    assert set(erased.message_ids) == {first.parent_id, other.message_id}
    assert erased.conversation_erased
    with pytest.raises(NotFound):
        await user.get_conversation(first.conversation_id)


async def test_a_reply_whose_prompt_is_erased_meanwhile_is_not_kept(room: Chatting) -> None:
    user = await room.user()
    first = await ask(user, "One")
    room.upstream.play(Answer("Late", pause_at=0))
    stream = user.chat(ChatRequest(prompt="Two", conversation_id=first.conversation_id))
    start = await anext(stream)
    assert isinstance(start, Start)
    assert start.parent_id is not None
    await user.erase_message(first.conversation_id, start.parent_id)
    room.upstream.release.set()
    with pytest.raises(BrokenAnswer, match="deleted meanwhile"):
        async for _ in stream:
            pass
    assert await kept(user, first) == ["One", "Answer 1"]
