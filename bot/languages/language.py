"""A phrase, which is in no language yet, and a language, which puts it into words."""

from collections.abc import Sequence
from datetime import timedelta
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import LiteralString, Self, TypeAlias

from babel import Locale
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

Value: TypeAlias = "str | int | float | timedelta | Phrase | Sequence[str | Phrase]"
"""What a phrase can hold. Text stays as it is; the rest is written as the language writes it."""


class Dollars(float):
    """US dollars, written as money; less than a cent's worth keeps more digits."""


class Phrase:
    """A sentence and the values in it, to be said in a language that is not known yet.

    `Phrase("Your key expires in {time}.", time=timedelta(days=3))`: the sentence is in English and literal, which is
    how its translation is found. As `str` it is English, for logs.
    """

    def __init__(self, message: LiteralString, /, **values: Value) -> None:
        self.message: str = message
        self.plural: str | None = None
        self.count = 0
        self.words: str | None = None
        self.otherwise: Phrase | None = None
        self.values = values

    @classmethod
    def verbatim(cls, words: str, *, otherwise: "Phrase | None" = None) -> Self:
        """Words that are in no catalogue, such as the gateway's own; `otherwise` is for those who read no English."""
        phrase = cls("")
        phrase.words, phrase.otherwise = words, otherwise
        return phrase

    def __str__(self) -> str:
        return ENGLISH.say(self)

    def __repr__(self) -> str:
        return f"Phrase({self.message!r}, {self.values!r})"


def counted(one: LiteralString, many: LiteralString, count: int, /, **values: Value) -> Phrase:
    """A phrase that depends on a number: `counted("{count} key", "{count} keys", len(keys))`."""
    phrase = Phrase(one, count=count, **values)
    phrase.plural, phrase.count = many, count
    return phrase


class Language:
    """One language: its sentences, its plurals, and how it writes numbers, lists and durations.

    `locale` names it as Unicode's CLDR does; `translations` are gettext's.
    """

    def __init__(self, locale: Locale, translations: NullTranslations) -> None:
        self.locale = locale
        self._translations = translations

    @classmethod
    def read(cls, file: Path) -> Self:
        """The language in a `.po` file; the file's name is the language's, `pt-BR.po` for instance.

        Raises `babel.UnknownLocaleError` or `babel.messages.pofile.PoFileError`.
        """
        with file.open("rb") as source:
            catalog = read_po(source, abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, catalog)
        compiled.seek(0)
        return cls(Locale.parse(file.stem, sep="-"), GNUTranslations(compiled))

    def say(self, phrase: LiteralString | Phrase, /, **values: Value) -> str:
        """The phrase in this language. A literal sentence with its values is a phrase too."""
        if isinstance(phrase, str):
            phrase = Phrase(phrase, **values)
        if phrase.words is not None:
            if phrase.otherwise is None or self.locale.language == "en":
                return phrase.words
            return self.say(phrase.otherwise)
        if phrase.plural is None:
            sentence = self._translations.gettext(phrase.message)
        else:
            sentence = self._translations.ngettext(phrase.message, phrase.plural, phrase.count)
        return sentence.format(**{name: self._write(value) for name, value in phrase.values.items()})

    def sentence(self, message: str) -> str:
        """A sentence without values."""
        return self._translations.gettext(message)

    def name(self, kind: str, name: str) -> str:
        """What a command, an option or a choice is called; `kind` says which of them it is."""
        return self._translations.pgettext(kind, name)

    def _write(self, value: Value) -> str:
        match value:
            case str():
                return value
            case Phrase():
                return self.say(value)
            case timedelta():
                return self._duration(value)
            case Dollars():
                amount = round(value, 2 if value >= 1 else 4)
                return format_currency(amount, "USD", locale=self.locale, decimal_quantization=False)
            case int() | float():
                return format_decimal(value, locale=self.locale)
            case _:
                return format_list([self._write(entry) for entry in value], locale=self.locale)

    def _duration(self, duration: timedelta) -> str:
        """Rounded to one unit, never to nothing."""
        seconds = duration.total_seconds()
        if seconds < 90:
            number, unit = max(1, round(seconds)), "second"
        elif seconds < 90 * 60:
            number, unit = round(seconds / 60), "minute"
        elif seconds < 48 * 3600:
            number, unit = round(seconds / 3600), "hour"
        else:
            number, unit = round(seconds / 86_400), "day"
        return format_unit(number, f"duration-{unit}", locale=self.locale)


ENGLISH = Language(Locale("en"), NullTranslations())
"""The language that phrases are written in; it needs no file."""
