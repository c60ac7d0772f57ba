"""What only one of several bot processes may do at a time: a lease on a row in the store that they share."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from storage import Connection, StorageError, Store

log = logging.getLogger(__name__)

TERM = timedelta(seconds=30)
"""How long a process that died keeps others waiting. Processes' clocks must agree to well within that."""
_FIRST_PAUSE = 0.02  # seconds
_LONGEST_PAUSE = 0.5


class Turns:
    """A process's view of the turns; `holder` is its name, which no other process has.

    A turn that is held is renewed every third of its term, so it outlives only its process, and by no more than that.
    """

    def __init__(
        self,
        store: Store,
        holder: str,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self.holder = holder
        self._now = now
        self._sleep = sleep

    @asynccontextmanager
    async def awaited(self, name: str) -> AsyncGenerator[None]:
        """Wait for a turn that is short, and have it for as long as the block runs.

        Raises `storage.StorageError`.
        """
        pause = _FIRST_PAUSE
        while not await self._take(name):
            await self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        async with self._held(name):
            yield

    async def tidy(self) -> None:
        """Take what processes that died left out of the store."""
        await self._store.run("delete_ended_turns", now=int(self._now().timestamp()))

    @asynccontextmanager
    async def taken(self, name: str) -> AsyncGenerator[bool]:
        """Take a turn for as long as the block runs; gives false where another process has it.

        Where one has it, it is waited for once, for a term: by then the turn of a process that died is over.
        Raises `storage.StorageError`.
        """
        if not await self._take(name):
            await self._sleep(TERM.total_seconds() + 1)
            if not await self._take(name):
                yield False
                return
        async with self._held(name):
            yield True

    @asynccontextmanager
    async def _held(self, name: str) -> AsyncGenerator[None]:
        renewing = asyncio.create_task(self._renew(name), name=f"turn {name}")
        try:
            yield
        finally:
            renewing.cancel()
            try:
                await asyncio.wait({renewing})  # unlike awaiting it, keeps apart whether it is cancelled or we are
            finally:
                await self._end(name)

    async def _renew(self, name: str) -> None:
        while True:
            await self._sleep(TERM.total_seconds() / 3)
            try:
                await self._take(name)
            except StorageError as error:
                log.warning("the turn %s could not be renewed: %s", name, error)

    async def _take(self, name: str) -> bool:
        now = int(self._now().timestamp())
        until = now + int(TERM.total_seconds())

        async def work(connection: Connection) -> bool:
            row = await self._store.sql.take_turn(connection, name=name, holder=self.holder, now=now, until=until)
            return row is not None

        return await self._store.database.transact(work)

    async def _end(self, name: str) -> None:
        try:
            await self._store.run("end_turn", name=name, holder=self.holder)
        except StorageError as error:
            log.warning("the turn %s could not be ended and runs out by itself: %s", name, error)
