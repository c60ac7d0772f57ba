"""The playground as somebody at a browser meets it: the real bot behind the real page."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect
from yarl import URL

from bot.config import Config
from playground.app import Playground, playing
from playground.screenshots import CHROMIUM_ARGUMENTS, find_chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine"),
]
SCRIPT = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"


@asynccontextmanager
async def opened() -> AsyncGenerator[tuple[Playground, Page]]:
    """The page in a browser. It complains of nothing, and asks no other host for anything."""
    async with playing(Config(), word_seconds=0.01) as playground, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        context = await browser.new_context(
            viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce"
        )
        context.set_default_timeout(10_000)
        asked, complaints = list[str](), list[str]()
        context.on("request", lambda request: asked.append(request.url))
        tab = await context.new_page()
        tab.on("websocket", lambda socket: asked.append(socket.url))
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        await tab.goto(playground.url)
        await tab.locator("body[data-ready]").wait_for()
        yield playground, tab
        await browser.close()
        assert complaints == []
        assert len(asked) > 40
        assert {URL(url).host for url in asked} == {"127.0.0.1"}


async def ask(tab: Page, prompt: str, tier: str | None = None) -> None:
    """Type /ask, and send it."""
    await tab.locator(".composer-field").fill("/ask")
    await tab.keyboard.press("Enter")
    await tab.keyboard.type(prompt)
    if tier is not None:
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Enter")
        await tab.locator('[data-option="tier"]').press_sequentially(tier)
        await tab.keyboard.press("Enter")
    await tab.keyboard.press("Enter")


def message(tab: Page, text: str) -> Locator:
    return tab.locator(".message").filter(has_text=text)


async def test_the_tour_leads_from_a_free_answer_by_a_refusal_and_a_role_to_plus_and_to_a_dead_key() -> None:
    async with opened() as (_, tab):
        card = tab.get_by_role("region", name="Guided tour")
        show, on = card.get_by_role("button", name="Show me"), card.get_by_role("button", name="Next")
        complete = re.compile("complete")
        await show.click()
        await expect(tab.locator(".me-words strong")).to_have_text("Fred")
        await show.click()
        await tab.keyboard.press("Enter")
        await expect(card).to_have_class(complete)
        await on.click()

        await show.click()
        await tab.keyboard.press("Enter")
        refusal = message(tab, "Plus is not part of your access")
        await expect(refusal).to_contain_text("Only you can see this")
        await expect(card).to_have_class(complete)
        await on.click()

        key = tab.locator('[data-person="Fred"] .key-card')
        await expect(key.locator(".tier")).to_have_text("free")
        masked = await key.locator("code").inner_text()
        await tab.get_by_role("switch", name="Plus role of Fred").click()
        await expect(key.locator(".tier")).to_have_text("plus")
        await expect(key.locator("code")).to_have_text(masked)
        await show.click()
        await tab.keyboard.press("Enter")
        await expect(card).to_have_class(complete)
        await on.click()

        await show.click()
        await expect(tab.locator(".title-words")).to_have_text("And now?")
        await expect(message(tab, "offline-large")).to_have_count(1)
        await show.click()
        await tab.keyboard.press("Enter")
        await expect(message(tab, "This is prompt 2 of our conversation.")).to_have_count(1)
        await expect(card).to_have_class(complete)
        await on.click()

        await tab.get_by_role("button", name="What happens to Fred").click()
        await tab.get_by_role("menuitem", name="Leave the server").click()
        await expect(key).to_have_class(re.compile("revoked"))
        await tab.get_by_role("heading", name="You are in no server").wait_for()
        await tab.get_by_role("button", name="Come back to Rolekey HQ").click()
        await expect(tab.locator(".title-words")).to_have_text("general")
        await expect(key).to_have_count(0)


async def test_an_answer_streams_into_its_thread_until_it_is_stopped_and_script_stays_text() -> None:
    async with opened() as (playground, tab):
        await tab.get_by_role("button", name="Skip tour").click()
        ada, guild = playground.scene.people[0].user, playground.scene.people[0].home[0]
        playground.standin.world.guilds.edit_member(
            guild.owner_id, guild, ada.id, {"nick": "<img src=x onerror=alert(1)>"}
        )
        await expect(tab.locator(".message .author", has_text="<img src=x").first).to_be_visible()

        await ask(tab, f"{SCRIPT} Tell me a long story")
        await tab.locator(".thread-card").first.click()
        answer = message(tab, "You wrote:")
        await expect(answer).to_contain_text("<script>document.title='pwned'</script>")
        await expect(tab.get_by_role("button", name="Stop")).to_be_visible()
        await expect(message(tab, "Part 3")).not_to_have_count(0)
        await expect(message(tab, "Part 20")).to_have_count(0)
        await tab.get_by_role("button", name="Stop").click()
        await expect(tab.get_by_role("button", name="Follow up")).to_be_visible()
        await expect(message(tab, "Part 20")).to_have_count(0)
        assert "<img" in await tab.title()
        assert await tab.locator("img[src='x'], .message script, a[href^='javascript']").count() == 0


async def test_a_command_that_needs_nothing_is_sent_by_enter_and_its_chart_is_shown_within_its_card() -> None:
    async with opened() as (_, tab):
        await tab.get_by_role("button", name="Skip tour").click()
        await ask(tab, "Hello")
        await tab.locator(".thread-card", has_text="offline-small").wait_for()
        await tab.locator(".composer-field").fill("/usage")
        await tab.keyboard.press("Enter")
        await tab.locator(".command-bar").wait_for()
        await tab.keyboard.press("Enter")
        card = message(tab, "Your use in Rolekey HQ")
        chart = card.locator(".embed").get_by_alt_text("A bar chart of the tokens used each day")
        await expect(chart).to_have_js_property("naturalWidth", 1200)
        await expect(card.locator(".attachments")).to_have_count(0)


async def test_what_is_broken_in_the_panel_is_told_in_words_and_works_again_once_it_is_mended() -> None:
    async with opened() as (_, tab):
        await tab.get_by_role("button", name="Skip tour").click()
        gateway = tab.get_by_role("switch", name="Gateway reachable")
        await gateway.click()
        await expect(gateway).not_to_be_checked()
        await ask(tab, "Is anybody there?")
        await expect(tab.locator(".thread-card", has_text="reach the gateway")).to_be_visible()
        await gateway.click()
        await expect(gateway).to_be_checked()
        await ask(tab, "And now?")
        await expect(tab.locator(".thread-card", has_text="offline-small")).to_be_visible()
        await expect(tab.locator('[data-person="Ada"] .key-card .tier')).to_have_text("free")
        await tab.get_by_role("button", name="What happens to Ada").click()
        await tab.get_by_role("menuitem", name="Spend the budget").click()
        bar = tab.locator('[data-person="Ada"]').get_by_role("meter", name="Tokens a day")
        await expect(bar).to_have_attribute("aria-valuetext", re.compile(r"^(\d+) of \1$"))
