"""The page of usage and cost: whose, which figures, drawn and as a table, and what a browser makes of it."""

import csv
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from gateway.app_keys import LIMITS, USERS
from gateway.limits import Spent
from gateway.wire import Tier
from tests.gateway.conftest import Clock, RunningGateway, config_in, running
from tests.gateway.web.browsing import Page, browser
from tests.gateway.web.chromium import chromium, in_chromium, ready, sign_in

ATTACK = '"><img src=x onerror=alert(1)>'
TODAY = datetime(2026, 10, 20, 12, tzinfo=UTC)


class Used:
    """A gateway with two clients whose users used what is told here, in October 2026."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.keys = {"root": gateway.admin_key}

    async def fill(self) -> None:
        for client, users in {"bot": ("mia", "tom"), "web": (ATTACK,)}.items():
            self.keys[client] = await self.gateway.make(client, role="client")
            for user in users:
                self.keys[user] = await self.gateway.make(user, key=self.keys[client])
        lines: tuple[tuple[str, str, int, Tier, str, int, float], ...] = (
            ("bot", "mia", 0, "plus", "large", 3_000, 4.0),
            ("bot", "mia", 3, "free", "small", 1_000, 1.0),
            ("bot", "tom", 3, "free", "small", 2_000, 2.0),
            ("web", ATTACK, 40, "free", ATTACK, 500, 0.5),
        )
        for client, user, days_ago, tier, account, tokens, cost in lines:
            users = self.gateway.server.app[USERS]
            who = await users.get((await users.client(client)).id, user)
            spent = Spent(
                principal_id=who.id, tier=tier, account=account, model="gpt", input_tokens=tokens, output_tokens=100,
                cost_usd=cost, estimated=False,
            )  # fmt: skip
            self.gateway.clock.advance(-days_ago * 86_400)
            await self.gateway.server.app[LIMITS]._database.transact(self.gateway.server.app[LIMITS].charge(spent))
            self.gateway.clock.advance(days_ago * 86_400)

    async def see(self, who: str, path: str) -> Page:
        async with browser(self.gateway.url) as tab:
            await tab.sign_in(self.keys[who])
            return await tab.get(path)


@pytest.fixture
async def used(tmp_path: Path, clock: Clock) -> AsyncGenerator[Used]:
    clock.now = TODAY.timestamp()
    async with running(config_in(tmp_path / "data"), clock) as gateway:
        used = Used(gateway)
        await used.fill()
        yield used


def figures(page: Page) -> dict[str, list[str]]:
    """The rows of the table beside the plot, by their days; those with nothing in them are left out."""
    rows = re.findall(r'<tr data-column="\d+">\s*<th scope="row">(.*?)</th>(.*?)</tr>', page.text, re.DOTALL)
    found = {days: re.findall(r'<td class="number">(.*?)</td>', cells) for days, cells in rows}
    return {days: cells for days, cells in found.items() if any(cell.strip("$0.") for cell in cells)}


async def test_each_sees_what_its_own_used_and_nothing_of_others(used: Used) -> None:
    everything = await used.see("root", "/usage?by=client&of=cost&days=90")
    assert figures(everything) == {
        "Sep 10, 2026": ["$0.00", "$0.50"],
        "Oct 17, 2026": ["$3.00", "$0.00"],
        "Oct 20, 2026": ["$4.00", "$0.00"],
    }
    for who, path in (("bot", "/usage?days=90&of=cost&by=user"), ("mia", "/usage?days=90&of=cost&by=model")):
        page = await used.see(who, path)
        assert page.status == 200
        assert "onerror" not in page.text
        assert "large" not in page.text, "which accounts there are is the operator's"
    assert figures(page) == {"Oct 17, 2026": ["$1.00"], "Oct 20, 2026": ["$4.00"]}
    assert "tom" not in page.text
    assert ("What is left" in page.text, "What is left" in everything.text) == (True, False)
    of_one = await used.see("bot", "/usage?user=mia&by=tier")
    assert (figures(of_one), "What is left" in of_one.text) == (
        {"Oct 17, 2026": ["0", "1"], "Oct 20, 2026": ["1", "0"]},
        True,
    )
    for who, path, status in (
        ("bot", "/usage?by=account", 403),
        ("mia", "/usage?by=user", 403),
        ("mia", "/usage?user=tom", 404),
        ("mia", "/usage/figures.csv?user=tom", 404),
        ("web", "/usage?user=mia", 404),
        ("web", "/usage?client=bot", 403),
        ("web", "/usage/figures.csv?by=client", 403),
        ("mia", "/accounts", 403),
        ("bot", "/accounts", 403),
    ):
        assert (await used.see(who, path)).status == status, (who, path)


async def test_the_drawing_and_the_file_have_the_figures_of_the_table(used: Used) -> None:
    query = "days=30&by=account&of=tokens"
    page = await used.see("root", f"/usage?{query}")
    assert figures(page) == {"Oct 17, 2026": ["0", "3,200"], "Oct 20, 2026": ["3,100", "0"]}
    heights = {
        (look, float(height)): days
        for days, column in re.findall(r'<g class="plot-column" data-column="(\d+)">(.*?)</g>', page.text, re.DOTALL)
        for look, height in re.findall(r'class="back s(\d)" [^>]*height="([0-9.]+)"', column)
    }
    # The second line from the top is 4,000 tokens, 220 pixels up.
    assert heights == {("2", 176.0): "26", ("1", 170.5): "29"}
    saved = await used.see("root", f"/usage/figures.csv?{query}")
    assert "attachment" in saved.headers["Content-Disposition"]
    rows = [*csv.DictReader(saved.text.splitlines())]
    assert len(rows) == 30
    assert rows[-1] == {"from": "2026-10-20", "to": "2026-10-20", "large": "3100", "small": "0"}
    weeks = await used.see("root", "/usage?days=365&of=requests")
    assert list(figures(weeks).values()) == [["1"], ["2"], ["1"]]
    assert len(re.findall('class="plot-column"', weeks.text)) == 53


async def test_days_can_be_named_and_nonsense_is_told_on_the_page(used: Used) -> None:
    assert figures(await used.see("root", "/usage?from=2026-09-01&to=2026-10-17&by=&user=&client=")) == {
        "Sep 10, 2026": ["1"],
        "Oct 17, 2026": ["2"],
    }
    for query, words in (
        ("from=2026-10-02&to=2026-10-01", "from is later than to"),
        ("from=yesterday", "year-month-day"),
        ("from=2020-01-01", "366 days"),
    ):
        page = await used.see("root", f"/usage?{query}")
        assert (page.status, words in page.text, 'role="alert"' in page.text) == (400, True, True), query
    assert (await used.see("root", "/usage?days=5")).status == 400


async def test_counts_have_whole_lines_and_days_without_any_use_say_so(used: Used) -> None:
    page = await used.see("root", "/usage?days=7&of=requests")
    assert re.findall(r'<text x="52" [^>]*>([^<]+)<', page.text) == ["0", "1", "2"]
    nothing = await used.see("root", "/usage?from=2026-01-01&to=2026-01-09&by=user")
    assert ("Nothing was used on these days." in nothing.text, "data-plot" in nothing.text) == (True, False)
    told_apart = await used.see("root", "/usage?by=user")
    (to_mia,) = re.findall(r'href="\./(usage\?[^"]*)">mia<', told_apart.text)
    assert "Only what" in (await used.see("root", f"/{to_mia.replace('&amp;', '&')}")).text


async def test_names_stay_text_in_the_plot_the_tables_and_the_file(used: Used) -> None:
    for by in ("user", "account"):
        page = await used.see("root", f"/usage?days=90&by={by}")
        assert "onerror" in page.text
        assert "<img" not in page.text
        saved = await used.see("root", f"/usage/figures.csv?days=90&by={by}")
        assert saved.headers["Content-Type"].startswith("text/csv")
    assert "<img" not in (await used.see("root", "/usage?user=x%22%3E%3Cimg%3E")).text


@in_chromium
async def test_a_plot_is_drawn_told_and_changed_in_a_browser(used: Used) -> None:
    async with chromium(used.gateway.url) as context:
        tab = await context.new_page()
        await sign_in(tab, used.keys["root"])
        await tab.get_by_role("link", name="Usage and cost").click()
        await tab.get_by_role("link", name="By tier").click()
        await tab.get_by_role("link", name="Cost", exact=True).click()
        await ready(tab)
        await expect(tab.locator(".plot-column rect.back")).to_have_count(2)
        bar = tab.locator(".plot-column rect.back").last
        assert ((await bar.bounding_box()) or {})["height"] > 150
        await bar.hover()
        await expect(tab.locator(".plot-told")).to_have_text("Oct 20, 2026plus$4.00free$0.00")
        await tab.get_by_text("The figures as a table").click()
        row = tab.get_by_role("row", name="Oct 17, 2026")
        await expect(row.get_by_role("cell").last).to_have_text("$3.00")
        await expect(bar).to_have_css("fill", "rgb(142, 152, 255)")
        await tab.get_by_role("button", name="Dark or light").click()
        await expect(bar).to_have_css("fill", "rgb(68, 80, 214)")
        await tab.get_by_label("From").fill("2026-09-01")
        await tab.get_by_role("button", name="Show", exact=True).click()
        await expect(tab.locator(".stat").first).to_contain_text("4")
        async with tab.expect_download() as started:
            await tab.get_by_role("link", name="Save as CSV").click()
        assert "2026-09-10,2026-09-10,0,0.5" in (await (await started.value).path()).read_text().replace("00000", "")


@in_chromium
async def test_a_user_finds_what_is_left_of_its_limits_in_the_account_menu(used: Used) -> None:
    async with chromium(used.gateway.url) as context:
        tab = await context.new_page()
        await sign_in(tab, used.keys["mia"])
        await tab.get_by_role("button", name="Your account").click()
        await tab.get_by_role("link", name="Usage and limits").click()
        left = tab.get_by_label("free", exact=True)
        await expect(left).to_contain_text("50,000 of 50,000 left")
        midnight = TODAY + timedelta(days=1)
        assert midnight.day == 21
        await expect(tab.locator(".stat").first).to_contain_text("2")
