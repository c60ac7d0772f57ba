"""Server-sent events, taken apart as they come.

https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
"""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LineTooLong(ValueError):
    """A line grew past what is kept in memory for it."""


class EventStreamDecoder:
    """Turns pieces of a byte stream, cut anywhere, into the data of its events.

    Works on bytes, so that a piece may end within a character. `max_line_bytes` bounds one line and one event.
    """

    def __init__(self, *, max_line_bytes: int = 1_048_576) -> None:
        self._max = max_line_bytes
        self._rest = b""
        self._after_return = False
        self._at_start = True
        self._data = list[bytes]()
        self._size = 0

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of every event that this piece completes.

        Raises `LineTooLong`.
        """
        if self._after_return and piece:
            piece = piece.removeprefix(b"\n")
            self._after_return = False
        if not piece:
            return []
        self._after_return = piece.endswith(b"\r")
        # Of bytes, splitlines knows \n, \r and \r\n only: the three line ends of the format.
        lines = (self._rest + piece).splitlines(keepends=True)
        self._rest = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        if len(self._rest) > self._max:
            raise LineTooLong
        events = list[bytes]()
        for line in lines:
            self._take(line.rstrip(b"\r\n"), events)
        return events

    def finish(self) -> list[bytes]:
        """What a stream that ends without an empty line leaves; some servers send their last event so."""
        events = list[bytes]()
        if self._rest:
            self._take(self._rest, events)
            self._rest = b""
        self._take(b"", events)
        return events

    def _take(self, line: bytes, events: list[bytes]) -> None:
        if self._at_start:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._at_start = False
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
                self._data = []
                self._size = 0
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._size += len(value)
            if self._size > self._max:
                raise LineTooLong
            self._data.append(value.removeprefix(b" "))
