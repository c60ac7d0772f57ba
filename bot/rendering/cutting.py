"""Where a message ends: the place in the text where its reader would pause, and what is open there.

After a block, before a list item, at the end of a line, a sentence, a word, in that order. Nothing that people see as
one character is torn, and neither are links, inline code and short bold text.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from enum import IntEnum

import msgspec

from bot.rendering import fences, graphemes, spans
from bot.rendering.fences import Fence
from bot.rendering.spans import Spans

_HEADING = re.compile(r"#{1,6}\s")
_LIST_ITEM = re.compile(r"(?P<indent>\s*)(?:[-*+]|\d{1,9}[.)])\s")
_INDENTED = re.compile(r"[ \t]{2,}\S")
_SENTENCE_END = re.compile(r"[.!?…]['\")\]*_]*(?=\s)|[。！？]")
_WORD_END = re.compile(r"(?<=\S)(?=\s)|[、，；]")
_BECOMES_BLOCK = re.compile(r"\s*(?:[`~>#|]|(?:[-*+]|\d{1,9}[.)])(?:\s|$))")
_BEHIND_MARK = re.compile(r"(?<=[*_|~])\S")  # a mark that opens something stays with it
_ATOM = re.compile(
    r"(?<!`)(`{1,2})(?!`)[^`\n]+(?:\1(?!`)|\Z)"
    r"|\[[^\[\]\n]*(?:\]\([^()\s]*\)|(?:\]\([^()\s]*)?\Z)"
    r"|https?://\S+|<[^<>\s]{1,100}>"
    r"|\*\*[^*\n]+(?:\*\*|\Z)"
)
_LONGEST_OPEN_ATOM = 300  # at the end of the window: a link that goes on behind it, or a stray bracket


class Carried(msgspec.Struct, frozen=True):
    """What goes on from one message into the next."""

    fence: Fence | None = None
    quoted: bool = False
    """Whether a line of a block quote was cut."""
    spans: Spans = ()
    begins_line: bool = False
    """Whether the next message begins with a line that must stay one: a heading, a list's item."""

    @property
    def opening(self) -> str:
        """What opens it all again."""
        quote = fences.QUOTE if self.quoted else ""
        marks = spans.opening(self.spans)
        if self.fence:
            line_end = "\n" if marks and self.fence.quote else ""
            return f"{marks}{line_end}{self.fence.reopening}{quote}"
        if marks and self.begins_line:
            marks += "\n"
        return quote + marks

    @property
    def closing(self) -> str:
        """What closes it all."""
        return (self.fence.closing if self.fence else "") + spans.closing(self.spans)

    def at_line(self) -> "Carried":
        """The same where the next message begins with a line of its own: only spoilers reach over lines."""
        return Carried(self.fence, spans=spans.spoilers(self.spans), begins_line=True)

    def whole(self, line: str) -> str:
        """`line`, the first of the next message, as the line of the block quote that it is the rest of."""
        return fences.QUOTE + line if self.quoted else line


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


class _Prose(msgspec.Struct):
    """Lines in a row that are no code, and what is open before them and behind."""

    start: int
    text: str
    before: Spans
    after: Spans


class Window:
    """The text from which the next message is taken, and the places where it may end."""

    def __init__(self, text: str, carried: Carried, limit: int) -> None:
        self._text = text
        self._carried = carried
        self._room = limit - len(carried.opening)
        self._half = self._room // 2
        self._lines = list(self._scan())
        self._prose = list(self._scan_prose())
        self._atoms: list[tuple[int, int]] | None = None

    def cut(self) -> tuple[int, Carried]:
        """Where the message ends, and what is open there."""
        at = self._best_line_end() or self._best_inside_a_line() or self._anywhere()
        line, fence = self._line_at(at), self._fence_at(at)
        mark = fences.quote_mark(self._whole(line))
        quoted = line.start < at < line.end and bool(mark) and at >= line.start + len(mark)
        return at, Carried(fence, quoted, self._spans_at(at))

    def at_end(self) -> Carried:
        """What is open where the text ends."""
        at = len(self._text)
        return Carried(self._fence_at(at), spans=self._spans_at(at))

    def _scan(self) -> Iterator[_Line]:
        fence, start = self._carried.fence, 0
        while start < len(self._text):
            newline = self._text.find("\n", start)
            end = len(self._text) if newline < 0 else newline + 1
            line = self._text[start:end]
            after = fences.after_line(fence, line if start else self._carried.whole(line))
            yield _Line(start, end, fence, after)
            fence, start = after, end

    def _line_at(self, at: int) -> _Line:
        return self._lines[bisect_left(self._lines, at, key=lambda line: line.end)]

    def _whole(self, line: _Line, at: int | None = None) -> str:
        text = self._text[line.start : line.end if at is None else at]
        return text if line.start else self._carried.whole(text)

    def _fence_at(self, at: int) -> Fence | None:
        line = self._line_at(at)
        return fences.after_line(line.before, self._whole(line, at))

    def _scan_prose(self) -> Iterator[_Prose]:
        """Marks in code mean nothing, and only spoilers reach over a block of it."""
        before, start = self._carried.spans, 0
        ends = [(line.start, line.end) for line in self._lines if line.before or line.after]
        for end, following in (*ends, (len(self._text), len(self._text))):
            text = self._text[start:end]
            after = spans.open_at(before, text, len(text))
            if text:
                yield _Prose(start, text, before, after)
            before, start = spans.spoilers(after), following

    def _spans_at(self, at: int) -> Spans:
        prose = self._prose[bisect_left(self._prose, at, key=lambda each: each.start) - 1] if self._prose else None
        if prose is None or at <= prose.start:
            return spans.spoilers(self._carried.spans)  # only code stands before it
        if at > prose.start + len(prose.text):
            return spans.spoilers(prose.after)
        return spans.open_at(prose.before, prose.text, at - prose.start)

    def _fits(self, at: int) -> bool:
        fence = self._fence_at(at)
        room = self._room - len(self._text[:at].rstrip()) - (len(fence.closing) if fence else 0)
        return room >= spans.LONGEST_CLOSING or room >= len(spans.closing(self._spans_at(at)))

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
        return _BECOMES_BLOCK.match(self._text, at) is None and _BEHIND_MARK.match(self._text, at) is None

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
