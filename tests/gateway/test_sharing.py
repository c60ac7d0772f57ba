"""Conversations for others: shares, copies, and what is left of them when somebody is forgotten."""

import base64
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.client import GatewayClient
from gateway.config import Limits, PlusLimits, TierLimits
from gateway.errors import ApiError, Conflict, NotFound, PermissionDenied, RateLimited
from gateway.wire import ConversationAnswer, CreateUser, HeldMessage, NewAttachment, UpdateUser
from tests.fakes.upstream import Answer as UpstreamAnswer
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, ask, chatting

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    async with chatting(tmp_path, upstream) as room:
        yield room


Forget = Callable[[Chatting, str], Awaitable[object]]


async def purge(room: Chatting, name: str) -> None:
    await room.client.delete_user(name, purge=True)


async def erase_data(room: Chatting, name: str) -> None:
    await room.client.acting_with(room.keys[name]).erase_data(name)


@pytest.fixture(params=[purge, erase_data])
def forget(request: pytest.FixtureRequest) -> Forget:
    """The ways of forgetting somebody."""
    return request.param


def said(answer: ConversationAnswer) -> list[tuple[str | None, str, str]]:
    """Who wrote or was answered, in which role, and what."""
    return [(message.user_id, message.role, message.content.parts[0]) for message in answer.messages]


def sent(upstream: FakeUpstream) -> list[str]:
    """What the provider was sent last, without the system prompt."""
    return [text for role, text in upstream.requests[-1].messages if role != "system"]


async def test_a_guest_who_edited_the_first_prompt_and_is_forgotten_leaves_the_title_and_the_system_prompt(
    room: Chatting, upstream: FakeUpstream, forget: Forget
) -> None:
    mia, ben = await room.user("mia"), await room.user("ben")
    upstream.title = "All about tea"
    begun = await ask(mia, "Tea?", system="Answer as a pirate.")
    await room.client.share_conversation(begun.conversation_id, "ben")
    await ask(ben, "Coffee?", conversation_id=begun.conversation_id, edit_id=begun.parent_id)
    await forget(room, "ben")
    left = await mia.get_conversation(begun.conversation_id)
    assert (left.conversation.title, [role for _, role, _ in said(left)]) == ("All about tea", ["user", "assistant"])
    await ask(mia, "Milk?", conversation_id=begun.conversation_id)
    assert upstream.requests[-1].messages[0] == ("system", "Answer as a pirate.")


async def refused(user: GatewayClient, conversation_id: str) -> str:
    """Why a user may not go on with a conversation."""
    with pytest.raises(ApiError) as error:
        await ask(user, "Me too?", conversation_id=conversation_id)
    return error.value.code


async def test_a_guest_reads_and_goes_on_and_may_do_nothing_else(room: Chatting, upstream: FakeUpstream) -> None:
    mia, ben = await room.user("mia"), await room.user("ben")
    begun = (await ask(mia, "Tea?")).conversation_id
    assert await refused(ben, begun) == "unknown_conversation"
    for _ in range(2):
        assert [share.user_id for share in await room.client.share_conversation(begun, "ben")] == ["ben"]

    upstream.reply = "With milk."
    answer = await ask(ben, "Milk?", conversation_id=begun)
    assert answer.last_message_prompt == "Tea?"
    assert sent(upstream) == ["Tea?", "Hello from the fake upstream.", "Milk?"]
    expected = [
        (None, "user", "Tea?"), (None, "assistant", "Hello from the fake upstream."),
        ("ben", "user", "Milk?"), ("ben", "assistant", "With milk."),
    ]  # fmt: skip
    for reader in (mia, ben, room.client):
        assert said(await reader.get_conversation(begun)) == expected
    assert b"## Prompt of ben" in await ben.export_conversation(begun)

    for change in (ben.rename_conversation(begun, "Mine"), ben.delete_conversation(begun), ben.list_shares(begun)):
        with pytest.raises(NotFound):
            await change
    for user in (mia, ben):
        with pytest.raises(PermissionDenied):
            await user.share_conversation(begun, "ben")
        with pytest.raises(PermissionDenied):
            await user.copy_conversation(begun, "ben")
    assert (await ben.list_conversations()).conversations == []
    assert (await ben.search("milk")).hits == []
    assert {hit.user_id for hit in (await mia.search("milk")).hits} == {"mia"}

    await mia.take_share_back(begun, "ben")
    assert await refused(ben, begun) == "unknown_conversation"
    with pytest.raises(NotFound) as error:
        await mia.take_share_back(begun, "ben")
    assert error.value.code == "not_shared"
    assert said(await mia.get_conversation(begun)) == expected


async def test_a_guest_pays_with_its_own_limits_and_needs_the_tier(tmp_path: Path, upstream: FakeUpstream) -> None:
    limits = Limits(free=TierLimits(requests_per_minute=1), plus=PlusLimits(requests_per_minute=1))
    async with chatting(tmp_path, upstream, limits=limits) as room:
        mia, ben = await room.user("mia", plus=True), await room.user("ben")
        begun = (await ask(mia, "Tea?", plus=True)).conversation_id
        await room.client.share_conversation(begun, "ben")
        assert await refused(ben, begun) == "plus_required"
        await room.client.update_user("ben", UpdateUser(plus=True))
        answer = await ask(ben, "Milk?", conversation_id=begun, plus="any")
        assert answer.api_user == "ben"
        day = datetime.now(UTC).date()
        assert (await ben.usage(since=day)).total.requests == 1
        assert (await mia.usage(since=day)).total.requests == 1
        with pytest.raises(RateLimited):
            await ask(ben, "And?", conversation_id=begun, plus="any")


async def test_shares_and_copies_stay_within_one_clients_users(room: Chatting) -> None:
    mia = await room.user("mia")
    begun = (await ask(mia, "Tea?")).conversation_id
    other = await room.admin.create_user(CreateUser(user_id="other", role="client"))
    stranger = room.client.acting_with(other.key)
    await stranger.create_user(CreateUser(user_id="eve"))
    for attempt in (
        stranger.share_conversation(begun, "eve"),
        stranger.copy_conversation(begun, "eve"),
        stranger.list_shares(begun),
        room.client.share_conversation(begun, "eve"),
        room.client.copy_conversation(begun, "eve"),
        room.admin.copy_conversation(begun, "eve"),
        room.client.copy_conversation(begun, "mia", message_id=begun),
    ):
        with pytest.raises(NotFound):
            await attempt
    with pytest.raises(Conflict):
        await room.client.share_conversation(begun, "mia")


async def test_a_copy_is_the_others_own_and_its_tier_theirs(room: Chatting, upstream: FakeUpstream) -> None:
    mia, ben = await room.user("mia", plus=True), await room.user("ben")
    note = NewAttachment(name="note.txt", content_type="text/plain", data=base64.b64encode(b"oolong").decode())
    first = await ask(mia, "Tea?", plus=True, attachments=[note])
    second = await ask(mia, "Milk?", conversation_id=first.conversation_id, plus=True)
    whole = await room.client.copy_conversation(first.conversation_id, "ben")
    begun = await room.client.copy_conversation(first.conversation_id, "ben", message_id=first.message_id)
    assert (whole.user_id, whole.title, whole.tier) == ("ben", first.conversation_title, "free")

    copied = await ben.get_conversation(whole.id)
    assert said(copied) == [
        ("mia", role, text)
        for role, text in (("user", "Tea?"), ("assistant", first.reply), ("user", "Milk?"), ("assistant", second.reply))
    ]
    [file] = copied.messages[0].attachments
    assert await ben.download_attachment(whole.id, file.hash) == b"oolong"
    assert [message.usage for message in copied.messages] == [None] * 4
    assert len((await ben.get_conversation(begun.id)).messages) == 2
    assert {hit.conversation_id for hit in (await ben.search("milk")).hits} == {whole.id}

    await ask(ben, "Sugar?", conversation_id=begun.id)
    assert "oolong" in str(upstream.requests[-1].contents)
    assert sent(upstream)[1:] == [first.reply, "Sugar?"]
    await mia.delete_conversation(first.conversation_id)
    assert await ben.download_attachment(whole.id, file.hash) == b"oolong"
    assert (await ben.get_conversation(whole.id)).messages == copied.messages
    [entry, *_] = (await mia.audit()).entries
    assert (entry.reader, entry.action, entry.conversation_id) == ("bot", "copy", first.conversation_id)


async def test_what_was_never_answered_is_not_copied(room: Chatting, upstream: FakeUpstream) -> None:
    mia, _ = await room.user("mia"), await room.user("ben")
    upstream.play(UpstreamAnswer(text=""))
    with pytest.raises(ApiError):
        await ask(mia, "Tea?")
    [entry] = (await mia.list_conversations()).conversations
    with pytest.raises(Conflict) as error:
        await room.client.copy_conversation(entry.id, "ben")
    assert error.value.code == "nothing_to_copy"


async def test_forgetting_a_guest_erases_what_they_wrote_and_the_rest_closes_up(
    room: Chatting, upstream: FakeUpstream, forget: Forget
) -> None:
    mia, ben = await room.user("mia"), await room.user("ben")
    begun = (await ask(mia, "Tea?")).conversation_id
    await room.client.share_conversation(begun, "ben")
    for prompt in ("Secret one", "Secret two"):
        await ask(ben, prompt, conversation_id=begun)
    held = [part.message async for part in room.client.held_of("ben") if isinstance(part, HeldMessage)]
    assert [message.content.parts[0] for message in held if message.role == "user"] == ["Secret one", "Secret two"]
    last = await ask(mia, "Sugar?", conversation_id=begun)
    await forget(room, "ben")
    left = await mia.get_conversation(begun)
    assert [message.content.parts[0] for message in left.messages if message.role == "user"] == ["Tea?", "Sugar?"]
    assert len(left.messages) == 4
    assert left.messages[2].parent_id == left.messages[1].id
    assert await mia.list_shares(begun) == []
    assert (await room.client.search("secret")).hits == []
    await ask(mia, "Lemon?", conversation_id=begun)
    assert sent(upstream)[::2] == ["Tea?", "Sugar?", "Lemon?"]
    assert last.conversation_id == begun


async def test_forgetting_an_owner_erases_their_words_from_copies_too(
    room: Chatting, upstream: FakeUpstream, forget: Forget
) -> None:
    mia, ben, zoe = await room.user("mia"), await room.user("ben"), await room.user("zoe")
    begun = (await ask(mia, "Secret tea?")).conversation_id
    await mia.rename_conversation(begun, "Secret title")
    untouched, gone_on, named = [
        (await room.client.copy_conversation(begun, name)).id for name in ("ben", "ben", "zoe")
    ]
    again = (await room.client.copy_conversation(named, "ben")).id
    await ask(ben, "Sugar?", conversation_id=gone_on)
    await ask(zoe, "Lemon?", conversation_id=named)
    await zoe.rename_conversation(named, "My lemons")
    await forget(room, "mia")
    for conversation_id in (begun, untouched, again):
        with pytest.raises(NotFound):
            await room.client.get_conversation(conversation_id)
    kept = await ben.get_conversation(gone_on)
    assert (kept.conversation.title, kept.messages[0].content.parts) == ("Sugar?", ["Sugar?"])
    assert (await zoe.get_conversation(named)).conversation.title == "My lemons"
    assert (await room.client.search("secret")).hits == []
    await ask(ben, "More?", conversation_id=gone_on)
    assert sent(upstream)[::2] == ["Sugar?", "More?"]


async def test_purging_a_client_erases_shared_and_copied_conversations(room: Chatting) -> None:
    mia, ben = await room.user("mia"), await room.user("ben")
    begun = (await ask(mia, "Tea?")).conversation_id
    await room.client.share_conversation(begun, "ben")
    await ask(ben, "Milk?", conversation_id=begun)
    await room.client.copy_conversation(begun, "ben")
    await room.admin.delete_user("bot", purge=True)
    assert (await room.admin.list_conversations()).conversations == []
    assert [user.user_id async for user in room.admin.list_users()] == ["root"]
