"""/server: on which server's access somebody asks in direct messages."""

from collections.abc import Sequence
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.access import TIERS
from bot.languages import Language, language_of
from bot.live_views import LiveView
from bot.membership import Home, Homes
from bot.threads import Threads

Interaction = discord.Interaction[Any]
_SECONDS = 14 * 60  # an interaction's token lives for 15 minutes
_MOST = 25  # https://docs.discord.com/developers/components/reference#string-select
_NAME_LIMIT = 100


class HomesCog(commands.Cog):
    """A choice holds until it is changed, or the member leaves that server."""

    def __init__(self, homes: Homes, threads: Threads) -> None:
        self._homes = homes
        self._threads = threads

    @app_commands.command(name="server", description="Choose on which server's access you ask in direct messages")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=False, dms=True, private_channels=False)
    async def server(self, interaction: Interaction) -> None:
        """Name the one that is used, and let the member choose where there are several."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = language_of(interaction)
        used = await self._homes.best(interaction.user.id)
        homes = await self._homes.of(interaction.user.id)
        words = language.say(
            "You ask on your access in {server}: {tier}.", server=used.guild.name, tier=TIERS[used.standing.tier]
        )
        if len(homes) < 2:
            await interaction.followup.send(words)
            return
        view = Choice(self, homes, used.guild, language)
        await interaction.followup.send(f"{words} {language.say('Choose another one here:')}", view=view)

    async def choose(self, interaction: Interaction, home: Home) -> None:
        """From now on; what goes on here belongs to the other server, so it ends."""
        await self._homes.choose(interaction.user.id, home.guild.id)
        await self._threads.forget(interaction.channel_id or 0)
        words = language_of(interaction).say(
            "From now on you ask on your access in {server}: {tier}. Your next message here begins a new conversation.",
            server=home.guild.name,
            tier=TIERS[home.standing.tier],
        )
        await interaction.response.edit_message(content=words, view=None)


class Choice(LiveView):
    """The servers that a member can ask on."""

    def __init__(self, cog: HomesCog, homes: Sequence[Home], used: discord.Guild, language: Language) -> None:
        super().__init__(timeout=_SECONDS)
        self._cog = cog
        self._homes = {str(home.guild.id): home for home in homes[:_MOST]}
        self._select = ui.Select[ui.View](
            custom_id="home",
            options=[
                discord.SelectOption(
                    label=home.guild.name[:_NAME_LIMIT],
                    value=value,
                    description=language.say(TIERS[home.standing.tier]),
                    default=home.guild.id == used.id,
                )
                for value, home in self._homes.items()
            ],
        )
        self._select.callback = self._chosen
        self.add_item(self._select)

    async def _chosen(self, interaction: Interaction) -> None:
        await self._cog.choose(interaction, self._homes[self._select.values[0]])
