"""Takes the pictures in docs/images/ from the running playground, as a person at a browser would."""

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

from playwright.async_api import FrameLocator, async_playwright
from playwright.async_api import Page as Tab

from bot.config import Config
from playground.app import playing

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


def find_chromium() -> str | None:
    """The path of a Chromium on this machine."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)


async def type_command(tab: Tab, name: str, *options: tuple[str, str]) -> None:
    """Type a slash command into the composer, then its options, and send it."""
    room = tab.frame_locator("#frame")
    await room.locator("#channel-composer-input").press_sequentially(f"/{name}")
    await room.locator(".command-popup").get_by_text(f"/{name}").first.wait_for()
    await tab.keyboard.press("Enter")
    for option, value in options:
        field = room.locator(f'input[data-option="{option}"]')
        if not await field.count():
            await room.locator(".command-ghost").click()
            await room.locator(".command-popup").get_by_text(option, exact=True).click()
        await field.press_sequentially(value)
    await send(tab)


async def send(tab: Tab) -> None:
    """Send what is in the composer, and wait until the bot has done with it."""
    await tab.frame_locator("#frame").locator("#send-message").click()
    await tab.wait_for_function("() => document.getElementById('frame').contentWindow.simcordPreview.ready")


async def arrive(tab: Tab) -> FrameLocator:
    """The room, once one can type into it."""
    room = tab.frame_locator("#frame")
    await room.locator("#action-status", has_text="Viewport updated").wait_for()
    return room


async def go_to(tab: Tab, name: str) -> FrameLocator:
    """Press a person or a room on the left."""
    old = await tab.locator("#frame").get_attribute("src")
    await tab.locator("nav button", has_text=name).first.click()
    await tab.wait_for_function("old => document.getElementById('frame').getAttribute('src') !== old", arg=old)
    return await arrive(tab)


async def take(folder: Path, chromium: str) -> None:
    """Fred asks, follows up, and asks for what he has no access to."""
    async with playing(Config()) as (_, page), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        tab = await browser.new_page(viewport={"width": 1280, "height": 800})
        await tab.goto(page.url)
        await arrive(tab)
        await type_command(tab, "ask", ("prompt", "Please write some code that greets people"))
        await tab.screenshot(path=folder / "playground.png")

        room = await go_to(tab, "↳")
        await room.locator("#channel-composer-input").press_sequentially("What did I ask before?")
        await send(tab)
        await tab.screenshot(path=folder / "thread.png")

        await go_to(tab, "# general")
        await type_command(tab, "ask", ("prompt", "Tell me a long story"), ("tier", "plus"))
        await tab.screenshot(path=folder / "refusal.png")
        await browser.close()


def main() -> None:
    """Take all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/images"))
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium found: install chromium, then try again.")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(folder, chromium))


if __name__ == "__main__":
    main()
