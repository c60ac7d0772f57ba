"""Members' keys against a real gateway on a real socket."""

import asyncio
import stat
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.access import Tier
from bot.census import Census, Comparison
from bot.key_rows import KeyRow, KeyRows
from bot.keys import MEMBER_KEYS, Lease, MemberKeys, Settled, parse_user_id, user_id
from bot.locks import MemberLocks
from bot.store import open_store
from bot.turns import Turns
from gateway.app import create_app
from gateway.bootstrap import ensure_client_key
from gateway.client import GatewayClient
from gateway.config import Account, Config, Gateway, Secrets
from gateway.errors import ApiError, NotFound, PermissionDenied, Unauthenticated
from gateway.server import GatewayServer
from gateway.wire import ChatRequest, CreateUser, UpdateUser, User
from storage import Sealer, StorageReadOnly, Store
from tests.clock import Clock
from tests.gateway.engines import PLACES
from tests.sqlite_files import writer_of

pytestmark = pytest.mark.usefixtures("either_engine")

GUILD, FRED, PAULA = 10, 20, 21
LEASE = timedelta(days=30)


@dataclass
class Desk:
    """A bot's keys, its store, and the gateway as the bot's client sees it."""

    config: Config
    store: Store
    gateway: GatewayClient
    clock: Clock

    def keys(self, secret: str = "first", *, renew_when_left: float = 0.5) -> MemberKeys:
        """What a bot that was started with this secret makes of the same store."""
        return MemberKeys(
            KeyRows(self.store),
            Sealer([part.strip() for part in secret.split(",")], MEMBER_KEYS),
            self.gateway,
            lease=Lease(LEASE, renew_when_left),
            now=self.clock.now,
        )

    async def compare(self, keys: MemberKeys) -> Comparison:
        """The part of the sweep that needs no Discord."""
        return await Census(self.store, keys, self.gateway).compare()

    async def users(self) -> list[User]:
        return [user async for user in self.gateway.list_users()]

    async def user(self, member_id: int = FRED) -> User:
        return await self.gateway.get_user(user_id(GUILD, member_id))

    async def refusal(self, key: str) -> str | None:
        """Why the gateway does not take a key, or none where it does."""
        try:
            await self.gateway.acting_with(key).whoami()
        except ApiError as error:
            return error.code
        return None

    async def model(self, key: str, *, plus: bool) -> str:
        return (await self.gateway.acting_with(key).ask(ChatRequest(prompt="Hi", plus=plus))).model

    async def lose_the_row(self) -> None:
        """What a crash between the gateway and the store leaves behind."""
        await self.store.run("delete_key", guild_id=GUILD, member_id=FRED)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    accounts = [Account(name=tier, tier=tier, kind="offline", model=f"offline-{tier}") for tier in ("free", "plus")]
    config = Config(
        data_dir=tmp_path, gateway=Gateway(port=0, accounts=accounts), secrets=Secrets(secret="of the gateway")
    )
    store, clock = await open_store(PLACES.store(tmp_path)), Clock()
    try:
        async with (
            GatewayServer(config, create_app(config, clock=clock.seconds)) as server,
            GatewayClient(server.url, await ensure_client_key(config)) as gateway,
        ):
            yield Desk(config, store, gateway, clock)
    finally:
        await store.database.close()


async def test_however_many_commands_race_one_user_and_one_key_are_made(desk: Desk) -> None:
    keys = desk.keys()
    issued = await asyncio.gather(*(keys.ensure(GUILD, FRED, "fred", Tier.FREE) for _ in range(50)))
    assert len(set(issued)) == 1
    [user] = await desk.users()
    assert user.user_id == "10:20"
    assert user.username == "fred"
    assert user.key_hint is not None
    assert issued[0].endswith(user.key_hint)
    assert await desk.refusal(issued[0]) is None


async def test_members_and_guilds_have_keys_of_their_own(desk: Desk) -> None:
    keys = desk.keys()
    issued = await asyncio.gather(
        *(keys.ensure(guild, member, "x", Tier.FREE) for guild in (10, 11) for member in (20, 21))
    )
    assert len(set(issued)) == 4
    async with aclosing(keys.holders(10)) as holders:
        assert [[(holder.guild_id, holder.member_id) for holder in page] async for page in holders] == [
            [(10, 20), (10, 21)]
        ]
    assert await keys.guilds_of(20) == [10, 11]
    assert await keys.forget_guild(10) == 2
    assert [await desk.refusal(key) for key in issued] == ["revoked_key", "revoked_key", None, None]


async def test_a_key_has_the_tier_it_was_made_with_and_follows_a_new_one(desk: Desk) -> None:
    keys = desk.keys()
    key = await keys.ensure(GUILD, FRED, "fred", Tier.PLUS)
    assert await desk.model(key, plus=True) == "offline-plus"
    assert await keys.ensure(GUILD, FRED, "fred", Tier.FREE) == key
    with pytest.raises(PermissionDenied):
        await desk.model(key, plus=True)
    assert await keys.set_tier(GUILD, FRED, Tier.PLUS)
    assert not await keys.set_tier(GUILD, FRED, Tier.PLUS)
    assert await desk.model(key, plus=True) == "offline-plus"


async def test_no_tier_switches_the_key_off_and_a_tier_on_again(desk: Desk) -> None:
    keys = desk.keys()
    key = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await keys.set_tier(GUILD, FRED, Tier.NONE)
    assert await desk.refusal(key) == "disabled"
    await keys.set_tier(GUILD, FRED, Tier.FREE)
    assert await desk.refusal(key) is None


async def test_a_key_that_an_admin_of_the_gateway_switched_off_stays_off_when_roles_change(desk: Desk) -> None:
    keys = desk.keys()
    key = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await desk.gateway.update_user("10:20", UpdateUser(disabled=True))
    await keys.set_tier(GUILD, FRED, Tier.PLUS)
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await keys.rotate(GUILD, FRED, "fred", Tier.FREE)
    assert (await desk.user()).disabled
    assert await desk.refusal(key) is not None


@pytest.mark.sqlite
async def test_no_file_holds_a_key_in_plain_text(desk: Desk) -> None:
    keys = desk.keys()
    first = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    second = (await keys.rotate(GUILD, FRED, "fred", Tier.FREE)).key
    files = [path for path in desk.config.data_dir.rglob("*") if path.is_file()]
    assert any(path.name == "bot.db-wal" for path in files)
    for key in (first, second):
        for path in files:
            assert key.removeprefix("rk-").encode() not in path.read_bytes(), path.name


@pytest.mark.sqlite
async def test_the_bots_database_is_readable_by_its_owner_only(desk: Desk) -> None:
    await desk.keys().ensure(GUILD, FRED, "fred", Tier.FREE)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in desk.config.data_dir.glob("bot.db*")}
    assert modes == {"bot.db": 0o600, "bot.db-wal": 0o600, "bot.db-shm": 0o600}


async def test_after_a_crash_before_the_store_had_the_key_the_member_gets_another(desk: Desk) -> None:
    keys = desk.keys()
    lost = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await desk.lose_the_row()
    found = await keys.ensure(GUILD, FRED, "fred", Tier.PLUS)
    assert await desk.refusal(lost) == "revoked_key"
    assert await desk.model(found, plus=True) == "offline-plus"
    assert len(await desk.users()) == 1


async def test_reconciling_kills_keys_that_nobody_knows_of_and_no_others(desk: Desk) -> None:
    keys = desk.keys()
    lost = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    kept = await keys.ensure(GUILD, PAULA, "paula", Tier.PLUS)
    foreign = (await desk.gateway.create_user(CreateUser(user_id="somebody else's"))).key
    await desk.lose_the_row()
    assert (await desk.compare(keys)).revoked == 1
    assert await desk.refusal(lost) == "revoked_key"
    assert await desk.refusal(kept) is None
    assert await desk.refusal(foreign) is None
    assert (await desk.compare(keys)).revoked == 0


async def test_reconciling_kills_a_key_that_was_rotated_and_never_arrived(desk: Desk) -> None:
    keys = desk.keys()
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    never_stored = (await desk.gateway.rotate_key("10:20")).key
    assert (await desk.compare(keys)).revoked == 1
    assert await desk.refusal(never_stored) == "revoked_key"
    assert await keys.holder(GUILD, FRED) is None
    assert await desk.refusal(await keys.ensure(GUILD, FRED, "fred", Tier.FREE)) is None


async def test_reconciling_forgets_keys_that_the_gateway_no_longer_knows(desk: Desk) -> None:
    keys = desk.keys()
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await keys.ensure(GUILD, PAULA, "paula", Tier.FREE)
    await desk.gateway.delete_user("10:20")
    await desk.compare(keys)
    assert await keys.holder(GUILD, FRED) is None
    assert await keys.holder(GUILD, PAULA) is not None


async def test_reconciling_brings_the_gateway_back_to_the_tier_that_is_in_the_store(desk: Desk) -> None:
    keys = desk.keys()
    key = await keys.ensure(GUILD, FRED, "fred", Tier.PLUS)
    await desk.gateway.update_user("10:20", UpdateUser(plus=False))
    await desk.compare(keys)
    assert await desk.model(key, plus=True) == "offline-plus"
    await keys.set_tier(GUILD, FRED, Tier.NONE)
    await desk.gateway.update_user("10:20", UpdateUser(disabled=False))
    await desk.compare(keys)
    assert await desk.refusal(key) == "disabled"


async def test_reconciling_goes_on_where_a_member_leaves_meanwhile(desk: Desk) -> None:
    keys = desk.keys()
    lost = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    other = await keys.ensure(GUILD, PAULA, "paula", Tier.FREE)
    for member in (FRED, PAULA):
        await desk.store.run("delete_key", guild_id=GUILD, member_id=member)
    await asyncio.gather(desk.compare(keys), keys.revoke(GUILD, FRED))
    assert [await desk.refusal(key) for key in (lost, other)] == ["revoked_key"] * 2


async def test_a_member_never_has_two_keys_that_work(desk: Desk) -> None:
    keys = desk.keys()
    first = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    rotated = await asyncio.gather(*(keys.rotate(GUILD, FRED, "fred", Tier.FREE) for _ in range(5)))
    live = [key for key in (first, *(entry.key for entry in rotated)) if await desk.refusal(key) is None]
    assert live == [await keys.peek(GUILD, FRED)]


@pytest.mark.parametrize(("before", "after"), [(Tier.FREE, Tier.PLUS), (Tier.PLUS, Tier.FREE), (Tier.NONE, Tier.FREE)])
async def test_a_rotated_key_has_the_tier_of_now(desk: Desk, before: Tier, after: Tier) -> None:
    keys = desk.keys()
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await keys.set_tier(GUILD, FRED, before)
    fresh = await keys.rotate(GUILD, FRED, "fred", after)
    user = await desk.user()
    assert user.plus is (after is Tier.PLUS)
    assert not user.disabled
    assert await desk.refusal(fresh.key) is None
    assert fresh.user.plus is (after is Tier.PLUS)


async def test_rotating_makes_a_first_key_where_there_is_none(desk: Desk) -> None:
    fresh = await desk.keys().rotate(GUILD, FRED, "fred", Tier.PLUS)
    assert await desk.model(fresh.key, plus=True) == "offline-plus"
    assert await desk.keys().ensure(GUILD, FRED, "fred", Tier.PLUS) == fresh.key


async def test_rotating_an_expired_key_gives_one_that_works(desk: Desk) -> None:
    keys = desk.keys()
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    desk.clock.ahead = timedelta(days=31)
    fresh = await keys.rotate(GUILD, FRED, "fred", Tier.FREE)
    assert await desk.refusal(fresh.key) is None


async def test_a_lease_is_renewed_once_half_of_it_is_gone(desk: Desk) -> None:
    keys = desk.keys()
    key = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    first = (await desk.user()).expires_at
    assert first is not None
    assert timedelta(days=29) < first - desk.clock.now() <= LEASE
    desk.clock.ahead = timedelta(days=14)
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await keys.renew(GUILD, FRED)
    assert (await desk.user()).expires_at == first
    desk.clock.ahead = timedelta(days=16)
    assert await keys.ensure(GUILD, FRED, "fred", Tier.FREE) == key
    renewed = (await desk.user()).expires_at
    assert renewed is not None
    assert renewed > first


async def test_the_sweep_renews_too_and_forgets_a_key_that_is_gone(desk: Desk) -> None:
    keys = desk.keys()
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    first = (await desk.user()).expires_at
    assert first is not None
    desk.clock.ahead = timedelta(days=16)
    await keys.renew(GUILD, FRED)
    renewed = (await desk.user()).expires_at
    assert renewed is not None
    assert renewed > first
    await desk.gateway.delete_user("10:20")
    desk.clock.ahead = timedelta(days=32)
    await keys.renew(GUILD, FRED)
    assert await keys.holder(GUILD, FRED) is None


async def test_an_expired_key_works_again_after_the_next_prompt(desk: Desk) -> None:
    keys = desk.keys()
    key = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    desk.clock.ahead = timedelta(days=31)
    assert await desk.refusal(key) == "expired_key"
    assert await keys.ensure(GUILD, FRED, "fred", Tier.FREE) == key
    assert await desk.refusal(key) is None


async def test_a_refused_key_is_replaced_once_however_many_commands_were_refused(desk: Desk) -> None:
    keys = desk.keys()
    key = await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await desk.gateway.delete_user("10:20")
    with pytest.raises(Unauthenticated):
        await desk.gateway.acting_with(key).whoami()
    fresh = await asyncio.gather(*(keys.replace(GUILD, FRED, "fred", Tier.FREE, refused=key) for _ in range(10)))
    assert len(set(fresh)) == 1
    assert await desk.refusal(fresh[0]) is None


async def test_a_secret_put_before_the_old_one_opens_and_then_seals_alone(desk: Desk) -> None:
    key = await desk.keys("old").ensure(GUILD, FRED, "fred", Tier.FREE)
    rotated = desk.keys("new,old")
    assert await rotated.reseal() == 0
    assert await rotated.ensure(GUILD, FRED, "fred", Tier.FREE) == key
    assert await desk.keys("new").ensure(GUILD, FRED, "fred", Tier.FREE) == key
    assert await desk.keys("old").peek(GUILD, FRED) is None


async def test_with_a_lost_secret_members_get_new_keys(desk: Desk) -> None:
    lost = await desk.keys("old").ensure(GUILD, FRED, "fred", Tier.FREE)
    fresh = await desk.keys("another").ensure(GUILD, FRED, "fred", Tier.FREE)
    assert await desk.refusal(lost) == "revoked_key"
    assert await desk.refusal(fresh) is None


async def test_a_mistyped_old_secret_costs_nobody_their_key(desk: Desk) -> None:
    key = await desk.keys("old").ensure(GUILD, FRED, "fred", Tier.FREE)
    mistyped = desk.keys("new,odl")
    assert await mistyped.reseal() == 1
    assert (await desk.compare(mistyped)).revoked == 0
    right = desk.keys("new,old")
    assert await right.reseal() == 0
    assert await right.ensure(GUILD, FRED, "fred", Tier.FREE) == key


@pytest.mark.sqlite
async def test_where_the_store_cannot_take_a_key_none_is_made(desk: Desk) -> None:
    await writer_of(desk.store.database).execute("PRAGMA query_only = ON")
    with pytest.raises(StorageReadOnly):
        await desk.keys().ensure(GUILD, FRED, "fred", Tier.FREE)
    assert await desk.users() == []


async def test_a_name_that_the_gateway_would_refuse_is_cleaned(desk: Desk) -> None:
    await desk.keys().ensure(GUILD, FRED, "fr\ned\x00" + "x" * 200, Tier.FREE)
    assert (await desk.user()).username == "fred" + "x" * 96


async def test_revoking_twice_says_that_there_was_nothing(desk: Desk) -> None:
    keys = desk.keys()
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    assert await keys.revoke(GUILD, FRED)
    assert not await keys.revoke(GUILD, FRED)
    with pytest.raises(NotFound):
        await desk.user()


@pytest.mark.parametrize("text", ["", "bot", "1:", ":2", "1:2:3", "a:b"])
def test_names_of_other_users_are_not_taken_for_members(text: str) -> None:
    assert parse_user_id(text) is None


def test_a_members_name_on_the_gateway_can_be_read_back() -> None:
    assert parse_user_id(user_id(GUILD, FRED)) == (GUILD, FRED)


async def test_who_was_switched_off_by_an_admin_stays_so_after_leaving_and_coming_back(desk: Desk) -> None:
    keys = desk.keys()
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await desk.gateway.update_user("10:20", UpdateUser(disabled=True))
    await keys.revoke(GUILD, FRED)
    assert await desk.refusal(await keys.ensure(GUILD, FRED, "fred", Tier.FREE)) == "disabled"


async def test_who_had_no_access_when_they_left_can_come_back_with_some(desk: Desk) -> None:
    keys = desk.keys()
    await keys.ensure(GUILD, FRED, "fred", Tier.FREE)
    await keys.set_tier(GUILD, FRED, Tier.NONE)
    await keys.revoke(GUILD, FRED)
    assert await desk.refusal(await keys.ensure(GUILD, FRED, "fred", Tier.FREE)) is None


class _HaltingRows(KeyRows):
    """Halts where the gateway has made a key and the store does not have it yet."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.made, self.go_on = asyncio.Event(), asyncio.Event()

    async def put(self, row: KeyRow) -> None:
        if row.sealed is not None:
            self.made.set()
            await self.go_on.wait()
        await super().put(row)


async def test_a_key_that_one_process_makes_while_another_compares_is_not_taken_for_one_that_nobody_knows(
    desk: Desk, tmp_path: Path
) -> None:
    rows, lease, sealer = _HaltingRows(desk.store), Lease(LEASE, 0.5), Sealer(["first"], MEMBER_KEYS)

    async def once_it_waits(seconds: float) -> None:
        if seconds < 1:  # for its turn; longer pauses are those between renewals
            rows.go_on.set()
        await asyncio.sleep(min(seconds, 5))

    beside = await open_store(PLACES.store(tmp_path))
    try:
        turns = Turns(desk.store, "first", now=desk.clock.now)
        making = MemberKeys(rows, sealer, desk.gateway, lease=lease, now=desk.clock.now, locks=MemberLocks(turns))
        locks = MemberLocks(Turns(beside, "second", now=desk.clock.now, sleep=once_it_waits))
        comparing = MemberKeys(KeyRows(beside), sealer, desk.gateway, lease=lease, now=desk.clock.now, locks=locks)
        made = asyncio.create_task(making.ensure(GUILD, FRED, "fred", Tier.FREE))
        await rows.made.wait()
        assert await comparing.settle(GUILD, FRED) is Settled.AGREED
        assert await desk.refusal(await made) is None
    finally:
        rows.go_on.set()
        await beside.database.close()
