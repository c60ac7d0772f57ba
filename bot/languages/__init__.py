"""What the bot says, in the language of whoever reads it.

A sentence is written in English where it is said. Every other language is one file here, `fr.po` say, in gettext's
format (https://www.gnu.org/software/gettext/manual/html_node/PO-Files.html), read as it is when the bot starts.
How to add a sentence or a language: docs/languages.md.
"""

from bot.languages.commands import CommandTranslator
from bot.languages.language import ENGLISH, Dollars, Language, Phrase, Value, counted
from bot.languages.languages import Languages, language_of

__all__ = [
    "ENGLISH",
    "CommandTranslator",
    "Dollars",
    "Language",
    "Languages",
    "Phrase",
    "Value",
    "counted",
    "language_of",
]
