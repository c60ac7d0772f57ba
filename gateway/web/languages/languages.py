"""Which languages there are, and which one somebody reads."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from aiohttp import web
from babel import negotiate_locale

from gateway.web.languages.language import ENGLISH, Language

FOLDER = Path(__file__).parent
COOKIE = "rolekey-language"
"""Holds the tag of a language that was chosen."""


class Languages:
    """English, and every language that has a file, by tag."""

    def __init__(self, others: Mapping[str, Language]) -> None:
        self._by_tag = {ENGLISH.tag: ENGLISH, **others}

    @classmethod
    def read(cls, folder: Path = FOLDER) -> Self:
        """Every `.po` file in a folder is a language."""
        return cls({file.stem: Language.read(file) for file in sorted(folder.glob("*.po"))})

    def __iter__(self) -> Iterator[Language]:
        return iter(self._by_tag.values())

    def get(self, tag: str) -> Language | None:
        """The language of a tag, such as a form gives it."""
        return self._by_tag.get(tag)

    def of(self, request: web.Request) -> Language:
        """The language chosen on this browser, else the first one it is set to that there is, else English."""
        chosen = self.get(request.cookies.get(COOKIE, ""))
        if chosen is not None:
            return chosen
        asked = negotiate_locale(_preferred(request.headers.get("Accept-Language", "")), list(self._by_tag), sep="-")
        return self._by_tag.get(asked or "", ENGLISH)


def _preferred(header: str) -> list[str]:
    """The tags in a header Accept-Language, the most wanted first (RFC 9110, section 12.5.4)."""
    weighed = list[tuple[float, str]]()
    for entry in header.split(","):
        tag, _, weight = entry.partition(";q=")
        try:
            weighed.append((float(weight or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(weighed, key=lambda each: -each[0]) if weight > 0 and tag != "*"]
