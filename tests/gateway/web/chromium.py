"""A real Chromium at a running gateway; what it complains of fails the test."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

from playground.screenshots import CHROMIUM_ARGUMENTS, find_chromium


def in_chromium(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Marks a test that needs a browser; it is skipped where there is none."""
    skip = pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
    return pytest.mark.browser(skip(test))


class Look(NamedTuple):
    """How somebody looks at a page."""

    scheme: Literal["dark", "light"] = "dark"
    phone: bool = False
    language: str = "en"
    script: bool = True

    def __str__(self) -> str:
        return " ".join(filter(None, (self.scheme, "phone" if self.phone else "", self.language)))


DESK = Look()
PHONE = Look(phone=True)


@asynccontextmanager
async def chromium(url: str, look: Look = DESK, *, allowed: str = "^$") -> AsyncGenerator[BrowserContext]:
    """A browser that is at nobody's yet. What its pages complain of fails the test, unless it matches `allowed`."""
    complaints = list[str]()
    width, height = (390, 844) if look.phone else (1280, 860)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        context = await browser.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme=look.scheme,
            locale=look.language,
            java_script_enabled=look.script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(8000)
        context.on("page", lambda tab: _listen(tab, url, complaints))
        yield context
        await browser.close()
    wrong = [each for each in complaints if not re.search(allowed, each)]
    assert wrong == [], wrong


async def sign_in(tab: Page, key: str, *, arrives: bool = True) -> None:
    """Sign in by the form, and wait for the first page where one `arrives` at it."""
    await tab.goto("/sign-in")
    await tab.locator("#key").fill(key)
    await tab.keyboard.press("Enter")
    if arrives:
        await tab.locator("#main").wait_for()


async def ready(tab: Page) -> None:
    """Wait until the page's scripts have run."""
    await tab.locator("body[data-ready]").wait_for()


def _listen(tab: Page, own: str, complaints: list[str]) -> None:
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    tab.on("requestfailed", lambda asked: complaints.append(asked.url) if "ABORT" not in str(asked.failure) else None)
    tab.on(
        "request",
        lambda asked: None if asked.url.startswith((own, "blob:", "data:")) else complaints.append(asked.url),
    )
