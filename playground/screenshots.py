"""Takes the pictures in docs/images/ as a person at a browser would: of the playground, and of the gateway's pages."""

import argparse
import asyncio
import shutil
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser, async_playwright, expect
from playwright.async_api import Page as Tab

from bot.config import Config
from playground.animation import record, save_small
from playground.app import playing
from playground.web_pictures import WebStudio

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESK, PHONE, ANIMATION = (1280, 800), (390, 844), (1280, 720)
_SLOW, _FAST = 0.06, 0.002  # seconds a word; so slow that a picture of a growing answer is no matter of luck
_STEPS = 5


def find_chromium() -> str | None:
    """The path of a Chromium on this machine."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


class Studio:
    """Opens playgrounds in one browser and puts their pictures into a folder."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder

    @asynccontextmanager
    async def opened(
        self,
        *,
        size: tuple[int, int] = DESK,
        scheme: Literal["dark", "light"] = "dark",
        tour: bool = False,
        word_seconds: float = _SLOW,
    ) -> AsyncGenerator[Tab]:
        """A playground of its own, and its page."""
        async with playing(Config(), word_seconds=word_seconds) as playground:
            width, height = size
            context = await self._browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
            )
            tab = await context.new_page()
            await tab.goto(playground.url)
            await tab.locator("body[data-ready]").wait_for()
            if not tour:
                await tab.get_by_role("button", name="Skip tour").click()
            yield tab
            await context.close()

    async def take(self, tab: Tab, name: str, part: str | None = None) -> None:
        """A picture of the page, or of a part of it."""
        path = self._folder / f"{name}.png"
        await tab.mouse.move(0, 0)  # what it hovers over would be lit
        await (tab.locator(part).first if part else tab).screenshot(path=path, animations="disabled")
        save_small(path)

    async def take_all(self) -> None:
        """Every picture there is."""
        await self._take_answers()
        await self._take_split()
        await self._take_usage()
        await self._take_tour()
        await self._take_light()
        await self._take_phone()
        async with self.opened(size=ANIMATION) as tab:
            await record(tab, self._folder / "playground.webp", _play(tab))

    async def _take_answers(self) -> None:
        async with self.opened() as tab:
            await be(tab, "Fred")
            await ask(tab, "How do I greet somebody in Python? Show me code, then a list", "free")
            await open_thread(tab)
            await tab.get_by_text("def greet").first.wait_for()
            await tab.get_by_role("button", name="Stop").wait_for()
            await self.take(tab, "thread")
            await tab.get_by_role("button", name="Follow up").wait_for()
            await tab.locator(".channel", has_text="general").click()
            await ask(tab, "And with the better model?", "plus")
            await tab.get_by_text("Plus is not part of your access").wait_for()
            await self.take(tab, "refusal")
            await tab.get_by_role("switch", name="Plus role of Fred").click()
            await expect(tab.locator('[data-person="Fred"] .key-card .tier')).to_have_text("plus")
            await self.take(tab, "panel", ".panel")
            await ask(tab, "And now, a list of steps?", "plus")
            await tab.locator(".thread-card", has_text="offline-large").wait_for()
            await self.take(tab, "playground")

    async def _take_split(self) -> None:
        """One answer over several messages: where it begins, in its midst, and where it ends."""
        async with self.opened(word_seconds=_FAST) as tab:
            await be(tab, "Paula")
            await ask(tab, "Tell me a long story")
            await open_thread(tab)
            await tab.get_by_role("button", name="Follow up").wait_for()
            await self.take(tab, "split-end")
            await tab.get_by_role("heading", name="Part 11").scroll_into_view_if_needed()
            await self.take(tab, "split-middle")
            await tab.get_by_role("heading", name="Tell me a long story").last.scroll_into_view_if_needed()
            await self.take(tab, "split-start")

    async def _take_usage(self) -> None:
        async with self.opened(word_seconds=_FAST) as tab:
            await be(tab, "Fred")
            await ask(tab, "Show me a table, and how to read it in Python")
            await open_thread(tab)
            await tab.get_by_role("button", name="Follow up").wait_for()
            await tab.locator(".channel", has_text="general").click()
            await run(tab, "usage")
            chart = tab.locator(".embed-image")
            await chart.wait_for()
            await expect(chart).to_have_js_property("complete", value=True)
            await self.take(tab, "usage")

    async def _take_tour(self) -> None:
        async with self.opened(tour=True) as tab:
            card = tab.get_by_role("region", name="Guided tour")
            for step in range(1, _STEPS + 1):
                await card.get_by_text(f"Step {step} of {_STEPS}", exact=True).wait_for()
                await self.take(tab, f"tour-{step}")
                while "complete" not in (await card.get_attribute("class") or ""):
                    await card.get_by_role("button", name="Show me").click()
                    await tab.keyboard.press("Enter")
                    await tab.wait_for_timeout(700)
                await card.get_by_role("button", name="Finish" if step == _STEPS else "Next").click()

    async def _take_light(self) -> None:
        async with self.opened(scheme="light") as tab:
            await be(tab, "Paula")
            await ask(tab, "What does a table look like here?")
            await open_thread(tab)
            await tab.get_by_role("button", name="Follow up").wait_for()
            await self.take(tab, "light")

    async def _take_phone(self) -> None:
        async with self.opened(size=PHONE) as tab:
            await ask(tab, "Write some code, please")
            await tab.locator(".thread-card").click()
            await tab.get_by_role("button", name="Follow up").wait_for()
            await self.take(tab, "phone")


async def _play(tab: Tab) -> None:
    """What the moving picture shows: a question, its thread, a role that changes, and what that opens."""
    await be(tab, "Fred")
    await ask(tab, "How do I greet somebody in Python?", "free", slowly=True)
    await tab.locator(".thread-card").wait_for()
    await tab.wait_for_timeout(900)
    await open_thread(tab)
    await tab.get_by_role("button", name="Follow up").wait_for()
    await tab.wait_for_timeout(900)
    await tab.get_by_role("switch", name="Plus role of Fred").hover()
    await tab.wait_for_timeout(500)
    await tab.get_by_role("switch", name="Plus role of Fred").click()
    await tab.wait_for_timeout(1600)
    await tab.locator(".channel", has_text="general").click()
    await ask(tab, "And the better model?", "plus", slowly=True)
    await tab.locator(".thread-card", has_text="offline-large").wait_for()
    await tab.wait_for_timeout(2000)


async def be(tab: Tab, name: str) -> None:
    """Choose who one is."""
    await tab.locator(".me-button").click()
    await tab.get_by_role("menuitemradio", name=name).click()
    await expect(tab.locator(".me-words strong")).to_have_text(name)


async def ask(tab: Tab, prompt: str, tier: str | None = None, *, slowly: bool = False) -> None:
    """Type /ask into the composer, and send it."""
    delay = 45.0 if slowly else 0.0
    await tab.locator(".composer-field").press_sequentially("/ask", delay=delay)
    await tab.keyboard.press("Enter")
    await tab.keyboard.type(prompt, delay=delay)
    if tier is not None:
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Enter")
        await tab.locator('[data-option="tier"]').press_sequentially(tier, delay=delay)
        await tab.keyboard.press("Enter")
    await tab.keyboard.press("Enter")


async def run(tab: Tab, command: str) -> None:
    """Type a command that needs no options, and send it."""
    await tab.locator(".composer-field").press_sequentially(f"/{command}")
    await tab.keyboard.press("Enter")
    await tab.locator(".command-bar").wait_for()
    await tab.keyboard.press("Enter")


async def open_thread(tab: Tab) -> None:
    """Open the newest one."""
    await tab.locator(".threads .channel").first.click()
    await tab.locator(".title-words").wait_for()


async def take(folder: Path, chromium: str, of: str) -> None:
    """Put the pictures of the playground, of the web pages, or all of them into a folder."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        if of in {"all", "web"}:
            await WebStudio(browser, folder).take_all()
        if of in {"all", "playground"}:
            await Studio(browser, folder).take_all()
        await browser.close()


def main() -> None:
    """Take all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/images"))
    parser.add_argument("--of", choices=("all", "playground", "web"), default="all")
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium found: install chromium, then try again.")
    asked = parser.parse_args()
    folder: Path = asked.folder
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(folder, chromium, asked.of))


if __name__ == "__main__":
    main()
