"""The connection under an answer that takes its time: it may break, or the gateway may have to stop."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from gateway.api.sse import EventStream
from gateway.errors import Unavailable

# aiohttp tells a handler of a lost connection only when it writes; between writes somebody has to look.
_LOOK_SECONDS = 0.25
# For answers that were broken off to be stored and their callers to be told.
_FAREWELL_SECONDS = 5.0


class _Answer:
    """One answer under way: its connection, its stream where it is one, and the limit of its block."""

    __slots__ = ("limit", "pinging", "request", "stream")

    def __init__(self, request: web.Request, stream: EventStream | None, limit: asyncio.Timeout) -> None:
        self.request = request
        self.stream = stream
        self.limit = limit
        self.pinging: asyncio.Task[None] | None = None

    def look(self) -> None:
        """End the block where the caller has hung up, else see that its connection does not fall silent."""
        if self.request.transport is None or self.request.transport.is_closing():
            _expire(self.limit)
        elif self.stream is not None and self.stream.silent and (self.pinging is None or self.pinging.done()):
            self.pinging = asyncio.create_task(_ping(self.stream))

    def stop(self) -> None:
        """Ping no more."""
        if self.pinging is not None:
            self.pinging.cancel()


class InFlight:
    """The answers under way. aiohttp would cut their connections when it stops, before anything could be said."""

    def __init__(self) -> None:
        self._answers = set[_Answer]()
        self._watch: asyncio.TimerHandle | None = None
        self._none_left = asyncio.Event()
        self._none_left.set()
        self._stopping = False

    async def finish(self, grace_seconds: float) -> None:
        """Wait for the answers under way; break off those that are not finished in time."""
        if not await self._emptied(grace_seconds):
            self._stopping = True
            for answer in self._answers:
                _expire(answer.limit)
            await self._emptied(_FAREWELL_SECONDS)

    @asynccontextmanager
    async def while_connected(self, request: web.Request, stream: EventStream | None = None) -> AsyncGenerator[None]:
        """Cancel the block, and leave it quietly, once the caller has hung up; until then keep its stream alive.

        Raises `Unavailable` with code `interrupted` where the gateway has to break the block off.
        """
        limit = asyncio.timeout(None)
        answer = _Answer(request, stream, limit)
        try:
            with suppress(ConnectionError):
                async with limit:
                    self._add(answer)
                    try:
                        yield
                    finally:
                        answer.stop()
        except TimeoutError:
            if not limit.expired():
                raise
            if self._stopping:
                raise _interrupted() from None
        finally:
            self._answers.discard(answer)
            if not self._answers:
                self._none_left.set()

    def _add(self, answer: _Answer) -> None:
        self._answers.add(answer)
        self._none_left.clear()
        if self._watch is None:
            self._watch_on()

    def _watch_on(self) -> None:
        self._watch = asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        """One look at all of them: a task for each cost more than all that it ever saw."""
        self._watch = None
        for answer in self._answers:
            answer.look()
        if self._answers:
            self._watch_on()

    async def _emptied(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._none_left.wait()
        except TimeoutError:
            return False
        return True


async def _ping(stream: EventStream) -> None:
    with suppress(ConnectionError):
        await stream.ping()


def _expire(limit: asyncio.Timeout) -> None:
    if not limit.expired():  # once is enough, and all that asyncio allows
        limit.reschedule(asyncio.get_running_loop().time())


def _interrupted() -> Unavailable:
    return Unavailable(
        "The gateway is stopping and broke off the answer. What had arrived is kept: follow up in a moment.",
        code="interrupted",
    )
