"""The pages as somebody at a browser meets them: a real Chromium at a running gateway before a fake provider."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from gateway.errors import NotFound
from playground.screenshots import CHROMIUM_ARGUMENTS, find_chromium
from tests.fakes.upstream import Answer, BreakOff, FakeUpstream, Refuse
from tests.gateway.chatting import Chatting, ask, chatting

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]
ATTACK = '<img src=x onerror="document.body.dataset.owned=1"><script>document.body.dataset.owned=1</script>'
CODE = ("Here it is:\n\n```python\n", "def greet():\n    ", "return 1\n```\n\n", "| a | b |\n|--|--|\n| 1 | 2 |\n")


@asynccontextmanager
async def signed_in(folder: Path, *, allowed: str = "^$", phone: bool = False) -> AsyncGenerator[tuple[Chatting, Page]]:
    """Mia, signed in by the form. What the browser complains of fails the test, unless it matches `allowed`."""
    complaints = list[str]()
    async with FakeUpstream() as upstream, chatting(folder, upstream) as room, async_playwright() as playwright:
        await room.user("mia", plus=True)
        chromium = await playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 860}
        context = await chromium.new_context(viewport=size, reduced_motion="reduce")  # pyright: ignore[reportArgumentType]
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(8000)
        tab = await context.new_page()
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        tab.on(
            "requestfailed", lambda asked: complaints.append(asked.url) if "ABORT" not in str(asked.failure) else None
        )
        tab.on("request", lambda asked: _from_elsewhere(asked.url, room.server.url, complaints))
        await tab.goto(room.server.url)
        await tab.get_by_label("Key").fill(room.keys["mia"])
        await tab.keyboard.press("Enter")
        await tab.locator("body[data-ready]").wait_for()
        assert room.keys["mia"] not in tab.url
        yield room, tab
        await chromium.close()
    assert [each for each in complaints if not re.search(allowed, each)] == []


def _from_elsewhere(asked: str, own: str, complaints: list[str]) -> None:
    if not asked.startswith((own, "blob:", "data:")):
        complaints.append(asked)


async def prompt(tab: Page, words: str) -> None:
    await tab.get_by_label("Your prompt").fill(words)
    await tab.keyboard.press("Enter")


def replies(tab: Page) -> Locator:
    return tab.locator("article.assistant[data-id]")


async def test_a_streamed_reply_is_followed_up_branched_and_shown_in_each_form(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (room, tab):
        upstream = room.upstream
        upstream.play(Answer(pieces=CODE, pause_at=2))
        await prompt(tab, "Show me code")
        await expect(tab.locator(".live pre.code .k").first).to_have_text("def")
        await expect(tab.get_by_role("button", name="Stop")).to_be_visible()
        upstream.release.set()
        await expect(replies(tab)).to_have_count(1)
        await expect(tab.locator("article.assistant td").first).to_have_text("1")
        await expect(tab).to_have_url(re.compile("/c/[0-9a-f-]{36}"))
        await tab.get_by_role("button", name="Copy", exact=True).filter(has_text="Copy").click()
        assert await tab.evaluate("navigator.clipboard.readText()") == "def greet():\n    return 1\n"

        await tab.get_by_label("Tier").select_option("plus")
        upstream.reply = "Second"
        await prompt(tab, "And then?")
        await expect(replies(tab)).to_have_count(2)
        assert [text for _, text in upstream.requests[-1].messages][::2] == ["Show me code", "And then?"]

        upstream.reply = "Third"
        await replies(tab).last.get_by_role("button", name="Answer again").click()
        await expect(replies(tab).last).to_contain_text("Third")
        await expect(replies(tab).last).to_contain_text("2 of 2")
        await replies(tab).last.get_by_role("link", name="Earlier version").click()
        await expect(replies(tab).last).to_contain_text("Second")

        upstream.reply = "Fourth"
        asked = tab.locator("article.user").last
        await asked.get_by_role("button", name="Edit this prompt").click()
        await tab.get_by_label("The prompt, edited").fill("And instead?")
        await tab.get_by_role("button", name="Send", exact=True).first.click()
        await expect(replies(tab).last).to_contain_text("Fourth")
        await expect(tab.locator("article.user").last).to_contain_text("2 of 2")

        first = tab.locator("article.user").first
        upstream.reply = "Fifth"
        await first.get_by_role("button", name="Edit this prompt").click()
        await tab.get_by_label("The prompt, edited").fill("Show me text")
        await tab.get_by_role("button", name="Send", exact=True).first.click()
        await expect(first).to_contain_text("2 of 2")
        await expect(replies(tab)).to_have_count(1)
        await expect(tab.locator("#conversations a")).to_have_count(1)
        await first.get_by_role("link", name="Earlier version").click()
        await expect(replies(tab).last).to_contain_text("Fourth")

        await tab.get_by_role("link", name="Raw JSON").click()
        await expect(replies(tab).last).to_contain_text('"reply": "Fourth"')
        await tab.get_by_role("link", name="Reply only").click()
        await expect(replies(tab).first).to_contain_text("```python")


async def test_a_reply_that_is_stopped_is_kept_as_far_as_it_came_and_failures_say_what_to_do(tmp_path: Path) -> None:
    async with signed_in(tmp_path, allowed="50[0-9]|400") as (room, tab):
        room.upstream.play(Answer(pieces=("Half of ", "it", "never"), pause_at=1))
        await prompt(tab, "Go on for ever")
        await expect(tab.locator(".live")).to_contain_text("Half of")
        await tab.get_by_role("button", name="Stop").click()
        await expect(replies(tab)).to_contain_text("This reply was broken off.")
        await expect(replies(tab)).to_contain_text("Half of")
        await room.upstream.deserted.wait()

        room.upstream.play(BreakOff())
        await prompt(tab, "Again")
        await expect(replies(tab).last).to_contain_text("Half an answer")
        await expect(tab.get_by_role("alert")).not_to_be_empty()
        room.upstream.play(Refuse(400))
        await prompt(tab, "Refused")
        await expect(tab.get_by_role("alert")).not_to_be_empty()
        await expect(tab.get_by_label("Your prompt")).to_have_value("Refused")


async def test_what_attacks_stays_text_in_prompts_replies_titles_and_search(tmp_path: Path) -> None:
    async with signed_in(tmp_path) as (room, tab):
        room.upstream.reply = room.upstream.title = f"Reply {ATTACK}"
        await prompt(tab, f"Prompt {ATTACK}")
        await expect(replies(tab)).to_contain_text("onerror")
        await tab.get_by_role("button", name="This conversation").click()
        await tab.get_by_role("button", name="Rename").click()
        await tab.get_by_label("Title").fill(f"Title {ATTACK}")
        await tab.keyboard.press("Enter")
        await expect(tab.get_by_role("heading", level=1)).to_contain_text("Title <img")
        await expect(tab.locator("#conversations")).to_contain_text("Title <img")
        await tab.get_by_label("Search your conversations").fill("onerror")
        await tab.keyboard.press("Enter")
        await expect(tab.locator(".hits li").first).to_contain_text("onerror")
        assert await tab.locator("main img, main script").count() == 0
        assert await tab.locator("body[data-owned]").count() == 0


@pytest.mark.parametrize("phone", [False, True])
async def test_a_row_of_the_list_is_renamed_exported_and_deleted_by_keys_alone_and_by_touch(
    tmp_path: Path, phone: bool
) -> None:
    async with signed_in(tmp_path, phone=phone) as (room, tab):
        user = room.client.acting_with(room.keys["mia"])
        room.upstream.title = "Older"
        await ask(user, "One")
        room.upstream.title = f"Newer {ATTACK}"
        here = (await ask(user, "Two")).conversation_id
        await tab.goto(f"{room.server.url}/c/{here}")
        await tab.locator("body[data-ready]").wait_for()

        async def choose(title: str, *, act: str, role: Literal["button", "link"] = "button") -> None:
            if phone:
                await tab.get_by_role("button", name="Conversations").click()
            opener = tab.get_by_role("button", name=f"Menu of “{title}")
            if phone:
                await opener.click()
                await tab.locator("#row-menu").get_by_role(role, name=act).click()
                return
            await tab.get_by_role("link", name=title).focus()
            await tab.keyboard.press("Tab")
            await expect(opener).to_be_focused()
            await tab.keyboard.press("Enter")
            wanted = tab.locator("#row-menu").get_by_role(role, name=act)
            for _ in range(4):
                await tab.keyboard.press("Tab")
                if await wanted.evaluate("each => each === document.activeElement"):
                    break
            await expect(wanted).to_be_focused()
            await tab.keyboard.press("Enter")

        await choose("Older", act="Rename")
        await expect(tab.locator("#row-title")).to_have_value("Older")
        await tab.locator("#row-title").fill("Oldest")
        await tab.locator("#row-title").press("Enter")
        await expect(tab.locator("#conversations a").last).to_have_text("Oldest")
        await expect(tab.get_by_role("heading", level=1)).to_contain_text("Newer <img")
        await tab.locator("body[data-ready]").wait_for()
        async with tab.expect_download() as started:
            await choose("Oldest", act="Export as Markdown", role="link")
        assert "# Oldest" in (await (await started.value).path()).read_text(encoding="utf-8")
        await tab.reload()
        await tab.locator("body[data-ready]").wait_for()
        await choose("Oldest", act="Delete")
        await expect(tab.locator("#row-delete")).to_contain_text("Delete “Oldest” for good?")
        await tab.get_by_role("button", name="Delete for good").press("Enter")
        await expect(tab.locator("#conversations a")).to_have_count(1)
        await expect(tab).to_have_url(f"{room.server.url}/c/{here}")
        await tab.locator("body[data-ready]").wait_for()
        await choose("Newer", act="Delete")
        await tab.get_by_role("button", name="Delete for good").press("Enter")
        await expect(tab.get_by_role("heading", name="What do you want to know?")).to_be_visible()
        assert (await user.list_conversations()).conversations == []


async def test_a_conversation_is_exported_and_deleted_on_a_phone_under_a_theme_of_ones_own(tmp_path: Path) -> None:
    async with signed_in(tmp_path, phone=True) as (room, tab):
        user = room.client.acting_with(room.keys["mia"])
        begun = await ask(user, "Begun elsewhere")
        await tab.reload()
        await tab.get_by_role("button", name="Conversations").click()
        await tab.get_by_role("button", name="Dark or light").click()
        theme = await tab.locator("html").get_attribute("data-theme")
        await tab.locator("#conversations a").first.click()
        await expect(tab.locator("html")).to_have_attribute("data-theme", theme or "")
        assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await tab.get_by_role("button", name="This conversation").click()
        async with tab.expect_download() as started:
            await tab.get_by_role("link", name="Export as Markdown").click()
        assert "Begun elsewhere" in (await (await started.value).path()).read_text(encoding="utf-8")
        await tab.get_by_role("button", name="Delete").first.click()
        await tab.get_by_role("button", name="Delete for good").click()
        await expect(tab.get_by_role("heading", name="What do you want to know?")).to_be_visible()
        with pytest.raises(NotFound):
            await user.get_conversation(begun.conversation_id)
