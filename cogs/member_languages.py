"""Hears in which language each member uses Discord."""

import logging
from typing import Any

import discord
from discord.ext import commands

from bot.member_languages import MemberLanguages
from storage import StorageError

log = logging.getLogger(__name__)
_SAYING = {
    discord.InteractionType.application_command,
    discord.InteractionType.component,
    discord.InteractionType.modal_submit,
}


class MemberLanguagesCog(commands.Cog):
    """Beside whatever else becomes of an interaction, which does not wait for it."""

    def __init__(self, languages: MemberLanguages) -> None:
        self._languages = languages

    @commands.Cog.listener()
    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        """Commands, buttons and forms; completion asks with each letter."""
        if interaction.type not in _SAYING:
            return
        try:
            await self._languages.hear(interaction)
        except StorageError as error:
            log.warning("a member's language could not be noted: %s", error)
