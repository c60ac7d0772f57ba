"""Connections as the gateway takes them: not too many, none that keeps it waiting, and every refusal in one shape.

What is wrong below HTTP's surface never reaches a route, so aiohttp would answer it in words of its own.
"""

import asyncio
import logging
import secrets
from typing import cast

import msgspec
from aiohttp import http_exceptions, web
from aiohttp.streams import StreamReader

from gateway.error_shape import BodyTooSlow, error_response, from_aiohttp
from gateway.errors import ApiError, HeadersTooLarge, InternalError, InvalidRequest, TimedOut, Unavailable
from gateway.request_log import SERVER_NAME

log = logging.getLogger("gateway.access")

_MOST_IN_LINE = 8190
# One more than a line may have, so that an error tells which of the two was too long.
_MOST_IN_HEADER = 8191
_MOST_HEADERS = 100
# Longer than the 60 seconds after which most proxies let go of a silent connection, so that they do it first.
_IDLE_SECONDS = 75.0
# How long a refused caller may go on sending before it is cut off; cut off at once it could not read why.
_LINGER_SECONDS = 2.0
_MOST_LINGERING = 100


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """`request_seconds` is how long a request's head may take, its body, and a caller to read on."""

    max_connections: int
    request_seconds: float


class Connections:
    """Makes a protocol for each connection of a server, and counts them."""

    def __init__(self, server: web.Server, limits: Limits) -> None:
        self.server = server
        self.limits = limits
        self.open = 0
        self.lingering = 0

    def __call__(self) -> "Connection":
        """The protocol of the next connection."""
        return Connection(self)


class Connection(web.RequestHandler):
    """One connection, with limits in time that aiohttp does not set."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(
            connections.server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=_IDLE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            access_log=None,  # pyright: ignore[reportArgumentType] - aiohttp's runner hands it on like this too
            max_line_size=_MOST_IN_LINE,
            max_field_size=_MOST_IN_HEADER,
            max_headers=_MOST_HEADERS,
        )
        self._connections = connections
        self._limits = connections.limits
        self._counted = False
        self._refused: asyncio.Transport | None = None
        self._head_timer: asyncio.TimerHandle | None = None
        self._body_timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None
        self._head_begun = False

    # Opening and closing

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or say that there are too many."""
        if self._connections.open >= self._limits.max_connections:
            self._refuse(cast("asyncio.Transport", transport))
            return
        self._counted = True
        self._connections.open += 1
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        if self._counted:
            self._counted = False
            self._connections.open -= 1
        if self._refused is not None:
            self._refused = None
            self._connections.lingering -= 1
        for timer in (self._head_timer, self._body_timer, self._reader_timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def _refuse(self, transport: asyncio.Transport) -> None:
        self.force_close()
        self._connections.lingering += 1
        self._refused = transport
        busy = Unavailable(
            "The gateway has as many connections as it takes. Try again in a moment.",
            code="too_many_connections",
            retry_after=1,
        )
        transport.write(_raw(busy))
        if self._connections.lingering > _MOST_LINGERING:
            transport.abort()
            return
        transport.write_eof()
        self._loop.call_later(_LINGER_SECONDS, transport.abort)

    # Time limits

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived; a head, and then its body, has to be whole in time."""
        seen = self._request_count
        super().data_received(data)
        if self._request_count > seen:
            self._head_arrived()
            if self._messages:
                self._expect_body(self._messages[-1][1])
        elif data and self._waiter is not None:
            self._head_begun = True
            if self._head_timer is None:
                self._expect_head()

    def pause_writing(self) -> None:
        """The caller does not read as fast as it is told: it has to read on in time."""
        super().pause_writing()
        self._watch_reader(self._unread())

    def resume_writing(self) -> None:
        """It has."""
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None
        super().resume_writing()

    def _expect_head(self) -> None:
        self._head_timer = self._loop.call_later(self._limits.request_seconds, self._head_too_slow)

    def _head_arrived(self) -> None:
        self._head_begun = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_too_slow(self) -> None:
        self._head_timer = None
        if self.transport is not None and self._head_begun:
            self.transport.write(_raw(_too_slow()))
        self.force_close()

    def _expect_body(self, payload: StreamReader) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None
        if not payload.is_eof():
            self._body_timer = self._loop.call_later(self._limits.request_seconds, _give_up, payload)

    def _watch_reader(self, unread: int) -> None:
        self._reader_timer = self._loop.call_later(self._limits.request_seconds, self._reader_too_slow, unread)

    def _reader_too_slow(self, unread: int) -> None:
        left = self._unread()
        if left < unread:
            self._watch_reader(left)
        elif self.transport is not None:
            self.transport.abort()

    def _unread(self) -> int:
        return 0 if self.transport is None else self.transport.get_write_buffer_size()

    # Errors that no route gets to see

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may quote what was sent, a key included
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or went wrong outside of every route. Raises `ConnectionError` mid-answer."""
        if isinstance(exc, ConnectionError):
            raise exc  # the caller is gone: nobody is left to answer
        error = _in_words(status, exc)
        reference = secrets.token_hex(8)
        if status >= 500:
            log.error("%s failed outside of its route", reference, exc_info=exc)
        else:
            log.info("- - %d malformed request (%s) %s", error.status, type(exc).__name__, reference)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already")
        response = error_response(error)
        response.headers["X-Request-ID"] = reference
        response.headers["Server"] = SERVER_NAME
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer; errors that aiohttp raised before any middleware get our shape."""
        if isinstance(resp, web.HTTPException) and resp.status >= 400:
            resp = from_aiohttp(resp)
        return await super().finish_response(request, resp, start_time)

    def log_exception(self, *args: object, **kw: object) -> None:
        """Log a bug. A body that broke off is its sender's trouble, not ours."""
        if not isinstance(kw.get("exc_info"), web.RequestPayloadError | TimeoutError):
            super().log_exception(*args, **kw)


def _give_up(payload: StreamReader) -> None:
    if not payload.is_eof():
        payload.set_exception(BodyTooSlow("the body did not arrive in time"))


def _too_slow() -> ApiError:
    return TimedOut("The request did not arrive in time. Send it again, faster.")


def _in_words(status: int, exc: BaseException | None) -> ApiError:
    if status >= 500:
        return InternalError("Something went wrong inside the gateway.")
    if isinstance(exc, http_exceptions.LineTooLong):
        if exc.args[1] == _MOST_IN_LINE:
            return InvalidRequest(f"The address is longer than {_MOST_IN_LINE} bytes.", code="address_too_long")
        return HeadersTooLarge(f"A header is longer than {_MOST_IN_LINE} bytes. Send less.")
    if isinstance(exc, http_exceptions.BadHttpMessage) and exc.message == "Too many headers received":
        return HeadersTooLarge(f"The request has more than {_MOST_HEADERS} headers. Send fewer.")
    if isinstance(exc, http_exceptions.BadHttpMethod) and "HTTPS" in exc.message:
        return InvalidRequest("This port speaks HTTP, not HTTPS.", code="malformed_request")
    return InvalidRequest("This is not a request as HTTP/1.1 has it.", code="malformed_request")


def _raw(error: ApiError) -> bytes:
    """An answer where there is no request to answer."""
    response = error_response(error)
    body = cast("bytes", response.body)
    headers = {
        **response.headers,
        "Content-Length": str(len(body)),
        "Server": SERVER_NAME,
        "X-Request-ID": secrets.token_hex(8),
        "Connection": "close",
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {response.status} {response.reason}\r\n{head}\r\n".encode() + body
