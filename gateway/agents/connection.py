"""An agent that is connected: what both dialects have in common."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
from aiohttp import WSMessage, WSMsgType, web

from gateway.agents.errors import ProtocolBroken
from gateway.agents.messages import KEY_REFUSED, PROTOCOL_BROKEN, TOO_SILENT
from gateway.config import Account
from gateway.errors import PermissionDenied, Unauthenticated
from gateway.times import Clock
from gateway.upstreams.base import Upstream
from gateway.wire import AgentDialect, ConnectedAgent
from storage import StorageError

log = logging.getLogger(__name__)

PING_SECONDS = 15.0
_LOOK_AT_KEY_SECONDS = 1.0
# How long an agent may take to say farewell before its connection is cut.
_FAREWELL_SECONDS = 2.0
_LONGEST_REASON_BYTES = 120

Sleep = Callable[[float], Awaitable[object]]


class Timing(msgspec.Struct, frozen=True):
    """`clock` gives seconds since the epoch; `sleep` waits, between pings and between looks at the key."""

    clock: Clock
    sleep: Sleep = asyncio.sleep


class Line(msgspec.Struct, frozen=True):
    """The socket of an agent; `abort` cuts what is below it."""

    socket: web.WebSocketResponse
    abort: Callable[[], None]


class AgentConnection(ABC):
    """One connection of one agent.

    `name` is the one its key was made for, None where it has none. `session` stays the same when the agent comes back.
    `check_key` raises `Unauthenticated` or `PermissionDenied` once the key is good no more.
    """

    dialect: ClassVar[AgentDialect]

    def __init__(
        self, line: Line, *, name: str | None, session: str, timing: Timing, check_key: Callable[[], Awaitable[object]]
    ) -> None:
        self.name = name
        self.session = session
        self.closed = False
        self.turn = 0
        self.heard_at = self.connected_at = timing.clock()
        self.asked_at: float | None = None
        self._line = line
        self._timing = timing
        self._check_key = check_key
        self._asked = 0
        self._background = set[asyncio.Task[None]]()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    # What it lends

    @property
    @abstractmethod
    def at_once(self) -> int:
        """How many requests it takes at the same time."""

    @property
    @abstractmethod
    def models(self) -> list[str]:
        """Those it says it has; empty where it does not say."""

    @property
    def busy(self) -> int:
        """How many requests it works on."""
        return self._asked

    @property
    def has_room(self) -> bool:
        """Whether it takes one more request."""
        return not self.closed and self.busy < self.at_once

    @property
    def load(self) -> float:
        """From 0, idle, to 1, full."""
        return self.busy / max(1, self.at_once)

    def offers(self, model: str) -> bool:
        """Whether it has this model."""
        return not self.models or model in self.models

    @abstractmethod
    def upstream(self, account: Account) -> Upstream:
        """What answers for an account through this connection."""

    @contextmanager
    def seat(self) -> Generator[None]:
        """Count one request that it works on."""
        self._asked += 1
        self.asked_at = self._timing.clock()
        try:
            yield
        finally:
            self._asked -= 1

    def to_wire(self) -> ConnectedAgent:
        """What an admin sees of it."""
        return ConnectedAgent(
            connection=self.session,
            name=self.name,
            dialect=self.dialect,
            models=self.models,
            in_flight=self.busy,
            max_in_flight=self.at_once,
            connected_at=_moment(self.connected_at),
            heard_at=_moment(self.heard_at),
            asked_at=None if self.asked_at is None else _moment(self.asked_at),
        )

    # Its life

    async def run(self) -> None:
        """Listen until either side closes the connection, which ends every request on it."""
        with self._in_background(self._keep_pinging()), self._in_background(self._watch_key()):
            try:
                async for message in self._line.socket:
                    self.heard_at = self._timing.clock()
                    self._take(message)
            except ProtocolBroken as error:
                log.warning("agent %s broke the protocol: %s", self._title(), error)
                self.cut(PROTOCOL_BROKEN, str(error))
            finally:
                self._over()
        if self._background:
            await asyncio.wait(self._background)

    async def still_welcome(self) -> bool:
        """Whether its key is still good; if not it is cut off. Raises `storage.StorageError`."""
        if self.closed:
            return False
        try:
            await self._check_key()
        except (Unauthenticated, PermissionDenied) as error:
            log.warning("agent %s is cut off: its key is not good any more (%s)", self._title(), error.code)
            self.cut(KEY_REFUSED, error.message)
        return not self.closed

    def cut(self, code: int, reason: str) -> None:
        """Close the connection; its requests fail at once."""
        if not self.closed:
            self._over()
            self._soon(self._close(code, reason))

    def _over(self) -> None:
        if not self.closed:
            self.closed = True
            self._lose_all()

    async def _close(self, code: int, reason: str) -> None:
        message = reason.encode()[:_LONGEST_REASON_BYTES].decode(errors="ignore").encode()
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._line.socket.close(code=code, message=message)
        except TimeoutError:
            self._line.abort()

    async def _keep_pinging(self) -> None:
        number = 0
        while True:
            await self._timing.sleep(PING_SECONDS)
            if self._awaits_pong():
                log.warning("agent %s is cut off: it does not answer pings", self._title())
                self.cut(TOO_SILENT, "no answer to a ping")
                return
            number += 1
            self._soon(self._ping(number))

    async def _watch_key(self) -> None:
        while True:
            await self._timing.sleep(_LOOK_AT_KEY_SECONDS)
            with suppress(StorageError):  # as long as nobody can look, nobody prompts either
                if not await self.still_welcome():
                    return

    # What the dialects say

    @abstractmethod
    def _take(self, message: WSMessage) -> None:
        """Take a frame. Raises `ProtocolBroken`."""

    @abstractmethod
    def _lose_all(self) -> None:
        """End every request with the news that the agent is gone."""

    @abstractmethod
    async def _ping(self, number: int) -> None:
        """Ask whether it is there."""

    @abstractmethod
    def _awaits_pong(self) -> bool:
        """Whether the last ping has no answer."""

    async def _send(self, text: str) -> None:
        """Send a text frame; on a connection that breaks, `run` notices."""
        with suppress(ConnectionError):
            await self._line.socket.send_str(text)

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    @contextmanager
    def _in_background(self, work: Coroutine[Any, Any, None]) -> Generator[None]:
        task = asyncio.create_task(work)
        try:
            yield
        finally:
            task.cancel()

    def _title(self) -> str:
        return self.name or "without a key"


def text_of(message: WSMessage) -> str | None:
    """The text of a text frame; None where the connection ends. Raises `ProtocolBroken` for a binary frame."""
    if message.type is WSMsgType.TEXT:
        return str(message.data)
    if message.type is WSMsgType.BINARY:
        raise ProtocolBroken("a binary frame where none belongs")
    return None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
