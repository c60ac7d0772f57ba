"""Signing in with Discord as somebody at a browser does, and the way from a conversation to its thread."""

import socket
from pathlib import Path

from playwright.async_api import expect

from tests.gateway.conftest import Clock
from tests.gateway.test_conversations import begun, principal
from tests.gateway.web.chromium import PHONE, chromium, in_chromium
from tests.gateway.web.test_discord_sign_in import MIA, opened


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


@in_chromium
async def test_a_member_goes_to_discord_and_back_chooses_a_server_and_opens_the_thread(
    tmp_path: Path, clock: Clock
) -> None:
    port = free_port()
    async with (
        opened(tmp_path, clock, port=port, public_url=f"http://127.0.0.1:{port}") as door,
        chromium(door.gateway.url, PHONE, allowed="/oauth2/|status of 403") as browser,
    ):
        tab = await browser.new_page()
        press = tab.get_by_role("button", name="Sign in with Discord")
        await tab.goto("/sign-in")
        await press.click()
        await tab.get_by_role("link", name="Cancel").click()
        await expect(tab.get_by_role("alert")).to_contain_text("You did not let Discord tell who you are")
        await press.click()
        await tab.get_by_role("link", name="Authorize").click()
        await expect(tab.get_by_role("heading", name="You have no key yet")).to_be_visible()

        for server, community in (("7", "Tea house"), ("8", "Coffee house")):
            await door.gateway.make(f"{server}:{MIA}", key=door.bot, community=community)
        record, _, _ = await begun(door.gateway, await principal(door.gateway, f"7:{MIA}"))
        link = "https://discord.com/channels/7/123"
        linked = await door.gateway.call("PATCH", f"/api/conversations/{record.id}", key=door.bot, json={"link": link})
        assert linked.status == 200

        await tab.get_by_role("link", name="Sign in again").click()
        await press.click()
        await tab.get_by_role("link", name="Authorize").click()
        await tab.get_by_role("button", name="Tea house").click()
        await expect(tab).to_have_url(f"{door.gateway.url}/")
        await tab.goto(f"/c/{record.id}")
        out = tab.get_by_role("link", name="Open in Discord")
        await expect(out).to_have_attribute("href", link)
        await expect(out).to_have_attribute("rel", "noopener noreferrer")
        assert await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
