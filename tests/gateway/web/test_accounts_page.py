"""The page of the accounts, while their provider fails and comes back."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from gateway.client import ApiError, GatewayClient
from tests.fakes.upstream import FakeUpstream, Refuse
from tests.gateway.chatting import accounts_at, ask, chatting
from tests.gateway.web.browsing import browser
from tests.gateway.web.chromium import Look, chromium, in_chromium, ready, sign_in


async def fail(user: GatewayClient, **how: bool) -> None:
    with pytest.raises(ApiError):
        await ask(user, "Hi", **how)


async def test_each_state_is_told_in_words_with_the_last_error(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, accounts_at(upstream, max_in_flight=8)) as room:
        user = await room.user(plus=True)
        upstream.play(Refuse(429, headers={"Retry-After": "40"}))
        await fail(user)
        upstream.play(Refuse(401))
        await fail(user, plus=True)
        async with browser(room.server.url) as tab:
            await tab.sign_in(room.keys["root"])
            page = await tab.get("/accounts")
        for words in (
            "cooling down", "UTC", "disabled", "0 of 8", "rate limit was reached", "refused the key", "1 in a row",
        ):  # fmt: skip
            assert words in page.text, words
        assert "secretsecret" not in page.text


@in_chromium
async def test_the_page_follows_the_accounts_by_itself_and_rests_while_hidden(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream) as room,
        chromium(room.server.url, allowed="status of 50") as context,
    ):
        user = await room.user(plus=True)
        tab = await context.new_page()
        await tab.clock.install()
        await sign_in(tab, room.keys["root"])
        await tab.goto("/accounts")
        await ready(tab)
        row = tab.get_by_role("row", name="main-plus")
        await expect(row).to_contain_text("healthy")
        upstream.play(Refuse(401))
        await fail(user, plus=True)
        await tab.clock.run_for(3000)
        await expect(row).to_contain_text("disabled")
        await expect(row).to_contain_text("The provider refused the key.")
        await expect(tab.locator("#told-live")).to_have_text("main-plus: disabled")

        asked = list[str]()
        tab.on("request", lambda request: asked.append(request.url))
        hide = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        hide += " document.dispatchEvent(new Event('visibilitychange')); }"
        await tab.evaluate(hide, True)
        await tab.clock.run_for(60_000)
        assert asked == []
        await tab.evaluate(hide, False)
        await tab.clock.run_for(3000)
        await expect(tab.locator("#told-live")).to_have_text("")
        assert len(asked) == 1
        await tab.get_by_role("button", name="Pause").click()
        await tab.clock.run_for(60_000)
        assert len(asked) == 1


@in_chromium
async def test_without_script_the_page_is_read_and_loaded_again(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, accounts_at(upstream, max_in_flight=2)) as room,
        chromium(room.server.url, Look(script=False)) as context,
    ):
        user = await room.user()
        tab = await context.new_page()
        await sign_in(tab, room.keys["root"])
        await tab.get_by_role("link", name="Accounts").click()
        row = tab.get_by_role("row", name="main-free")
        await expect(row).to_contain_text("0 of 2")
        await expect(tab.get_by_role("button", name="Pause")).to_be_hidden()
        upstream.play(Refuse(402))
        await fail(user)
        await tab.get_by_role("link", name="Refresh").click()
        await expect(row).to_contain_text("The budget at the provider is used up.")
