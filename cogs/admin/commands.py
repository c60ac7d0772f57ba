"""The commands of /admin."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import TIERS, Access, Tier
from bot.admin_log import AdminLog
from bot.errors import UserError
from bot.guild_settings import Guilds
from bot.keys import MemberKeys, user_id
from bot.languages import Phrase, language_of
from cogs.admin.limits import LimitChanges, limit_lines
from cogs.admin.searching import Searching, found_card
from cogs.admin.status import Status
from cogs.forms import TextForm
from cogs.setup.cog import PROMPT_LIMIT, guild_of
from cogs.setup.pages import ANSWERED_IN
from gateway.client import GatewayClient
from gateway.errors import NotFound
from gateway.wire import UpdateUser, User

Interaction = discord.Interaction[Any]
_NOBODY = discord.AllowedMentions.none()
Number = app_commands.Range[int, 0, 1_000_000_000]


class ChannelOption(app_commands.Transformer):
    """A channel in which members ask, or a category of such."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        """What Discord calls it."""
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        """Which channels are offered; a thread goes with its channel."""
        return [*ANSWERED_IN]

    async def transform(self, _interaction: Interaction, value: Any, /) -> app_commands.AppCommandChannel:
        """The channel as Discord names it, whether or not it is in the cache."""
        return value


Channel = app_commands.Transform[app_commands.AppCommandChannel, ChannelOption]


@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
class AdminCog(commands.GroupCog, group_name="admin", group_description="How I am doing, and what you can do about it"):
    """Needs Manage Server by default; a server can change that under Integrations, but for /admin audit."""

    def __init__(
        self,
        access: Access,
        guilds: Guilds,
        keys: MemberKeys,
        gateway: GatewayClient,
        searching: Searching,
        status: Status,
        admin_log: AdminLog,
    ) -> None:
        self._access = access
        self._guilds = guilds
        self._keys = keys
        self._gateway = gateway
        self._searching = searching
        self._status = status
        self._admin_log = admin_log

    @app_commands.command(name="status", description="Show how the gateway, the models and I are doing")
    async def status(self, interaction: Interaction) -> None:
        """Asked anew each time."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        card = await self._status.card(guild_of(interaction), language_of(interaction))
        await interaction.edit_original_response(embed=card)

    # Members

    @app_commands.command(name="block", description="Switch a member's access off, whatever their roles give")
    @app_commands.describe(member="Whose access?")
    async def block(self, interaction: Interaction, member: discord.User) -> None:
        """Their key stops at once, outside Discord as well; also of somebody who is not here now."""
        guild = guild_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._keys.block(guild.id, member.id)
        await self._done(
            interaction,
            Phrase("{member} is blocked: neither I nor their key answers them now.", member=member.mention),
            Phrase("blocked {member}.", member=member.mention),
        )

    @app_commands.command(name="unblock", description="Give a blocked member back what their roles give")
    @app_commands.describe(member="Whose access?")
    async def unblock(self, interaction: Interaction, member: discord.User) -> None:
        """Their key works again, the same one."""
        guild = guild_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        if not await self._keys.unblock(guild.id, member.id):
            raise UserError("{member} is not blocked.", member=member.mention)
        await self._done(
            interaction,
            Phrase("{member} is no longer blocked.", member=member.mention),
            Phrase("unblocked {member}.", member=member.mention),
        )

    @app_commands.command(name="limits", description="Show or change the limits of one member")
    @app_commands.describe(
        member="Whose limits?",
        requests_per_minute="How often they may ask in a minute; 0 is no limit",
        tokens_per_day="How many tokens in a day; 0 is no limit",
        dollars_per_month="How much they may cost in a month; 0 is no limit",
        at_once="How many answers at the same time; 0 is no limit",
        back_to_normal="Give up their own limits for those of their tier",
    )
    async def limits(
        self,
        interaction: Interaction,
        member: discord.Member,
        requests_per_minute: Number | None = None,
        tokens_per_day: Number | None = None,
        dollars_per_month: app_commands.Range[float, 0, 1_000_000] | None = None,
        at_once: Number | None = None,
        back_to_normal: bool = False,
    ) -> None:
        """They take the place of the tier's and outlive the key. What is left out stays."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        changes = LimitChanges(requests_per_minute, tokens_per_day, dollars_per_month, at_once, back_to_normal)
        user = await self._user(member)
        if changes.any:
            user = await self._gateway.update_user(user.user_id, UpdateUser(limits=changes.to_wire()))
        lines = limit_lines(user.limits)
        said = Phrase("Limits of {member}: {limits}.", member=member.mention, limits=lines)
        if changes.any:
            await self._done(
                interaction, said, Phrase("set the limits of {member}: {limits}.", member=member.mention, limits=lines)
            )
        else:
            await self._say(interaction, said)

    @app_commands.command(name="reset", description="Give a member a fresh start: their tier's limits and a new key")
    @app_commands.describe(member="Who?")
    async def reset(self, interaction: Interaction, member: discord.User) -> None:
        """Conversations and what was used are kept, and so is a block."""
        guild = guild_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            await self._gateway.update_user(user_id(guild.id, member.id), UpdateUser(limits=None))
        except NotFound:
            raise UserError("{member} has no key. One is made with the first `/ask`.", member=member.mention) from None
        await self._keys.revoke(guild.id, member.id)
        await self._done(
            interaction,
            Phrase(
                "{member} has the limits of their tier again, and gets a new key with the next `/ask`. Conversations, "
                "and what was used, are kept.",
                member=member.mention,
            ),
            Phrase("reset {member}: limits and key.", member=member.mention),
        )

    @app_commands.command(name="audit", description="Search what a member asked, where your privacy notice says so")
    @app_commands.describe(member="Whose conversations?", words="Words that must all be there; the member sees them")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def audit(
        self, interaction: Interaction, member: discord.User, words: app_commands.Range[str, 1, 300]
    ) -> None:
        """Only for who may manage the server, whatever it says under Integrations."""
        guild = guild_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        hits = await self._searching.search(guild, member, interaction.user, words)
        shown = discord.utils.escape_markdown(words)
        await self._admin_log.note(
            guild,
            interaction.user,
            Phrase("searched the conversations of {member} for “{words}”.", member=member.mention, words=shown),
        )
        card = found_card(member, hits, language_of(interaction))
        await interaction.edit_original_response(embed=card, allowed_mentions=_NOBODY)

    # Channels

    @app_commands.command(name="system-prompt", description="Write the system prompt of the server, or of a channel")
    @app_commands.describe(channel="A channel or category whose own takes the place of the server's")
    async def system_prompt(self, interaction: Interaction, channel: Channel | None = None) -> None:
        """A form with what is there now."""
        guild = guild_of(interaction)
        settings = await self._guilds.settings(guild.id)
        own = settings.channels.get(channel.id) if channel else None

        async def save(submitted: Interaction, text: str) -> None:
            await self._save_prompt(submitted, channel, text)

        say = language_of(interaction).say
        form = TextForm(
            save,
            title=say("System prompt of #{channel}", channel=channel.name) if channel else say("System prompt"),
            label=say("How should the model answer?"),
            description=say("Empty it to have none."),
            text=settings.system_prompt if channel is None else own.system_prompt if own else "",
            longest=PROMPT_LIMIT,
        )
        await interaction.response.send_modal(form)

    @app_commands.command(name="default-tier", description="Say which tier a channel uses where nobody chooses one")
    @app_commands.describe(channel="A channel or category", tier="best: the best that the member has access to")
    async def default_tier(
        self, interaction: Interaction, channel: Channel, tier: Literal["best", "free", "plus"]
    ) -> None:
        """Members without plus get free where it is plus."""
        guild = guild_of(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._guilds.change_channel(guild.id, channel.id, tier=None if tier == "best" else tier)
        called = Phrase("the best a member has access to") if tier == "best" else TIERS[Tier.named(tier)]
        await self._done(
            interaction,
            Phrase("In {channel} now counts, where nobody chooses: {tier}.", channel=channel.mention, tier=called),
            Phrase("set the default tier of {channel}: {tier}.", channel=channel.mention, tier=called),
        )

    async def _save_prompt(
        self, interaction: Interaction, channel: app_commands.AppCommandChannel | None, text: str
    ) -> None:
        guild = guild_of(interaction)
        if channel is None:
            await self._guilds.change(guild.id, system_prompt=text)
            where = Phrase("the server")
        else:
            await self._guilds.change_channel(guild.id, channel.id, system_prompt=text)
            where = Phrase.verbatim(channel.mention)
        await interaction.response.defer(ephemeral=True, thinking=True)
        if text:
            said = Phrase(
                "Saved for {place}. New conversations begin with it; members read it by `/about`.", place=where
            )
            done = Phrase("wrote the system prompt of {place} anew.", place=where)
        else:
            said = Phrase("The system prompt of {place} is gone.", place=where)
            done = Phrase("took the system prompt of {place} away.", place=where)
        await self._done(interaction, said, done)

    # The steps

    async def _user(self, member: discord.Member) -> User:
        """The member's user on the gateway, made where there is none yet.

        Raises `UserError` where the member has no access.
        """
        who = user_id(member.guild.id, member.id)
        try:
            return await self._gateway.get_user(who)
        except NotFound:
            standing = await self._access.standing(member.guild.id, member)
            if standing.tier is Tier.NONE:
                raise UserError(
                    "{member} has no access, so there is nothing to limit.", member=member.mention
                ) from None
            await self._keys.ensure(member.guild.id, member.id, member.display_name, standing.tier)
            return await self._gateway.get_user(who)

    async def _done(self, interaction: Interaction, said: Phrase, done: Phrase) -> None:
        """Say it to the admin, and to the audit channel."""
        await self._say(interaction, said)
        await self._admin_log.note(guild_of(interaction), interaction.user, done)

    async def _say(self, interaction: Interaction, said: Phrase) -> None:
        words = language_of(interaction).say(said)
        await interaction.edit_original_response(content=words, allowed_mentions=_NOBODY)
