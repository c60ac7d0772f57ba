"""One WebSocket: frames out in order, frames in by opcode. https://discord.com/developers/docs/events/gateway"""

import asyncio
import json
import logging
import zlib
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, cast

from aiohttp import WSCloseCode, WSMsgType, web

from playground.standin.socket.protocol import CloseCode, Closing, Opcode
from playground.standin.socket.session import Session
from playground.standin.world.clock import Clock, Timer
from playground.standin.world.entities import JSON

log = logging.getLogger(__name__)

FRAMES_A_MINUTE = 120
"""https://discord.com/developers/docs/events/gateway#rate-limiting"""
LARGEST_FRAME = 4096
"""Bytes. https://discord.com/developers/docs/events/gateway#sending-events"""
_FRAME_READ = 1024 * 1024

Handler = Callable[["Connection", Any], Awaitable[None] | None]


class Connection:
    """Speaks the protocol; what an opcode means is said by `handlers`.

    `heartbeat_seconds` is how often the client must be heard of.
    """

    def __init__(
        self, clock: Clock, heartbeat_seconds: float, handlers: dict[Opcode, Handler], *, compress: bool
    ) -> None:
        self.session: Session | None = None
        self.keep_session = True
        self._ending = False
        self._clock = clock
        self._heartbeat_seconds = heartbeat_seconds
        self._handlers = handlers
        self._deflate = zlib.compressobj() if compress else None
        self._outgoing: asyncio.Queue[JSON | int] = asyncio.Queue()
        self._incoming: deque[datetime] = deque()
        self._patience: Timer | None = None
        self._ws: web.WebSocketResponse | None = None
        self._request: web.Request | None = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Talk until either side ends it."""
        self._request = request
        self._ws = ws = web.WebSocketResponse(max_msg_size=_FRAME_READ, compress=False)
        await ws.prepare(request)
        writing = asyncio.create_task(self._write(ws), name="standin-socket")
        self.put({"op": int(Opcode.HELLO), "d": {"heartbeat_interval": int(self._heartbeat_seconds * 1000)}})
        self._expect_heartbeat()
        try:
            await self._read(ws)
        except Closing as closing:
            self.close(closing.code)
            await writing
        except Exception:
            log.exception("a frame broke the stand-in")
            self.close(CloseCode.UNKNOWN_ERROR)
            await writing
        finally:
            if self._patience is not None:
                self._patience.cancel()
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        return ws

    def put(self, frame: JSON) -> None:
        """Send, after what was put before."""
        self._outgoing.put_nowait({"s": None, "t": None, **frame})

    def close(self, code: int) -> None:
        """End the connection with a close code, once everything before it is sent."""
        self._outgoing.put_nowait(int(code))

    def drop(self) -> None:
        """Cut the line, as a broken network does."""
        if self._request is not None and self._request.transport is not None:
            self._request.transport.abort()

    async def _write(self, ws: web.WebSocketResponse) -> None:
        while True:
            item = await self._outgoing.get()
            if isinstance(item, int):
                self._ending = True
                await ws.close(code=item)
                return
            text = json.dumps(item, separators=(",", ":"))
            if ws.closed:
                return
            try:
                await self._send(ws, text)
            except ConnectionError:
                return  # it is dispatched again when the session is resumed

    async def _send(self, ws: web.WebSocketResponse, text: str) -> None:
        if self._deflate is None:
            await ws.send_str(text)
            return
        packed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await ws.send_bytes(packed)

    async def _read(self, ws: web.WebSocketResponse) -> None:
        async for message in ws:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            self._count()
            frame = _decoded(message.data)
            opcode = _opcode(frame)
            if opcode is Opcode.HEARTBEAT:
                self._beat()
            elif opcode in self._handlers:
                outcome = self._handlers[opcode](self, _inner(frame))
                if outcome is not None:
                    await outcome
            else:
                raise Closing(CloseCode.UNKNOWN_OPCODE)
        # 1000 and 1001 of the client say that it does not come back: the session ends.
        left = ws.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
        self.keep_session = self._ending or not left

    def _count(self) -> None:
        now = self._clock.now()
        self._incoming.append(now)
        while now - self._incoming[0] >= timedelta(minutes=1):
            self._incoming.popleft()
        if len(self._incoming) > FRAMES_A_MINUTE:
            raise Closing(CloseCode.RATE_LIMITED)

    def _beat(self) -> None:
        self.put({"op": int(Opcode.HEARTBEAT_ACK), "d": None})
        self._expect_heartbeat()

    def _expect_heartbeat(self) -> None:
        """A client that is not heard of for one and a half intervals is gone."""
        if self._patience is not None:
            self._patience.cancel()
        self._patience = self._clock.call_later(
            1.5 * self._heartbeat_seconds, lambda: self.close(CloseCode.SESSION_TIMED_OUT)
        )


def _decoded(data: str | bytes) -> JSON:
    if len(data if isinstance(data, bytes) else data.encode()) > LARGEST_FRAME:
        raise Closing(CloseCode.DECODE_ERROR)
    try:
        frame = json.loads(data)
    except ValueError:
        raise Closing(CloseCode.DECODE_ERROR) from None
    if not isinstance(frame, dict):
        raise Closing(CloseCode.DECODE_ERROR)
    return cast("JSON", frame)


def _inner(frame: JSON) -> JSON:
    data: object = frame.get("d")
    if not isinstance(data, dict):
        raise Closing(CloseCode.DECODE_ERROR)
    return cast("JSON", data)


def _opcode(frame: JSON) -> Opcode:
    try:
        return Opcode(frame["op"])
    except (KeyError, ValueError):
        raise Closing(CloseCode.UNKNOWN_OPCODE) from None
