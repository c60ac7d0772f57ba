"""Splits Markdown into messages that each stand on their own.

Discord allows 2,000 characters of content (https://discord.com/developers/docs/resources/message#create-message)
and counts code points, as Python's `len` does (https://github.com/discord/discord-api-docs/issues/1315).

A message ends where its reader would pause: after a block, before a list item, at the end of a line, a sentence,
a word, in that order. A code fence that must be cut is closed and opened again in the next message.

The text may still be growing. Each cut is decided from the first `limit` characters after the cut before it and
from nothing else, so a piece that was handed out never changes, and a text costs time linear in its length
however small the chunks are.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from enum import IntEnum

import msgspec

from bot.rendering import fences, graphemes
from bot.rendering.fences import Fence

MESSAGE_LIMIT = 2000
"""The most characters Discord takes in one message."""
SMALLEST_LIMIT = 200
"""Below this a fence, its language and its closing line would leave no room for text."""

_VISIBLE = re.compile(r"\S")
_HEADING = re.compile(r"#{1,6}\s")
_LIST_ITEM = re.compile(r"(?P<indent>\s*)(?:[-*+]|\d{1,9}[.)])\s")
_INDENTED = re.compile(r"[ \t]{2,}\S")
_SENTENCE_END = re.compile(r"[.!?…]['\")\]*_]*(?=\s)|[。！？]")
_WORD_END = re.compile(r"(?<=\S)(?=\s)|[、，；]")
_BECOMES_BLOCK = re.compile(r"\s*(?:[`~>#|]|(?:[-*+]|\d{1,9}[.)])(?:\s|$))")
_ATOM = re.compile(
    r"(?<!`)(`{1,2})(?!`)[^`\n]+(?:\1(?!`)|\Z)"
    r"|\[[^\[\]\n]*(?:\]\([^()\s]*\)|(?:\]\([^()\s]*)?\Z)"
    r"|https?://\S+|<[^<>\s]{1,100}>"
    r"|\*\*[^*\n]+(?:\*\*|\Z)"
)
_LONGEST_OPEN_ATOM = 300  # at the end of the window: a link that goes on behind it, or a stray bracket


class Piece(msgspec.Struct, frozen=True):
    """One message's worth of text.

    `source[start:end]` of successive pieces gives the source back. `text` is `opening`, that slice without the
    blank space at its ends (and without a closing line that would leave an empty block), and `closing`.
    """

    text: str
    start: int
    end: int
    opening: str = ""
    """What was added to open a fence again."""
    closing: str = ""
    """What was added to close a fence that goes on, or was never closed."""

    def marked(self, mark: str) -> str:
        """The text with `mark` at the end of what was written, inside the fence if that is where it ends."""
        return self.text.removesuffix(self.closing) + mark + self.closing


class _Rank(IntEnum):
    """How well a message ends here."""

    CODE_LINE = 0
    LINE = 1
    CODE_PARAGRAPH = 2
    NESTED_ITEM = 3
    ITEM = 4
    BLOCK = 5


class _Line(msgspec.Struct):
    start: int
    end: int
    before: Fence | None
    after: Fence | None


class _Window:
    """The text from which the next message is taken, and the places where it may end."""

    def __init__(self, text: str, fence: Fence | None, limit: int) -> None:
        self._text = text
        self._fence = fence
        self._room = limit - len(fence.reopening) if fence else limit
        self._half = self._room // 2
        self._lines = list(self._scan())
        self._atoms: list[tuple[int, int]] | None = None

    def cut(self) -> tuple[int, Fence | None]:
        """Where the message ends, and the fence that is open there."""
        at = self._best_line_end() or self._best_inside_a_line() or self._anywhere()
        return at, self._fence_at(at)

    def _scan(self) -> Iterator[_Line]:
        fence, start = self._fence, 0
        while start < len(self._text):
            newline = self._text.find("\n", start)
            end = len(self._text) if newline < 0 else newline + 1
            after = fences.after_line(fence, self._text[start:end])
            yield _Line(start, end, fence, after)
            fence, start = after, end

    def _line_at(self, at: int) -> _Line:
        return self._lines[bisect_left(self._lines, at, key=lambda line: line.end)]

    def _fence_at(self, at: int) -> Fence | None:
        line = self._line_at(at)
        return fences.after_line(line.before, self._text[line.start : at])

    def _fits(self, at: int) -> bool:
        fence = self._fence_at(at)
        closing = len(fence.marker) + 1 if fence else 0
        return len(self._text[:at].rstrip()) + closing <= self._room

    def _best_line_end(self) -> int | None:
        best: tuple[_Rank, int] | None = None
        for line in self._lines:
            whole = self._text[line.end - 1] == "\n"
            opens = line.before is None and line.after is not None
            if line.end < self._half or not whole or opens or not self._fits(line.end):
                continue
            candidate = (self._rank(line), line.end)
            best = candidate if best is None else max(best, candidate)
        return best[1] if best else None

    def _rank(self, line: _Line) -> _Rank:
        following = self._text[line.end :]
        blank_follows = following.startswith("\n")
        if line.after is not None:
            return _Rank.CODE_PARAGRAPH if blank_follows else _Rank.CODE_LINE
        own = self._text[line.start : line.end].rstrip()
        if own == "":
            own = self._text[: line.end].rstrip().rpartition("\n")[2]
            blank_follows = True
        if _HEADING.match(own) or own.endswith(":"):
            return _Rank.LINE  # what announces something stays with it
        following = following.lstrip("\n")
        item = _LIST_ITEM.match(following)
        if item:
            return _Rank.NESTED_ITEM if item["indent"] else _Rank.ITEM
        if _INDENTED.match(following):
            return _Rank.LINE
        if blank_follows or line.before is not None or _HEADING.match(following):
            return _Rank.BLOCK
        return _Rank.LINE

    def _best_inside_a_line(self) -> int | None:
        for pattern, least in ((_SENTENCE_END, self._half), (_WORD_END, self._half), (_WORD_END, 1)):
            ends = [match.end() for match in pattern.finditer(self._text, least, self._room + 1)]
            for at in reversed(ends):
                if self._may_cut_inside_a_line(at):
                    return at
        return None

    def _may_cut_inside_a_line(self, at: int) -> bool:
        return 0 < at <= self._room and self._keeps_meaning(at) and not self._in_atom(at) and self._fits(at)

    def _keeps_meaning(self, at: int) -> bool:
        """Whether neither half turns into a fence, a heading or a list by being cut here."""
        line = self._line_at(at)
        is_opening = line.before is None and line.after is not None
        if is_opening or self._fence_at(at) is not line.before:
            return False
        return _BECOMES_BLOCK.match(self._text, at) is None

    def _in_atom(self, at: int) -> bool:
        if self._atoms is None:
            spans = [match.span() for match in _ATOM.finditer(self._text)]
            end = len(self._text)
            self._atoms = [span for span in spans if span[1] < end or end - span[0] <= _LONGEST_OPEN_ATOM]
        return any(start < at < end for start, end in self._atoms)

    def _anywhere(self) -> int:
        furthest = next(at for at in range(min(self._room, len(self._text)), 0, -1) if self._fits(at))
        for at in range(furthest, max(furthest - 100, 0), -1):
            if self._keeps_meaning(at) and graphemes.is_boundary(self._text, at):
                return at
        at = graphemes.last_boundary(self._text, furthest)
        return at if self._fits(at) else furthest


class Splitter:
    """Splits a text that is still being written.

    `feed` hands out each piece as soon as nothing that follows can change it; `preview` shows the rest as it
    would look if the text ended now; `finish` ends it.
    """

    def __init__(self, limit: int = MESSAGE_LIMIT) -> None:
        if limit < SMALLEST_LIMIT:
            raise ValueError(f"limit must be at least {SMALLEST_LIMIT} characters, not {limit}")
        self._limit = limit
        self._buffer = ""
        self._at = 0  # in the buffer: where the next piece's visible text begins
        self._dropped = 0  # in the source: how much was cut off the front of the buffer
        self._start = 0  # in the source: where the next piece's slice begins
        self._fence: Fence | None = None

    def feed(self, chunk: str) -> list[Piece]:
        """Append `chunk`; the pieces that are complete by now."""
        self._buffer += chunk
        pieces: list[Piece] = []
        self._trim()
        while len(self._buffer) - self._at > self._room():
            pieces.append(self._cut())
            self._trim()
        self._dropped += self._at
        self._buffer = self._buffer[self._at :]
        self._at = 0
        return pieces

    def preview(self, more: str = "") -> list[Piece]:
        """The pieces that would follow if the text ended here, with `more` behind it. Changes nothing."""
        copy = Splitter(self._limit)
        copy._buffer, copy._at = self._buffer, self._at
        copy._dropped, copy._start, copy._fence = self._dropped, self._start, self._fence
        return copy.feed(more) + copy.finish()

    def finish(self) -> list[Piece]:
        """The last pieces. Blank space behind the last of them belongs to it, or to none if there is none."""
        pieces: list[Piece] = []
        while self._trim(final=True):
            last = self._last()
            if len(last.text) <= self._limit:
                pieces.append(last)
                break
            pieces.append(self._cut())
        end = self._dropped + len(self._buffer)
        if pieces:
            pieces[-1] = msgspec.structs.replace(pieces[-1], end=end)
        self._buffer, self._at, self._dropped, self._start, self._fence = "", 0, end, end, None
        return pieces

    def _room(self) -> int:
        return self._limit - len(self._fence.reopening) if self._fence else self._limit

    def _trim(self, *, final: bool = False) -> bool:
        """Step over what the next message need not show; whether anything is left.

        Discord strips blank space around a message. Of an open fence, blank lines may go too, and a closing line
        with nothing before it would show an empty block.
        """
        while self._at < len(self._buffer):
            if self._fence is None:
                visible = _VISIBLE.search(self._buffer, self._at)
                self._at = visible.start() if visible else len(self._buffer)
                break
            window = self._buffer[self._at : self._at + self._room() + 1]
            overflows = len(window) > self._room()
            line, newline, _ = window.partition("\n")
            whole = bool(newline) or (final and not overflows)
            if overflows and window.isspace():
                self._at += len(window)
            elif whole and (not line.strip() or self._fence.is_closed_by(line)):
                self._at += len(line) + len(newline)
                self._fence = fences.after_line(self._fence, line)
            else:
                break
        return self._at < len(self._buffer)

    def _cut(self) -> Piece:
        window = self._buffer[self._at : self._at + self._room() + 1]
        length, fence = _Window(window, self._fence, self._limit).cut()
        piece = self._piece(window[:length], fence, self._dropped + self._at + length)
        self._at += length
        self._start = piece.end
        self._fence = fence
        return piece

    def _last(self) -> Piece:
        body = self._buffer[self._at :]
        return self._piece(body, fences.after_text(self._fence, body), self._dropped + len(self._buffer))

    def _piece(self, body: str, fence: Fence | None, end: int) -> Piece:
        reopening = self._fence.reopening if self._fence else ""
        closing = f"\n{fence.marker}" if fence else ""
        return Piece(reopening + body.rstrip() + closing, self._start, end, reopening, closing)


def split(text: str, limit: int = MESSAGE_LIMIT) -> list[Piece]:
    """All pieces of `text`, each of at most `limit` characters; none where the text is blank.

    Raises ValueError for a limit below `SMALLEST_LIMIT`.
    """
    splitter = Splitter(limit)
    pieces = splitter.feed(text) + splitter.finish()
    if pieces:
        pieces[-1] = msgspec.structs.replace(pieces[-1], end=len(text))
    return pieces


def join(source: str, pieces: list[Piece]) -> str:
    """The text the pieces were made from, put together from their slices of `source`."""
    return "".join(source[piece.start : piece.end] for piece in pieces)
