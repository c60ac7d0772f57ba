"""Search across conversations, what is read there, and the log in which all of it stands."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright.async_api import expect

from gateway.wire import CreateUser
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, ask, chatting
from tests.gateway.web.browsing import Page, browser
from tests.gateway.web.chromium import chromium, in_chromium, ready, sign_in

ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
NOTICE = "its author can see that you did"


class House:
    """Mia and Tom are users of the client bot, Eve of the client web. Mia and Tom wrote of tea."""

    def __init__(self, room: Chatting, conversation: str) -> None:
        self.room = room
        self.conversation = conversation

    async def see(self, who: str, *paths: str) -> Page:
        """The last of some pages that somebody looks at."""
        async with browser(self.room.server.url) as tab:
            page = await tab.sign_in(self.room.keys[who])
            for path in paths:
                page = await tab.get(path)
            return page

    async def log(self) -> list[tuple[str, str, str | None]]:
        """Reader, action and whose: all there is, newest first."""
        return [(each.reader, each.action, each.user_id) for each in (await self.room.admin.audit()).entries]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        upstream.reply, upstream.title = f"Pour it slowly. {ATTACK}", f"Tea time {ATTACK}"
        begun = await ask(await room.user("mia"), f"Is green tea good? {ATTACK}")
        upstream.title = "Brewing"
        await ask(await room.user("tom"), "How do I brew tea?")
        room.keys["web"] = (await room.admin.create_user(CreateUser(user_id="web", role="client"))).key
        web = room.admin.acting_with(room.keys["web"])
        room.keys["eve"] = (await web.create_user(CreateUser(user_id="eve"))).key
        yield House(room, begun.conversation_id)


async def test_each_search_and_each_reading_is_noted_as_by_the_api_and_told_beforehand(house: House) -> None:
    empty = await house.see("root", "/search")
    assert (NOTICE in empty.text, await house.log()) == (True, [])
    found = await house.see("root", "/search?q=tea")
    assert (found.text.count("<mark>"), NOTICE in found.text) == (3, True)
    await house.see("bot", "/search?q=tea&user=mia&client=")
    opened = await house.see("bot", f"/c/{house.conversation}")
    assert (NOTICE in opened.text, 'id="composer"' in opened.text) == (True, False)
    assert await house.log() == [("bot", "read", "mia"), ("bot", "search", "mia"), ("root", "search", None)]
    own = await house.see("mia", "/search?q=tea", f"/c/{house.conversation}")
    assert (NOTICE in own.text, len(await house.log())) == (False, 3)
    for query in ("/search?q=%21", "/search?q=tea&user=nobody"):
        refused = await house.see("bot", query)
        assert (refused.status >= 400, 'role="alert"' in refused.text) == (True, True), query
    assert len(await house.log()) == 3, "what is refused was not read"


async def test_a_client_finds_and_opens_nothing_of_others_and_a_user_its_own_alone(house: House) -> None:
    nothing = await house.see("web", "/search?q=tea")
    assert (nothing.status, "Nothing holds all of" in nothing.text, "<mark>" in nothing.text) == (200, True, False)
    for who, path, status in (
        ("web", f"/c/{house.conversation}", 404),
        ("web", "/search?q=tea&user=mia", 404),
        ("web", "/search?q=tea&client=bot", 403),
        ("tom", f"/c/{house.conversation}", 404),
        ("root", "/search?q=tea&client=nobody", 404),
        ("root", "/search?q=tea&user=mia", 404),
        ("root", "/search?q=tea&user=mia&client=bot", 200),
    ):
        assert (await house.see(who, path)).status == status, (who, path)
    assert "Tea time" not in (await house.see("tom", "/search?q=tea")).text
    assert [line for line in await house.log() if line[0] == "web"] == [("web", "search", None)]


async def test_the_log_tells_each_what_is_about_it_and_can_be_looked_through(house: House) -> None:
    for who, path in (
        ("root", "/search?q=everything"),
        ("bot", "/search?q=x&user=mia"),
        ("web", "/search?q=x"),
        ("bot", f"/c/{house.conversation}"),
    ):
        await house.see(who, path)

    async def told(who: str, query: str = "") -> list[str]:
        page = await house.see(who, f"/audit{query}")
        assert page.status == 200, page.text
        rows = page.text.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
        return [row.partition('<th scope="row">')[2].partition("<small>")[0] for row in rows]

    assert await told("root") == ["bot", "web", "bot", "root"]
    assert await told("bot") == await told("mia") == ["bot", "bot", "root"]
    assert await told("tom") == ["root"]
    assert await told("eve") == ["web", "root"]
    assert await told("root", "?reader=bot&action=&user=&from=&to=") == ["bot", "bot"]
    assert await told("root", "?action=read") == ["bot"]
    assert await told("root", "?user=mia&action=search") == ["bot"]
    assert await told("tom", "?user=mia") == []
    assert await told("root", "?to=2020-01-01") == await told("root", "?from=2100-01-01") == []
    wrong = await house.see("root", "/audit?from=soon")
    assert (wrong.status, "year-month-day" in wrong.text) == (400, True)


async def test_the_log_comes_in_pages_that_keep_what_was_asked_for(house: House) -> None:
    for _ in range(53):
        await house.room.client.list_conversations(user_id="mia")
    await house.room.admin.list_conversations()
    first = await house.see("root", "/audit?reader=bot")
    assert first.text.count('<th scope="row">bot') == 50
    following = first.text.rpartition('href="./audit?')[2].partition('"')[0].replace("&amp;", "&")
    rest = await house.see("root", f"/audit?{following}")
    assert (rest.text.count('<th scope="row">bot'), rest.text.count('<th scope="row">root')) == (3, 0)


async def test_what_attacks_stays_text_in_snippets_titles_names_and_filters(house: House) -> None:
    room = house.room
    room.keys["bad"] = (await room.client.create_user(CreateUser(user_id=ATTACK))).key
    await ask(room.client.acting_with(room.keys["bad"]), "tea")
    await room.client.list_conversations(user_id=ATTACK)
    for who, path in (
        ("root", "/search?q=onerror"),
        ("root", "/search?q=tea"),
        ("root", "/search?q=%22%3E%3Cimg+src%3Dx%3E&user=%22%3E%3Cimg%3E"),
        ("root", "/audit?reader=%22%3E%3Cimg%3E&user=%22%3E%3Cimg%3E"),
        ("bot", "/audit"),
        ("root", f"/c/{house.conversation}"),
    ):
        page = await house.see(who, path)
        assert "<img src=x" not in page.text, path
        assert "<script>" not in page.text, path
        assert 'value=""><img' not in page.text, path


@in_chromium
async def test_an_admin_searches_opens_what_was_found_and_the_user_sees_it(house: House) -> None:
    async with chromium(house.room.server.url) as context:
        tab = await context.new_page()
        await sign_in(tab, house.room.keys["root"])
        await tab.get_by_role("link", name="Search conversations").click()
        await expect(tab.get_by_role("note")).to_contain_text(NOTICE)
        await tab.get_by_label("Words").fill("green")
        await tab.keyboard.press("Enter")
        await expect(tab.locator(".hits mark")).to_have_text(["green"])
        await tab.locator(".hits a").click()
        await ready(tab)
        await expect(tab.get_by_role("heading", level=1)).to_contain_text("Tea time")
        await expect(tab.get_by_role("note")).to_contain_text(NOTICE)
        await expect(tab.get_by_label("Your prompt")).to_have_count(0)
        await tab.goto("/audit")
        rows = tab.locator("tbody tr")
        await expect(rows).to_have_count(2)
        await expect(rows.first).to_contain_text("mia")
        await expect(rows.last).to_contain_text("searched")
        await tab.get_by_label("Action").select_option("read")
        await tab.get_by_role("button", name="Show", exact=True).click()
        await expect(rows).to_have_count(1)
    async with chromium(house.room.server.url) as context:
        tab = await context.new_page()
        await sign_in(tab, house.room.keys["mia"])
        await tab.get_by_role("button", name="Your account").click()
        await tab.get_by_role("link", name="Who read my conversations").click()
        await expect(tab.locator("tbody tr")).to_have_count(2)
        await expect(tab.locator("tbody tr").first).to_contain_text("root")
        await tab.get_by_role("link", name="open", exact=True).click()
        await expect(tab.get_by_role("heading", level=1)).to_contain_text("Tea time")
