"""/access: which role gives which tier, and why a member has theirs."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import TIERS, Access, Grant, Tier
from bot.keys import Holder, MemberKeys
from bot.languages import Language, Phrase, counted, language_of
from bot.roster import Roster

Interaction = discord.Interaction[Any]
_NOBODY = discord.AllowedMentions.none()
_LINES = 40  # of an embed's 4,096 characters, at up to 100 a line
_MARKS = {Tier.PLUS: "⭐", Tier.FREE: "🔹", Tier.NONE: "🚫"}


@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
class AccessCog(commands.GroupCog, group_name="access", group_description="Who may use which tier"):
    """Needs Manage Server by default; a server can change that under Integrations."""

    def __init__(self, access: Access, keys: MemberKeys, roster: Roster) -> None:
        self._access = access
        self._keys = keys
        self._roster = roster

    @app_commands.command(name="tier", description="Say which tier a role gives")
    @app_commands.describe(role="The role; @everyone is the default for all", tier="What its members may use")
    async def tier(self, interaction: Interaction, role: discord.Role, tier: Literal["plus", "free", "none"]) -> None:
        """Remember it, then bring every key in the server up to date."""
        chosen = Tier.named(tier)
        guild = role.guild
        await interaction.response.defer(ephemeral=True, thinking=True)
        await self._access.set_role(guild.id, role.id, chosen)
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
        standing = await self._access.standing(guild.id, member.roles)
        say = language_of(interaction).say
        embed = discord.Embed(
            title=say("{member}: {tier}", member=member.display_name, tier=TIERS[standing.tier]),
            description=_lines(standing.grants, guild.id, language_of(interaction)),
        )
        holder = await self._keys.holder(guild.id, member.id)
        embed.add_field(name=say("Key"), value=say(_state(holder)))
        await interaction.response.send_message(embed=embed, ephemeral=True, allowed_mentions=_NOBODY)


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
    if grant.source == "command":
        return Phrase("{mark} {tier} · {role} · by `/access tier`", mark=mark, tier=tier, role=role)
    return Phrase("{mark} {tier} · {role} · by settings", mark=mark, tier=tier, role=role)


async def _edit(interaction: Interaction, words: str) -> None:
    await interaction.edit_original_response(content=words, allowed_mentions=_NOBODY)
