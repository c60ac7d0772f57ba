"""Each member's own key: made once, sealed at rest, kept at the member's tier, and a lease that has to be renewed."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from enum import Enum, auto

import msgspec

from bot.access import Tier
from bot.key_rows import KeyRow, KeyRows
from bot.locks import MemberLocks
from gateway.client import GatewayClient
from gateway.errors import Conflict, NotFound
from gateway.wire import CreateUser, Erased, UpdateUser, User, UserWithKey
from storage import Sealer

log = logging.getLogger(__name__)

MEMBER_KEYS = b"rolekey bot: member keys"
"""What the sealer of these keys is for."""


class Holder(msgspec.Struct, frozen=True):
    """A member who has a key."""

    guild_id: int
    member_id: int
    tier: Tier
    hint: str
    expires_at: int | None


class Lease(msgspec.Struct, frozen=True):
    """How long a key lives unless it is renewed, and the share of that, 0 to 1, at which it is."""

    length: timedelta
    renew_when_left: float = 0.5


class Settled(Enum):
    """What `MemberKeys.settle` found and did."""

    AGREED = auto()
    CORRECTED = auto()
    """The gateway was brought to what the store says, the store to the lease's true end."""
    FORGOTTEN = auto()
    """The gateway knew no such user any more."""
    REVOKED = auto()
    """The gateway had a key that the store does not have."""


class MemberKeys:
    """The keys of all members, on the gateway and in the store.

    `now` gives aware UTC time; `locks` are those of all processes that share the store; `community` names a guild.
    Every call that changes something first changes the gateway, then the store: what breaks off in between is found by
    the census and put right by `settle`. Before a key is made or replaced the store is written to once, so that one
    that cannot be written to is found out while the member still has the old key.
    """

    def __init__(
        self,
        rows: KeyRows,
        sealer: Sealer,
        gateway: GatewayClient,
        *,
        lease: Lease,
        now: Callable[[], datetime],
        locks: MemberLocks | None = None,
        community: Callable[[int], str] = lambda _: "",
    ) -> None:
        self._rows = rows
        self._sealer = sealer
        self._gateway = gateway
        self._lease = lease
        self._now = now
        self._locks = locks or MemberLocks()
        self._community = community

    async def ensure(self, guild_id: int, member_id: int, name: str, tier: Tier) -> str:
        """The member's key, made on first use, at this tier, with enough of its lease left.

        However many commands race, one key is made. Where there is nothing to do, nothing is locked.
        """
        row = await self._rows.get(guild_id, member_id)
        key = self._open(row)
        if row is not None and key is not None and row.tier == tier.word and not self.wears_out(row):
            return key
        async with self._locks.hold(guild_id, member_id):
            row = await self._rows.get(guild_id, member_id)
            key = self._open(row)
            if row is None or key is None:
                return await self._issue(row, guild_id, member_id, name, tier)
            if row.tier != tier.word or self.wears_out(row):
                try:
                    await self._update(row, tier)
                except NotFound:
                    return await self._issue(None, guild_id, member_id, name, tier)
            return key

    async def replace(self, guild_id: int, member_id: int, name: str, tier: Tier, *, refused: str) -> str:
        """A key that works, after the gateway refused `refused`; another command may have replaced it already."""
        async with self._locks.hold(guild_id, member_id):
            row = await self._rows.get(guild_id, member_id)
            key = self._open(row)
            if key is not None and key != refused:
                return key
            return await self._issue(row, guild_id, member_id, name, tier)

    async def rotate(self, guild_id: int, member_id: int, name: str, tier: Tier) -> UserWithKey:
        """A new key of this tier, with a whole lease; the old one is dead when this returns."""
        async with self._locks.hold(guild_id, member_id):
            row = await self._rows.get(guild_id, member_id)
            await self._prepare(row, guild_id, member_id, tier)
            try:
                fresh = await self._reissue(row, guild_id, member_id, tier)
            except NotFound:
                fresh = await self._create(None, guild_id, member_id, name, tier)
            return await self._keep(guild_id, member_id, tier, fresh)

    async def set_tier(self, guild_id: int, member_id: int, tier: Tier) -> bool:
        """Bring an existing key to a tier, `NONE` switching it off. Says whether anything changed."""
        async with self._locks.hold(guild_id, member_id):
            row = await self._rows.get(guild_id, member_id)
            if row is None or row.tier == tier.word:
                return False
            try:
                await self._update(row, tier)
            except NotFound:
                await self._rows.delete(guild_id, member_id)
            return True

    async def renew(self, guild_id: int, member_id: int) -> bool:
        """Renew the lease of a member who still has access, once enough of it is gone. Says whether that was so."""
        async with self._locks.hold(guild_id, member_id):
            row = await self._rows.get(guild_id, member_id)
            if row is None or not self.wears_out(row):
                return False
            try:
                await self._update(row, Tier.named(row.tier))
            except NotFound:
                await self._rows.delete(guild_id, member_id)
            return True

    def wears_out(self, key: KeyRow | Holder) -> bool:
        """So little of the lease is left that it is time to renew it."""
        least = self._lease.length * self._lease.renew_when_left
        return key.expires_at is not None and key.expires_at < (self._now() + least).timestamp()

    async def revoke(self, guild_id: int, member_id: int) -> bool:
        """Kill the member's key. Says whether there was one."""
        async with self._locks.hold(guild_id, member_id):
            return await self._revoke(guild_id, member_id)

    async def forget(self, guild_id: int, member_id: int) -> Erased | None:
        """Kill the member's key and erase all that the gateway holds of them; how much, none where it knew nothing."""
        async with self._locks.hold(guild_id, member_id):
            row, who = await self._rows.get(guild_id, member_id), user_id(guild_id, member_id)
            with suppress(NotFound):  # revoked before; what they wrote may still be there
                await self._switch_on(row, guild_id, member_id)
            try:
                erased = await self._gateway.erase_data(who)
            except NotFound:
                erased = None
            await self._rows.delete(guild_id, member_id)
            return erased

    async def is_blocked(self, guild_id: int, member_id: int) -> bool:
        """Whether an admin blocked the member."""
        return await self._rows.is_blocked(guild_id, member_id)

    async def block(self, guild_id: int, member_id: int) -> None:
        """Switch off the member's key and any that they get later, whatever their roles give."""
        async with self._locks.hold(guild_id, member_id):
            with suppress(NotFound):
                await self._gateway.update_user(user_id(guild_id, member_id), UpdateUser(disabled=True))
            await self._rows.block(guild_id, member_id)

    async def unblock(self, guild_id: int, member_id: int) -> bool:
        """Take a block back; where roles give no access the key stays off. Says whether there was a block."""
        async with self._locks.hold(guild_id, member_id):
            if not await self._rows.is_blocked(guild_id, member_id):
                return False
            row = await self._rows.get(guild_id, member_id)
            if row is None or row.tier != Tier.NONE.word:
                with suppress(NotFound):
                    await self._gateway.update_user(user_id(guild_id, member_id), UpdateUser(disabled=False))
            await self._rows.unblock(guild_id, member_id)
            return True

    async def holder(self, guild_id: int, member_id: int) -> Holder | None:
        """What is known of a member's key, without the key."""
        row = await self._rows.get(guild_id, member_id)
        return None if row is None or row.sealed is None else _holder(row)

    async def peek(self, guild_id: int, member_id: int) -> str | None:
        """The member's key as it is, or none; makes and renews nothing."""
        return self._open(await self._rows.get(guild_id, member_id))

    async def guilds_of(self, member_id: int) -> list[int]:
        """The guilds in which somebody has a key."""
        return await self._rows.guilds_of(member_id)

    async def guilds(self) -> list[int]:
        """The guilds in which anybody has a key."""
        return await self._rows.guilds()

    async def holders(self, guild_id: int) -> AsyncGenerator[list[Holder]]:
        """Everybody in a guild who has a key, a page at a time."""
        async with aclosing(self._rows.pages(guild_id)) as pages:
            async for page in pages:
                yield [_holder(row) for row in page]

    async def forget_guild(self, guild_id: int) -> int:
        """Kill every key of a guild, and take its blocks back; returns how many keys."""
        for member_id in await self._rows.blocked(guild_id):
            await self.unblock(guild_id, member_id)
        async with aclosing(self._rows.pages(guild_id)) as pages:
            return sum([await self.revoke(row.guild_id, row.member_id) async for page in pages for row in page])

    async def settle(self, guild_id: int, member_id: int) -> Settled:
        """Make gateway and store agree about one member, after a crash between the two or a change from elsewhere.

        A key that the store does not have is killed, a key that the gateway does not know is forgotten, and a tier
        that the gateway has wrong is put right.
        """
        async with self._locks.hold(guild_id, member_id):
            row = await self._rows.get(guild_id, member_id)
            try:
                user = await self._gateway.get_user(user_id(guild_id, member_id))
            except NotFound:
                await self._rows.delete(guild_id, member_id)
                return Settled.FORGOTTEN if row is not None else Settled.AGREED
            if row is None or row.sealed is None or row.hint != user.key_hint:
                return Settled.REVOKED if await self._revoke(guild_id, member_id) else Settled.AGREED
            if _agree(row, user):
                return Settled.AGREED
            await self._update(row, Tier.named(row.tier))
            return Settled.CORRECTED

    async def reseal(self) -> int:
        """Move every sealed key to the newest secret; returns how many no secret opens.

        Those stay as they are: the secret that opens them may only have been mistyped.
        """
        lost = 0
        async with aclosing(self._rows.pages()) as pages:
            async for page in pages:
                lost += (await asyncio.gather(*map(self._reseal, page))).count(False)
        if lost:
            log.warning("no secret in ROLEKEY_SECRET opens %d members' keys; they get new ones when they ask", lost)
        return lost

    # The steps

    def _open(self, row: KeyRow | None) -> str | None:
        return None if row is None or row.sealed is None else self._sealer.open(row.sealed)

    async def _reseal(self, row: KeyRow) -> bool:
        """Says whether a secret opens it, if there is anything to open."""
        if row.sealed is None:
            return True
        fresh = self._sealer.reseal(row.sealed)
        if fresh is not None:
            await self._rows.put(msgspec.structs.replace(row, sealed=fresh))
        return fresh is not None

    async def _revoke(self, guild_id: int, member_id: int) -> bool:
        row, who = await self._rows.get(guild_id, member_id), user_id(guild_id, member_id)
        try:
            await self._switch_on(row, guild_id, member_id)
            await self._gateway.delete_user(who)
        except NotFound:
            if row is None:
                return False
        await self._rows.delete(guild_id, member_id)
        return True

    async def _switch_on(self, row: KeyRow | None, guild_id: int, member_id: int) -> None:
        """Who is switched off stays so when they come back. This one the bot switched off, not an admin of the gateway;
        a block is in the store, for the next key.
        """
        switched_off = row is not None and row.tier == Tier.NONE.word
        if switched_off or await self._rows.is_blocked(guild_id, member_id):
            await self._gateway.update_user(user_id(guild_id, member_id), UpdateUser(disabled=False))

    async def _issue(self, row: KeyRow | None, guild_id: int, member_id: int, name: str, tier: Tier) -> str:
        await self._prepare(row, guild_id, member_id, tier)
        fresh = await self._create(row, guild_id, member_id, name, tier)
        return (await self._keep(guild_id, member_id, tier, fresh)).key

    async def _prepare(self, row: KeyRow | None, guild_id: int, member_id: int, tier: Tier) -> None:
        """Write to the store what is there already; of a first key, that it is asked for."""
        asked_for = KeyRow(guild_id, member_id, sealed=None, hint="", tier=tier.word, expires_at=None)
        await self._rows.put(row or asked_for)

    async def _create(self, row: KeyRow | None, guild_id: int, member_id: int, name: str, tier: Tier) -> UserWithKey:
        who = user_id(guild_id, member_id)
        request = CreateUser(
            user_id=who,
            username=_clean(name),
            community=_clean(self._community(guild_id)),
            plus=tier is Tier.PLUS,
            expires_in=self._seconds(),
        )
        try:
            fresh = await self._gateway.create_user(request)
        except Conflict:
            # The gateway has this user and the store has no key that opens: only a new key helps.
            return await self._reissue(row, guild_id, member_id, tier)
        if await self._rows.is_blocked(guild_id, member_id):
            await self._gateway.update_user(who, UpdateUser(disabled=True))
        return fresh

    async def _reissue(self, row: KeyRow | None, guild_id: int, member_id: int, tier: Tier) -> UserWithKey:
        """A new key under a new lease; an expired one cannot be rotated before it is renewed."""
        who = user_id(guild_id, member_id)
        blocked = await self._rows.is_blocked(guild_id, member_id)
        await self._gateway.update_user(who, self._changes(guild_id, row, tier, blocked=blocked))
        return await self._gateway.rotate_key(who)

    async def _keep(self, guild_id: int, member_id: int, tier: Tier, fresh: UserWithKey) -> UserWithKey:
        await self._rows.put(
            KeyRow(
                guild_id=guild_id,
                member_id=member_id,
                sealed=self._sealer.seal(fresh.key),
                hint=fresh.user.key_hint or fresh.key[-4:],
                tier=tier.word,
                expires_at=_epoch(fresh.user),
            )
        )
        return fresh

    async def _update(self, row: KeyRow, tier: Tier) -> None:
        blocked = await self._rows.is_blocked(row.guild_id, row.member_id)
        changes = self._changes(row.guild_id, row, tier, blocked=blocked)
        user = await self._gateway.update_user(user_id(row.guild_id, row.member_id), changes)
        await self._rows.put(msgspec.structs.replace(row, tier=tier.word, expires_at=_epoch(user)))

    def _changes(self, guild_id: int, row: KeyRow | None, tier: Tier, *, blocked: bool) -> UpdateUser:
        if tier is Tier.NONE:
            return UpdateUser(plus=False, disabled=True)
        # What the bot did not switch off is not the bot's to switch on: an admin of the gateway did.
        disabled = blocked or (msgspec.UNSET if row is not None and row.tier != Tier.NONE.word else False)
        return UpdateUser(
            plus=tier is Tier.PLUS,
            disabled=disabled,
            expires_in=self._seconds(),
            community=_clean(self._community(guild_id)) or msgspec.UNSET,
        )

    def _seconds(self) -> int:
        return max(1, int(self._lease.length.total_seconds()))


def user_id(guild_id: int, member_id: int) -> str:
    """The gateway's name for a guild member."""
    return f"{guild_id}:{member_id}"


def parse_user_id(text: str) -> tuple[int, int] | None:
    """The guild and member of a `user_id`, or none where it is not one of ours."""
    guild, separator, member = text.partition(":")
    if not (separator and _is_id(guild) and _is_id(member)):
        return None
    return int(guild), int(member)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and int(text) < 2**63


def _agree(row: KeyRow, user: User) -> bool:
    """Also where somebody else switched the user off: that is theirs to undo."""
    right = user.disabled if row.tier == Tier.NONE.word else user.plus is (row.tier == Tier.PLUS.word)
    return right and row.expires_at == _epoch(user)


def _holder(row: KeyRow) -> Holder:
    return Holder(row.guild_id, row.member_id, Tier.named(row.tier), row.hint, row.expires_at)


def _epoch(user: User) -> int | None:
    return None if user.expires_at is None else int(user.expires_at.timestamp())


def _clean(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[:100]
