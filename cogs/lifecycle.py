"""Members come, change and go, and so do their keys."""

import logging

import discord
from discord.ext import commands, tasks

from bot.access import Access
from bot.keys import MemberKeys
from bot.recovery import mark_cut_off
from bot.roster import Roster
from bot.threads import Threads
from gateway.errors import ApiError

log = logging.getLogger(__name__)
_SWEEP_HOURS = 1.0


class LifecycleCog(commands.Cog):
    """Without the Guild Members intent only bans and the sweep tell of members who left."""

    def __init__(
        self, bot: commands.AutoShardedBot, access: Access, keys: MemberKeys, roster: Roster, threads: Threads
    ) -> None:
        self._bot = bot
        self._access = access
        self._keys = keys
        self._roster = roster
        self._threads = threads

    async def cog_unload(self) -> None:
        """Stop sweeping."""
        self.sweep.cancel()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """The first time, mark what a crash cut off and begin to sweep; later times are reconnects."""
        if self.sweep.is_running():
            return
        self.sweep.start()
        marked = await mark_cut_off(self._bot, self._threads)
        log.info("ready as %s in %d servers; %d answers were cut off", self._bot.user, len(self._bot.guilds), marked)

    @tasks.loop(hours=_SWEEP_HOURS)
    async def sweep(self) -> None:
        """Compare the gateway, the store and the members, and mend what differs."""
        try:
            await self._keys.reconcile()
        except ApiError as error:
            log.warning("could not compare keys with the gateway, will try again: %s", error)
            return
        for guild in self._bot.guilds:
            tally = await self._roster.sweep(guild)
            if tally.changed or tally.revoked or tally.failed:
                log.info("guild %d: %s", guild.id, tally)

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Somebody left or was kicked (needs the Guild Members intent)."""
        await self._left(payload.guild_id, payload.user.id)

    @commands.Cog.listener()
    async def on_member_ban(self, guild: discord.Guild, user: discord.User | discord.Member) -> None:
        """Somebody was banned."""
        await self._left(guild.id, user.id)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """Roles changed (needs the Guild Members intent)."""
        if before.roles == after.roles:
            return
        try:
            await self._roster.member_changed(after)
        except ApiError as error:
            log.warning("a role changed and the gateway did not take it; the sweep will: %s", error)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """A role is gone, and what it gave."""
        await self._access.forget_role(role.guild.id, role.id)
        await self._roster.sweep(role.guild)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server."""
        try:
            await self._roster.guild_left(guild.id)
        except ApiError as error:
            log.warning("left guild %d and the gateway did not take it; keys end with their lease: %s", guild.id, error)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """A thread is gone; its conversation goes on wherever its owner asks next."""
        await self._threads.forget(payload.thread_id)

    async def _left(self, guild_id: int, member_id: int) -> None:
        try:
            await self._roster.member_left(guild_id, member_id)
        except ApiError as error:
            log.warning("a member left and the gateway did not take it; the sweep will: %s", error)
