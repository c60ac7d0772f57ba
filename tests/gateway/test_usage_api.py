"""What was used, as its user, its client and an admin see it."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.client import GatewayClient
from gateway.config import Account
from gateway.wire import UsageAnswer, UsageSum
from tests.fakes.upstream import FakeUpstream, Refuse
from tests.gateway.chatting import accounts_at, ask, chatting
from tests.gateway.conftest import Clock, Reply, RunningGateway, config_in, running

pytestmark = pytest.mark.usefixtures("either_engine")

PRICED = {"input_usd_per_mtok": 1_000.0, "output_usd_per_mtok": 2_000.0}


async def test_a_user_sees_what_it_used_today_and_what_is_left(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, accounts_at(upstream, **PRICED)) as room:
        upstream.title = Refuse(500)
        user = await room.user(plus=True)
        free = await ask(user, "Three little words")
        await ask(user, "More", conversation_id=free.conversation_id)
        plus = await ask(user, "One", plus=True)
        usage = await user.usage()
        answers = [free.usage.input_tokens, plus.usage.output_tokens, free.usage.cost_usd]
        assert answers == [3, 5, pytest.approx(0.013)]
        assert usage.total == UsageSum(requests=3, input_tokens=13, output_tokens=15, cost_usd=usage.total.cost_usd)
        assert usage.total.cost_usd == pytest.approx(0.043)
        today = datetime.now(UTC).date()
        assert [day.day for day in usage.days] == [today]
        assert (usage.from_, usage.to) == (today.replace(day=1), today)
        assert usage.users == []
        of_free, of_plus = usage.limits
        assert (of_free.tier, of_plus.tier) == ("free", "plus")
        assert (of_free.tokens_per_day.used, of_plus.tokens_per_day.used) == (22, 6)
        assert of_free.tokens_per_day.left == 10**9 - 22
        assert of_free.requests_per_minute.used == 2
        assert of_free.cost_per_month_usd.limit is None
        assert of_plus.cost_per_month_usd.used == pytest.approx(0.011)
        midnight = datetime(today.year, today.month, today.day, tzinfo=UTC) + timedelta(days=1)
        assert of_free.tokens_per_day.resets_at == midnight


async def test_a_title_counts_as_used_by_its_user_and_as_no_request(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, accounts_at(upstream, **PRICED)) as room:
        user = await room.user()
        answer = await ask(user, "Tea")
        await ask(user, "More", conversation_id=answer.conversation_id)
        [request] = upstream.title_requests
        asked = sum(len(text.split()) for _, text in request.messages)
        usage = await user.usage()
        assert usage.total.requests == 2
        assert usage.total.input_tokens == asked + 1 + (1 + 5 + 1)
        assert usage.total.output_tokens == 3 + 5 + 5
        assert usage.total.cost_usd == pytest.approx((usage.total.input_tokens + 2 * 13) / 1000)
        assert usage.limits[0].tokens_per_day.used == usage.total.input_tokens + 13
        assert usage.limits[0].cost_per_month_usd.used == pytest.approx(usage.total.cost_usd)
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {room.keys['root']}"}) as session:
            csv_of = await (await session.get(f"{room.server.url}/api/usage?format=csv")).text()
        told = {line["model"]: (line["requests"], line["input_tokens"]) for line in csv.DictReader(csv_of.splitlines())}
        assert told == {"gpt-free": ("2", "8"), "gpt-title": ("0", str(asked))}


async def test_usage_stays_when_its_conversation_goes_and_goes_with_its_user(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        user = await room.user()
        await user.delete_conversation((await ask(user, "Hi")).conversation_id)
        assert (await user.usage()).total.requests == 1
        await room.client.delete_user("mia")
        assert (await room.client.usage()).total.requests == 1
        again = await room.user()
        assert (await again.usage()).total.requests == 1
        await room.client.delete_user("mia", purge=True)
        assert (await room.client.usage()).total.requests == 0


class Operated:
    """A gateway with two clients, each of which has users that prompted an offline model."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.keys = {"root": gateway.admin_key}

    async def fill(self) -> None:
        for client, users in {"bot": ("mia", "tom"), "web": ("mia",)}.items():
            self.keys[client] = await self.gateway.make(client, role="client")
            for user in users:
                self.keys[f"{client}/{user}"] = await self.gateway.make(user, key=self.keys[client])
                await self.prompt(f"{client}/{user}")

    async def prompt(self, who: str) -> None:
        asked = await self.gateway.call("POST", "/api/chat", key=self.keys[who], json={"prompt": "Hello there"})
        assert asked.status == 200, asked.body

    async def usage(self, who: str, query: str = "") -> Reply:
        return await self.gateway.call("GET", f"/api/usage{query}", key=self.keys[who])


@pytest.fixture
async def operated(tmp_path: Path, clock: Clock) -> Any:
    clock.now = datetime(2026, 10, 5, 12, tzinfo=UTC).timestamp()
    account = Account(name="small", tier="free", kind="offline", model="rules")
    async with running(config_in(tmp_path / "data", accounts=[account], title_wait_seconds=0.0), clock) as gateway:
        operated = Operated(gateway)
        await operated.fill()
        yield operated


async def test_a_client_sees_its_users_and_an_admin_everybodys(operated: Operated) -> None:
    async def seen(who: str, query: str = "") -> tuple[int, list[tuple[str, str]]]:
        reply = await operated.usage(who, query)
        assert reply.status == 200, reply.body
        return reply.body["total"]["requests"], [(u["client_id"], u["user_id"]) for u in reply.body["users"]]

    assert await seen("root") == (3, [("bot", "mia"), ("bot", "tom"), ("web", "mia")])
    assert await seen("root", "?client_id=web") == (1, [("web", "mia")])
    assert await seen("bot") == (2, [("bot", "mia"), ("bot", "tom")])
    assert await seen("bot", "?user_id=tom") == (1, [])
    assert await seen("bot/mia") == (1, [])
    assert await seen("bot/mia", "?user_id=mia") == (1, [])
    assert await seen("root", "?client_id=bot&user_id=mia") == (1, [])
    assert (await operated.usage("bot", "?user_id=mia")).body["limits"][0]["concurrent"]["limit"] == 2


async def test_nobody_sees_what_is_not_theirs(operated: Operated) -> None:
    assert (await operated.usage("bot/mia", "?user_id=tom")).code == "unknown_user"
    assert (await operated.usage("web", "?user_id=tom")).code == "unknown_user"
    assert (await operated.usage("web", "?client_id=bot")).status == 403
    assert (await operated.usage("root", "?client_id=nobody")).code == "unknown_client"
    assert (await operated.usage("bot", "?format=csv")).status == 403
    assert (await operated.usage("bot/mia", "?format=csv")).status == 403


async def test_users_come_in_pages(operated: Operated) -> None:
    first = (await operated.usage("root", "?limit=2")).body
    rest = (await operated.usage("root", f"?limit=2&cursor={first['next_cursor']}")).body
    assert [user["user_id"] for user in first["users"] + rest["users"]] == ["mia", "tom", "mia"]
    assert rest["next_cursor"] is None
    assert first["total"] == rest["total"]


async def test_days_are_chosen_and_both_ends_count(operated: Operated, clock: Clock) -> None:
    clock.advance(3 * 86_400)
    await operated.prompt("bot/mia")
    clock.advance(30 * 86_400)
    await operated.prompt("bot/mia")

    async def days(query: str) -> list[tuple[str, int]]:
        reply = await operated.usage("bot/mia", query)
        return [(day["day"], day["requests"]) for day in reply.body["days"]]

    assert await days("") == [("2026-11-07", 1)]
    assert await days("?from=2026-10-05") == [("2026-10-05", 1), ("2026-10-08", 1), ("2026-11-07", 1)]
    assert await days("?from=2026-10-06&to=2026-10-08") == [("2026-10-08", 1)]
    assert await days("?to=2026-10-31") == [("2026-10-05", 1), ("2026-10-08", 1)]


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?from=2026-10-02&to=2026-10-01", "from is later than to"),
        ("?from=2020-01-01&to=2026-10-01", "more than 366 days"),
        ("?from=yesterday", "from"),
        ("?from=2026-02-30", "from"),
        ("?format=xml", "format"),
        ("?user=mia", "user"),
    ],
)
async def test_what_is_no_span_of_days_is_refused(operated: Operated, query: str, words: str) -> None:
    reply = await operated.usage("root", query)
    assert (reply.status, words in reply.body["message"]) == (400, True), reply.body


async def test_an_admin_exports_every_line(operated: Operated, clock: Clock) -> None:
    operated.keys["trick"] = await operated.gateway.make("=1+1,x", key=operated.keys["web"])
    clock.advance(86_400)
    await operated.prompt("trick")
    reply = await operated.usage("root", "?format=csv")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "usage-2026-10-01-2026-10-06.csv" in reply.headers["Content-Disposition"]
    lines = [*csv.DictReader(reply.body.splitlines())]
    assert [(line["day"], line["client_id"], line["user_id"]) for line in lines] == [
        ("2026-10-05", "bot", "mia"),
        ("2026-10-05", "bot", "tom"),
        ("2026-10-05", "web", "mia"),
        ("2026-10-06", "web", "'=1+1,x"),
    ]
    assert lines[0]["tier"] == "free"
    assert (lines[0]["account"], lines[0]["model"], lines[0]["requests"]) == ("small", "rules", "1")
    assert float(lines[0]["cost_usd"]) == 0.0
    of_one = await operated.usage("root", "?format=csv&client_id=bot&user_id=tom")
    assert len(of_one.body.splitlines()) == 2


async def test_the_client_library_asks_for_days_and_pages(operated: Operated) -> None:
    async with GatewayClient(operated.gateway.url, operated.keys["root"]) as admin:
        usage = await admin.usage("mia", client_id="web", since=date(2026, 10, 5), until=date(2026, 10, 5))
        assert isinstance(usage, UsageAnswer)
        assert (usage.total.requests, usage.from_, usage.to) == (1, date(2026, 10, 5), date(2026, 10, 5))
