"""What a page's script is told of a reply, and who may ask for one."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.wire import NewAttachment, UpdateUser
from tests.fakes.upstream import Answer, FakeUpstream
from tests.gateway.chatting import Chatting, accounts_at, ask, chatting
from tests.gateway.test_attachments import CAT, PNG
from tests.gateway.web.browsing import Browser, browser

NASTY = '"><img src=x onerror=alert(1)>.txt'


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Chatting]:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        for name in ("mia", "tom"):
            await room.user(name)
        yield room


@pytest.fixture
async def mia(room: Chatting) -> AsyncGenerator[Browser]:
    async with browser(room.server.url) as tab:
        await tab.sign_in(room.keys["mia"])
        yield tab


async def events_of(response: aiohttp.ClientResponse) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    name = ""
    async for line in response.content:
        if line.startswith(b"event: "):
            name = line[7:].decode().strip()
        elif line.startswith(b"data: "):
            yield name, json.loads(line[6:])


async def test_what_came_is_shown_while_the_provider_pauses(room: Chatting, mia: Browser) -> None:
    room.upstream.play(Answer(pieces=("One ", "two ", "three ", "four"), pause_at=(1, 3)))
    shown, waiting = "", ["three", "One"]
    async with mia.reply({"prompt": "Count"}, csrf=(await mia.get("/")).csrf) as response, asyncio.timeout(20):
        async for name, data in events_of(response):
            if name == "html":
                shown = data["last"]
            if waiting and waiting[-1] in shown:
                waiting.pop()
                room.upstream.release.set()
    assert shown == "<p>One two three four</p>\n"


async def test_a_reply_alone_comes_as_the_text_it_is(room: Chatting, mia: Browser) -> None:
    room.upstream.reply = "**Bold** <b>"
    csrf = (await mia.get("/")).csrf
    async with mia.reply({"prompt": "Hi", "reply_only": True}, csrf=csrf) as response:
        told = [data async for name, data in events_of(response) if name == "html"]
    assert "".join(each["finished"] for each in told) == "**Bold** &lt;b&gt;"
    assert {each["last"] for each in told} == {""}


@pytest.mark.parametrize("how", ["revoked", "disabled", "signed out"])
async def test_a_session_that_ends_ends_the_answer_and_what_had_arrived_is_kept(
    room: Chatting, mia: Browser, how: str
) -> None:
    room.upstream.play(Answer(pieces=("Half of it", " never"), pause_at=1))
    csrf = (await mia.get("/")).csrf
    error = dict[str, Any]()
    async with mia.reply({"prompt": "Go on"}, csrf=csrf) as response, asyncio.timeout(20):
        async for name, data in events_of(response):
            if name == "html" and data["last"]:
                if how == "revoked":
                    await room.client.delete_user("mia")
                elif how == "disabled":
                    await room.client.update_user("mia", UpdateUser(disabled=True))
                else:
                    await mia.post("/sign-out", {"csrf": csrf})
            if name == "error":
                error = data
        conversation = await room.admin.list_conversations()
    assert error["error"]["code"] == {"revoked": "revoked_key", "disabled": "disabled"}.get(how, "no_session")
    await room.upstream.deserted.wait()
    kept = await room.admin.get_conversation(conversation.conversations[0].id)
    assert [(message.content.parts[0], message.status) for message in kept.messages][1:] == [
        ("Half of it", "incomplete")
    ]


async def test_no_other_site_prompts_for_whoever_is_signed_in(room: Chatting, mia: Browser) -> None:
    csrf, own = (await mia.get("/")).csrf, {"Origin": mia.url, "Sec-Fetch-Site": "same-origin"}
    attempts: list[tuple[str | None, dict[str, str]]] = [
        (None, own),
        ("", own),
        ("x" * 32, own),
        (csrf, {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}),
        (csrf, {"Origin": "https://evil.example"}),
        (csrf, {"Sec-Fetch-Site": "same-site"}),
        (csrf, {}),
        (None, {**own, "Content-Type": "text/plain"}),
    ]
    for token, headers in attempts:
        async with mia.reply({"prompt": "Hi"}, csrf=token, headers=headers) as response:
            assert response.status == 403, (token, headers)
    assert room.upstream.requests == []


async def test_a_guest_reads_prompts_and_sees_files_but_neither_renames_nor_deletes(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        mia, _ = await room.user("mia"), await room.user("tom")
        notes = NewAttachment.of(NASTY, b"<script>alert(1)</script>", "text/html")
        begun = await ask(mia, "Mine", attachments=[notes])
        here = f"/c/{begun.conversation_id}"
        async with browser(room.server.url) as tab:
            await tab.sign_in(room.keys["tom"])
            assert (await tab.get(here)).status == 404
            await room.client.share_conversation(begun.conversation_id, "tom")
            page = await tab.get(here)
            assert (page.status, 'id="composer"' in page.text, f"{here}/delete" in page.text) == (200, True, False)
            assert "<img src=x" not in page.text
            body = {"prompt": "And mine", "conversation_id": begun.conversation_id}
            async with tab.reply(body, csrf=page.csrf) as response:
                assert "event: done" in await response.text()
            assert (await tab.post(f"{here}/delete", {"csrf": page.csrf})).status == 404
            [file] = (await mia.get_conversation(begun.conversation_id)).messages[0].attachments
            got = await tab.get(f"{here}/files/{file.hash}")
            assert got.headers["Content-Type"].startswith("text/plain")
            assert got.headers["Content-Disposition"].startswith("attachment")
            assert "sandbox" in got.headers["Content-Security-Policy"]


async def test_images_are_shown_in_place_to_those_who_may_read_them(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, accounts_at(upstream, images=True)) as room:
        mia, _ = await room.user("mia"), await room.user("tom")
        begun = await ask(mia, "Look", attachments=[CAT])
        [file] = (await mia.get_conversation(begun.conversation_id)).messages[0].attachments
        address = f"/c/{begun.conversation_id}/files/{file.hash}"
        async with browser(room.server.url) as own, browser(room.server.url) as other:
            await own.sign_in(room.keys["mia"])
            await other.sign_in(room.keys["tom"])
            got = await own.get(address)
            assert got.headers["Content-Type"] == "image/png"
            assert got.headers["Content-Disposition"].startswith("inline")
            assert int(got.headers["Content-Length"]) == len(PNG)
            assert (await other.get(address)).status == 404


async def test_the_page_of_chatgpt_api_server_leads_to_a_new_or_a_given_conversation(
    room: Chatting, mia: Browser
) -> None:
    assert (await mia.get("/chat", follow=False)).headers["Location"] == "./"
    assert (await mia.get("/chat?conversation_id=../x", follow=False)).headers["Location"] == "./c/..%2Fx"
    begun = await ask(room.client.acting_with(room.keys["mia"]), "Begun")
    page = await mia.get(f"/chat?conversation_id={begun.conversation_id}")
    assert (page.status, page.url.path) == (200, f"/c/{begun.conversation_id}")
    refused = await mia.get("/chat?user=rk-secret", follow=False)
    assert (refused.status, "rk-secret" in refused.text) == (400, False)
    raw = await mia.get(f"/c/{begun.conversation_id}?view=json")
    assert "api_response_time_taken" in raw.text
    assert "last_message_prompt" not in raw.text
