"""Splits Markdown into messages that each stand on their own.

Discord allows 2,000 characters of content (https://discord.com/developers/docs/resources/message#create-message)
and counts code points, as Python's `len` does: https://github.com/discord/discord-api-docs/issues/1315, where Discord
says so. An emoji outside the Basic Multilingual Plane is one of them, not the two that JavaScript counts.

A code fence, a line of a block quote, bold, italics or a spoiler that must be cut is closed and opened again in the
next message. (A fenced block in a quote must end before its quote does, as in `bot.rendering.dialect`.)

The text may still be growing. Each cut is decided from the first `limit` characters after the cut before it and
from nothing else, so a piece that was handed out never changes, and a text costs time linear in its length
however small the chunks are.
"""

import re

import msgspec

from bot.rendering import fences, spans
from bot.rendering.cutting import Carried, Window
from bot.rendering.fences import Fence

MESSAGE_LIMIT = 2000
"""The most characters Discord takes in one message."""
SMALLEST_LIMIT = 200
"""Below this a fence, its language and its closing line would leave no room for text."""

_VISIBLE = re.compile(r"\S")
_EMPTY_QUOTE = re.compile(r"(?:\n[ \t]{0,3}>[ \t]*)+\Z")


class Piece(msgspec.Struct, frozen=True):
    """One message's worth of text.

    `text` is `opening`, what it shows of its slice `source[start:end]`, and `closing`. What it does not show is at the
    ends of the slice: blank space, empty lines of a block quote, and in front also the end of what was closed in the
    piece before (a fence's closing line, a mark), which would leave an empty block here.

    So nothing is lost, and what was added can be taken away again: the slices of successive pieces, put together, are
    the source (`join`), and `text` without `opening` and `closing` is a part of its slice.
    """

    text: str
    start: int
    end: int
    opening: str = ""
    """What was added to open a fence, a quote or marks again."""
    closing: str = ""
    """What was added to close what goes on, or was never closed."""

    @property
    def shown(self) -> str:
        """What the piece shows of its slice."""
        return self.text[len(self.opening) : len(self.text) - len(self.closing)]

    def marked(self, mark: str) -> str:
        """The text with `mark` at the end of what was written, inside the fence if that is where it ends."""
        return f"{self.opening}{self.shown}{mark}{self.closing}"


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
        self._carried = Carried()

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
        """The pieces that would follow if the text ended here, with `more` behind it. Changes nothing.

        Marks that are still open are closed, so that they already show as what they will be.
        """
        copy = Splitter(self._limit)
        copy._buffer, copy._at = self._buffer, self._at
        copy._dropped, copy._start, copy._carried = self._dropped, self._start, self._carried
        return copy.feed(more) + copy._finish(growing=True)

    def finish(self) -> list[Piece]:
        """The last pieces. Blank space behind the last of them belongs to it, or to none if there is none."""
        return self._finish(growing=False)

    def _finish(self, *, growing: bool) -> list[Piece]:
        pieces: list[Piece] = []
        while self._trim(final=True):
            last = self._last(growing=growing)
            if len(last.text) <= self._limit:
                pieces.append(last)
                break
            pieces.append(self._cut())
        end = self._dropped + len(self._buffer)
        if pieces:
            pieces[-1] = msgspec.structs.replace(pieces[-1], end=end)
        self._buffer, self._at, self._dropped, self._start, self._carried = "", 0, end, end, Carried()
        return pieces

    def _room(self) -> int:
        return self._limit - len(self._carried.opening)

    def _trim(self, *, final: bool = False) -> bool:
        """Step over what the next message need not show; whether anything is left.

        Discord strips blank space around a message. Of an open fence, blank lines may go too, and a closing line
        with nothing before it would show an empty block.
        """
        while self._at < len(self._buffer):
            fence = self._carried.fence
            if not (self._skip_in_code(fence, final=final) if fence else self._skip_in_text(final=final)):
                break
        return self._at < len(self._buffer)

    def _skip_in_text(self, *, final: bool) -> bool:
        visible = _VISIBLE.search(self._buffer, self._at)
        at = visible.start() if visible else len(self._buffer)
        if at > self._at:
            if "\n" in self._buffer[self._at : at]:
                self._carried = self._carried.at_line()
            self._at = at
            return True
        return self._skip_marks(final=final)

    def _skip_marks(self, *, final: bool) -> bool:
        """Where the piece before was closed just before its own closing marks, those have nothing left to close.

        Behind blank space only a spoiler is closed: other marks open something there.
        """
        left, at = list(self._carried.spans), self._at
        behind_space = self._dropped + at != self._start
        while left and self._buffer.startswith(left[-1].mark, at):
            if behind_space and left[-1].mark != spans.SPOILER:
                break
            at += len(left.pop().mark)
        if at == self._at or (at == len(self._buffer) and not final):
            return False
        self._at = at
        self._carried = msgspec.structs.replace(self._carried, spans=tuple(left))
        return True

    def _skip_in_code(self, fence: Fence, *, final: bool) -> bool:
        window = self._buffer[self._at : self._at + self._room() + 1]
        overflows = len(window) > self._room()
        line, newline, _ = window.partition("\n")
        whole = self._carried.whole(line)
        ended = bool(newline) or (final and not overflows)
        if overflows and window.isspace():
            self._at += len(window)
        elif ended and not fence.is_left_by(whole) and (not fence.code_of(whole).strip() or fence.is_closed_by(whole)):
            self._at += len(line) + len(newline)
            after = fences.after_line(fence, whole)
            self._carried = Carried(after, spans=self._carried.spans, begins_line=True)
        else:
            return False
        return True

    def _cut(self) -> Piece:
        window = self._buffer[self._at : self._at + self._room() + 1]
        length, after = Window(window, self._carried, self._limit).cut()
        piece = self._piece(window[:length], after.closing, self._dropped + self._at + length)
        self._at += length
        self._start = piece.end
        self._carried = msgspec.structs.replace(after, spans=spans.handed_on(after.spans))
        if window[length - 1] == "\n":
            self._carried = self._carried.at_line()
        return piece

    def _last(self, *, growing: bool) -> Piece:
        """The piece at the end of the text. Marks that are never closed are text, but for those added here.

        Where closing them does not fit, spoilers are closed at least, which makes it too long.
        """
        body = self._buffer[self._at :]
        end = self._dropped + len(self._buffer)
        ended = Window(body, self._carried, self._limit).at_end()
        left = tuple(span for span in ended.spans if growing or span.carried)
        fence = ended.fence.closing if ended.fence else ""
        piece = self._piece(body, fence + spans.closing(left), end)
        if len(piece.text) <= self._limit:
            return piece
        return self._piece(body, fence + spans.closing(spans.spoilers(left)), end)

    def _piece(self, body: str, closing: str, end: int) -> Piece:
        body = body.rstrip()
        shown = _EMPTY_QUOTE.sub("", body)
        opening = self._carried.opening
        return Piece(opening + shown + closing, self._start, end, opening, closing)


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
