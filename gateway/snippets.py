"""The piece of a text that shows why it was found."""

import re
import unicodedata

from gateway.search_query import MARKS, SearchQuery, Words, without_marks
from gateway.wire import Mark

_LENGTH = 200
_BEFORE = 60
# How far an end is moved to fall between words.
_SLACK = 20
_CUT = "…"
# Holds one picture made of several together.
_JOINER = "\u200d"
_LETTER = r"[^\W_]"


class _Folding(dict[int, int | None]):
    """For `str.translate`: each character as one that is compared, so that places stay the same."""

    def __missing__(self, code: int) -> int:
        bare = without_marks(chr(code)).lower()
        self[code] = folded = ord(bare) if len(bare) == 1 else code
        return folded


class Snippets:
    """Cuts the same query's snippets out of many texts."""

    def __init__(self, query: SearchQuery) -> None:
        self._folding = _Folding()
        terms = "|".join(map(self._pattern, sorted(query.wanted, key=len, reverse=True)))
        self._found = re.compile(f"(?<!{_LETTER})(?:{terms})(?!{_LETTER})")

    def cut(self, text: str) -> tuple[str, list[Mark]]:
        """At most some 200 characters in one line around the first hit, and where the hits are in them."""
        folded = text.translate(self._folding)
        first = self._found.search(folded)
        begin, end = _window(text, first.start() if first else 0)
        before = _CUT if begin else ""
        after = _CUT if end < len(text) else ""
        marks = [
            Mark(start=hit.start() - begin + len(before), end=hit.end() - begin + len(before))
            for hit in self._found.finditer(folded, begin, end)
        ]
        return f"{before}{_one_line(text[begin:end])}{after}", marks

    def _pattern(self, words: Words) -> str:
        return r"[\W_]+".join(
            "".join(f"{re.escape(letter)}[{MARKS}]*" for letter in without_marks(word).translate(self._folding))
            for word in words
        )


def _window(text: str, hit: int) -> tuple[int, int]:
    begin = max(0, hit - _BEFORE)
    if begin:
        space = text.find(" ", begin, min(begin + _SLACK, hit))
        begin = begin if space < 0 else space + 1
    end = min(len(text), begin + _LENGTH)
    if end < len(text):
        space = text.rfind(" ", end - _SLACK, end)
        end = end if space <= hit else space
    return begin, end


def _one_line(text: str) -> str:
    """Line ends and control characters as spaces, one for one."""
    return "".join(" " if unicodedata.category(each)[0] in "ZC" and each != _JOINER else each for each in text)
