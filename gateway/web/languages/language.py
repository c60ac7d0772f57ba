"""One language: its sentences, and how it writes numbers, amounts and moments."""

from datetime import UTC, date
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import NamedTuple, Self

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_currency, format_decimal
from babel.units import format_unit

from gateway.errors import ApiError
from gateway.times import moment
from gateway.web.languages.error_words import ERROR_WORDS, FOR_PROGRAMS


class Told(NamedTuple):
    """A sentence and the tag of the language it is in, which is not the page's where nobody translated it."""

    words: str
    tag: str


class Language:
    """A language of the pages. `locale` names it as Unicode's CLDR does; `translations` are gettext's."""

    def __init__(self, locale: Locale, translations: NullTranslations) -> None:
        self.locale = locale
        self.translations = translations

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

    @property
    def tag(self) -> str:
        """Its tag as HTML and HTTP write it (RFC 5646)."""
        return str(self.locale).replace("_", "-")

    @property
    def name(self) -> str:
        """What it calls itself."""
        own = self.locale.get_display_name() or self.tag
        return own[0].upper() + own[1:]

    def gettext(self, sentence: str) -> str:
        """A sentence without values, or its pattern."""
        return self.translations.gettext(sentence)

    def explain(self, error: ApiError) -> Told:
        """What went wrong: in this language where the sentence, or another one for its code, was translated."""
        if self.locale.language == ENGLISH.locale.language:
            return Told(ERROR_WORDS[error.code] if error.code in FOR_PROGRAMS else error.message, ENGLISH.tag)
        words = self.gettext(error.message)
        if words != error.message:
            return Told(words, self.tag)
        if error.code in ERROR_WORDS:
            return Told(self.gettext(ERROR_WORDS[error.code]), self.tag)
        return Told(error.message, ENGLISH.tag)

    def moment(self, milliseconds: int) -> str:
        """A moment, given in milliseconds since the epoch, in UTC, to the minute."""
        day, time = self.date(milliseconds), format_datetime(moment(milliseconds), "HH:mm", UTC, self.locale)
        return f"{day}, {time} UTC"

    def date(self, day: date | int) -> str:
        """A day; given as milliseconds since the epoch, that of the moment in UTC."""
        return format_date(moment(day) if isinstance(day, int) else day, "medium", self.locale)

    def number(self, number: float) -> str:
        """A number with the language's separators, at most three decimals."""
        return format_decimal(number, locale=self.locale)

    def compact(self, number: float) -> str:
        """The same in few characters, 12.5K for instance; less than one keeps what tells it from nothing."""
        if number < 1:
            return self.number(number)
        return format_compact_decimal(number, locale=self.locale, fraction_digits=1)

    def dollars(self, amount: float) -> str:
        """US dollars as money; less than a cent's worth keeps more digits."""
        # What is left of sums of which parts were taken away may be a hair less than nothing.
        rounded = round(max(0.0, amount), 2 if amount >= 1 or not amount else 4)
        return format_currency(rounded, "USD", locale=self.locale, decimal_quantization=rounded == round(rounded, 2))

    def size(self, size: int) -> str:
        """A file's size, given in bytes."""
        for limit, unit in ((10**9, "gigabyte"), (10**6, "megabyte"), (10**3, "kilobyte")):
            if size >= limit:
                return format_unit(round(size / limit, 1), f"digital-{unit}", "short", locale=self.locale)
        return format_unit(size, "digital-byte", "long", locale=self.locale)


ENGLISH = Language(Locale("en"), NullTranslations())
"""The language that sentences are written in; it needs no file."""
