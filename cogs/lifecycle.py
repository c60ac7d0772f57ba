"""Members come, change and go, and so do their keys."""

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

import discord
from discord.ext import commands, tasks

from bot.access import Access
from bot.answers import AnswerViews
from bot.batches import KeyBatches
from bot.errors import log_fault
from bot.guild_settings import Guilds
from bot.languages import Languages
from bot.promises import Promise, Promises
from bot.recovery import mark_cut_off
from bot.rendering.errors import TRANSIENT
from bot.roster import Roster
from bot.sweep import Sweep
from bot.threads import Shown, Threads
from bot.unanswered import Unanswered
from gateway.errors import ApiError
from storage import StorageError

log = logging.getLogger(__name__)
_SOMEBODY = (discord.Member, discord.User, discord.Object)


class LifecycleCog(commands.Cog):
    """Without the Guild Members intent only bans, the audit log's kicks and the sweep tell of members who left."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        access: Access,
        guilds: Guilds,
        roster: Roster,
        threads: Threads,
        sweep: Sweep,
        batches: KeyBatches,
        languages: Languages,
        views: AnswerViews,
        promises: Promises,
        unanswered: Unanswered,
        *,
        every: timedelta,
    ) -> None:
        self._bot = bot
        self._access = access
        self._guilds = guilds
        self._roster = roster
        self._threads = threads
        self._sweep = sweep
        self._batches = batches
        self._languages = languages
        self._views = views
        self._promises = promises
        self._unanswered = unanswered
        self.sweep.change_interval(seconds=every.total_seconds())
        self._cut_off: list[Shown] = []
        self._broken: list[Promise] = []
        self._started = False

    async def cog_load(self) -> None:
        """Look what a crash cut off, before anything new can grow."""
        self._cut_off = await self._threads.cut_off()
        self._broken = await self._promises.open()

    async def cog_unload(self) -> None:
        """Stop sweeping."""
        await self.stop_sweeping()

    async def stop_sweeping(self) -> None:
        """Stop, also in the middle: the next sweep finds what is left. Returns when nothing of it runs any more."""
        task = self.sweep.get_task()
        self.sweep.cancel()
        if task is not None:
            await asyncio.wait({task})

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """The first time, mark what a crash cut off and begin to sweep; later times are reconnects."""
        if self._started:
            return
        self._started = True
        self.sweep.start()
        marked = await mark_cut_off(self._bot, self._threads, self._cut_off, self._languages, self._views)
        marked += await self._unanswered.settle(self._broken)
        log.info("ready as %s in %d servers; %d answers were cut off", self._bot.user, len(self._bot.guilds), marked)

    @tasks.loop()
    async def sweep(self) -> None:
        """Compare the gateway, the store and the members, mend what differs, and go on with what broke off."""
        try:
            await self._promises.tidy()
            await self._sweep.run()
            await self._batches.resume()
        except (ApiError, StorageError, *TRANSIENT) as error:
            log.warning("could not compare keys, members and the gateway, will try again: %s", error)
        except Exception as error:  # noqa: BLE001  it is logged, and one bug must not end all later sweeps
            log_fault(error)

    @commands.Cog.listener()
    async def on_raw_member_remove(self, payload: discord.RawMemberRemoveEvent) -> None:
        """Somebody left or was kicked (needs the Guild Members intent)."""
        with left_to_the_sweep("a member left"):
            await self._roster.member_left(payload.guild_id, payload.user.id)

    @commands.Cog.listener()
    async def on_member_ban(self, guild: discord.Guild, user: discord.User | discord.Member) -> None:
        """Somebody was banned."""
        with left_to_the_sweep("a member was banned"):
            await self._roster.member_left(guild.id, user.id)

    @commands.Cog.listener()
    async def on_audit_log_entry_create(self, entry: discord.AuditLogEntry) -> None:
        """Somebody was kicked: told without the Guild Members intent where the bot has View Audit Log."""
        target = entry.target
        if entry.action is discord.AuditLogAction.kick and isinstance(target, _SOMEBODY):
            with left_to_the_sweep("a member was kicked"):
                await self._roster.member_left(entry.guild.id, target.id)

    @commands.Cog.listener()
    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        """Roles changed (needs the Guild Members intent)."""
        if before.roles != after.roles:
            with left_to_the_sweep("a member's roles changed"):
                await self._roster.member_changed(after)

    @commands.Cog.listener()
    async def on_guild_role_delete(self, role: discord.Role) -> None:
        """A role is gone, and what it gave."""
        with left_to_the_sweep("a role was deleted"):
            await self._access.forget_role(role.guild.id, role.id)
            await self._roster.sweep(role.guild)

    @commands.Cog.listener()
    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        """A channel is gone, and what was chosen for it."""
        try:
            await self._guilds.channel_deleted(channel.guild.id, channel.id)
        except StorageError as error:
            log.warning("a channel was deleted and its settings are still there, which does no harm: %s", error)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server."""
        with left_to_the_sweep("a server was left"):
            await self._batches.forget_guild(guild.id)
            await self._roster.guild_left(guild.id)

    @commands.Cog.listener()
    async def on_raw_thread_delete(self, payload: discord.RawThreadDeleteEvent) -> None:
        """A thread is gone; its conversation goes on wherever its owner asks next."""
        try:
            await self._threads.forget(payload.thread_id)
        except StorageError as error:
            log.warning("a thread was deleted and is still in the database, which does no harm: %s", error)


@contextmanager
def left_to_the_sweep(what: str, also: tuple[type[Exception], ...] = ()) -> Generator[None]:
    """Log what could not be done about `what`, and go on; `also` are errors that may pass, beside the usual ones."""
    try:
        yield
    except (ApiError, StorageError, *also) as error:
        log.warning("%s and not everything could be brought up to date; the sweep will: %s", what, error)
