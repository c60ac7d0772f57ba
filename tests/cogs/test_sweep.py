"""The sweep, with what it reports: the members, the bot's keys and the gateway's users, all against all."""

import asyncio
import logging
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import simcord
from simcord.gateway import FakeWebSocket

from bot.census import Comparison
from bot.config import Access, Discord, Keys
from bot.membership import AT_ONCE
from bot.sweep import Sweep, SweepReport
from cogs.lifecycle import LifecycleCog
from gateway.errors import NotFound
from gateway.wire import UpdateUser
from tests.cogs.conftest import MakeWorld, World

NO_INTENTS = Discord(message_content=False, guild_members=False)
DAY = 24 * 3600
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def sweep_of(world: World) -> Sweep:
    cog = world.bot.get_cog("LifecycleCog")
    assert isinstance(cog, LifecycleCog)
    return cog._sweep


async def report(world: World) -> SweepReport:
    """What the last sweep said."""
    last = await sweep_of(world).last()
    assert last is not None
    return last


async def expiry(world: World, member: simcord.MemberActor) -> datetime:
    expires_at = (await world.user(member)).expires_at
    assert expires_at is not None
    return expires_at


class Lookups:
    """Who was asked for on the websocket, and when."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, *, connected: bool = True) -> None:
        self.asked = list[list[int]]()
        self.at = list[timedelta]()
        answer = FakeWebSocket.request_chunks

        async def request_chunks(socket: FakeWebSocket, *args: Any, **options: Any) -> None:
            self.asked.append(options["user_ids"])
            # The bot goes by the true time, which passes while it works, and sleeps in the simulated one.
            self.at.append((world.env.now() - BEGAN) + (world.clock.now() - BEGAN))
            if not connected:
                raise ConnectionResetError
            await answer(socket, *args, **options)

        monkeypatch.setattr(FakeWebSocket, "request_chunks", request_chunks)


def rest_calls(world: World) -> list[str]:
    """The members that were asked for one by one."""
    return [call.path for call in world.env.http_requests if call.method == "GET" and "/members/" in call.path]


async def test_everything_that_differs_is_mended_and_reported(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    access = Access(plus_roles=["Plus"], free_roles=["Free"], everyone="none")
    async with make_world(discord=NO_INTENTS, access=access) as world:
        free = world.guild.create_role("Free")
        people = {
            name: world.guild.add_member(world.env.create_user(name), roles=[free])
            for name in ("left", "demoted", "barred", "unknown", "lost", "wrong", "short", "fine")
        }
        for name in ("demoted", "wrong"):
            await world.give(people[name], world.plus_role)
        keys = {name: await world.key_of(member) for name, member in people.items()}
        await world.leave(people["left"])
        await world.take(people["demoted"], world.plus_role)
        await world.take(people["barred"], free)
        ids = {name: f"{world.guild.id}:{member.id}" for name, member in people.items()}
        async with world.gateway() as gateway:
            keys["unknown"] = (await gateway.rotate_key(ids["unknown"])).key
            await gateway.delete_user(ids["lost"])
            await gateway.update_user(ids["wrong"], UpdateUser(plus=False))
            await gateway.update_user(ids["short"], UpdateUser(expires_in=60))
        with caplog.at_level(logging.INFO, logger="bot.sweep"):
            await world.env.advance_time(3600)

        assert {name: await world.refusal(key) for name, key in keys.items()} == {
            "left": "revoked_key",
            "demoted": None,
            "barred": "disabled",
            "unknown": "revoked_key",
            "lost": "revoked_key",
            "wrong": None,
            "short": None,
            "fine": None,
        }
        assert not (await world.user(people["demoted"])).plus
        assert (await world.user(people["wrong"])).plus
        assert await expiry(world, people["short"]) - world.clock.now() > timedelta(days=29)
        said = await report(world)
        assert said.compared is not None
        assert said.compared == Comparison(users=7, revoked=1, forgotten=1, corrected=2)
        assert (said.guilds, said.guilds_left, said.failures) == (1, 0, [])
        tally = said.tally
        assert (tally.checked, tally.changed, tally.switched_off, tally.revoked, tally.failed) == (6, 2, 1, 1, 0)
        line = next(record.message for record in reversed(caplog.records) if record.name == "bot.sweep")
        assert "1 switched off, 1 revoked because the member is gone, 1 revoked because only the gateway" in line

        caplog.clear()
        with caplog.at_level(logging.INFO, logger="bot.sweep"):
            await world.env.advance_time(3610)
        [again] = [record.message for record in caplog.records if record.name == "bot.sweep"]
        assert again.startswith("sweep: 5 members' keys in 1 servers, 5 users on the gateway; took")
        began = (await report(world)).began
        await world.restart()
        assert (await report(world)).began > began


async def test_a_key_is_renewed_while_its_member_has_access_and_runs_out_otherwise(make_world: MakeWorld) -> None:
    access = Access(plus_roles=["Plus"], everyone="none")
    keys = Keys(lease_days=10, renew_when_left=0.4, sweep_minutes=30)
    async with make_world(discord=NO_INTENTS, access=access, keys=keys) as world:
        other = world.guild.add_member(world.env.create_user("other"), roles=[world.plus_role])
        key, barred = await world.key_of(world.paula), await world.key_of(other)
        first = await expiry(world, world.paula)
        world.clock.ahead = timedelta(days=5)
        await world.env.advance_time(1800)
        assert await expiry(world, world.paula) == first
        await world.take(other, world.plus_role)
        world.clock.ahead = timedelta(days=6, minutes=1)
        await world.env.advance_time(1800)
        assert await expiry(world, world.paula) - first > timedelta(days=5)
        assert (await report(world)).tally.renewed == 1
        assert await expiry(world, other) - first < timedelta(days=1)
        world.clock.ahead = timedelta(days=12)
        assert await world.refusal(key) is None
        assert await world.refusal(barred) == "expired_key"


@pytest.mark.sqlite
async def test_ten_thousand_members_are_swept_by_hundreds_and_only_the_missing_are_asked_for_one_by_one(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        members = crowd(world, 10_000)
        world.env.settle_timeout = 45  # on a busy machine seeing to all of them takes a while
        gone, promoted = members[5000], members[9000]
        world.env.backend.remove_member(world.guild.id, gone)
        world.env.backend.get_member(world.guild.id, promoted).role_ids.append(world.plus_role.id)
        lookups = Lookups(world, monkeypatch)
        asked_before = len(rest_calls(world))
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="gateway.access"):
            await swept(world)

        assert {len(asked) for asked in lookups.asked} == {1, AT_ONCE}
        assert sorted(member for asked in lookups.asked for member in asked) == sorted([world.fred.id, *members])
        assert min(later - sooner for sooner, later in pairwise(lookups.at)) > timedelta(seconds=0.999)
        assert [path.rsplit("/", 1)[-1] for path in rest_calls(world)[asked_before:]] == [str(gone)]
        calls = Counter(record.message.rsplit(" ", 4)[0] for record in caplog.records if "/api/" in record.message)
        assert calls == {"GET /api/users": 51, "DELETE /api/users/{user_id}": 1, "PATCH /api/users/{user_id}": 1}
        tally = (await report(world)).tally
        assert (tally.checked, tally.changed, tally.revoked, tally.failed) == (10_001, 1, 1, 0)
        async with world.gateway() as gateway:
            assert (await gateway.get_user(f"{world.guild.id}:{promoted}")).plus
            with pytest.raises(NotFound):
                await gateway.get_user(f"{world.guild.id}:{gone}")


async def swept(world: World) -> None:
    with world.env._bot_scope():
        sweeping = asyncio.ensure_future(sweep_of(world).run())
    while not sweeping.done():
        await world.env.advance_time(10)
    await sweeping


def crowd(world: World, count: int) -> list[int]:
    """So many members with keys, as if each of them had asked once; written into the databases, to be quick."""
    backend = world.env.backend
    members = [world.env.create_user(f"member{number}").id for number in range(count)]
    for member in members:
        backend.add_member(world.guild.id, member)
    expires_at = int(world.clock.seconds()) + 30 * DAY
    with sqlite3.connect(world.config.data_dir / "bot.db") as bot:
        bot.executemany(
            "INSERT INTO keys (guild_id, member_id, sealed, hint, tier, expires_at) "
            "SELECT guild_id, ?, sealed, hint, tier, ? FROM keys WHERE guild_id = ? AND member_id = ?",
            [(member, expires_at, world.guild.id, world.fred.id) for member in members],
        )
    with sqlite3.connect(world.config.data_dir / "gateway.db") as gateway:
        gateway.executemany(
            "INSERT INTO principals (role, client_id, name, username, plus, created_at) "
            "SELECT role, client_id, ?, username, plus, created_at FROM principals WHERE role = 'user' LIMIT 1",
            [(f"{world.guild.id}:{member}",) for member in members],
        )
        gateway.execute(
            "INSERT INTO keys (principal_id, hash, hint, created_at, expires_at) "
            "SELECT p.id, randomblob(32), k.hint, k.created_at, ? FROM principals p, keys k "
            "WHERE p.role = 'user' AND k.principal_id = (SELECT id FROM principals WHERE name = ?) "
            "AND p.id <> k.principal_id",
            (expires_at * 1000, f"{world.guild.id}:{world.fred.id}"),
        )
    for database in (bot, gateway):
        database.close()
    return members


async def test_while_the_websocket_is_down_members_are_asked_for_one_by_one(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        stays, leaves = await world.key_of(world.paula), await world.key_of(world.fred)
        await world.take(world.paula, world.plus_role)
        await world.leave(world.fred)
        lookups = Lookups(world, monkeypatch, connected=False)
        await world.env.advance_time(3600)
        assert len(lookups.asked) == 1
        assert len(rest_calls(world)) == 2
        assert await world.refusal(stays) is None
        assert not (await world.user(world.paula)).plus
        assert await world.refusal(leaves) == "revoked_key"


async def test_with_the_members_intent_the_sweep_asks_discord_only_for_who_is_missing(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_world() as world:
        for member in (world.paula, world.fred):
            await world.key_of(member)
        guild = world.bot.get_guild(world.guild.id)
        assert guild is not None
        cog = world.bot.get_cog("LifecycleCog")
        assert isinstance(cog, LifecycleCog)
        world.bot.remove_listener(cog.on_raw_member_remove)  # the event is missed
        await world.leave(world.fred)
        assert guild.chunked
        lookups = Lookups(world, monkeypatch)
        await world.env.advance_time(3600)
        assert (await report(world)).tally.revoked == 1
        assert lookups.asked == []
        assert rest_calls(world) == [f"/guilds/{world.guild.id}/members/{world.fred.id}"]


async def test_a_server_that_is_unavailable_costs_nobody_their_key(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        key = await world.key_of(world.fred)
        await world.leave(world.fred)
        guild = world.bot.get_guild(world.guild.id)
        assert guild is not None
        guild.unavailable = True
        await world.env.advance_time(3600)
        assert await world.refusal(key) is None
        guild.unavailable = False
        await world.env.advance_time(3600)
        assert await world.refusal(key) == "revoked_key"
