"""/access: which role gives which tier, and why a member has theirs."""

from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import Access, Grant, Tier, TierName
from bot.keys import MemberKeys
from bot.roster import Roster

Interaction = discord.Interaction[Any]
_NOBODY = discord.AllowedMentions.none()
_LINES = 40  # of an embed's 4,096 characters, at up to 100 a line
_MARKS = {Tier.PLUS: "⭐ plus", Tier.FREE: "🔹 free", Tier.NONE: "🚫 none"}


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
        said = f"{role.mention} {_effect(chosen)}."
        await _edit(interaction, f"{said} Bringing keys up to date…")
        tally = await self._roster.sweep(guild)
        await _edit(interaction, f"{said} {tally}.")

    @app_commands.command(name="list", description="Show what every role gives")
    async def list(self, interaction: Interaction) -> None:
        """The best first."""
        guild = _guild(interaction)
        grants = await self._access.roles(guild.id, guild.roles)
        embed = discord.Embed(title="Access by role", description=_lines(grants, guild.id))
        embed.set_footer(text="The best of a member's roles counts. Change it with /access tier.")
        await interaction.response.send_message(embed=embed, ephemeral=True, allowed_mentions=_NOBODY)

    @app_commands.command(name="member", description="Show which tier a member has, and why")
    @app_commands.describe(member="Whose access?")
    async def member(self, interaction: Interaction, member: discord.Member) -> None:
        """The tier, the roles that were weighed, and the state of the key."""
        guild = _guild(interaction)
        standing = await self._access.standing(guild.id, member.roles)
        embed = discord.Embed(
            title=f"{member.display_name}: {standing.tier.word}",
            description=_lines(standing.grants, guild.id),
        )
        holder = await self._keys.holder(guild.id, member.id)
        if holder is None:
            key = "None yet; it is made with the first prompt."
        else:
            expiry = f", expires <t:{holder.expires_at}:R>" if holder.expires_at else ""
            key = f"…{holder.hint}, {holder.tier.word}{expiry}"
        embed.add_field(name="Key", value=key)
        await interaction.response.send_message(embed=embed, ephemeral=True, allowed_mentions=_NOBODY)


def _guild(interaction: Interaction) -> discord.Guild:
    if interaction.guild is None:
        raise app_commands.NoPrivateMessage
    return interaction.guild


def _effect(tier: Tier) -> str:
    words: dict[TierName, str] = {"plus": "now gives plus", "free": "now gives free", "none": "now gives no access"}
    return words[tier.word]


def _lines(grants: list[Grant], guild_id: int) -> str:
    shown = [_line(grant, guild_id) for grant in grants[:_LINES]]
    if len(grants) > _LINES:
        shown.append(f"… and {len(grants) - _LINES} more")
    return "\n".join(shown)


def _line(grant: Grant, guild_id: int) -> str:
    role = "@everyone" if grant.role_id == guild_id else f"<@&{grant.role_id}>"
    source = "`/access tier`" if grant.source == "command" else "settings"
    return f"{_MARKS[grant.tier]} · {role} · by {source}"


async def _edit(interaction: Interaction, words: str) -> None:
    await interaction.edit_original_response(content=words, allowed_mentions=_NOBODY)
