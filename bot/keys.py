"""Each member's own key: made once, sealed at rest, kept at the member's tier, and a lease that has to be renewed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import msgspec

from bot.access import Tier, TierName
from gateway.client import GatewayClient
from gateway.errors import Conflict, NotFound
from gateway.wire import CreateUser, UpdateUser, User, UserWithKey
from storage import Sealer, Store

log = logging.getLogger(__name__)
_PAGE = 200

MEMBER_KEYS = b"rolekey bot: member keys"
"""What the sealer of these keys is for."""


class _Row(msgspec.Struct, frozen=True):
    guild_id: int
    member_id: int
    sealed: bytes | None
    hint: str
    tier: TierName
    expires_at: int | None


class Holder(msgspec.Struct, frozen=True):
    """A member who has a key."""

    guild_id: int
    member_id: int
    tier: Tier
    hint: str
    expires_at: int | None


class MemberKeys:
    """The keys of all members, on the gateway and in the store.

    `now` gives aware UTC time. Every call that changes something first changes the gateway, then the store: what
    breaks off in between is found by `reconcile`. Before a key is made or replaced the store is written to once, so
    that one that cannot be written to is found out while the member still has the old key.
    """

    def __init__(
        self, store: Store, sealer: Sealer, gateway: GatewayClient, *, lease: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._gateway = gateway
        self._lease = lease
        self._now = now
        self._locks: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    async def ensure(self, guild_id: int, member_id: int, name: str, tier: Tier) -> str:
        """The member's key, made on first use, at this tier, with enough of its lease left.

        However many commands race, one key is made.
        """
        async with self._lock(guild_id, member_id):
            row = await self._row(guild_id, member_id)
            key = self._sealer.open(row.sealed) if row is not None and row.sealed is not None else None
            if row is None or key is None:
                return await self._issue(row, guild_id, member_id, name, tier)
            if row.tier != tier.word or self._wears_out(row):
                try:
                    await self._update(row, tier)
                except NotFound:
                    return await self._issue(None, guild_id, member_id, name, tier)
            return key

    async def replace(self, guild_id: int, member_id: int, name: str, tier: Tier, *, refused: str) -> str:
        """A key that works, after the gateway refused `refused`; another command may have replaced it already."""
        async with self._lock(guild_id, member_id):
            row = await self._row(guild_id, member_id)
            key = self._sealer.open(row.sealed) if row is not None and row.sealed is not None else None
            if key is not None and key != refused:
                return key
            return await self._issue(row, guild_id, member_id, name, tier)

    async def rotate(self, guild_id: int, member_id: int, name: str, tier: Tier) -> UserWithKey:
        """A new key of this tier, with a whole lease; the old one is dead when this returns."""
        async with self._lock(guild_id, member_id):
            row = await self._row(guild_id, member_id)
            await self._prepare(row, guild_id, member_id, tier)
            try:
                fresh = await self._reissue(row, user_id(guild_id, member_id), tier)
            except NotFound:
                fresh = await self._create(None, guild_id, member_id, name, tier)
            return await self._keep(guild_id, member_id, tier, fresh)

    async def set_tier(self, guild_id: int, member_id: int, tier: Tier) -> bool:
        """Bring an existing key to a tier, `NONE` switching it off. Says whether anything changed."""
        async with self._lock(guild_id, member_id):
            row = await self._row(guild_id, member_id)
            if row is None or row.tier == tier.word:
                return False
            try:
                await self._update(row, tier)
            except NotFound:
                await self._forget(guild_id, member_id)
            return True

    async def renew(self, guild_id: int, member_id: int) -> None:
        """Renew the lease of a member who still has access, once half of it is gone."""
        async with self._lock(guild_id, member_id):
            row = await self._row(guild_id, member_id)
            if row is None or not self._wears_out(row):
                return
            try:
                await self._update(row, Tier.named(row.tier))
            except NotFound:
                await self._forget(guild_id, member_id)

    async def revoke(self, guild_id: int, member_id: int) -> bool:
        """Kill the member's key. Says whether there was one."""
        async with self._lock(guild_id, member_id):
            return await self._revoke(guild_id, member_id)

    async def holder(self, guild_id: int, member_id: int) -> Holder | None:
        """What is known of a member's key, without the key."""
        row = await self._row(guild_id, member_id)
        return None if row is None or row.sealed is None else _holder(row)

    async def peek(self, guild_id: int, member_id: int) -> str | None:
        """The member's key as it is, or none; makes and renews nothing."""
        row = await self._row(guild_id, member_id)
        return None if row is None or row.sealed is None else self._sealer.open(row.sealed)

    async def guilds_of(self, member_id: int) -> list[int]:
        """The guilds in which somebody has a key."""
        rows = await self._store.all("guilds_of_member", _GuildRow, member_id=member_id)
        return [row.guild_id for row in rows]

    async def guilds(self) -> list[int]:
        """The guilds in which anybody has a key."""
        return [row.guild_id for row in await self._store.all("guilds_with_keys", _GuildRow)]

    async def holders(self, guild_id: int | None = None) -> AsyncGenerator[Holder]:
        """Everybody who has a key (in one guild), a page at a time."""
        last = (guild_id - 1, 2**62) if guild_id is not None else (0, 0)
        while True:
            page = await self._store.all("keys_after", _Row, guild_id=last[0], member_id=last[1], page=_PAGE)
            for row in page:
                if guild_id is not None and row.guild_id != guild_id:
                    return
                yield _holder(row)
            if len(page) < _PAGE:
                return
            last = (page[-1].guild_id, page[-1].member_id)

    async def forget_guild(self, guild_id: int) -> int:
        """Kill every key of a guild; returns how many."""
        return sum([await self.revoke(holder.guild_id, holder.member_id) async for holder in self.holders(guild_id)])

    async def reconcile(self) -> int:
        """Make the gateway and the store agree again after a crash between the two.

        Keys that the store does not have are killed, keys that the gateway does not know are forgotten, and the
        gateway is brought to the tier in the store. Returns how many keys were killed.
        """
        killed = 0
        known = set[tuple[int, int]]()
        async for user in self._gateway.list_users():
            ids = parse_user_id(user.user_id)
            if ids is None or user.key_hint is None:
                continue
            known.add(ids)
            if not _agree(await self._row(*ids), user):
                killed += await self._make_agree(*ids)
        async for holder in self.holders():
            if (holder.guild_id, holder.member_id) not in known:
                killed += await self._make_agree(holder.guild_id, holder.member_id)
        if killed:
            log.warning("revoked %d keys that the gateway knew and the bot did not", killed)
        return killed

    async def reseal(self) -> int:
        """Move every sealed key to the newest secret; returns how many no secret opens.

        Those stay as they are: the secret that opens them may only have been mistyped.
        """
        lost = 0
        last = (0, 0)
        while page := await self._store.all("keys_after", _Row, guild_id=last[0], member_id=last[1], page=_PAGE):
            lost += (await asyncio.gather(*map(self._reseal, page))).count(False)
            last = (page[-1].guild_id, page[-1].member_id)
        if lost:
            log.warning("no secret in ROLEKEY_SECRET opens %d members' keys; they get new ones when they ask", lost)
        return lost

    # The steps

    async def _reseal(self, row: _Row) -> bool:
        """Says whether a secret opens it, if there is anything to open."""
        if row.sealed is None:
            return True
        fresh = self._sealer.reseal(row.sealed)
        if fresh is not None:
            await self._put(msgspec.structs.replace(row, sealed=fresh))
        return fresh is not None

    async def _make_agree(self, guild_id: int, member_id: int) -> bool:
        """Says whether a key was killed. Looks again: only what is wrong under the lock is wrong."""
        async with self._lock(guild_id, member_id):
            row = await self._row(guild_id, member_id)
            try:
                user = await self._gateway.get_user(user_id(guild_id, member_id))
            except NotFound:
                await self._forget(guild_id, member_id)
                return False
            if row is None or not _same_key(row, user):
                return await self._revoke(guild_id, member_id)
            if not _agree(row, user):
                await self._update(row, Tier.named(row.tier))
            return False

    async def _revoke(self, guild_id: int, member_id: int) -> bool:
        row, who = await self._row(guild_id, member_id), user_id(guild_id, member_id)
        try:
            if row is not None and row.tier == Tier.NONE.word:
                # Who is switched off stays so when they come back; this one the bot switched off, not an admin.
                await self._gateway.update_user(who, UpdateUser(disabled=False))
            await self._gateway.delete_user(who)
        except NotFound:
            if row is None:
                return False
        await self._forget(guild_id, member_id)
        return True

    async def _forget(self, guild_id: int, member_id: int) -> None:
        await self._store.run("delete_key", guild_id=guild_id, member_id=member_id)

    def _lock(self, guild_id: int, member_id: int) -> asyncio.Lock:
        return self._locks.setdefault((guild_id, member_id), asyncio.Lock())

    async def _row(self, guild_id: int, member_id: int) -> _Row | None:
        return await self._store.one("get_key", _Row, guild_id=guild_id, member_id=member_id)

    async def _put(self, row: _Row) -> None:
        await self._store.run("put_key", **msgspec.structs.asdict(row))

    def _wears_out(self, row: _Row) -> bool:
        """Less than half of the lease is left."""
        return row.expires_at is not None and row.expires_at < (self._now() + self._lease / 2).timestamp()

    async def _issue(self, row: _Row | None, guild_id: int, member_id: int, name: str, tier: Tier) -> str:
        await self._prepare(row, guild_id, member_id, tier)
        fresh = await self._create(row, guild_id, member_id, name, tier)
        return (await self._keep(guild_id, member_id, tier, fresh)).key

    async def _prepare(self, row: _Row | None, guild_id: int, member_id: int, tier: Tier) -> None:
        """Write to the store what is there already; of a first key, that it is asked for."""
        asked_for = _Row(guild_id, member_id, sealed=None, hint="", tier=tier.word, expires_at=None)
        await self._put(row or asked_for)

    async def _create(self, row: _Row | None, guild_id: int, member_id: int, name: str, tier: Tier) -> UserWithKey:
        who = user_id(guild_id, member_id)
        request = CreateUser(user_id=who, username=_clean(name), plus=tier is Tier.PLUS, expires_in=self._seconds())
        try:
            return await self._gateway.create_user(request)
        except Conflict:
            # The gateway has this user and the store has no key that opens: only a new key helps.
            return await self._reissue(row, who, tier)

    async def _reissue(self, row: _Row | None, who: str, tier: Tier) -> UserWithKey:
        """A new key under a new lease; an expired one cannot be rotated before it is renewed."""
        await self._gateway.update_user(who, self._changes(row, tier))
        return await self._gateway.rotate_key(who)

    async def _keep(self, guild_id: int, member_id: int, tier: Tier, fresh: UserWithKey) -> UserWithKey:
        await self._put(
            _Row(
                guild_id=guild_id,
                member_id=member_id,
                sealed=self._sealer.seal(fresh.key),
                hint=fresh.user.key_hint or fresh.key[-4:],
                tier=tier.word,
                expires_at=_epoch(fresh.user),
            )
        )
        return fresh

    async def _update(self, row: _Row, tier: Tier) -> None:
        user = await self._gateway.update_user(user_id(row.guild_id, row.member_id), self._changes(row, tier))
        await self._put(msgspec.structs.replace(row, tier=tier.word, expires_at=_epoch(user)))

    def _changes(self, row: _Row | None, tier: Tier) -> UpdateUser:
        if tier is Tier.NONE:
            return UpdateUser(plus=False, disabled=True)
        # What the bot did not switch off is not the bot's to switch on: an admin of the gateway did.
        disabled = msgspec.UNSET if row is not None and row.tier != Tier.NONE.word else False
        return UpdateUser(plus=tier is Tier.PLUS, disabled=disabled, expires_in=self._seconds())

    def _seconds(self) -> int:
        return max(1, int(self._lease.total_seconds()))


class _GuildRow(msgspec.Struct):
    guild_id: int


def user_id(guild_id: int, member_id: int) -> str:
    """The gateway's name for a guild member."""
    return f"{guild_id}:{member_id}"


def parse_user_id(text: str) -> tuple[int, int] | None:
    """The guild and member of a `user_id`, or none where it is not one of ours."""
    guild, separator, member = text.partition(":")
    if separator and guild.isdecimal() and member.isdecimal():
        return int(guild), int(member)
    return None


def _same_key(row: _Row, user: User) -> bool:
    return row.sealed is not None and row.hint == user.key_hint


def _agree(row: _Row | None, user: User) -> bool:
    if row is None or not _same_key(row, user):
        return False
    return user.disabled if row.tier == Tier.NONE.word else user.plus is (row.tier == Tier.PLUS.word)


def _holder(row: _Row) -> Holder:
    return Holder(row.guild_id, row.member_id, Tier.named(row.tier), row.hint, row.expires_at)


def _epoch(user: User) -> int | None:
    return None if user.expires_at is None else int(user.expires_at.timestamp())


def _clean(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[:100]
