"""Which languages there are, and which one somebody reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, Self, cast

import discord

from bot.languages.language import ENGLISH, Language

FOLDER = Path(__file__).parent


class Languages:
    """English, and every language that has a file."""

    def __init__(self, others: Mapping[str, Language]) -> None:
        self._others = others

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Self:
        """Every `.po` file in a folder is a language."""
        return cls({file.stem: Language.read(file) for file in sorted(folder.glob("*.po"))})

    def in_locale(self, locale: discord.Locale) -> Language:
        """The language of a locale: `pt-BR.po`, else `pt.po`, else English."""
        return self._others.get(locale.value) or self._others.get(locale.value.partition("-")[0], ENGLISH)

    def of_guild(self, guild: discord.Guild | None) -> Language:
        """A server's preferred language, for where no interaction tells the member's; English in direct messages."""
        return ENGLISH if guild is None else self.in_locale(guild.preferred_locale)


class _Speaker(Protocol):
    """A bot that has languages."""

    languages: Languages


def language_of(interaction: discord.Interaction[Any]) -> Language:
    """The language in which the member uses Discord."""
    return cast("_Speaker", interaction.client).languages.in_locale(interaction.locale)
