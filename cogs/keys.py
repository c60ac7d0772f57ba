"""/key: a member's own key, for use outside Discord."""

from datetime import UTC, datetime
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import Access, Standing, Tier
from bot.errors import NoAccess
from bot.keys import Holder, MemberKeys
from bot.membership import Homes

Interaction = discord.Interaction[Any]


class KeysCog(commands.GroupCog, group_name="key", group_description="Your own key"):
    """Everything here is shown to the member alone."""

    def __init__(self, access: Access, keys: MemberKeys, homes: Homes, address: str, *, public: bool) -> None:
        self._access = access
        self._keys = keys
        self._homes = homes
        self._address = address
        self._public = public

    @app_commands.command(name="show", description="Show your key's state and how to use it")
    async def show(self, interaction: Interaction) -> None:
        """Never the key itself: that is shown once, when it is made by /key rotate."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        member, standing = await self._member(interaction)
        holder = await self._keys.holder(member.guild.id, member.id)
        embed = discord.Embed(title=f"Your key in {member.guild.name}")
        embed.add_field(name="Key", value=_state(holder), inline=False)
        embed.add_field(name="Tier", value=standing.tier.word)
        if holder is not None and holder.expires_at is not None:
            embed.add_field(name="Expires", value=f"<t:{holder.expires_at}:R>, renewed while you use it")
        embed.add_field(name="Address", value=self._address_in_words(), inline=False)
        embed.add_field(name="How to use it", value=self._example(), inline=False)
        await interaction.edit_original_response(embed=embed)

    @app_commands.command(name="rotate", description="Get a new key, shown once; the old one dies")
    async def rotate(self, interaction: Interaction) -> None:
        """The only place where a member sees their key."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        member, standing = await self._member(interaction)
        if standing.tier is Tier.NONE:
            roles = await self._access.roles_giving(Tier.FREE, member.guild.id, member.guild.roles)
            hint = f" These roles give it: {', '.join(f'<@&{role}>' for role in roles)}." if roles else ""
            raise NoAccess(f"You have no access here yet, so there is no key for you.{hint}")
        fresh = await self._keys.rotate(member.guild.id, member.id, member.display_name, standing.tier)
        await interaction.edit_original_response(
            content=(
                f"Your new key. It is shown only now, so copy it; keep it to yourself.\n```\n{fresh.key}\n```"
                f"Address: {self._address_in_words()}\nYour old key, if you had one, no longer works."
            )
        )

    @app_commands.command(name="revoke", description="Kill your key at once")
    async def revoke(self, interaction: Interaction) -> None:
        """For a key that got into the wrong hands."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        member, _ = await self._member(interaction)
        if await self._keys.revoke(member.guild.id, member.id):
            words = "Your key is dead. Your conversations are kept; a new key is made with your next `/ask`."
        else:
            words = "You have no key. One is made with your first `/ask`."
        await interaction.edit_original_response(content=words)

    async def _member(self, interaction: Interaction) -> tuple[discord.Member, Standing]:
        if isinstance(interaction.user, discord.Member):
            member = interaction.user
            return member, await self._access.standing(member.guild.id, member.roles)
        _, member, standing = await self._homes.best(interaction.user.id)
        return member, standing

    def _address_in_words(self) -> str:
        if self._public:
            return f"`{self._address}`"
        return f"`{self._address}` (on the bot's own machine only, until an admin sets `[gateway] public_url`)"

    def _example(self) -> str:
        return (
            f"```sh\ncurl {self._address}/api/chat \\\n  -H 'Authorization: Bearer YOUR KEY' \\\n"
            """  -H 'Content-Type: application/json' \\\n  -d '{"prompt": "Hello"}'\n```"""
            "Lost it? `/key rotate` gives you a new one."
        )


def _state(holder: Holder | None) -> str:
    if holder is None:
        return "None yet. It is made with your first `/ask`, or now with `/key rotate`."
    if holder.tier is Tier.NONE:
        return f"`rk-…{holder.hint}`, switched off because your roles give no access"
    if holder.expires_at is not None and holder.expires_at < datetime.now(UTC).timestamp():
        return f"`rk-…{holder.hint}`, expired; it is renewed with your next `/ask`"
    return f"`rk-…{holder.hint}`, in use"
