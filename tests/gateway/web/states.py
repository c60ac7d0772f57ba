"""States of pages that no address leads to: while an answer comes, a key is shown, somebody is refused."""

import base64
from collections.abc import AsyncGenerator
from pathlib import Path

from playwright.async_api import Page, expect

from tests.fakes.upstream import Answer, Hang, Refuse
from tests.gateway.chatting import Chatting
from tests.gateway.conftest import Clock
from tests.gateway.web.chat_page import at_the_chat, field, hand_over, prompt, replies, told
from tests.gateway.web.chromium import Look, chromium, ready, sign_in
from tests.gateway.web.every_page import REPLY, populated
from tests.gateway.web.test_discord_in_chromium import free_port
from tests.gateway.web.test_discord_sign_in import MIA, opened

_ROWS = "\n".join(f"| {number} | the row with the number {number} | {number * 7} |" for number in range(1, 40))
_WIDE = (
    f"# Many\n\n## Rows\n\n| n | what | seven times it |\n|--:|---|--:|\n{_ROWS}\n\n```sh\n{'echo long; ' * 30}\n```"
)
_PIXELS = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


async def states(folder: Path, look: Look) -> AsyncGenerator[tuple[str, Page]]:
    """The name of each state, and the tab that is in it until the next one is asked for."""
    for part in (_of_a_conversation, _of_the_desk, _of_signing_in_with_discord):
        async for state in part(folder / part.__name__, look):
            yield state


async def _of_a_conversation(folder: Path, look: Look) -> AsyncGenerator[tuple[str, Page]]:
    async with at_the_chat(folder, look, allowed="status of 4", max_prompt_characters=200) as (room, tab):
        yield "empty", tab
        async for name in _while_it_comes(room, tab):
            yield name, tab
        await expect(replies(tab)).to_have_count(1)
        await tab.locator(".message.user [data-act=edit]").click()
        yield "editing a prompt", tab
        await tab.locator(".editing").get_by_role("button", name="Cancel").click()
        await hand_over(field(tab), "paste", "oven.png", "image/png", _PIXELS)
        notes = base64.b64encode(b"Flour, water").decode()
        await hand_over(field(tab), "paste", "notes on a very long evening of baking.txt", "text/plain", notes)
        await expect(tab.locator(".chips li")).to_have_count(2)
        await field(tab).fill("What is in these? " * 11)
        yield "files and a long prompt", tab
        await field(tab).press("Enter")
        await expect(replies(tab)).to_have_count(2)
        yield "files that were sent", tab
        room.upstream.play(Refuse(400, "content_filter"))
        await prompt(tab, "Too much?")
        await told(tab).wait_for()
        yield "a refusal", tab
        room.upstream.play(Answer(text=_WIDE))
        await prompt(tab, "A wide table")
        await expect(replies(tab)).to_have_count(3)
        yield "a long reply", tab


async def _while_it_comes(room: Chatting, tab: Page) -> AsyncGenerator[str]:
    pieces = tuple(REPLY.splitlines(keepends=True))
    room.upstream.play(Hang())
    await prompt(tab, "Nothing yet")
    await room.upstream.paused.wait()
    yield "waiting for the first word"
    await tab.get_by_role("button", name="Stop").click()
    room.upstream.play(Answer(pieces=pieces, pause_at=7))
    await prompt(tab, "How do I bake bread?\nThere is **no** scale.")
    await expect(tab.locator("article.assistant.live")).to_contain_text("def hours")
    yield "an answer while it comes"
    room.upstream.release.set()


async def _of_the_desk(folder: Path, look: Look) -> AsyncGenerator[tuple[str, Page]]:
    async with populated(folder) as scene, chromium(scene.url, look, allowed="status of 4") as browser:
        tab = await browser.new_page()
        await sign_in(tab, "rk-nonsense", arrives=False)
        await tab.get_by_role("alert").wait_for()
        yield "a wrong key", tab
        await sign_in(tab, scene.key_of("admin") or "")
        await tab.goto("/users/add")
        await tab.locator("[name=user_id]").fill("mia")
        await tab.locator("[name=client_id]").select_option("bot")
        await tab.locator("form button.primary").click()
        await tab.get_by_role("alert").wait_for()
        yield "a user who is there already", tab
        await tab.locator("[name=user_id]").fill("zoe")
        await tab.locator("form button.primary").click()
        await tab.locator("#shown-key").wait_for()
        yield "a key, once", tab
        await tab.goto("/nothing/here")
        yield "no such page", tab


async def _of_signing_in_with_discord(folder: Path, look: Look) -> AsyncGenerator[tuple[str, Page]]:
    port = free_port()
    async with (
        opened(folder, Clock(), port=port, public_url=f"http://127.0.0.1:{port}") as door,
        chromium(door.gateway.url, look, allowed="/oauth2/|status of 403") as browser,
    ):
        tab = await browser.new_page()
        await tab.goto("/sign-in")
        await ready(tab)
        yield "sign-in with Discord", tab
        await _come_back(tab, "Cancel")
        yield "Discord was told no", tab
        await _come_back(tab, "Authorize")
        yield "no key on any server", tab
        for server, community in (("7", "Tea house"), ("8", "A house with a remarkably long name, for coffee")):
            await door.gateway.make(f"{server}:{MIA}", key=door.bot, username="Mia Lindgren", community=community)
        await tab.goto("/sign-in")
        await _come_back(tab, "Authorize")
        yield "which server", tab


async def _come_back(tab: Page, by: str) -> None:
    await tab.locator("form[action$=sign-in-with-discord] button").click()
    await tab.get_by_role("link", name=by).click()
    await ready(tab)
