"""/key: a member's own key, for use outside Discord."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import TIERS, Access, Standing, Tier, who_gives_access
from bot.errors import NoAccess
from bot.keys import Holder, MemberKeys
from bot.languages import Phrase, language_of
from bot.membership import Homes

Interaction = discord.Interaction[Any]
_EXAMPLE = r"""```sh
curl {}/api/chat \
  -H 'Authorization: Bearer YOUR KEY' \
  -H 'Content-Type: application/json' \
  -d '{{"prompt": "Hello"}}'
```"""


class KeysCog(commands.GroupCog, group_name="key", group_description="Your own key"):
    """Everything here is shown to the member alone."""

    def __init__(
        self,
        access: Access,
        keys: MemberKeys,
        homes: Homes,
        address: str,
        *,
        public: bool,
        now: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._keys = keys
        self._homes = homes
        self._address = address
        self._public = public
        self._now = now

    @app_commands.command(name="show", description="Show your key's state and how to use it")
    async def show(self, interaction: Interaction) -> None:
        """Never the key itself: that is shown once, when it is made by /key rotate."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        member, standing = await self._member(interaction)
        holder = await self._keys.holder(member.guild.id, member.id)
        say = language_of(interaction).say
        embed = discord.Embed(title=say("Your key in {server}", server=member.guild.name))
        embed.add_field(name=say("Key"), value=say(_state(holder, self._now())), inline=False)
        embed.add_field(name=say("Tier"), value=say(TIERS[standing.tier]))
        if holder is not None and holder.expires_at is not None:
            when = f"<t:{holder.expires_at}:R>"
            embed.add_field(name=say("Expires"), value=say("{when}, renewed while you have access", when=when))
        embed.add_field(name=say("Address"), value=say(self._address_in_words()), inline=False)
        embed.add_field(name=say("How to use it"), value=say(self._example()), inline=False)
        await interaction.edit_original_response(embed=embed)

    @app_commands.command(name="rotate", description="Get a new key, shown once; the old one dies")
    async def rotate(self, interaction: Interaction) -> None:
        """The only place where a member sees their key."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        member, standing = await self._member(interaction)
        if standing.tier is Tier.NONE:
            roles = await self._access.roles_giving(Tier.FREE, member.guild.id, member.guild.roles)
            skus = self._access.subscriptions.skus
            raise NoAccess(
                "You have no access here yet, so there is no key for you. {help}",
                help=who_gives_access(roles, skus),
            ).offering(skus)
        fresh = await self._keys.rotate(member.guild.id, member.id, member.display_name, standing.tier)
        words = language_of(interaction).say(
            "Your new key. It is shown only now, so copy it; keep it to yourself.\n{key}Address: {address}\n"
            "Your old key, if you had one, no longer works.",
            key=f"```\n{fresh.key}\n```",
            address=self._address_in_words(),
        )
        await interaction.edit_original_response(content=words)

    @app_commands.command(name="revoke", description="Kill your key at once")
    async def revoke(self, interaction: Interaction) -> None:
        """For a key that got into the wrong hands."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        member, _ = await self._member(interaction)
        say = language_of(interaction).say
        if await self._keys.revoke(member.guild.id, member.id):
            words = say("Your key is dead. Your conversations are kept; a new key is made with your next `/ask`.")
        else:
            words = say("You have no key. One is made with your first `/ask`.")
        await interaction.edit_original_response(content=words)

    async def _member(self, interaction: Interaction) -> tuple[discord.Member, Standing]:
        await self._access.subscriptions.hear(interaction)
        if isinstance(interaction.user, discord.Member):
            member = interaction.user
            return member, await self._access.standing(member.guild.id, member)
        _, member, standing = await self._homes.best(interaction.user.id)
        return member, standing

    def _address_in_words(self) -> Phrase:
        address = f"`{self._address}`"
        if self._public:
            return Phrase.verbatim(address)
        return Phrase(
            "{address} (on the bot's own machine only, until an admin sets {setting})",
            address=address,
            setting="`[gateway] public_url`",
        )

    def _example(self) -> Phrase:
        return Phrase("{example}Lost it? `/key rotate` gives you a new one.", example=_EXAMPLE.format(self._address))


def _state(holder: Holder | None, now: datetime) -> Phrase:
    if holder is None:
        return Phrase("None yet. It is made with your first `/ask`, or now with `/key rotate`.")
    hint = f"`rk-…{holder.hint}`"
    if holder.tier is Tier.NONE:
        return Phrase("{key}, switched off because your roles give no access", key=hint)
    if holder.expires_at is not None and holder.expires_at < now.timestamp():
        return Phrase("{key}, expired; it is renewed with your next `/ask`", key=hint)
    return Phrase("{key}, in use", key=hint)
