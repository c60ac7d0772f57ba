"""Every page, in every look, with everything opened that opens: axe-core finds nothing serious."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

from gateway.routing import EVERY_ROLE
from tests.gateway.web.chromium import DESK, Look, chromium, in_chromium, ready, sign_in
from tests.gateway.web.every_page import NO_PAGES, PAGES, STRANGER, populated, routes_of_pages
from tests.gateway.web.opening import opened
from tests.gateway.web.states import states

LOOKS = (DESK, Look(scheme="light"), Look(phone=True, language="fr"))


async def test_the_walk_leaves_no_page_out(tmp_path: Path) -> None:
    async with populated(tmp_path) as scene:
        assert routes_of_pages(scene.room) == PAGES.keys() | NO_PAGES, "name new pages in every_page.py"


@in_chromium
@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("role", [*sorted(EVERY_ROLE), STRANGER])
async def test_nothing_keeps_anybody_from_using_a_page(role: str, look: Look, tmp_path: Path) -> None:
    async with populated(tmp_path) as scene, chromium(scene.url, look, allowed="status of 40[0-9]") as browser:
        await browser.add_init_script(AXE_SCRIPT)
        tab = await browser.new_page()
        key = scene.key_of(role)
        if key is not None:
            await sign_in(tab, key)
        found, seen = list[str](), set[str]()
        for path in scene.paths_of(role):
            await tab.goto(path)
            await ready(tab)
            here = await complaints(tab)
            async for part in opened(tab, seen):
                here += await complaints(tab, None if part == "#drawer" else part)
            if await tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
                here.append("scrolls sideways")
            found += [f"{path}: {each}" for each in here]
        assert found == []


@in_chromium
@pytest.mark.parametrize("look", LOOKS[:2], ids=str)
async def test_nothing_keeps_anybody_from_using_a_page_in_any_state(look: Look, tmp_path: Path) -> None:
    found = list[str]()
    async for name, tab in states(tmp_path, look):
        await tab.evaluate(AXE_SCRIPT)
        here = await complaints(tab)
        if await tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
            here.append("scrolls sideways")
        found += [f"{name}: {each}" for each in here]
    assert found == []


async def complaints(tab: Page, within: str | None = None) -> list[str]:
    """What axe-core finds wrong, whatever its impact."""
    violations: list[dict[str, Any]] = await tab.evaluate(
        "async (within) => (await axe.run(within ?? document, {resultTypes: ['violations']})).violations", within
    )
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]} {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"]
    ]
