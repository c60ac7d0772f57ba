"""Takes every page and every state in each look into a folder: `make looks ARGS=folder`."""

import asyncio
import re
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Page

from gateway.routing import EVERY_ROLE
from playground.community import Community, community
from playground.script import CLIENT
from tests.gateway.web.chromium import DESK, PHONE, Look, chromium, ready, sign_in
from tests.gateway.web.every_page import PAGES, STRANGER
from tests.gateway.web.opening import opened
from tests.gateway.web.states import states

LOOKS = (DESK, Look(scheme="light"), PHONE)
_KEYS = {"admin": "root", "client": CLIENT, "user": "mia"}


async def take_all(folder: Path) -> None:
    """Every picture there is."""
    async with community() as lived:
        for look in LOOKS:
            for role in (STRANGER, *EVERY_ROLE):
                async for name, tab in _pages(lived, role, look):
                    await _take(tab, folder, f"{role} {name}", look)
    for look in LOOKS:
        with TemporaryDirectory() as kept:
            async for name, tab in states(Path(kept), look):
                await _take(tab, folder, f"state {name}", look)


async def _pages(lived: Community, role: str, look: Look) -> AsyncGenerator[tuple[str, Page]]:
    async with chromium(lived.url, look, allowed="status of 4") as browser:
        tab, seen = await browser.new_page(), set[str]()
        if role != STRANGER:
            await sign_in(tab, lived.keys[_KEYS[role]])
        for pages in PAGES.values():
            for path in pages.get(role, []):
                await tab.goto(path.format(conversation=lived.newest))
                await ready(tab)
                yield path, tab
                async for part in opened(tab, seen):
                    yield f"{path} {part}", tab


async def _take(tab: Page, folder: Path, name: str, look: Look) -> None:
    file = re.sub(r"[^a-z0-9=]+", "-", f"{name} {look.scheme}{' phone' if look.phone else ''}".lower())
    await tab.screenshot(path=folder / f"{file.strip('-')}.png", animations="disabled")


def main() -> None:
    """Take all of them into the folder that is named."""
    if len(sys.argv) != 2:
        sys.exit("Name one folder, which is made where there is none.")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(folder))


if __name__ == "__main__":
    main()
