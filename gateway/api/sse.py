"""Server-sent events as the gateway writes them: a name, one line of JSON, an empty line.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio

import msgspec
from aiohttp import web

_PING_SECONDS = 15.0

_PING = b": ping\n\n"
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    # nginx and its relatives keep a stream back until a buffer is full, unless told otherwise.
    "X-Accel-Buffering": "no",
}

_encode = msgspec.json.Encoder().encode


def frame(name: str, data: msgspec.Struct) -> bytes:
    """One event. JSON holds no raw line end, so one `data` line is enough."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode(data))


class StreamedResponse(web.StreamResponse):
    """A stream whose head goes out together with what is written first, as a whole response's does: a packet less."""

    _send_headers_immediately = False


class EventStream:
    """An answer that is a stream. It begins with the first thing sent: a refusal before can be an HTTP error."""

    def __init__(self, request: web.Request, *, ping_seconds: float = _PING_SECONDS) -> None:
        self._request = request
        self._ping_seconds = ping_seconds
        self._response: web.StreamResponse | None = None
        self._opening = asyncio.Lock()
        self._loop = asyncio.get_running_loop()
        self._last_sent = self._loop.time()

    @property
    def opened(self) -> bool:
        """Whether the caller has been answered already."""
        return self._response is not None

    async def send(self, data: bytes) -> None:
        """Write whole events. Raises `ConnectionError` where the caller has hung up."""
        response = self._response or await self._open()
        self._last_sent = self._loop.time()
        await response.write(data)

    @property
    def silent(self) -> bool:
        """Whether nothing was sent for a while."""
        return self._loop.time() - self._last_sent >= self._ping_seconds

    async def ping(self) -> None:
        """Write a comment: whatever is in between keeps the connection."""
        await self.send(_PING)

    async def close(self, last: bytes = b"") -> web.StreamResponse:
        """End the stream, with the last events in the same packet."""
        response = self._response or await self._open()
        await response.write_eof(last)
        return response

    async def _open(self) -> web.StreamResponse:
        async with self._opening:
            if self._response is None:
                response = StreamedResponse(headers=_HEADERS)
                await response.prepare(self._request)
                self._response = response
            return self._response
