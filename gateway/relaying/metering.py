"""Counts what a stream uses while it passes, and looks at as little of it as that takes."""

import re
from collections.abc import Generator

from gateway.relaying.reply import Reply, piece_of, pieces_of
from gateway.upstreams.event_stream import LineTooLong
from gateway.upstreams.openai_errors import ProviderError

_EVENT_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
# Text holds its quotation marks escaped, so none of these stands in what a model says. Providers that are asked for
# usage say in every event that there is none yet.
_USAGE, _NO_USAGE = b'"usage"', (b'"usage":null', b'"usage": null')
_ERROR, _NO_ERROR = b'"error"', (b'"error":null', b'"error": null')
_FAREWELL = b"[DONE]"
_LARGEST_EVENT_BYTES = 4 * 1_048_576
# Of a longer answer memory holds the text rather than the events, and where the text is not kept only so much of it as
# it takes to tell what the rest comes to.
_READ_AT_BYTES = 262_144


class StreamMeter:
    """Takes the pieces of a stream, cut anywhere, and gives back whole events, byte for byte.

    What ends the answer is not given back but kept in `last`, for it is told once all is written down. With
    `strip_usage` the event that tells nothing but the usage is left out. With `keep_text` the reply gets all of the
    text, else what an estimate takes. An error within the stream ends it and is kept in `error`; its words are the
    provider's.
    """

    def __init__(self, reply: Reply, *, strip_usage: bool, keep_text: bool) -> None:
        self._reply = reply
        self._strip_usage = strip_usage
        self._keep_text = keep_text
        self._rest = bytearray()
        self._unread = list[bytes]()
        self._unread_bytes = 0
        self._passed_over_bytes = 0
        self._latest = b""
        self.last = b""
        self.done = False
        self.error: ProviderError | None = None

    def feed(self, piece: bytes) -> bytes:
        """What may be passed on now. Raises `LineTooLong`."""
        if self._rest or not piece.endswith(_ENDS):
            piece = self._whole_events(piece)
        return self._pass(piece) if piece else b""

    def end(self) -> bytes:
        """The same, of what a stream that broke off or ends without an empty line leaves."""
        rest = bytes(self._rest)
        self._rest.clear()
        return self._pass(rest) if rest else b""

    def read(self) -> None:
        """Have the reply hold the text of what has passed."""
        if self._passed_over_bytes:
            seen = self._unread_bytes + len(self._latest)
            self._reply.extrapolate((self._unread_bytes + self._passed_over_bytes) / seen)
            self._unread.append(self._latest)
        unread = b"".join(self._unread)
        self._unread.clear()
        self._unread_bytes = self._passed_over_bytes = 0
        for piece in pieces_of([data for event in _events(unread) if (data := _data(event))]):
            self._reply.take(piece)

    def _whole_events(self, piece: bytes) -> bytes:
        looked_at = max(0, len(self._rest) - 3)
        self._rest += piece
        end = max(
            (found + len(mark) for mark in _ENDS if (found := self._rest.rfind(mark, looked_at)) >= 0),
            default=0,
        )
        if len(self._rest) - end > _LARGEST_EVENT_BYTES:
            raise LineTooLong
        whole = bytes(self._rest[:end])
        del self._rest[:end]
        return whole

    def _pass(self, events: bytes) -> bytes:
        start = _first_notable(events)
        if start < len(events):
            events = events[:start] + b"".join(self._looked_at(events[start:]))
        if self._unread_bytes <= _READ_AT_BYTES:
            self._unread.append(events)
            self._unread_bytes += len(events)
        elif self._keep_text:
            self.read()
            self._unread.append(events)
            self._unread_bytes = len(events)
        else:
            self._passed_over_bytes += len(events)
            self._latest = events
        return events

    def _looked_at(self, events: bytes) -> Generator[bytes]:
        """The same events without those that are not for the caller, or not yet."""
        for event in _events(events):
            if self.done or self.error is not None:
                return
            data = _data(event)
            if data == _FAREWELL:
                self._finish(event)
                continue
            piece = piece_of(data)
            if piece is not None and (failure := piece.failure) is not None:
                self.error = failure
                return
            if piece is not None and piece.counts is not None:
                self._reply.count(piece)
                if piece.response is not None:
                    self._finish(event)
                    continue
                if self._strip_usage and not piece.choices:
                    continue
            yield event

    def _finish(self, event: bytes) -> None:
        self._reply.finished = self.done = True
        self.last = event


def _first_notable(events: bytes) -> int:
    """Where the first event begins that may hold more than text, as far as that can be told without parsing; the length
    of all where none does."""
    places = (events.find(_FAREWELL), _find_said(events, _USAGE, _NO_USAGE), _find_said(events, _ERROR, _NO_ERROR))
    first = min((place for place in places if place >= 0), default=-1)
    if first < 0:
        return len(events)
    return max(before + len(end) if (before := events.rfind(end, 0, first)) >= 0 else 0 for end in _ENDS)


def _find_said(events: bytes, name: bytes, nothing: tuple[bytes, ...]) -> int:
    """Where a field of that name first has something in it; -1 where it nowhere has."""
    left = events.count(name)
    if left:
        left -= sum(map(events.count, nothing))
    place = len(events) if left else -1
    # From the end, where usage and errors are told after any number of events that tell none.
    while left:
        place = events.rfind(name, 0, place)
        if not events.startswith(nothing, place):
            left -= 1
    return place


def _events(data: bytes) -> Generator[bytes]:
    """The events of a stream with what ends each."""
    start = 0
    for found in _EVENT_END.finditer(data):
        yield data[start : found.end()]
        start = found.end()
    if start < len(data):
        yield data[start:]


def _data(event: bytes) -> bytes:
    if event.startswith(b"data: ") and event.find(b"\n", 6, -2) < 0 and b"\r" not in event:
        return event[6:].rstrip(b"\n")
    lines = (line for line in event.splitlines() if line.startswith(b"data:"))
    return b"\n".join(line[5:].removeprefix(b" ") for line in lines)
