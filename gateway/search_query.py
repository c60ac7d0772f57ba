"""What people type into a search: words that must all be there, "phrases", and -words that must not."""

import re
import unicodedata
from collections.abc import Iterable

import msgspec

from gateway.errors import InvalidRequest

# Marks above and below letters that a search does not look at; PostgreSQL's `search_words` leaves out the same.
MARKS = "\u0300-\u036f"

_TERM = re.compile(r'(?P<not>-)?(?:"(?P<phrase>[^"]*)"?|(?P<word>[^\s"]+))')
_WORD = re.compile(rf"[^\W_][^\W_{MARKS}]*(?:[{MARKS}]+[^\W_]*)*")
_MARK = re.compile(f"[{MARKS}]+")

Words = tuple[str, ...]


class SearchQuery(msgspec.Struct, frozen=True):
    """What to find. Each of its terms is one word, or several that follow each other."""

    wanted: tuple[Words, ...]
    unwanted: tuple[Words, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "SearchQuery":
        """Read what was typed; there is nothing that cannot be read.

        Raises `InvalidRequest` where no word is left that has to be there.
        """
        wanted, unwanted = list[Words](), list[Words]()
        for match in _TERM.finditer(unicodedata.normalize("NFC", text)):
            words = tuple(_WORD.findall(match["word"] or match["phrase"] or ""))
            if words:
                (unwanted if match["not"] else wanted).append(words)
        if not wanted:
            raise InvalidRequest('q holds no word to look for. Write words, or a "phrase"; -word leaves a word out.')
        return cls(tuple(wanted), tuple(unwanted))

    def for_sqlite(self, column: str, *, owner: str | None) -> str:
        """The query in the words of FTS5 (https://www.sqlite.org/fts5.html#full_text_query_syntax)."""
        query = f"({' AND '.join(_quoted(self.wanted, chr(34)))})"
        if self.unwanted:
            query = f"({query} NOT ({' OR '.join(_quoted(self.unwanted, chr(34)))}))"
        whose = "" if owner is None else f' AND owner : "{owner}"'
        return f"{column} : {query}{whose}"

    def for_postgres(self) -> str:
        """The query as `to_tsquery` reads it
        (https://www.postgresql.org/docs/current/textsearch-controls.html#TEXTSEARCH-PARSING-QUERIES)."""
        wanted = _quoted(map(_bare, self.wanted), "'")
        unwanted = (f"!{term}" for term in _quoted(map(_bare, self.unwanted), "'"))
        return " & ".join((*wanted, *unwanted))


def without_marks(text: str) -> str:
    """The text with é as e and ö as o."""
    return unicodedata.normalize("NFC", _MARK.sub("", unicodedata.normalize("NFD", text)))


def _bare(words: Words) -> Words:
    return tuple(map(without_marks, words))


def _quoted(terms: Iterable[Words], quote: str) -> list[str]:
    # Words hold letters and digits only, never a quote.
    return [f"{quote}{' '.join(words)}{quote}" for words in terms]
