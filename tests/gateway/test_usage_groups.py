"""Usage told apart by tier, account, model, client and user."""

import random
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.app_keys import LIMITS, USAGE, USERS
from gateway.client import GatewayClient
from gateway.config import Account
from gateway.limits import Limits, Spent
from gateway.usage import Span
from gateway.wire import UsageBy
from tests.gateway.conftest import Clock, RunningGateway, config_in, running

pytestmark = pytest.mark.usefixtures("either_engine")

TODAY = datetime(2026, 10, 20, 12, tzinfo=UTC)


class Used:
    """A gateway whose users used what a test says they did."""

    def __init__(self, gateway: RunningGateway, limits: Limits) -> None:
        self.gateway = gateway
        self.keys = {"root": gateway.admin_key}
        self._limits = limits

    async def join(self, client: str, *users: str) -> None:
        self.keys[client] = await self.gateway.make(client, role="client")
        for user in users:
            self.keys[f"{client}/{user}"] = await self.gateway.make(user, key=self.keys[client])

    async def use(self, client: str | None, user: str, *, days_ago: int = 0, **spent: Any) -> None:
        users = self.gateway.server.app[USERS]
        client_id = None if client is None else (await users.client(client)).id
        what: dict[str, Any] = {"tier": "free", "account": "small", "model": "rules", "estimated": False, **spent}
        what = {"input_tokens": 10, "output_tokens": 1, "cost_usd": 1.0, **what}
        self.gateway.clock.advance(-days_ago * 86_400)
        who = await users.get(client_id, user)
        charge = self._limits.charge(Spent(principal_id=who.id, **what))
        self.gateway.clock.advance(days_ago * 86_400)
        await self._limits._database.transact(charge, brief=True)

    async def groups(self, who: str, query: str) -> list[dict[str, Any]]:
        reply = await self.gateway.call("GET", f"/api/usage?{query}", key=self.keys[who])
        assert reply.status == 200, reply.body
        assert reply.body["users"] == []
        summed = sum(group["requests"] for group in reply.body["groups"])
        assert summed == reply.body["total"]["requests"], "what is told apart is all there is"
        return reply.body["groups"]

    async def told(self, who: str, query: str) -> list[tuple[str | None, float]]:
        return [(group["name"], group["cost_usd"]) for group in await self.groups(who, query)]


@pytest.fixture
async def used(tmp_path: Path, clock: Clock) -> AsyncGenerator[Used]:
    clock.now = TODAY.timestamp()
    account = Account(name="small", tier="free", kind="offline", model="rules")
    async with running(config_in(tmp_path / "data", accounts=[account]), clock) as gateway:
        used = Used(gateway, gateway.server.app[LIMITS])
        await used.join("bot", "mia", "tom", "=1+1")
        await used.join("web", "mia")
        used.keys["eve"] = await gateway.make("eve")
        await used.use("bot", "mia", account="large", tier="plus", model="gpt", cost_usd=4.0)
        await used.use("bot", "mia", days_ago=3)
        await used.use("bot", "tom", days_ago=3, cost_usd=2.0)
        await used.use("web", "mia", account="own:small", cost_usd=0.5)
        await used.use(None, "eve", days_ago=19, cost_usd=0.25)
        yield used


async def test_days_are_told_apart_those_that_cost_most_first(used: Used) -> None:
    assert await used.told("root", "by=tier") == [("plus", 4.0), ("free", 3.75)]
    assert await used.told("root", "by=account") == [("large", 4.0), ("small", 3.25), ("own:small", 0.5)]
    assert await used.told("root", "by=model") == [("gpt", 4.0), ("rules", 3.75)]
    assert await used.told("root", "by=client") == [("bot", 7.0), ("web", 0.5), ("", 0.25)]
    free = (await used.groups("root", "by=tier"))[1]
    assert [(day["day"], day["requests"], day["cost_usd"]) for day in free["days"]] == [
        ("2026-10-01", 1, 0.25),
        ("2026-10-17", 2, 3.0),
        ("2026-10-20", 1, 0.5),
    ]
    assert (free["requests"], free["input_tokens"], free["output_tokens"]) == (4, 40, 4)


async def test_what_is_not_told_by_itself_comes_last_as_one(used: Used) -> None:
    assert await used.told("root", "by=account&top=1") == [("large", 4.0), (None, 3.75)]
    users = await used.groups("root", "by=user&top=2")
    assert [(user["client_id"], user["name"], user["cost_usd"]) for user in users] == [
        ("bot", "mia", 5.0),
        ("bot", "tom", 2.0),
        (None, None, 0.75),
    ]
    assert [(day["day"], day["cost_usd"]) for day in users[2]["days"]] == [("2026-10-01", 0.25), ("2026-10-20", 0.5)]
    assert [name for name, _ in await used.told("root", "by=user")] == ["mia", "tom", "mia", "eve"]


async def test_clients_and_users_see_their_own_told_apart_and_no_account(used: Used) -> None:
    assert await used.told("bot", "by=tier") == [("plus", 4.0), ("free", 3.0)]
    assert await used.told("bot", "by=user") == [("mia", 5.0), ("tom", 2.0)]
    assert await used.told("web", "by=user") == [("mia", 0.5)]
    assert await used.told("bot/mia", "by=model") == [("gpt", 4.0), ("rules", 1.0)]
    assert await used.told("root", "by=client&client_id=web") == [("web", 0.5)]
    assert await used.told("root", "by=account&client_id=bot&user_id=mia") == [("large", 4.0), ("small", 1.0)]
    assert await used.told("root", "by=client&user_id=eve") == [("", 0.25)]
    assert await used.told("bot", "by=user&starting=t") == [("tom", 2.0)]
    for who, query in (
        ("bot", "by=account"),
        ("bot", "by=client"),
        ("bot/mia", "by=account"),
        ("bot/mia", "by=user"),
        ("bot", "by=user&client_id=web"),
    ):
        assert (await used.gateway.call("GET", f"/api/usage?{query}", key=used.keys[who])).status == 403, (who, query)
    for query in ("by=user&client_id=bot&user_id=mia", "by=tier&starting=t", "by=day"):
        assert (await used.gateway.call("GET", f"/api/usage?{query}", key=used.keys["root"])).status == 400, query


async def test_the_sums_stay_equal_to_what_was_used_whoever_goes(used: Used) -> None:
    """Over spans that begin and end anywhere within a week."""
    chance = random.Random(7)  # noqa: S311 - the same every time
    for _ in range(60):
        who = chance.choice((("bot", "mia"), ("bot", "tom"), ("web", "mia"), (None, "eve")))
        await used.use(*who, days_ago=chance.randrange(40), account=chance.choice("ab"), cost_usd=chance.randrange(9))

    async def check() -> None:
        reports = used.gateway.server.app[USAGE]
        whole = Span(first=TODAY.date() - timedelta(days=60), last=TODAY.date())
        lines = [line async for lines in reports.lines(whole) for line in lines]
        for _ in range(12):
            first = TODAY.date() - timedelta(days=chance.randrange(45))
            span = Span(first=first, last=min(first + timedelta(days=chance.randrange(30)), TODAY.date()))
            within = [line for line in lines if span.first <= line.day <= span.last]
            by_user, by_account, by_day = dict[Any, float](), dict[str, float](), Counter[date]()
            for line in within:
                who = (line.client_id, line.user_id)
                by_user[who] = by_user.get(who, 0) + line.cost_usd
                by_account[line.account] = by_account.get(line.account, 0) + line.cost_usd
                by_day[line.day] += line.requests
            assert {(u.client_id, u.user_id): u.cost_usd for u in await reports.heaviest(span, most=9)} == by_user
            assert {a.name: a.cost_usd for a in await reports.groups(span, "account", most=9)} == by_account
            assert {day.day: day.requests for day in await reports.days(span)} == by_day

    await check()
    gone = "/api/users/mia?client_id=bot&purge=true"
    assert (await used.gateway.call("DELETE", gone, key=used.keys["root"])).status == 200
    await check()
    assert (await used.gateway.call("DELETE", "/api/users/web?purge=true", key=used.keys["root"])).status == 200
    await check()
    assert {name for name, _ in await used.told("root", "by=client&from=2026-08-01")} == {"bot", ""}


async def test_days_of_users_whose_names_start_alike_are_those_of_their_lines_many_or_few(used: Used) -> None:
    chance = random.Random(9)  # noqa: S311 - the same every time
    people = [("bot", f"811:{number}") for number in range(40)] + [("bot", "9:1"), ("bot", "8"), ("web", "811:0")]
    for client, user in people:
        await used.gateway.make(user, key=used.keys[client])
    for _ in range(50):
        who = chance.choice(people)
        await used.use(*who, days_ago=chance.randrange(20), account=chance.choice("ab"), cost_usd=chance.random())
    reports = used.gateway.server.app[USAGE]
    bot = await used.gateway.server.app[USERS].client("bot")
    whole = Span(first=TODAY.date() - timedelta(days=30), last=TODAY.date())
    lines = [line async for lines in reports.lines(whole) for line in lines]
    for starting in ("811:", "8", "9:", "811:3", "nobody"):
        for client_id in (bot.id, None):
            first, last = TODAY.date() - timedelta(days=15), TODAY.date() - timedelta(days=2)
            days = await reports.days(Span(first=first, last=last, client_id=client_id, starting=starting))
            expected, costs = Counter[date](), dict[date, float]()
            for line in lines:
                meant = line.user_id.startswith(starting) and (client_id is None or line.client_id == "bot")
                if meant and first <= line.day <= last:
                    expected[line.day] += line.requests
                    costs[line.day] = costs.get(line.day, 0) + line.cost_usd
            assert {day.day: day.requests for day in days} == expected, (starting, client_id)
            assert {day.day: day.cost_usd for day in days} == pytest.approx(costs), (starting, client_id)


async def test_the_client_library_asks_for_groups(used: Used) -> None:
    by: UsageBy = "user"
    async with GatewayClient(used.gateway.url, used.keys["bot"]) as bot:
        told = await bot.usage(by=by, top=1, since=date(2026, 10, 18))
    assert [(group.name, group.client_id, group.cost_usd) for group in told.groups] == [("mia", "bot", 4.0)]
    assert told.groups[0].days == told.days
