"""The command tree: one place in which every interaction's failure ends in words the member can act on."""

import logging

import discord
from discord import app_commands

from bot.errors import explain
from bot.languages import Phrase, language_of

log = logging.getLogger(__name__)


class Tree(app_commands.CommandTree[discord.AutoShardedClient]):
    """Owns the errors of commands, menus and autocompletion."""

    async def on_error(
        self, interaction: discord.Interaction[discord.AutoShardedClient], error: app_commands.AppCommandError, /
    ) -> None:
        """Tell the member, privately."""
        if interaction.type is discord.InteractionType.autocomplete:
            explain(error)  # there is nowhere to say it, but it is logged
            return
        await reply_privately(interaction, explain(error))


async def reply_privately(interaction: discord.Interaction[discord.AutoShardedClient], phrase: Phrase) -> None:
    """Say something only the member sees, in their language, whether or not the interaction was answered before.

    Never raises.
    """
    nobody = discord.AllowedMentions.none()
    words = language_of(interaction).say(phrase)
    try:
        if interaction.response.is_done():
            await interaction.followup.send(words, ephemeral=True, allowed_mentions=nobody)
        else:
            await interaction.response.send_message(words, ephemeral=True, allowed_mentions=nobody)
    except discord.HTTPException as error:
        # Answered by someone else (40060), expired (10062, 50027), or Discord is down: the member saw that already.
        log.warning("could not tell a member what went wrong: %s", error)
