"""The first load is small, as it goes over the wire; and without any script the pages can be read and used."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from gateway.routing import EVERY_ROLE
from tests.gateway.web.chromium import DESK, chromium, in_chromium, ready, sign_in
from tests.gateway.web.every_page import STRANGER, populated

_MOST_BYTES = 110_000
WITHOUT_SCRIPT = DESK._replace(script=False)


@in_chromium
@pytest.mark.parametrize("role", [STRANGER, *sorted(EVERY_ROLE)])
async def test_a_first_load_of_any_page_is_below_110_kb_over_the_wire(tmp_path: Path, role: str) -> None:
    async with populated(tmp_path) as scene, chromium(scene.url, allowed="status of 40") as browser:
        tab = await browser.new_page()
        if key := scene.key_of(role):
            await sign_in(tab, key)
        loads = {path: await bytes_of(tab, path) for path in scene.paths_of(role)}
        assert min(loads.values()) > 40_000, f"fonts, styles and scripts were not counted: {loads}"
        assert max(loads.values()) < _MOST_BYTES, loads


async def bytes_of(tab: Page, path: str) -> int:
    """What Chromium receives, headers and all, for a page and what it needs, with nothing kept from before."""
    wire: Any = await tab.context.new_cdp_session(tab)
    received = list[float]()

    def count(told: dict[str, float]) -> None:
        received.append(told["encodedDataLength"])

    wire.on("Network.loadingFinished", count)
    await wire.send("Network.enable")
    await wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    await tab.goto(path)
    await ready(tab)
    await tab.evaluate("document.fonts.ready.then(() => 0)")
    await tab.wait_for_load_state("networkidle")
    await wire.detach()
    return round(sum(received))


@in_chromium
async def test_without_script_one_signs_in_reads_searches_renames_and_deletes(tmp_path: Path) -> None:
    async with populated(tmp_path) as scene, chromium(scene.url, WITHOUT_SCRIPT) as browser:
        tab = await browser.new_page()
        await sign_in(tab, scene.key_of("user") or "")
        await tab.locator("#conversations a", has_text="Bread").click()
        await expect(tab.locator("article.assistant pre.code").first).to_contain_text("def hours")
        await expect(tab.locator("article.assistant td").first).to_have_text("16 °C")
        await expect(tab.get_by_role("button", name="Copy", exact=True)).to_have_count(0)
        await tab.get_by_role("link", name="Raw JSON").click()
        await expect(tab.locator("article.assistant").last).to_contain_text('"reply"')
        await tab.get_by_label("Search your conversations").fill("patient")
        await tab.keyboard.press("Enter")
        await tab.locator(".hits a").first.click()

        await tab.get_by_role("button", name="This conversation").click()
        await tab.get_by_role("button", name="Rename").first.click()
        await tab.get_by_label("Title").fill("Sourdough")
        await tab.keyboard.press("Enter")
        await expect(tab.get_by_role("heading", level=1)).to_have_text("Sourdough")
        await tab.get_by_role("button", name="This conversation").click()
        await tab.get_by_role("button", name="Delete").first.click()
        await tab.get_by_role("button", name="Delete for good").click()
        await expect(tab.locator("#conversations")).not_to_contain_text("Sourdough")
        await tab.get_by_role("button", name="Your account").click()
        await tab.get_by_role("button", name="Français").click()
        await expect(tab.locator("html")).to_have_attribute("lang", "fr")
        await tab.get_by_role("button", name="Votre compte").click()
        await tab.get_by_role("button", name="Se déconnecter", exact=True).click()
        await expect(tab).to_have_url(re.compile("/sign-in$"))
