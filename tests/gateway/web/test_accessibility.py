"""Every page, in every look, with everything opened that opens: axe-core finds nothing serious."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

from gateway.routing import EVERY_ROLE
from tests.gateway.web.chromium import DESK, Look, chromium, in_chromium, ready, sign_in
from tests.gateway.web.every_page import NO_PAGES, PAGES, STRANGER, populated, routes_of_pages

LOOKS = (DESK, Look(scheme="light"), Look(phone=True, language="fr"))


async def test_the_walk_leaves_no_page_out(tmp_path: Path) -> None:
    async with populated(tmp_path) as scene:
        assert routes_of_pages(scene.room) == PAGES.keys() | NO_PAGES, "name new pages in every_page.py"


@in_chromium
@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("role", [*EVERY_ROLE, STRANGER])
async def test_nothing_keeps_anybody_from_using_a_page(role: str, look: Look, tmp_path: Path) -> None:
    async with populated(tmp_path) as scene, chromium(scene.url, look, allowed="status of 40[0-9]") as browser:
        await browser.add_init_script(AXE_SCRIPT)
        tab = await browser.new_page()
        key = scene.key_of(role)
        if key is not None:
            await sign_in(tab, key)
        found, opened = list[str](), set[str]()
        for path in scene.paths_of(role):
            await tab.goto(path)
            await ready(tab)
            here = [*await complaints(tab), *await complaints_of_what_opens(tab, opened)]
            if await tab.evaluate("document.documentElement.scrollWidth > innerWidth"):
                here.append("scrolls sideways")
            found += [f"{path}: {each}" for each in here]
        assert found == []


@in_chromium
async def test_nothing_keeps_anybody_from_seeing_what_went_wrong_while_signing_in(tmp_path: Path) -> None:
    async with populated(tmp_path) as scene, chromium(scene.url, allowed="status of 401") as browser:
        await browser.add_init_script(AXE_SCRIPT)
        tab = await browser.new_page()
        await tab.goto("/sign-in")
        await tab.locator("#key").fill("rk-nonsense")
        await tab.keyboard.press("Enter")
        await tab.get_by_role("alert").wait_for()
        assert await complaints(tab) == []


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


async def complaints_of_what_opens(tab: Page, opened: set[str]) -> list[str]:
    """The same within the list that a phone hides, and within each popover and dialog that is not in `opened` yet."""
    found = list[str]()
    button = tab.locator("[data-act=open-drawer]:visible")
    if "drawer" not in opened and await button.count():
        await button.click()
        await tab.evaluate("Promise.allSettled(document.getAnimations().map((each) => each.finished)).then(() => 0)")
        found += await complaints(tab)
        await tab.keyboard.press("Escape")
        opened.add("drawer")
    for place in await tab.locator("[popover][id], dialog[id]").all():
        name = await place.get_attribute("id") or ""
        if name not in opened:
            await place.evaluate("(each) => each.showPopover ? each.showPopover() : each.showModal()")
            found += await complaints(tab, f"#{name}")
            await place.evaluate("(each) => each.showPopover ? each.hidePopover() : each.close()")
            opened.add(name)
    return found
