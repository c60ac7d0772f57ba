"""The command tree: one place in which every interaction's failure ends in words the member can act on."""

import logging

import discord
from discord import app_commands

from bot.errors import explain
from bot.languages import Phrase, language_of
from bot.offers import offer

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
        await fail_privately(interaction, error)


async def fail_privately(interaction: discord.Interaction[discord.AutoShardedClient], error: BaseException) -> None:
    """Say what went wrong, with what would help. Never raises."""
    await reply_privately(interaction, explain(error), view=offer(error))


async def reply_privately(
    interaction: discord.Interaction[discord.AutoShardedClient], phrase: Phrase, *, view: discord.ui.View | None = None
) -> None:
    """Say something only the member sees, in their language, whether or not the interaction was answered before.

    Never raises.
    """
    words = language_of(interaction).say(phrase)
    try:
        await _send_privately(interaction, words, view)
    except discord.HTTPException as error:
        # Answered by someone else (40060), expired (10062, 50027), or Discord is down: the member saw that already.
        log.warning("could not tell a member what went wrong: %s", error)


async def _send_privately(
    interaction: discord.Interaction[discord.AutoShardedClient], words: str, view: discord.ui.View | None
) -> None:
    """Without the buttons where Discord does not take those: it refuses SKUs that it does not sell."""
    send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
    nobody = discord.AllowedMentions.none()
    if view is not None:
        try:
            await send(words, ephemeral=True, allowed_mentions=nobody, view=view)
        except discord.HTTPException as error:
            if error.status != 400:
                raise
            log.warning("Discord does not take the buttons for [access] plus_skus: %s", error)
        else:
            return
    await send(words, ephemeral=True, allowed_mentions=nobody)
