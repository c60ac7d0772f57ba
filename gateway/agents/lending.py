"""`rolekey agent`: lends a gateway the models of a server that speaks OpenAI's protocol and that only we can reach."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address

import aiohttp
import msgspec
from yarl import URL

from gateway.agents.messages import (
    MAX_FRAME_BYTES,
    NO_BODY,
    NUMBER_BYTES,
    PROTOCOL,
    Cancel,
    End,
    Failed,
    FromAgent,
    FromGateway,
    Head,
    Hello,
    Ping,
    Pong,
    Request,
    Status,
    Welcome,
    body_frame,
    to_text,
)
from gateway.config import Account
from gateway.errors import Unauthenticated
from gateway.upstreams.transport import HttpTransport, Response, Transport

log = logging.getLogger("rolekey.agent")

_FIRST_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 60.0
# A connection that held for so long was a good one: after it, waiting begins anew.
_GOOD_AFTER_SECONDS = 30.0
_GREETING_SECONDS = 30.0
# Pings that may be missed before the gateway counts as gone.
_MISSED_PINGS = 2.5
# What the gateway asks for is a conversation with its files.
_MOST_ASKED_BYTES = 128 * 1_048_576
_PIECE_BYTES = MAX_FRAME_BYTES - NUMBER_BYTES
_TOLD_HEADERS = ("retry-after", "retry-after-ms")
_TOLD_HEADERS_PREFIX = "x-ratelimit-"

_DECODER = msgspec.json.Decoder(FromGateway)

Sleep = Callable[[float], Awaitable[object]]


class Lent(msgspec.Struct, frozen=True, kw_only=True):
    """What is lent to whom. `key` is the agent's at the gateway, `server_key` ours at the server, if it wants one."""

    gateway: URL
    key: str
    server: str
    server_key: str = ""
    models: list[str]
    at_once: int = 4
    session: str

    def __repr__(self) -> str:
        return f"Lent({self.server!r} to {self.gateway})"


class _Asked(msgspec.Struct):
    model: str


class _Lost(Exception):
    """The connection is over; the message says why, and `after` how many seconds it was good for."""

    def __init__(self, why: str, after: float = 0.0) -> None:
        super().__init__(why)
        self.after = after


class LendingAgent:
    """Dials in, answers, and dials in again whenever the connection is lost.

    `random` gives a number between 0 and 1, so that agents do not all come back at once; `sleep` waits.
    """

    def __init__(self, lent: Lent, *, version: str, random: Callable[[], float], sleep: Sleep = asyncio.sleep) -> None:
        self._lent = lent
        self._version = version
        self._random = random
        self._sleep = sleep
        self._server: Transport = HttpTransport(_account(lent), lent.server_key)
        self._work = dict[int, asyncio.Task[None]]()
        self._stopping = False
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def run(self) -> None:
        """Lend until cancelled. Raises `Unauthenticated` where the gateway refuses the key."""
        tries = 0
        async with aiohttp.ClientSession(trust_env=True) as session:
            try:
                while True:
                    lost = await self._lend(session)
                    if self._stopping:
                        return
                    tries = 0 if lost.after >= _GOOD_AFTER_SECONDS else tries + 1
                    wait = self._wait(tries)
                    log.warning("%s; dialling in again in %.1f s", lost, wait)
                    await self._sleep(wait)
            finally:
                await self._server.close()

    async def stop(self, grace_seconds: float) -> None:
        """Take no more requests, finish those under way as far as they do within the time, and hang up."""
        self._stopping = True
        socket = self._socket
        if socket is None:
            return
        with suppress(ConnectionError):
            await _say(socket, Status(at_once=0, busy=len(self._work)))
        if self._work:
            log.info("finishing %d requests", len(self._work))
            await asyncio.wait(self._work.values(), timeout=grace_seconds)
        await socket.close(message=b"the agent stops")

    def _wait(self, tries: int) -> float:
        longest = min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2 ** min(tries, 10))
        return longest * (0.5 + 0.5 * self._random())

    # One connection

    async def _lend(self, session: aiohttp.ClientSession) -> _Lost:
        """Lend over one connection until it is lost."""
        began = asyncio.get_running_loop().time()
        try:
            why = await self._connect_and_listen(session)
        except _Lost as lost:
            return lost
        return _Lost(why, asyncio.get_running_loop().time() - began)

    async def _connect_and_listen(self, session: aiohttp.ClientSession) -> str:
        async with await self._dial(session) as socket:
            welcome = await self._greet(socket)
            log.info(
                "connected to %s as agent %s, lending %s to %s",
                self._lent.gateway.origin(),
                welcome.connection[:8],
                ", ".join(self._lent.models),
                ", ".join(welcome.accounts),
            )
            self._socket = socket
            try:
                return await self._listen(socket, welcome.ping_seconds * _MISSED_PINGS)
            finally:
                self._socket = None
                await self._drop_all()

    async def _dial(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        headers = {"Authorization": f"Bearer {self._lent.key}", "User-Agent": f"rolekey/{self._version}"}
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                return await session.ws_connect(self._lent.gateway, headers=headers, max_msg_size=_MOST_ASKED_BYTES)
        except aiohttp.WSServerHandshakeError as error:
            if error.status == 401:
                raise Unauthenticated(
                    "The gateway refuses the key: it is mistyped, revoked or expired. Have an admin make one with "
                    "rolekey keys create --role agent, and set ROLEKEY_AGENT_KEY."
                ) from None
            raise _Lost(_refusal(self._lent.gateway, error.status)) from None
        except TimeoutError:
            raise _Lost(f"{self._lent.gateway.origin()} does not answer") from None
        except aiohttp.ClientConnectorCertificateError as error:
            raise _Lost(_distrust(self._lent.gateway, error.certificate_error)) from None
        except aiohttp.ClientConnectorSSLError:
            raise _Lost(
                f"{self._lent.gateway.origin()} speaks no TLS: see whether the gateway's address begins with ws://"
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise _Lost(f"{self._lent.gateway.origin()} cannot be reached ({type(error).__name__})") from None

    async def _greet(self, socket: aiohttp.ClientWebSocketResponse) -> Welcome:
        lent = self._lent
        hello = Hello(
            protocol=PROTOCOL,
            session=lent.session,
            agent=f"rolekey/{self._version}",
            models=lent.models,
            at_once=lent.at_once,
        )
        with suppress(ConnectionError):
            await _say(socket, hello)
        said = await self._next(socket, _GREETING_SECONDS)
        if not isinstance(said, Welcome):
            raise _Lost(said if isinstance(said, str) else "the gateway said something else than welcome")
        return said

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, patience: float) -> str:
        """Do what the gateway asks until the connection ends; why it did."""
        while not isinstance(said := await self._next(socket, patience), str):
            match said:
                case Request():
                    self._begin(socket, said)
                case Cancel():
                    task = self._work.get(said.number)
                    if task is not None:
                        task.cancel()
                case Ping():
                    with suppress(ConnectionError):
                        await _say(socket, Pong(number=said.number))
                case Welcome():
                    pass
        return said

    async def _next(self, socket: aiohttp.ClientWebSocketResponse, patience: float) -> FromGateway | str:
        """What the gateway says next, or why it says nothing more."""
        try:
            message = await socket.receive(timeout=patience)
        except TimeoutError:
            return "the gateway is silent"
        if message.type is aiohttp.WSMsgType.TEXT:
            try:
                return _DECODER.decode(message.data)
            except msgspec.MsgspecError:
                return "the gateway speaks another protocol; update the older of both"
        reason = str(message.extra or "") if message.type is aiohttp.WSMsgType.CLOSE else ""
        return f"the gateway hung up: {reason}" if reason else "the connection was lost"

    # Requests

    def _begin(self, socket: aiohttp.ClientWebSocketResponse, request: Request) -> None:
        task = asyncio.create_task(self._answer(socket, request))
        self._work[request.number] = task
        task.add_done_callback(lambda _: self._work.pop(request.number, None))

    async def _drop_all(self) -> None:
        """Nobody waits for these any more."""
        work = [*self._work.values()]
        for task in work:
            task.cancel()
        if work:
            log.warning("%d requests were broken off with the connection", len(work))
            await asyncio.wait(work)

    async def _answer(self, socket: aiohttp.ClientWebSocketResponse, request: Request) -> None:
        with suppress(ConnectionError):  # then there is nobody to tell
            failure = await self._pass_on(socket, request)
            if failure is not None:
                log.warning("request %d: %s", request.number, failure.why)
                await _say(socket, failure)

    async def _pass_on(self, socket: aiohttp.ClientWebSocketResponse, request: Request) -> Failed | None:
        """Ask the server and tell the gateway what it answers; how that failed, if it did."""
        number = request.number
        if not self._lends(request):
            return Failed(number=number, why="refused")
        try:
            response = await self._server.request(request.path, _body(request))
        except (aiohttp.ClientError, OSError):
            return Failed(number=number, why="unreachable")
        try:
            await _say(socket, _head(number, response))
            while piece := await _piece(response):
                await socket.send_bytes(body_frame(number, piece))
            await _say(socket, End(number=number))
        except _ServerBroke:
            return Failed(number=number, why="broken")
        finally:
            response.release()
        log.info("request %d: %s answered %d", number, request.path, response.status)
        return None

    def _lends(self, request: Request) -> bool:
        """Whether this is for a model that is lent: no gateway gets at the others."""
        body = _body(request)
        if body is None:
            return request.path == "models"
        try:
            return msgspec.json.decode(body, type=_Asked).model in self._lent.models
        except msgspec.MsgspecError:
            return False


class _ServerBroke(Exception):
    """Our server did not finish its answer."""


def _body(request: Request) -> bytes | None:
    body = bytes(request.body)
    return None if body == bytes(NO_BODY) else body


async def _piece(response: Response) -> bytes:
    try:
        return await response.content.read(_PIECE_BYTES)
    except (aiohttp.ClientError, OSError) as error:
        raise _ServerBroke from error


async def _say(socket: aiohttp.ClientWebSocketResponse, message: FromAgent) -> None:
    await socket.send_str(to_text(message))


def _head(number: int, response: Response) -> Head:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Head(
        number=number,
        status=response.status,
        content_type=response.content_type,
        headers={
            name: value
            for name, value in headers.items()
            if name in _TOLD_HEADERS or name.startswith(_TOLD_HEADERS_PREFIX)
        },
    )


def _account(lent: Lent) -> Account:
    return Account(name="lent", tier="free", model=lent.models[0], base_url=lent.server)


def _distrust(gateway: URL, error: Exception) -> str:
    why = getattr(error, "verify_message", "") or "it cannot be verified"
    return (
        f"{gateway.origin()} shows a certificate that is not to be trusted ({why}), so nothing was sent to it; "
        "where it is of an authority of your own, name that authority's file in SSL_CERT_FILE"
    )


def _refusal(gateway: URL, status: int) -> str:
    words = {
        403: "the key is no agent's, or no account of the gateway names this agent: an admin must see to it",
        404: f"{gateway.origin()} has no agents' entrance at {gateway.path}: check --gateway",
        503: f"{gateway.origin()} is busy or not ready",
    }
    return words.get(status, f"{gateway.origin()} answered with HTTP status {status}")


def register_url(gateway: str) -> URL:
    """The address to dial in at, from a gateway's. Raises `ValueError` in words for one that is none."""
    url = URL(gateway)
    scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(url.scheme)
    if scheme is None or not url.host or url.user or url.query:
        raise ValueError("Say where the gateway is, for example wss://llm.example.org.")
    url = url.with_scheme(scheme)
    return url.with_path("/client/register") if url.path in ("", "/") else url


def is_exposed(url: URL) -> bool:
    """Whether what is sent there can be read on the way: it is not encrypted, and leaves this machine."""
    if url.scheme != "ws":
        return False
    host = url.host or ""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")
