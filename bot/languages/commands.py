"""Names and descriptions of commands, options and choices, in every language, for Discord to show."""

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.languages.languages import Languages

NAMES = {
    Location.command_name: "command",
    Location.group_name: "command",
    Location.parameter_name: "option",
    Location.choice_name: "choice",
}
"""The `msgctxt` under which each kind of name is translated; descriptions are sentences like all others."""


class CommandTranslator(app_commands.Translator):
    """What discord.py asks when it tells Discord which commands there are."""

    def __init__(self, languages: Languages) -> None:
        self._languages = languages

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """The translation, or none where it is the English one."""
        language = self._languages.in_locale(locale)
        kind = NAMES.get(context.location)
        words = language.name(kind, string.message) if kind else language.sentence(string.message)
        return None if words == string.message else words
