"""Retention: conversations that nobody used for long are erased, and what nothing depends on of who was forgotten."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from gateway.personal_data import first_of_month
from gateway.store import queries
from gateway.store.erasing import erase_for_good
from gateway.times import Clock, milliseconds
from storage import Connection, Database, StorageError

log = logging.getLogger(__name__)

_EVERY_SECONDS = 3600.0
_DAY_SECONDS = 86_400
# Others write between two batches.
_BATCH = 50


class Retention:
    """Sweeps once an hour. `days` without use end a conversation's life, 0 lets it live.

    What was deleted since the last sweep and may still be in the files is taken out of them, too.
    """

    def __init__(
        self,
        database: Database,
        *,
        days: int,
        clock: Clock,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._database = database
        self._days = days
        self._clock = clock
        self._pause = pause
        self._sql = queries(database, "retention")
        self._of_users = queries(database, "personal_data")

    async def run(self) -> None:
        """Sweep, wait an hour, and so on until cancelled."""
        while True:
            try:
                erased = await self.sweep()
            except StorageError as error:
                log.warning("the hourly sweep failed and is tried again: %s", error)
            else:
                if erased:
                    log.info("erased %d conversations that were not used for %d days", erased, self._days)
            await self._pause(_EVERY_SECONDS)

    async def sweep(self) -> int:
        """Erase for good what is too old; how many conversations that were. Raises `storage.StorageError`."""
        erased = 0
        if self._days:
            before = milliseconds(self._clock() - self._days * _DAY_SECONDS)
            while batch := await self._database.transact(partial(self._erase, before)):
                erased += batch
        await self._database.transact(self._erase_remains, alone="principals")
        await erase_for_good(self._database, all_at_once=True)
        return erased

    async def _erase(self, before: int, connection: Connection) -> int:
        return await self._sql.erase_unused(connection, before=before, limit=_BATCH)

    async def _erase_remains(self, connection: Connection) -> None:
        await self._of_users.erase_remains(connection, first_of_month=first_of_month(self._clock()))
