"""Keeps keys equal to what members' roles say: on events, after an admin's change, and in a sweep."""

import logging

import discord
import msgspec

from bot.access import Access, Tier
from bot.keys import Holder, MemberKeys
from bot.languages import Phrase, counted
from bot.membership import fetch_member
from bot.rendering.errors import TRANSIENT
from bot.threads import Threads
from gateway.errors import ApiError
from storage import StorageError

log = logging.getLogger(__name__)


class Tally(msgspec.Struct):
    """What a sweep did."""

    checked: int = 0
    changed: int = 0
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


class Roster:
    """Compares members with keys."""

    def __init__(self, access: Access, keys: MemberKeys, threads: Threads) -> None:
        self._access = access
        self._keys = keys
        self._threads = threads

    async def member_changed(self, member: discord.Member) -> bool:
        """A member's roles are known to be these now. Says whether a key changed."""
        if await self._keys.holder(member.guild.id, member.id) is None:
            return False
        standing = await self._access.standing(member.guild.id, member.roles)
        return await self._keys.set_tier(member.guild.id, member.id, standing.tier)

    async def member_left(self, guild_id: int, member_id: int) -> None:
        """A member left, was removed or banned: the key dies."""
        if await self._keys.revoke(guild_id, member_id):
            log.info("a member left guild %d; their key is revoked", guild_id)

    async def guild_left(self, guild_id: int) -> None:
        """The bot is no longer in the guild: all of its keys die and its mappings go."""
        revoked = await self._keys.forget_guild(guild_id)
        await self._access.forget_guild(guild_id)
        await self._threads.forget_guild(guild_id)
        log.info("left guild %d; %d keys are revoked", guild_id, revoked)

    async def sweep(self, guild: discord.Guild) -> Tally:
        """Look at every member of the guild who has a key, one after another, and mend what differs."""
        tally = Tally()
        async for holder in self._keys.holders(guild.id):
            tally.checked += 1
            try:
                await self._mend(guild, holder, tally)
            except (ApiError, StorageError, *TRANSIENT) as error:
                tally.failed += 1
                log.warning("could not check a member of guild %d: %s", guild.id, error)
        return tally

    async def _mend(self, guild: discord.Guild, holder: Holder, tally: Tally) -> None:
        member = await fetch_member(guild, holder.member_id)
        if member is None:
            await self._keys.revoke(guild.id, holder.member_id)
            tally.revoked += 1
            return
        standing = await self._access.standing(guild.id, member.roles)
        tally.changed += await self._keys.set_tier(guild.id, member.id, standing.tier)
        if standing.tier is not Tier.NONE:
            await self._keys.renew(guild.id, member.id)
