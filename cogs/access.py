"""/access: which role gives which tier, and why a member has theirs."""

import asyncio
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import TIERS, Access, Grant, Tier
from bot.admin_log import AdminLog
from bot.batches import Batch, KeyBatches
from bot.keys import Holder, MemberKeys
from bot.languages import Language, Phrase, counted, language_of
from bot.roster import Roster

Interaction = discord.Interaction[Any]
_NOBODY = discord.AllowedMentions.none()
_LINES = 40  # of an embed's 4,096 characters, at up to 100 a line
_PROGRESS_SECONDS = 3.0
_MARKS = {Tier.PLUS: "⭐", Tier.FREE: "🔹", Tier.NONE: "🚫"}


@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
class AccessCog(commands.GroupCog, group_name="access", group_description="Who may use which tier"):
    """Needs Manage Server by default; a server can change that under Integrations."""

    def __init__(
        self, access: Access, keys: MemberKeys, roster: Roster, batches: KeyBatches, admin_log: AdminLog
    ) -> None:
        self._access = access
        self._keys = keys
        self._roster = roster
        self._batches = batches
        self._admin_log = admin_log

    @app_commands.command(name="tier", description="Say which tier a role gives")
    @app_commands.describe(role="The role; @everyone is the default for all", tier="What its members may use")
    async def tier(self, interaction: Interaction, role: discord.Role, tier: Literal["plus", "free", "none"]) -> None:
        """Remember it, then bring every key in the server up to date."""
        chosen = Tier.named(tier)
        guild = role.guild
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._access.set_role(guild.id, role.id, chosen)
        set_tier = Phrase("set what {role} gives: {tier}.", role=role.mention, tier=TIERS[chosen])
        await self._admin_log.note(guild, interaction.user, set_tier)
        language = language_of(interaction)
        said = language.say(_effect(role, chosen))
        await _edit(interaction, f"{said} {language.say('Bringing keys up to date…')}")
        tally = await self._roster.sweep(guild)
        await _edit(interaction, f"{said} {language.say(tally.phrase)}")

    @app_commands.command(name="list", description="Show what every role gives")
    async def list(self, interaction: Interaction) -> None:
        """The best first."""
        guild = _guild(interaction)
        grants = await self._access.roles(guild.id, guild.roles)
        language = language_of(interaction)
        embed = discord.Embed(title=language.say("Access by role"), description=_lines(grants, guild.id, language))
        embed.set_footer(text=language.say("The best of a member's roles counts. Change it with /access tier."))
        await interaction.response.send_message(embed=embed, ephemeral=True, allowed_mentions=_NOBODY)

    @app_commands.command(name="member", description="Show which tier a member has, and why")
    @app_commands.describe(member="Whose access?")
    async def member(self, interaction: Interaction, member: discord.Member) -> None:
        """The tier, the roles that were weighed, and the state of the key."""
        guild = _guild(interaction)
        standing = await self._access.standing(guild.id, member)
        say = language_of(interaction).say
        embed = discord.Embed(
            title=say("{member}: {tier}", member=member.display_name, tier=TIERS[standing.tier]),
            description=_lines(standing.grants, guild.id, language_of(interaction)),
        )
        holder = await self._keys.holder(guild.id, member.id)
        embed.add_field(name=say("Key"), value=say(_state(holder)))
        await interaction.response.send_message(embed=embed, ephemeral=True, allowed_mentions=_NOBODY)

    @app_commands.command(name="issue-keys", description="Make keys for a whole role; others get theirs as they ask")
    @app_commands.describe(role="Everybody who has it gets a key, where the server gives them access")
    async def issue_keys(self, interaction: Interaction, role: discord.Role) -> None:
        """Show how far it is, for as long as Discord takes edits; run again, it shows that once more."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        running = await self._batches.start(role)
        makes = Phrase("has keys made for {role}.", role=role.mention)
        await self._admin_log.note(role.guild, interaction.user, makes)
        members = sum(not member.bot for member in role.members)
        say = language_of(interaction).say
        while not running.done() and not interaction.is_expired():
            batch = await self._batches.progress(role)
            done = batch.members if batch else 0
            words = say(
                "Making keys for {role}: {done} of {members} members…", role=role.mention, done=done, members=members
            )
            await _edit(interaction, words)
            await asyncio.wait({running}, timeout=_PROGRESS_SECONDS)
        if not interaction.is_expired():
            batch = await self._batches.progress(role)
            await _edit(interaction, say(_outcome(batch, role) if batch else Phrase("The role was deleted meanwhile.")))

    @app_commands.command(name="revoke", description="Kill a member's key at once, say after a leak")
    @app_commands.describe(member="Whose key?")
    async def revoke(self, interaction: Interaction, member: discord.User) -> None:
        """Also of somebody who is no longer in the server."""
        guild = _guild(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        holder = await self._keys.holder(guild.id, member.id)
        if await self._keys.revoke(guild.id, member.id):
            revoked = Phrase("revoked the key of {member}.", member=member.mention)
            await self._admin_log.note(guild, interaction.user, revoked)
            hint = holder.hint if holder else ""
            words = Phrase(
                "The key {key} of {member} is dead. Conversations are kept; a new key is made with the next `/ask`.",
                key=f"`rk-…{hint}`",
                member=member.mention,
            )
        else:
            words = Phrase("{member} has no key. One is made with the first `/ask`.", member=member.mention)
        await _edit(interaction, language_of(interaction).say(words))


def _outcome(batch: Batch, role: discord.Role) -> Phrase:
    counts = [counted("{count} key made", "{count} keys made", batch.made)]
    if batch.had:
        counts.append(counted("{count} member had one", "{count} members had one", batch.had))
    if batch.no_access:
        counts.append(
            counted(
                "{count} member has no access (`/access list` says which roles give it)",
                "{count} members have no access (`/access list` says which roles give it)",
                batch.no_access,
            )
        )
    if batch.finished:
        return Phrase("Done for {role}: {list_of_counts}.", role=role.mention, list_of_counts=counts)
    return Phrase(
        "Not done yet for {role}: {list_of_counts}. Something failed; I go on by myself with the next sweep, "
        "or at once if you run this again.",
        role=role.mention,
        list_of_counts=counts,
    )


def _guild(interaction: Interaction) -> discord.Guild:
    if interaction.guild is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild


def _effect(role: discord.Role, tier: Tier) -> Phrase:
    if tier is Tier.NONE:
        return Phrase("{role} now gives no access.", role=role.mention)
    return Phrase("{role} now gives {tier}.", role=role.mention, tier=TIERS[tier])


def _state(holder: Holder | None) -> Phrase:
    if holder is None:
        return Phrase("None yet; it is made with the first prompt.")
    if holder.expires_at is None:
        return Phrase("…{hint}, {tier}", hint=holder.hint, tier=TIERS[holder.tier])
    return Phrase(
        "…{hint}, {tier}, expires {when}", hint=holder.hint, tier=TIERS[holder.tier], when=f"<t:{holder.expires_at}:R>"
    )


def _lines(grants: list[Grant], guild_id: int, language: Language) -> str:
    shown = [language.say(_line(grant, guild_id)) for grant in grants[:_LINES]]
    if len(grants) > _LINES:
        shown.append(language.say(counted("… and {count} more", "… and {count} more", len(grants) - _LINES)))
    return "\n".join(shown)


def _line(grant: Grant, guild_id: int) -> Phrase:
    role = "@everyone" if grant.role_id == guild_id else f"<@&{grant.role_id}>"
    mark, tier = _MARKS[grant.tier], TIERS[grant.tier]
    if grant.source == "subscription":
        return Phrase("{mark} {tier} · by a subscription", mark=mark, tier=tier)
    if grant.source == "command":
        return Phrase("{mark} {tier} · {role} · by `/access tier`", mark=mark, tier=tier, role=role)
    return Phrase("{mark} {tier} · {role} · by settings", mark=mark, tier=tier, role=role)


async def _edit(interaction: Interaction, words: str) -> None:
    await interaction.edit_original_response(content=words, allowed_mentions=_NOBODY)
