"""What /setup's pages do: each choice is saved, told to the audit channel, and shown."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import TIERS, Access, Tier, TierName
from bot.admin_log import AdminLog
from bot.guild_settings import Guilds, PlaceName
from bot.languages import Phrase, language_of
from bot.roster import Roster
from cogs.ask import Asking
from cogs.forms import TextForm
from cogs.setup.controls import COG, CONTROLS, Interaction, Step, require_manager
from cogs.setup.pages import ELSEWHERE, PLACES, Now, page

PROMPT_LIMIT = 4000  # https://discord.com/developers/docs/components/reference#text-input
_NOTICE_LIMIT = 2000


class SetupCog(commands.Cog, name=COG):
    """Needs Manage Server, also for every press. `now` gives aware UTC time."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        access: Access,
        guilds: Guilds,
        roster: Roster,
        asking: Asking,
        admin_log: AdminLog,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._bot = bot
        self._access = access
        self._guilds = guilds
        self._roster = roster
        self._asking = asking
        self._admin_log = admin_log
        self._now = now

    async def cog_load(self) -> None:
        """Listen for presses on pages of every earlier run."""
        self._bot.add_dynamic_items(*CONTROLS)

    @app_commands.command(name="setup", description="Choose who may ask, where I answer, and more")
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.checks.has_permissions(manage_guild=True)
    @app_commands.guild_only()
    async def setup(self, interaction: Interaction) -> None:
        """Show what is set, and the way through it."""
        first = page(Step.OVERVIEW, await self._what_is_set(interaction))
        await interaction.response.send_message(embed=first.embed, view=first.view, ephemeral=True)

    async def go(self, interaction: Interaction, step: Step) -> None:
        """Show another page in place of this one."""
        shown = page(step, await self._what_is_set(interaction))
        await interaction.response.edit_message(embed=shown.embed, view=shown.view)

    async def press(self, interaction: Interaction, what: str) -> None:
        """Open a form, or send the test prompt."""
        say = language_of(interaction).say
        if what == "try":
            await self._asking.try_out(interaction, say("Say in one sentence what you can help with."))
            return
        settings = await self._guilds.settings(guild_of(interaction).id)
        if what == "prompt":
            form = TextForm(
                self._save_prompt,
                title=say("System prompt"),
                label=say("How should the model answer?"),
                description=say("Empty it to have none."),
                text=settings.system_prompt,
                longest=PROMPT_LIMIT,
            )
        else:
            form = TextForm(
                self._save_notice,
                title=say("Privacy notice"),
                label=say("What should members know?"),
                description=say("Empty it to have none."),
                text=settings.notice,
                longest=_NOTICE_LIMIT,
            )
        await interaction.response.send_modal(form)

    async def choose_roles(self, interaction: Interaction, what: str, roles: Sequence[discord.Role]) -> None:
        """These roles give the tier from now on, and no others do."""
        guild, tier = guild_of(interaction), Tier.named("plus" if what == "plus" else "free")
        before = {grant.role_id for grant in await self._access.roles(guild.id, guild.roles) if grant.tier is tier}
        chosen = {role.id for role in roles}
        for role_id in chosen - before:
            await self._access.set_role(guild.id, role_id, tier)
        for role_id in before - chosen - {guild.id}:
            await self._access.withdraw(guild, role_id, tier)
        await self.go(interaction, Step.ROLES)
        named = [role.mention for role in roles] or [Phrase("no role")]
        await self._note(interaction, Phrase("chose who has {tier} by role: {roles}.", tier=TIERS[tier], roles=named))
        await self._roster.sweep(guild)

    async def choose_channels(self, interaction: Interaction, what: str, channel_ids: Sequence[int]) -> None:
        """Where to answer, or the audit channel."""
        guild = guild_of(interaction)
        mentions = [f"<#{channel_id}>" for channel_id in channel_ids]
        if what == "answers":
            await self._guilds.answer_in(guild.id, channel_ids)
            await self.go(interaction, Step.PLACE)
            where = mentions or [Phrase("all channels")]
            await self._note(interaction, Phrase("chose where I answer: {channels}.", channels=where))
            return
        # Told before and after, so that neither the old channel nor the new one misses the change.
        changed = Phrase("chose the audit channel: {channel}.", channel=mentions[0] if mentions else Phrase("none"))
        await self._note(interaction, changed)
        await self._guilds.change(guild.id, audit_channel_id=channel_ids[0] if channel_ids else None)
        await self.go(interaction, Step.AUDIT)
        await self._note(interaction, changed)

    async def choose(self, interaction: Interaction, what: str, value: str) -> None:
        """What everybody has, thread or channel, where members may ask, and whether admins may search."""
        if what == "everyone":
            await self._choose_everyone(interaction, Tier.named(_tier(value)))
        elif what == "place":
            place: PlaceName = "channel" if value == "channel" else "thread"
            await self._guilds.change(guild_of(interaction).id, place=place)
            await self.go(interaction, Step.PLACE)
            await self._note(interaction, Phrase("chose where answers come: {place}.", place=PLACES[place]))
        elif what == "elsewhere":
            await self._guilds.change(guild_of(interaction).id, elsewhere=value == "yes")
            await self.go(interaction, Step.PLACE)
            where = ELSEWHERE["yes" if value == "yes" else "no"]
            await self._note(interaction, Phrase("chose where members may ask: {where}.", where=where))
        else:
            await self._choose_reading(interaction, allowed=value == "yes")

    async def _choose_everyone(self, interaction: Interaction, tier: Tier) -> None:
        guild = guild_of(interaction)
        await self._access.set_role(guild.id, guild.id, tier)
        await self.go(interaction, Step.ROLES)
        await self._note(interaction, Phrase("chose what everybody else has: {tier}.", tier=TIERS[tier]))
        await self._roster.sweep(guild)

    async def _choose_reading(self, interaction: Interaction, *, allowed: bool) -> None:
        """What was written before admins were allowed to search stays out of their sight."""
        guild = guild_of(interaction)
        since = (await self._guilds.settings(guild.id)).readable_since
        if allowed:
            since = since or int(self._now().timestamp())
        await self._guilds.change(guild.id, readable_since=since if allowed else None)
        await self.go(interaction, Step.NOTICE)
        words = (
            Phrase("let admins search what members write from now on; the notice says so.")
            if allowed
            else Phrase("no longer lets admins search what members write.")
        )
        await self._note(interaction, words)

    async def _save_prompt(self, interaction: Interaction, text: str) -> None:
        require_manager(interaction)
        await self._guilds.change(guild_of(interaction).id, system_prompt=text)
        await self.go(interaction, Step.PROMPT)
        await self._note(
            interaction,
            Phrase("wrote the server's system prompt anew.")
            if text
            else Phrase("took the server's system prompt away."),
        )

    async def _save_notice(self, interaction: Interaction, text: str) -> None:
        require_manager(interaction)
        await self._guilds.change(guild_of(interaction).id, notice=text)
        await self.go(interaction, Step.NOTICE)
        await self._note(
            interaction,
            Phrase("wrote the privacy notice anew.") if text else Phrase("took the privacy notice away."),
        )

    async def _what_is_set(self, interaction: Interaction) -> Now:
        guild = guild_of(interaction)
        return Now(
            guild,
            await self._guilds.settings(guild.id),
            await self._access.roles(guild.id, guild.roles),
            self._guilds.default_place,
            self._guilds.default_elsewhere,
            language_of(interaction),
        )

    async def _note(self, interaction: Interaction, what: Phrase) -> None:
        await self._admin_log.note(guild_of(interaction), interaction.user, what)


def guild_of(interaction: discord.Interaction[Any]) -> discord.Guild:
    """The server of a command that works nowhere else."""
    if interaction.guild is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild


def _tier(value: str) -> TierName:
    return "plus" if value == "plus" else "none" if value == "none" else "free"
