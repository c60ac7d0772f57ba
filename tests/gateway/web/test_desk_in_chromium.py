"""An admin at a browser keeps users: makes one, hands the key on, limits it, takes it back."""

from pathlib import Path

from playwright.async_api import BrowserContext, Page, expect

from gateway.errors import RateLimited
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import ask, chatting
from tests.gateway.web.chromium import DESK, chromium, in_chromium, ready, sign_in

ATTACK = '<img src=x onerror="document.body.dataset.owned=1">'


async def elsewhere(context: BrowserContext, url: str) -> Page:
    """A tab in another browser."""
    assert context.browser is not None
    other = await context.browser.new_context(base_url=url, reduced_motion="reduce")
    other.set_default_timeout(8000)
    return await other.new_page()


@in_chromium
async def test_a_key_is_made_seen_once_used_limited_and_revoked(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream) as room,
        chromium(room.server.url, DESK, allowed="status of 40[0-9]") as context,
    ):
        await context.grant_permissions(["clipboard-read", "clipboard-write"])
        tab = await context.new_page()
        await sign_in(tab, room.keys["root"])
        await tab.get_by_role("link", name="Add user").click()
        await tab.get_by_label("Id").fill("ada")
        await tab.get_by_label("Display name").fill(f"Ada {ATTACK}")
        await tab.get_by_label("Client").select_option("bot")
        await tab.get_by_role("button", name="Add user").click()
        await ready(tab)
        key = await tab.locator("[data-once]").inner_text()
        await tab.get_by_role("button", name="Copy").click()
        assert await tab.evaluate("navigator.clipboard.readText()") == key
        assert key not in tab.url
        await tab.get_by_role("link", name="I have kept it").click()
        await expect(tab.get_by_role("heading", level=1)).to_have_text(f"Ada {ATTACK}")
        for _ in range(2):
            await tab.go_back()
            await ready(tab)
            assert key not in await tab.content()
        await tab.goto("/user?user_id=ada&client_id=bot")

        phone = await elsewhere(context, room.server.url)
        await sign_in(phone, key)
        await expect(phone.get_by_label("Your prompt")).to_be_visible()

        await tab.get_by_label("Tier").select_option("plus")
        await tab.get_by_role("button", name="Save", exact=True).click()
        await expect(tab.locator(".flash")).to_have_text("Changed.")
        ada = room.client.acting_with(key)
        assert (await ask(ada, "Hi", plus=True)).tier == "plus"
        await tab.get_by_label("Requests a minute").fill("1")
        await tab.get_by_role("button", name="Save limits").click()
        await expect(tab.get_by_role("cell", name="1 of 1").first).to_be_visible()
        try:
            await ask(ada, "Again")
            raise AssertionError("the limit did not hold")
        except RateLimited as refused:
            assert refused.code == "limit_requests"

        await tab.get_by_role("button", name="Revoke").click()
        await tab.get_by_role("button", name="Revoke the key").click()
        await expect(tab.locator(".flash")).to_contain_text("The key is dead.")
        await phone.get_by_label("Your prompt").fill("Still there?")
        await phone.keyboard.press("Enter")
        await expect(phone.locator(".composer-problem")).to_contain_text("Sign in again")
        assert await tab.locator("body[data-owned]").count() == 0


@in_chromium
async def test_a_new_key_is_asked_for_first_and_a_reload_neither_shows_it_nor_makes_another(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream) as room,
        chromium(room.server.url, DESK) as context,
    ):
        await room.user("mia")
        tab = await context.new_page()
        await sign_in(tab, room.keys["bot"])
        await tab.goto("/user?user_id=mia")
        await tab.get_by_role("button", name="New key").click()
        await tab.get_by_role("button", name="Make a new key").click()
        await ready(tab)
        key = await tab.locator("[data-once]").inner_text()
        await tab.reload()
        await expect(tab.get_by_role("heading", name="Profile")).to_be_visible()
        assert key not in await tab.content()
        assert (await room.client.acting_with(key).whoami()).name == "mia"
        await tab.get_by_role("button", name="Erase").click()
        await tab.get_by_label("Type the id to confirm").fill("mia")
        await tab.get_by_role("button", name="Erase for good").click()
        await expect(tab.locator(".flash")).to_contain_text("are erased")
        await expect(tab.get_by_text("There is no user yet.")).to_be_visible()
