"""Takes the pictures of the gateway's pages in docs/images/, from a gateway that a community has used for a month."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from playwright.async_api import Browser
from playwright.async_api import Page as Tab

from playground.animation import save_small
from playground.community import Community, community

DESK, PHONE = (1280, 800), (390, 844)
_PAGES = {
    "users": "/users",
    "user": "/user?user_id=mia&client_id=bot",
    "usage": "/usage?of=cost&by=model",
    "accounts": "/accounts",
    "audit": "/audit",
    "search": "/search?q=bread",
}
_CHATS: tuple[tuple[str, tuple[int, int], Literal["dark", "light"]], ...] = (
    ("chat", DESK, "dark"),
    ("light", DESK, "light"),
    ("phone", PHONE, "dark"),
)


class WebStudio:
    """Visits the community's gateway with one browser and puts pictures into a folder."""

    def __init__(self, browser: Browser, folder: Path) -> None:
        self._browser = browser
        self._folder = folder

    async def take_all(self) -> None:
        """Every picture of a page."""
        async with community() as lived:
            async with self._opened(lived) as tab:
                await self._take(tab, "sign-in")
            async with self._opened(lived, "root") as tab:
                for name, path in _PAGES.items():
                    await tab.goto(path)
                    await self._take(tab, name)
            for name, size, scheme in _CHATS:
                async with self._opened(lived, "mia", size=size, scheme=scheme) as tab:
                    await tab.goto(f"/c/{lived.newest}")
                    await tab.locator("pre.code").first.evaluate("(code) => code.closest('article').scrollIntoView()")
                    await self._take(tab, name)

    @asynccontextmanager
    async def _opened(
        self,
        lived: Community,
        who: str = "",
        *,
        size: tuple[int, int] = DESK,
        scheme: Literal["dark", "light"] = "dark",
    ) -> AsyncGenerator[Tab]:
        """A tab in which that one has signed in, or where one signs in."""
        width, height = size
        context = await self._browser.new_context(
            base_url=lived.url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            locale="en",
            timezone_id="UTC",
            reduced_motion="reduce",
        )
        tab = await context.new_page()
        await tab.goto("/sign-in")
        if who:
            await tab.locator("#key").fill(lived.keys[who])
            await tab.keyboard.press("Enter")
            await tab.locator("#main").wait_for()
        yield tab
        await context.close()

    async def _take(self, tab: Tab, name: str) -> None:
        path = self._folder / f"web-{name}.png"
        await tab.locator("body[data-ready]").wait_for()
        await tab.mouse.move(0, 0)
        await tab.screenshot(path=path, animations="disabled", caret="hide")
        save_small(path)
