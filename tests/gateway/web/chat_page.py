"""Somebody at the chat page: prompts, looks, and does what goes wrong."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, accounts_at, chatting
from tests.gateway.web.chromium import DESK, Look, chromium, ready, sign_in


@asynccontextmanager
async def at_the_gateway(
    folder: Path, look: Look = DESK, *, allowed: str = "^$", **settings: Any
) -> AsyncGenerator[tuple[Chatting, BrowserContext]]:
    """A gateway whose models take images, and a browser at it that is at nobody's yet. Mia and Tom are its users."""
    async with (
        FakeUpstream() as upstream,
        chatting(folder, upstream, accounts_at(upstream, images=True), **settings) as room,
        chromium(room.server.url, look, allowed=allowed) as browser,
    ):
        for name in ("mia", "tom"):
            await room.user(name, plus=True)
        yield room, browser


@asynccontextmanager
async def at_the_chat(
    folder: Path, look: Look = DESK, *, allowed: str = "^$", **settings: Any
) -> AsyncGenerator[tuple[Chatting, Page]]:
    """The same with Mia signed in at the first page."""
    async with at_the_gateway(folder, look, allowed=allowed, **settings) as (room, browser):
        yield room, await signed_in_tab(browser, room.keys["mia"])


async def signed_in_tab(browser: BrowserContext, key: str) -> Page:
    """Another tab of a browser, in which somebody has just signed in."""
    tab = await browser.new_page()
    await sign_in(tab, key)
    await ready(tab)
    return tab


def field(tab: Page) -> Locator:
    """Where prompts are written."""
    return tab.get_by_label("Your prompt")


async def prompt(tab: Page, words: str) -> None:
    """Ask by the keyboard."""
    await field(tab).fill(words)
    await field(tab).press("Enter")


def replies(tab: Page) -> Locator:
    """Those that are stored."""
    return tab.locator("article.assistant[data-id]")


def told(tab: Page) -> Locator:
    """What the page says is wrong."""
    return tab.locator(".composer-problem")


async def begin(room: Chatting, tab: Page, words: str = "Hello") -> None:
    """A conversation with one reply."""
    await prompt(tab, words)
    await expect(replies(tab)).to_have_count(1)
    room.upstream.requests.clear()


async def paste(tab: Page, into: Locator, *, text: str = "", repeat: int = 1) -> None:
    """Paste a text so many times repeated, as the browser does it."""
    await into.focus()
    await into.evaluate(
        """(field, [text, repeat]) => {
            const data = new DataTransfer();
            data.setData("text/plain", text.repeat(repeat));
            const event = new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true});
            if (field.dispatchEvent(event)) field.setRangeText(text.repeat(repeat));
        }""",
        [text, repeat],
    )


async def hand_over(target: Locator, kind: str, name: str, content_type: str, base64: str) -> None:
    """Paste or drop a file."""
    await target.evaluate(
        """async (target, [kind, name, type, base64]) => {
            const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name, {type}));
            const about = {bubbles: true, cancelable: true};
            if (kind === "paste") target.dispatchEvent(new ClipboardEvent("paste", {...about, clipboardData: data}));
            else for (const step of ["dragenter", "dragover", "drop"])
                target.dispatchEvent(new DragEvent(step, {...about, dataTransfer: data}));
        }""",
        [kind, name, content_type, base64],
    )
