"""Who asks: from a key to its holder."""

import asyncio
import logging
from functools import partial
from typing import Any

from gateway.errors import PermissionDenied, Unauthenticated
from gateway.keys import KeyHasher, looks_valid
from gateway.principals import Principal
from gateway.store import queries
from gateway.times import Clock, milliseconds
from storage import Connection, Database, StorageError

log = logging.getLogger(__name__)

_USE_NOTED_EVERY = 60_000


class Authenticator:
    """Looks up keys, each time in the database, so that revoking is immediate.

    A user's key stops with its client: where that is disabled or deleted the key is refused. A client's key that has
    merely expired or been replaced leaves its users' keys alone.
    """

    def __init__(self, database: Database, *, hasher: KeyHasher, clock: Clock) -> None:
        self._database = database
        self._hasher = hasher
        self._clock = clock
        self._sql = queries(database, "principals")
        self._used = dict[int, int]()
        self._rehashed = dict[int, bytes]()
        self._noting: asyncio.Task[None] | None = None

    async def authenticate(self, key: str) -> Principal:
        """The holder of a key.

        Raises `Unauthenticated` with code `invalid_key`, `revoked_key` or `expired_key`, `PermissionDenied` with code
        `disabled`, and `storage.StorageError`.
        """
        if not looks_valid(key):
            raise Unauthenticated("The key is mistyped or cut off. Copy it again as a whole: it begins with rk-.")
        newest, *older = self._hasher.candidates(key)
        async with self._database.read(brief=True) as connection:
            row = await self._sql.holder_of(connection, hash=newest)
            outdated = row is None
            for candidate in older if outdated else ():
                row = row or await self._sql.holder_of(connection, hash=candidate)
        if row is None:
            raise Unauthenticated("The gateway does not know this key. Ask whoever gave it to you for a new one.")
        at = milliseconds(self._clock())
        refuse_dead(row, at)
        self._note(row, at, newest if outdated else None)
        return Principal.from_row(row)

    async def close(self) -> None:
        """Finish writing down which keys were used."""
        while self._noting is not None:
            await asyncio.wait([self._noting])

    def _note(self, row: Any, at: int, newest_hash: bytes | None) -> None:
        """Remember a key's use, at most once a minute, and its hash under the newest secret."""
        last = self._used.get(row["key_id"], row["this_last_used_at"] or 0)
        if at - last >= _USE_NOTED_EVERY:
            self._used[row["key_id"]] = at
        if newest_hash is not None:
            self._rehashed[row["key_id"]] = newest_hash
        if (self._used or self._rehashed) and self._noting is None:
            self._noting = asyncio.create_task(self._write_notes())

    async def _write_notes(self) -> None:
        try:
            while self._used or self._rehashed:
                used, rehashed = dict(self._used), dict(self._rehashed)
                await self._database.transact(partial(self._write, used, rehashed), brief=True)
                _forget(self._used, used)
                _forget(self._rehashed, rehashed)
        except StorageError as error:
            log.warning("the last use of some keys was not written down: %s", error)
            self._used.clear()
            self._rehashed.clear()
        finally:
            self._noting = None

    async def _write(self, used: dict[int, int], rehashed: dict[int, bytes], connection: Connection) -> None:
        for identity, at in sorted(used.items()):
            await self._sql.key_used(connection, id=identity, at=at)
        for identity, newest in sorted(rehashed.items()):
            await self._sql.rehash(connection, id=identity, hash=newest)


def refuse_dead(row: Any, at: int) -> None:
    """Raise what `Authenticator.authenticate` does of a key that works no more."""
    if row["this_revoked_at"] is not None or row["deleted_at"] is not None or row["client_deleted_at"] is not None:
        raise Unauthenticated("This key was revoked or replaced by a newer one.", code="revoked_key")
    if row["this_expires_at"] is not None and row["this_expires_at"] <= at:
        raise Unauthenticated("This key has expired. Whoever gave it to you can extend it.", code="expired_key")
    if row["disabled"] or row["client_disabled"]:
        raise PermissionDenied("This key is switched off for now. Ask whoever gave it to you.", code="disabled")


def _forget(notes: dict[Any, Any], written: dict[Any, Any]) -> None:
    for identity, value in written.items():
        if notes.get(identity) == value:
            del notes[identity]
