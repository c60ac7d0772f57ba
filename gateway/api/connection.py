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


class InFlight:
    """The answers under way. aiohttp would cut their connections when it stops, before anything could be said."""

    def __init__(self) -> None:
        self._limits = set[asyncio.Timeout]()
        self._none_left = asyncio.Event()
        self._none_left.set()
        self._stopping = False

    async def finish(self, grace_seconds: float) -> None:
        """Wait for the answers under way; break off those that are not finished in time."""
        if not await self._emptied(grace_seconds):
            self._stopping = True
            for limit in self._limits:
                _expire(limit)
            await self._emptied(_FAREWELL_SECONDS)

    @asynccontextmanager
    async def while_connected(self, request: web.Request, stream: EventStream | None = None) -> AsyncGenerator[None]:
        """Cancel the block, and leave it quietly, once the caller has hung up; until then keep its stream alive.

        Raises `Unavailable` with code `interrupted` where the gateway has to break the block off.
        """
        limit = asyncio.timeout(None)
        self._limits.add(limit)
        self._none_left.clear()
        try:
            with suppress(ConnectionError):
                async with limit:
                    watch = asyncio.create_task(_watch(request, stream, limit))
                    try:
                        yield
                    finally:
                        watch.cancel()
        except TimeoutError:
            if not limit.expired():
                raise
            if self._stopping:
                raise _interrupted() from None
        finally:
            self._limits.discard(limit)
            if not self._limits:
                self._none_left.set()

    async def _emptied(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._none_left.wait()
        except TimeoutError:
            return False
        return True


async def _watch(request: web.Request, stream: EventStream | None, limit: asyncio.Timeout) -> None:
    while request.transport is not None and not request.transport.is_closing():
        await asyncio.sleep(_LOOK_SECONDS)
        if stream is not None:
            with suppress(ConnectionError):
                await stream.ping_if_silent()
    _expire(limit)


def _expire(limit: asyncio.Timeout) -> None:
    limit.reschedule(asyncio.get_running_loop().time())


def _interrupted() -> Unavailable:
    return Unavailable(
        "The gateway is stopping and broke off the answer. What had arrived is kept: follow up in a moment.",
        code="interrupted",
    )
