"""Keeps keys equal to what members' roles say: on events, after an admin's change, and in a sweep."""

import logging
from collections.abc import Sequence
from contextlib import aclosing
from datetime import timedelta

import discord
import msgspec

from bot.access import Access, Rules, Tier
from bot.guild_settings import Guilds
from bot.keys import Holder, MemberKeys
from bot.languages import Phrase, counted
from bot.membership import AT_ONCE, Homes, fetch_member, find_members
from bot.readings import Readings
from bot.rendering.errors import TRANSIENT, is_passing
from bot.spacing import Spacing
from bot.threads import Threads
from gateway.errors import ApiError
from storage import StorageError

log = logging.getLogger(__name__)

LOOK_UPS_APART = timedelta(seconds=1)
"""Between two look-ups of members on the websocket, which takes 120 commands in 60 s, whatever they are.

https://docs.discord.com/developers/events/gateway#rate-limiting
"""


class Tally(msgspec.Struct):
    """What a sweep did. `revoked` keys are of members who are gone, `switched_off` ones of those without access."""

    checked: int = 0
    changed: int = 0
    switched_off: int = 0
    renewed: int = 0
    revoked: int = 0
    failed: int = 0

    @property
    def phrase(self) -> Phrase:
        """What is said of it."""
        did = [
            counted("{count} key checked", "{count} keys checked", self.checked),
            counted("{count} changed", "{count} changed", self.changed),
            counted("{count} revoked", "{count} revoked", self.revoked),
        ]
        if self.failed:
            did.append(counted("{count} could not be checked", "{count} could not be checked", self.failed))
        return Phrase("{list_of_counts}.", list_of_counts=did)


class _DiscordIsAway(Exception):
    """Discord does not answer at the moment, whomever one asks about."""


class Roster:
    """Compares members with keys. `spacing` keeps look-ups `LOOK_UPS_APART`."""

    def __init__(
        self,
        access: Access,
        keys: MemberKeys,
        threads: Threads,
        guilds: Guilds,
        readings: Readings,
        homes: Homes,
        spacing: Spacing,
    ) -> None:
        self._access = access
        self._keys = keys
        self._threads = threads
        self._guilds = guilds
        self._readings = readings
        self._homes = homes
        self._spacing = spacing

    async def member_changed(self, member: discord.Member) -> bool:
        """A member's roles are known to be these now. Says whether a key changed."""
        if await self._keys.holder(member.guild.id, member.id) is None:
            return False
        standing = await self._access.standing(member.guild.id, member)
        return await self._keys.set_tier(member.guild.id, member.id, standing.tier)

    async def member_left(self, guild_id: int, member_id: int) -> None:
        """A member left, was removed or banned: the key dies."""
        if await self._keys.revoke(guild_id, member_id):
            log.info("a member left guild %d; their key is revoked", guild_id)

    async def guild_left(self, guild_id: int) -> int:
        """The bot is no longer in the guild: all of its keys die and its mappings go. Returns how many keys."""
        revoked = await self._keys.forget_guild(guild_id)
        await self._access.forget_guild(guild_id)
        await self._access.subscriptions.forget_guild(guild_id)
        await self._threads.forget_guild(guild_id)
        await self._homes.forget_guild(guild_id)
        await self._guilds.forget(guild_id)
        await self._readings.forget_guild(guild_id)
        log.info("left guild %d; %d keys are revoked", guild_id, revoked)
        return revoked

    async def sweep(self, guild: discord.Guild) -> Tally:
        """Look at every member of the guild who has a key, and mend what differs.

        In memory are a page of keys and the members they belong to. Where Discord is away the rest is left to the next
        time. Raises `storage.StorageError` where the keys cannot be read; what fails for one member is counted.
        """
        tally = Tally()
        try:
            async with aclosing(self._keys.holders(guild.id)) as pages:
                async for page in pages:
                    for first in range(0, len(page), AT_ONCE):
                        await self._sweep(guild, page[first : first + AT_ONCE], tally)
        except _DiscordIsAway:
            log.warning("the other members of guild %d are left to the next sweep", guild.id)
        return tally

    async def _sweep(self, guild: discord.Guild, holders: Sequence[Holder], tally: Tally) -> None:
        members = await self._find(guild, [holder.member_id for holder in holders])
        rules = await self._access.rules(guild.id, [holder.member_id for holder in holders])
        for holder in holders:
            tally.checked += 1
            try:
                await self._mend(guild, holder, members.get(holder.member_id), rules, tally)
            except TRANSIENT as error:
                tally.failed += 1
                log.warning("could not check a member of guild %d: %s", guild.id, error)
                if is_passing(error):
                    raise _DiscordIsAway from error
            except (ApiError, StorageError) as error:
                tally.failed += 1
                log.warning("could not mend the key of a member of guild %d: %s", guild.id, error)

    async def _find(self, guild: discord.Guild, member_ids: Sequence[int]) -> dict[int, discord.Member]:
        if not guild.chunked:
            await self._spacing.wait()
        return await find_members(guild, member_ids)

    async def _mend(
        self, guild: discord.Guild, holder: Holder, member: discord.Member | None, rules: Rules, tally: Tally
    ) -> None:
        member = member or await fetch_member(guild, holder.member_id)
        if member is None:
            tally.revoked += await self._keys.revoke(guild.id, holder.member_id)
        elif rules.standing(member).tier is not holder.tier:
            # The rules may have changed since they were read for this page, and what is written must be right.
            tier = (await self._access.standing(guild.id, member)).tier
            if await self._keys.set_tier(guild.id, member.id, tier):
                tally.changed += 1
                tally.switched_off += tier is Tier.NONE
        elif holder.tier is not Tier.NONE and self._keys.wears_out(holder):
            tally.renewed += await self._keys.renew(guild.id, member.id)
