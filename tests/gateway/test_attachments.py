"""Files that come with prompts, through a running gateway: to the model, into the database, back and away."""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from gateway.app_keys import CONVERSATIONS
from gateway.client import GatewayClient
from gateway.conversations import Conversations
from gateway.errors import ApiError, InvalidRequest, NotFound, TooLarge
from gateway.wire import ChatAnswer, Message, NewAttachment
from tests.fakes.upstream import FakeUpstream, Refuse
from tests.gateway.chatting import Chatting, accounts_at, ask, chatting

pytestmark = pytest.mark.usefixtures("either_engine")

PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x01" * 20
GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00"
NOTES = NewAttachment.of("notes.md", b"# Tea\n\n```\n90 C\n```\n", "text/markdown; charset=utf-8")
CAT = NewAttachment.of("cat.png", PNG, "image/png")


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    """A gateway whose plus account alone takes images."""
    free, plus = accounts_at(upstream, images=True)
    [free, _] = accounts_at(upstream)
    async with chatting(tmp_path, upstream, [free, plus], max_attachment_bytes=2_000, max_attachments=2) as running:
        yield running


async def refused(user: GatewayClient, *attachments: NewAttachment, **fields: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await ask(user, "What is this?", attachments=list(attachments), **fields)
    return caught.value


async def first_of(user: GatewayClient, answer: ChatAnswer) -> Message:
    return (await user.get_conversation(answer.conversation_id)).messages[0]


async def stored(room: Chatting) -> int:
    """How many files the database holds."""
    database: Any = vars(conversations_of(room))["_database"]
    async with database.read() as connection:
        [row] = await connection.fetch("SELECT count(*) AS files FROM attachments", {})
    return row["files"]


def conversations_of(room: Chatting) -> Conversations:
    return room.server.app[CONVERSATIONS]


# To the model


async def test_a_text_file_is_sent_as_text_with_its_name_in_a_fence_that_it_cannot_end(room: Chatting) -> None:
    answer = await ask(await room.user(), "How hot?", attachments=[NOTES])
    assert answer.reply == room.upstream.reply
    [(role, [prompt, file])] = room.upstream.requests[0].contents
    assert (role, prompt) == ("user", {"type": "text", "text": "How hot?"})
    assert file == {
        "type": "text",
        "text": "Attached file notes.md (text/markdown):\n````\n# Tea\n\n```\n90 C\n```\n````",
    }


@pytest.mark.parametrize(
    ("data", "content_type"),
    [(PNG, "image/png"), (JPEG, "image/jpeg"), (GIF, "image/gif"), (WEBP, "image/webp")],
)
async def test_an_image_is_sent_as_what_its_bytes_say_it_is(room: Chatting, data: bytes, content_type: str) -> None:
    user = await room.user(plus=True)
    answer = await ask(user, "What?", plus=True, attachments=[NewAttachment.of("a.txt", data, "text/plain")])
    [(_, [_, image])] = room.upstream.requests[0].contents
    url = f"data:{content_type};base64,{b64encode(data).decode()}"
    assert image == {"type": "image_url", "image_url": {"url": url}}
    [kept] = (await first_of(user, answer)).attachments
    assert (kept.content_type, kept.size) == (content_type, len(data))


async def test_a_follow_up_shows_the_model_the_files_again(room: Chatting) -> None:
    user = await room.user(plus=True)
    begun = await ask(user, "What?", plus=True, attachments=[CAT, NOTES])
    await ask(user, "And now?", conversation_id=begun.conversation_id)
    before, after = room.upstream.requests
    assert after.contents[0] == before.contents[0]
    assert len(after.contents[0][1]) == 3
    assert after.contents[2] == ("user", [{"type": "text", "text": "And now?"}])


async def test_older_files_are_only_named_once_there_is_no_room_for_them(room: Chatting) -> None:
    user = await room.user(plus=True)
    begun = await ask(user, "One", plus=True, attachments=[CAT])
    long = NewAttachment.of("long.txt", b"a" * 2_000)
    await ask(user, "Two", conversation_id=begun.conversation_id, attachments=[long])
    await ask(
        user, "Three", conversation_id=begun.conversation_id, attachments=[NewAttachment.of("b.txt", b"b" * 1_999)]
    )
    first, _, second, _, third = room.upstream.requests[-1].contents
    assert first == ("user", [{"type": "text", "text": "One\n\n[Attached before and not shown again: cat.png]"}])
    assert second[1] == [{"type": "text", "text": "Two"}, third[1][1] | {"text": second[1][1]["text"]}]
    assert "long.txt" in second[1][1]["text"]


async def test_where_several_accounts_answer_one_that_takes_images_is_asked(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    blind, _ = accounts_at(upstream)
    seeing, _ = accounts_at(upstream, images=True, name="seeing", model="gpt-plus")
    async with chatting(tmp_path, upstream, [blind, seeing]) as room:
        user = await room.user()
        for _ in range(2):
            assert (await ask(user, "What?", attachments=[CAT])).model == "gpt-plus"


async def test_files_count_as_context_and_images_by_a_fixed_figure(tmp_path: Path, upstream: FakeUpstream) -> None:
    accounts = accounts_at(upstream, images=True, image_tokens=600, context_tokens=2_000, max_output_tokens=500)
    async with chatting(tmp_path, upstream, accounts) as room:
        user = await room.user()
        begun = await ask(user, "One", attachments=[CAT])
        await ask(user, "Two", conversation_id=begun.conversation_id, attachments=[CAT])
        assert len(upstream.requests[-1].contents) == 3
        await ask(user, "Three", conversation_id=begun.conversation_id, attachments=[CAT])
        assert [text for _, text in upstream.requests[-1].messages] == ["Two", upstream.reply, "Three"]
        error = await refused(user, NewAttachment.of("long.txt", b"word " * 2_000))
        assert (error.status, error.code) == (400, "prompt_too_long")
        assert "attachments" in error.message


async def test_what_files_say_is_moderated_too(tmp_path: Path, upstream: FakeUpstream) -> None:
    upstream.flagged = {"90 C": "violence"}
    async with chatting(tmp_path, upstream, accounts_at(upstream, moderation_model="m")) as room:
        assert (await refused(await room.user(), NOTES)).code == "prompt_flagged"
        assert await stored(room) == 0


# Back to its readers


async def test_files_are_told_of_in_the_conversation_and_come_back_as_they_were(room: Chatting) -> None:
    user = await room.user(plus=True)
    answer = await ask(user, "What?", plus=True, attachments=[CAT, NOTES])
    cat, notes = (await first_of(user, answer)).attachments
    assert (cat.name, cat.content_type, cat.size) == ("cat.png", "image/png", len(PNG))
    assert (notes.name, notes.content_type) == ("notes.md", "text/markdown")
    assert len(cat.hash) == 64
    for reader in (user, room.client, room.admin):
        assert await reader.download_attachment(answer.conversation_id, cat.hash) == PNG
        assert await reader.download_attachment(answer.conversation_id, notes.hash) == b64decode(NOTES.data)


async def test_others_and_other_conversations_do_not_lead_to_a_file(room: Chatting) -> None:
    user, other = await room.user(plus=True), await room.user("ada")
    answer = await ask(user, "What?", plus=True, attachments=[CAT])
    [cat] = (await first_of(user, answer)).attachments
    with pytest.raises(NotFound) as caught:
        await other.download_attachment(answer.conversation_id, cat.hash)
    assert caught.value.code == "unknown_conversation"
    theirs = await ask(other, "Hi")
    for hashed in (cat.hash, "0" * 64, "x", "ü"):
        with pytest.raises(NotFound) as caught:
            await other.download_attachment(theirs.conversation_id, hashed)
        assert caught.value.code == "unknown_attachment"


async def test_who_downloads_a_users_file_is_noted_in_the_audit_log(room: Chatting) -> None:
    user = await room.user()
    answer = await ask(user, "What?", attachments=[NOTES])
    [notes] = (await first_of(user, answer)).attachments
    assert (await user.audit()).entries == []
    await room.client.download_attachment(answer.conversation_id, notes.hash)
    [entry] = (await user.audit()).entries
    assert (entry.action, entry.conversation_id) == ("read", answer.conversation_id)


@pytest.mark.parametrize(
    ("sent", "content_type"),
    [(CAT, "image/png"), (NewAttachment.of('a".html', b"<script>", "text/html"), "text/plain; charset=utf-8")],
)
async def test_no_browser_shows_a_file_as_a_page(room: Chatting, sent: NewAttachment, content_type: str) -> None:
    user = await room.user(plus=True)
    answer = await ask(user, "What?", plus=True, attachments=[sent])
    [kept] = (await first_of(user, answer)).attachments
    url = f"{room.server.url}/api/conversations/{answer.conversation_id}/attachments/{kept.hash}"
    headers = {"Authorization": f"Bearer {room.keys['mia']}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(URL(url)) as response:
        assert response.headers["Content-Type"] == content_type
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
        assert response.content_disposition is not None
        assert response.content_disposition.filename == sent.name
        assert await response.read() == b64decode(sent.data)


# What is refused


async def test_images_are_refused_where_the_model_takes_none_and_nothing_is_kept(room: Chatting) -> None:
    user = await room.user()
    error = await refused(user, CAT)
    assert (error.status, error.code) == (400, "images_not_taken")
    assert "cat.png" in error.message
    assert "images = true" in error.message
    assert (await user.list_conversations()).conversations == []
    assert await stored(room) == 0


@pytest.mark.parametrize(
    ("attachment", "code"),
    [
        (NewAttachment.of("a.pdf", b"%PDF-1.7", "application/pdf"), "attachment_type"),
        (NewAttachment.of("a.png", b"not an image", "image/png"), "attachment_type"),
        (NewAttachment.of("a.bin", b"a\0b"), "attachment_type"),
        (NewAttachment.of("a.zip", b"PK\x03\x04\x00\xff"), "attachment_type"),
        (NewAttachment.of("a.txt", "Grüße".encode("latin-1"), "text/plain"), "attachment_encoding"),
        (NewAttachment(name="a.txt", data="no base64!"), "attachment_encoding"),
        (NewAttachment(name="a.txt", data="YQ"), "attachment_encoding"),
        (NewAttachment(name="a.txt", data="ü"), "attachment_encoding"),
    ],
)
async def test_what_is_no_image_and_no_text_is_refused_with_what_is_taken(
    room: Chatting, attachment: NewAttachment, code: str
) -> None:
    error = await refused(await room.user(), attachment)
    assert isinstance(error, InvalidRequest)
    assert error.code == code
    assert attachment.name in error.message
    if code == "attachment_type":
        assert "PNG" in error.message
        assert "UTF-8" in error.message
    assert not room.upstream.requests


@pytest.mark.parametrize(
    "content_type",
    ["", "text/x-python", "Application/JSON", "application/octet-stream", "image/svg+xml", "application/javascript"],
)
async def test_text_is_taken_by_whatever_name_code_goes(room: Chatting, content_type: str) -> None:
    answer = await ask(
        await room.user(), "What?", attachments=[NewAttachment.of("a", "Grüße\n".encode(), content_type)]
    )
    assert answer.reply == room.upstream.reply


async def test_broken_lines_of_base64_and_an_empty_file_are_taken(room: Chatting) -> None:
    user = await room.user()
    lines = [NewAttachment(name="a.txt", data="SGVs\r\nbG8=\n"), NewAttachment(name="b.txt", data="")]
    answer = await ask(user, "What?", attachments=lines)
    hello, empty = (await first_of(user, answer)).attachments
    assert await user.download_attachment(answer.conversation_id, hello.hash) == b"Hello"
    assert await user.download_attachment(answer.conversation_id, empty.hash) == b""


async def test_files_that_are_too_large_or_too_many_are_refused_with_the_figure(room: Chatting) -> None:
    user = await room.user()
    await ask(user, "What?", attachments=[NewAttachment.of("a.txt", b"a" * 2_000)])
    for size in (2_001, 2_002, 2_003, 2_010):
        error = await refused(user, NewAttachment.of("a.txt", b"a" * size))
        assert isinstance(error, TooLarge)
        assert error.code == "attachment_too_large"
        assert "2,000" in error.message
    error = await refused(user, NOTES, NOTES, NOTES)
    assert (error.status, error.code) == (400, "too_many_attachments")


async def test_only_prompts_may_be_larger_than_other_bodies(tmp_path: Path, upstream: FakeUpstream) -> None:
    limits: dict[str, Any] = {"max_body_bytes": 1_000, "max_attachment_bytes": 3_000, "max_attachments": 1}
    async with chatting(tmp_path, upstream, **limits) as room:
        user = await room.user()
        await ask(user, "What?", attachments=[NewAttachment.of("a.txt", b"a" * 3_000)])
        assert (await refused(user, NewAttachment.of("a.txt", b"a" * 3_001))).code == "attachment_too_large"
        assert (await refused(user, NewAttachment.of("a.txt", b"a" * 5_000))).code == "too_large"
        with pytest.raises(TooLarge):
            await user.rename_conversation("x", "a" * 1_500)
        async with room.raw(
            "mia", {"user": room.keys["mia"], "prompt": "a" * 1_500}, {"Authorization": ""}
        ) as response:
            assert response.status == 413


async def test_a_prompt_may_also_come_in_chunks(tmp_path: Path, upstream: FakeUpstream) -> None:
    async def body(size: int) -> AsyncGenerator[bytes]:
        yield b'{"prompt": "Hi", "attachments": [{"name": "a.txt", "data": "'
        yield b64encode(b"a" * size)
        yield b'"}]}'

    limits: dict[str, Any] = {"max_body_bytes": 1_000, "max_attachment_bytes": 3_000, "max_attachments": 1}
    async with chatting(tmp_path, upstream, **limits) as room, aiohttp.ClientSession() as session:
        await room.user()
        headers = {"Authorization": f"Bearer {room.keys['mia']}"}
        for size, status in ((3_000, 200), (9_000, 413)):
            async with session.post(f"{room.server.url}/api/chat", data=body(size), headers=headers) as response:
                assert response.status == status


# Away


async def test_the_same_file_is_kept_once_and_goes_with_the_last_message_that_has_it(room: Chatting) -> None:
    user = await room.user(plus=True)
    one = await ask(user, "One", plus=True, attachments=[CAT, CAT])
    two = await ask(user, "Two", plus=True, attachments=[CAT])
    assert await stored(room) == 1
    await user.delete_conversation(one.conversation_id)
    [cat] = (await first_of(user, two)).attachments
    assert await user.download_attachment(two.conversation_id, cat.hash) == PNG
    await user.delete_conversation(two.conversation_id)
    assert await stored(room) == 0


async def test_nothing_is_left_of_a_purged_user_nor_of_a_prompt_that_the_provider_refused(room: Chatting) -> None:
    user = await room.user()
    room.upstream.play(Refuse(400))
    await refused(user, NOTES)
    assert await stored(room) == 0
    await ask(user, "What?", attachments=[NOTES])
    assert await stored(room) == 1
    await room.client.delete_user("mia", purge=True)
    assert await stored(room) == 0


async def test_a_file_that_comes_and_goes_at_the_same_moment_is_there_for_whoever_has_it(room: Chatting) -> None:
    user = await room.user()

    async def come_and_go(number: int) -> None:
        answer = await ask(user, str(number), attachments=[NOTES])
        [notes] = (await first_of(user, answer)).attachments
        assert await user.download_attachment(answer.conversation_id, notes.hash) == b64decode(NOTES.data)
        await user.delete_conversation(answer.conversation_id)

    await asyncio.gather(*map(come_and_go, range(20)))
    assert await stored(room) == 0
