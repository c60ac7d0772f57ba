"""Who has plus because it was bought on Discord: entitlements to the SKUs that the settings name.

An entitlement that names a guild is for everybody there, whoever paid for it; any other is its user's, everywhere
(https://docs.discord.com/developers/resources/entitlement). Discord says nothing when a subscription ends after it was
cancelled, so what is known is held against what each interaction brings along and, with every sweep, against the list.
"""

import logging
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, cast

import discord
import msgspec

from bot.rendering.errors import TRANSIENT
from storage import Store

log = logging.getLogger(__name__)

FRESH = timedelta(minutes=1)
"""How long what Discord was asked about somebody is good for."""

_FIRST = discord.Object(1)  # discord.py pages forwards only from some id


class Entitled(msgspec.Struct, frozen=True):
    """One entitlement: either `user_id` or `guild_id` has it. `ends_at` is in seconds since 1970, UTC."""

    id: int
    sku_id: int
    user_id: int | None
    guild_id: int | None
    ends_at: int | None


class Subscriptions:
    """What is known of them, in the store, which all of the bot's processes share.

    `skus` are the ids of those that give plus; without any, nothing is asked or kept. `now` gives aware UTC time.
    Every call raises `storage.StorageError`.
    """

    def __init__(
        self, client: discord.Client, store: Store, skus: Sequence[int], *, now: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._store = store
        self.skus = tuple(skus)
        self._now = now
        self._asked = dict[tuple[int, int | None], datetime]()

    # What is known

    async def of_guild(self, guild_id: int) -> bool:
        """Whether a guild has plus for everybody in it."""
        return bool(self.skus) and any(
            self._counts(row) for row in await self._store.all("entitlements_of_guild", Entitled, guild_id=guild_id)
        )

    async def users_between(self, first_id: int, last_id: int) -> frozenset[int]:
        """Which users have plus everywhere, among those with ids from `first_id` to `last_id`."""
        if not self.skus:
            return frozenset()
        rows = await self._store.all("entitlements_of_users_between", Entitled, first_id=first_id, last_id=last_id)
        return frozenset(row.user_id for row in rows if row.user_id is not None and self._counts(row))

    # What Discord says

    async def hear(self, interaction: discord.Interaction[Any]) -> None:
        """Take in what an interaction says of its member and its guild, which is all that there is."""
        await self._settle(interaction.entitlements, interaction.user.id, interaction.guild_id)

    async def look_up(self, user_id: int, guild_id: int | None) -> None:
        """Ask Discord about a user and a guild, unless it was just asked; for where no interaction tells.

        Where Discord cannot be asked, what is known counts.
        """
        if not self.skus or self._is_fresh(user_id, guild_id):
            return
        try:
            found = [entry async for entry in self._listed(user=discord.Object(user_id))]
            if guild_id is not None:
                found += [entry async for entry in self._listed(guild=discord.Object(guild_id))]
        except TRANSIENT as error:
            log.warning("could not ask Discord for a member's subscriptions: %s", error)
            return
        # The purchaser of a guild's subscription is named as its user, too.
        await self._settle([entry for entry in found if entry.guild_id in (None, guild_id)], user_id, guild_id)
        self._asked[user_id, guild_id] = self._now()

    async def began(self, entitlement: discord.Entitlement) -> None:
        """Somebody subscribed, or a subscription goes on."""
        rows = self._valid([entitlement])
        for row in rows:
            await self._put(row)
        if not rows:
            await self.ended(entitlement)

    async def ended(self, entitlement: discord.Entitlement) -> None:
        """A subscription was taken back."""
        if self.skus:
            await self._store.run("delete_entitlement", id=entitlement.id)

    async def read_all(self) -> None:
        """Bring what is known in line with all that Discord lists, a hundred a request.

        Raises `discord.HTTPException` where Discord does not answer; nothing is forgotten then.
        """
        if not self.skus:
            return
        began = self._now()
        async with aclosing(self._listed()) as entitlements:
            async for entitlement in entitlements:
                for row in self._valid([entitlement]):
                    await self._put(row)
        await self._store.run("delete_entitlements_not_seen_since", seen_at=_milliseconds(began))

    async def forget_guild(self, guild_id: int) -> None:
        """The bot left the guild."""
        await self._store.run("delete_guild_entitlements", guild_id=guild_id)

    async def forget_user(self, user_id: int) -> None:
        """Erase what is kept of a user. What Discord says of them next is taken in again."""
        await self._store.run("delete_user_entitlements", user_id=user_id)

    # The steps

    async def _settle(self, entitlements: Iterable[discord.Entitlement], user_id: int, guild_id: int | None) -> None:
        if not self.skus:
            return
        valid = self._valid(entitlements)
        known = await self._store.all("entitlements_of", Entitled, user_id=user_id, guild_id=guild_id or 0)
        for row in valid:
            if row not in known:
                await self._put(row)
        still = {row.id for row in valid}
        for row in known:
            if row.id not in still:
                await self._store.run("delete_entitlement", id=row.id)

    def _counts(self, row: Entitled) -> bool:
        return row.sku_id in self.skus and (row.ends_at is None or row.ends_at > _epoch(self._now()))

    def _valid(self, entitlements: Iterable[discord.Entitlement]) -> list[Entitled]:
        """Those that give plus now."""
        now = self._now()
        rows = [
            _row(entitlement)
            for entitlement in entitlements
            if not (entitlement.deleted or entitlement.consumed)
            and (entitlement.starts_at is None or entitlement.starts_at <= now)
        ]
        return [row for row in rows if self._counts(row)]

    async def _put(self, row: Entitled) -> None:
        await self._store.run("put_entitlement", **msgspec.structs.asdict(row), seen_at=_milliseconds(self._now()))

    def _listed(
        self, *, user: discord.Object | None = None, guild: discord.Object | None = None
    ) -> AsyncGenerator[discord.Entitlement]:
        listed = self._client.entitlements(
            limit=None,
            after=_FIRST,
            skus=[discord.Object(sku) for sku in self.skus],
            user=user,
            guild=guild,
            exclude_ended=True,
        )
        return cast("AsyncGenerator[discord.Entitlement]", listed)

    def _is_fresh(self, user_id: int, guild_id: int | None) -> bool:
        """Whether Discord was just asked. What is older is dropped, the oldest first, so that little is remembered."""
        stale = self._now() - FRESH
        while self._asked and next(iter(self._asked.values())) <= stale:
            del self._asked[next(iter(self._asked))]
        return (user_id, guild_id) in self._asked


def _row(entitlement: discord.Entitlement) -> Entitled:
    of_guild = entitlement.guild_id is not None
    return Entitled(
        id=entitlement.id,
        sku_id=entitlement.sku_id,
        user_id=None if of_guild else entitlement.user_id,
        guild_id=entitlement.guild_id,
        ends_at=None if entitlement.ends_at is None else _epoch(entitlement.ends_at),
    )


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
