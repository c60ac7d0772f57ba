"""What goes wrong at the chat page, and what the page then says and keeps."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from gateway.wire import UpdateUser
from tests.fakes.upstream import Answer, BreakOff, FakeUpstream
from tests.gateway.chatting import accounts_at, ask, chatting
from tests.gateway.conftest import Clock
from tests.gateway.web.chat_page import (
    at_the_chat,
    at_the_gateway,
    begin,
    field,
    prompt,
    replies,
    signed_in_tab,
    told,
)
from tests.gateway.web.chromium import chromium, in_chromium, ready, sign_in

HALF = Answer(pieces=("Half of it", " never"), pause_at=1)
HELD = Answer(pieces=("Half of it", " and the rest"), pause_at=1)


@in_chromium
@pytest.mark.parametrize("how", ["revoked", "replaced", "switched off", "signed out elsewhere", "over after a week"])
async def test_a_session_that_ends_keeps_what_is_typed_until_its_person_is_back(tmp_path: Path, how: str) -> None:
    clock = Clock()
    async with at_the_chat(tmp_path, allowed="status of 40[13]", clock=clock) as (room, tab):
        await begin(room, tab)
        key = room.keys["mia"]
        if how == "revoked":
            await room.client.delete_user("mia")
        elif how == "replaced":
            key = (await room.client.rotate_key("mia")).key
        elif how == "switched off":
            await room.client.update_user("mia", UpdateUser(disabled=True))
        elif how == "over after a week":
            clock.advance(7 * 86_400 + 1)
        else:
            other = await tab.context.new_page()
            await other.goto("/")
            await other.get_by_role("button", name="Your account").click()
            await other.get_by_role("button", name="Sign out", exact=True).click()
            await other.locator("#key").wait_for()
        await prompt(tab, "A long thought")
        await expect(told(tab)).to_contain_text("What you typed is kept.")
        await expect(field(tab)).to_have_value("A long thought")
        assert room.upstream.requests == []
        if how == "revoked":
            return
        await room.client.update_user("mia", UpdateUser(disabled=False))
        here = tab.url
        await told(tab).get_by_role("link", name="Sign in again").click()
        await tab.locator("#key").fill(key)
        await tab.keyboard.press("Enter")
        await expect(tab).to_have_url(here)
        await expect(field(tab)).to_have_value("A long thought")
        await field(tab).press("Enter")
        await expect(replies(tab)).to_have_count(2)


@in_chromium
async def test_a_key_revoked_while_a_reply_comes_ends_it_says_why_and_keeps_what_is_typed(tmp_path: Path) -> None:
    async with at_the_chat(tmp_path) as (room, tab):
        room.upstream.play(HALF)
        await prompt(tab, "Go on")
        await expect(tab.locator("article.live")).to_contain_text("Half of it")
        await field(tab).fill("And then")
        await room.client.delete_user("mia")
        await expect(told(tab)).to_contain_text("This key was revoked")
        await expect(told(tab).get_by_role("link", name="Sign in again")).to_be_visible()
        await expect(tab.locator("article.assistant")).to_contain_text("Half of it")
        await expect(field(tab)).to_have_value("And then")
        await room.upstream.deserted.wait()


@in_chromium
async def test_signing_in_anew_in_another_tab_goes_unnoticed_but_somebody_else_does_not(tmp_path: Path) -> None:
    async with at_the_gateway(tmp_path, allowed="status of 40[34]") as (room, browser):
        tab = await signed_in_tab(browser, room.keys["mia"])
        await begin(room, tab)
        looking = await browser.new_page()
        await looking.goto("/sign-in")
        await ready(looking)
        await expect(told(tab)).to_be_hidden()
        await signed_in_tab(browser, room.keys["mia"])
        await prompt(tab, "Still me")
        await expect(replies(tab)).to_have_count(2)
        await expect(told(tab)).to_be_hidden()

        room.upstream.requests.clear()
        room.upstream.play(HELD)
        await prompt(tab, "While I am away")
        await expect(tab.locator("article.live")).to_contain_text("Half of it")
        toms = await signed_in_tab(browser, room.keys["tom"])
        await expect(told(tab)).to_contain_text("somebody else signed in")
        await expect(tab.locator("article.assistant").last).not_to_have_class(re.compile("live"))
        await prompt(tab, "As whom?")
        await expect(told(tab)).to_contain_text("somebody else signed in")
        await expect(field(tab)).to_have_value("As whom?")
        assert len(room.upstream.requests) == 1

        await told(tab).get_by_role("link").click()
        await expect(tab.get_by_role("alert")).to_contain_text("no such conversation")
        await toms.bring_to_front()
        await expect(field(toms)).to_have_value("")
        await prompt(toms, "I am Tom")
        await expect(replies(toms)).to_have_count(1)


@in_chromium
async def test_two_people_in_two_browsers_see_their_own_and_a_guest_goes_on_where_invited(tmp_path: Path) -> None:
    async with at_the_gateway(tmp_path, allowed="status of 404") as (room, browser):
        tab = await signed_in_tab(browser, room.keys["mia"])
        await begin(room, tab, "Mia asks")
        async with chromium(room.server.url, allowed="status of 404") as elsewhere:
            toms = await signed_in_tab(elsewhere, room.keys["tom"])
            await toms.goto(tab.url)
            await expect(toms.get_by_role("alert")).to_contain_text("no such conversation")
            await room.client.share_conversation(tab.url.rpartition("/")[2], "tom")
            await toms.goto(tab.url)
            await prompt(toms, "Tom asks")
            await expect(replies(toms)).to_have_count(2)
            await expect(toms.locator("article.user .author").nth(0)).to_contain_text("mia")
            await expect(toms.locator("article.user .author").nth(1)).to_contain_text("You")
            assert await toms.get_by_role("button", name="Rename").count() == 0
        await tab.reload()
        await expect(tab.locator("article.user .author").nth(1)).to_contain_text("tom")


@in_chromium
async def test_back_and_forward_find_the_conversation_also_while_a_reply_comes(tmp_path: Path) -> None:
    async with at_the_chat(tmp_path, allowed="network error|ERR_") as (room, tab):
        room.upstream.play(HALF)
        await tab.goto("/search?q=nothing")
        await tab.goto("/")
        await prompt(tab, "Go on")
        await expect(tab.locator("article.live")).to_contain_text("Half of it")
        await expect(tab).to_have_url(re.compile("/c/[0-9a-f-]{36}$"))
        await field(tab).fill("Typed meanwhile")
        await tab.go_back()
        await expect(tab).to_have_url(re.compile("/search"))
        await room.upstream.deserted.wait()
        await tab.go_forward()
        await ready(tab)
        await expect(tab.locator("article.user")).to_contain_text("Go on")
        await expect(field(tab)).to_have_value("Typed meanwhile")
        await field(tab).press("Enter")
        await expect(tab.locator("article.user")).to_have_count(2)
        await expect(replies(tab).last).to_contain_text("Hello from the fake upstream.")
        await tab.go_back()
        await tab.go_forward()
        await expect(tab.locator("article.user")).to_have_count(2)


@in_chromium
@pytest.mark.parametrize("seconds", [0.0, 5.0])
async def test_a_tab_outlives_its_gateway_and_says_where_a_reply_was_cut_off(tmp_path: Path, seconds: float) -> None:
    async with FakeUpstream() as upstream:
        accounts = accounts_at(upstream)
        async with chatting(tmp_path, upstream, accounts, shutdown_grace_seconds=seconds) as room:
            await room.user("mia")
            mia, port, url = room.keys["mia"], room.server.port, room.server.url
            browser = chromium(url, allowed="ERR_|Failed to load|/reply$|/c/")
            context = await browser.__aenter__()
            tab = await context.new_page()
            await sign_in(tab, mia)
            await ready(tab)
            upstream.play(HALF)
            await prompt(tab, "Go on")
            await expect(tab.locator("article.live")).to_contain_text("Half of it")
            await field(tab).fill("Typed meanwhile")
            if seconds:
                upstream.release.set()
        await expect(tab.get_by_role("button", name="Stop")).to_be_hidden()
        async with chatting(tmp_path, upstream, accounts, port=port):
            await expect(field(tab)).to_have_value("Typed meanwhile")
            await field(tab).press("Enter")
            await expect(replies(tab).last).to_contain_text("Hello from the fake upstream.")
            await expect(tab.locator("article.user")).to_have_count(2)
            await browser.__aexit__(None, None, None)


@in_chromium
async def test_a_reply_that_breaks_off_says_so_and_prompts_wait_for_a_gateway_that_is_away(tmp_path: Path) -> None:
    async with at_the_chat(tmp_path, allowed="Failed to load|/reply$") as (room, tab):
        room.upstream.play(BreakOff())
        await prompt(tab, "Again")
        await expect(replies(tab)).to_contain_text("Half an answer")
        await expect(replies(tab)).to_contain_text("This reply was broken off.")
        await expect(told(tab)).not_to_be_empty()
        await tab.context.set_offline(True)
        await prompt(tab, "Nobody there")
        await expect(told(tab)).to_contain_text("cannot be reached")
        await expect(field(tab)).to_have_value("Nobody there")
        await tab.context.set_offline(False)
        await field(tab).press("Enter")
        await expect(replies(tab)).to_have_count(2)


@in_chromium
async def test_each_conversation_keeps_its_own_draft_and_signing_out_forgets_them(tmp_path: Path) -> None:
    async with at_the_chat(tmp_path) as (room, tab):
        begun = await ask(room.client.acting_with(room.keys["mia"]), "Begun elsewhere")
        await field(tab).fill("For a new one")
        await tab.goto(f"/c/{begun.conversation_id}")
        await expect(field(tab)).to_have_value("")
        await field(tab).fill("For the old one")
        await tab.goto("/")
        await expect(field(tab)).to_have_value("For a new one")
        await tab.get_by_role("button", name="Your account").click()
        await tab.get_by_role("button", name="Sign out", exact=True).click()
        await sign_in(tab, room.keys["mia"])
        await ready(tab)
        await expect(field(tab)).to_have_value("")


@in_chromium
async def test_a_reply_takes_the_page_along_only_with_those_who_read_its_end(tmp_path: Path) -> None:
    async with at_the_chat(tmp_path) as (room, tab):
        room.upstream.play(Answer(pieces=("Line\n\n" * 80, "The end"), pause_at=1))
        await prompt(tab, "Tell me everything")
        await expect(tab.locator("article.live p")).to_have_count(80)
        latest = tab.get_by_role("button", name="Jump to the latest")
        await expect(latest).to_be_hidden()
        await tab.locator("#messages").evaluate("(place) => place.scrollTo({top: 40, behavior: 'instant'})")
        await expect(latest).to_be_visible()
        room.upstream.release.set()
        await expect(replies(tab)).to_contain_text("The end")
        assert await tab.locator("#messages").evaluate("(place) => place.scrollTop") == 40
        await latest.click()
        await expect(tab.get_by_text("The end")).to_be_in_viewport()
        await expect(latest).to_be_hidden()
