"""WebSockets that only tell: each has a queue, so that nobody who changes the world waits for a slow reader."""

import asyncio
from typing import Any

import msgspec
from aiohttp import WSCloseCode, web

_MOST_WAITING = 4000
_PING_SECONDS = 20.0


class Outbox:
    """What one reader has still to be told. A reader who is too far behind is cut off, and begins anew."""

    def __init__(self) -> None:
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()

    def put(self, frame: Any) -> None:
        """Tell; the frame is taken as it is now."""
        if self._waiting.qsize() < _MOST_WAITING:
            self._waiting.put_nowait(msgspec.json.encode(frame))
        else:
            self.close()

    def close(self) -> None:
        """Nothing more is told."""
        self._waiting.put_nowait(None)

    async def next(self) -> bytes | None:
        """The next frame, or None at the end."""
        return await self._waiting.get()


class Outboxes:
    """All that are open, so that they end before the server does."""

    def __init__(self) -> None:
        self._open = set[Outbox]()

    def put(self, frame: Any) -> None:
        """Tell everybody."""
        for outbox in self._open:
            outbox.put(frame)

    async def serve(self, request: web.Request, outbox: Outbox) -> web.WebSocketResponse:
        """Tell the one behind a request whatever comes into the outbox, until one side ends it."""
        socket = web.WebSocketResponse(heartbeat=_PING_SECONDS)
        await socket.prepare(request)
        self._open.add(outbox)
        listening = asyncio.create_task(_until_closed(socket, outbox))
        try:
            while (frame := await outbox.next()) is not None:
                await socket.send_str(frame.decode())
        except ConnectionError:
            pass  # the reader went away
        finally:
            self._open.discard(outbox)
            await socket.close(code=WSCloseCode.GOING_AWAY)
            listening.cancel()
        return socket

    async def close(self, _app: web.Application) -> None:
        """End all of them."""
        for outbox in list(self._open):
            outbox.close()


async def _until_closed(socket: web.WebSocketResponse, outbox: Outbox) -> None:
    """What readers say is of no interest but for their going."""
    async for _ in socket:
        pass
    outbox.close()
