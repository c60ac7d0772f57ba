"""An SQLite database for one process: WAL, full durability, and one commit for all writers that wait."""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite

from storage.engine import NOTHING, Connection, Engine, Row
from storage.errors import StorageReadOnly
from storage.migrations import Migration, pending, read_migrations
from storage.sqlite_errors import translated

T = TypeVar("T")

_WAL_RETRY_SECONDS = 0.02
_SCRUB_MILLISECONDS = 250


class SQLiteConnection:
    """A `storage.Connection` on aiosqlite's."""

    def __init__(self, driver: aiosqlite.Connection, name: str) -> None:
        self.driver = driver
        self._name = name

    async def fetch(self, sql: str, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Every row that one statement finds or returns."""
        with translated(self._name):
            return [*await self.driver.execute_fetchall(sql, dict(values))]

    async def execute(self, sql: str, values: Mapping[str, Any] = NOTHING) -> int:
        """Run one statement; the number of rows it changed.

        A statement that gives no rows is over when it returns: closing its cursor would be one more step, which every
        other writer waits for.
        """
        with translated(self._name):
            return (await self.driver.execute(sql, dict(values))).rowcount


class SQLiteDatabase:
    """Two connections to one file: one writes, one reads what is committed.

    `synchronous=FULL` makes every commit durable before `transact` returns
    (https://www.sqlite.org/pragma.html#pragma_synchronous); writers that wait at the same moment share that
    one commit.
    """

    engine: Engine = "sqlite"

    def __init__(self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self.path = path
        self.name = str(path)
        self._writer = writer
        self._reader = reader
        self._turn = asyncio.Lock()
        self._batch: asyncio.Future[None] | None = None
        self._committing: asyncio.Task[None] | None = None
        self._units: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, path: Path, *, migrations: Path, busy_seconds: float = 5.0) -> Self:
        """Open the file, or create it readable by this user only; bring its schema up to date by
        `migrations/sqlite/*.sql`, and return it ready.

        Raises `StorageBusy`, `StorageReadOnly`, `StorageVersion` or `StorageError`.
        """
        steps = read_migrations(migrations, cls.engine)
        opened: list[aiosqlite.Connection] = []
        _make_private(path)
        with translated(str(path)):
            try:
                writer = await _connect(path, busy_seconds, opened)
                await _use_wal(writer, busy_seconds)
                await _pragma(writer, "synchronous = FULL")
                await _migrate(writer, steps, str(path))
                reader = await _connect(path, busy_seconds, opened)
                await _pragma(reader, "query_only = ON")
            except BaseException:
                for connection in opened:
                    await connection.close()
                raise
        return cls(path, writer, reader)

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        """A connection that sees everything committed and can write nothing."""
        yield SQLiteConnection(self._reader, self.name)

    async def version(self) -> int:
        """The version of its schema."""
        with translated(self.name):
            return await _version(self._reader)

    async def transact(self, work: Callable[[Connection], Awaitable[T]], *, alone: str | None = None) -> T:  # noqa: ARG002 - every unit is alone here
        """Run `work` as one all-or-nothing unit and return its result once it is on disk.

        Units run one after another; the commit is shared by all that finished before it began. If `work` raises,
        its own changes alone are undone. A unit once begun is finished, also when the caller is cancelled: half a
        transaction in another thread is nobody's.
        """
        with translated(self.name):
            unit = asyncio.create_task(self._unit(work))
            self._units.add(unit)
            unit.add_done_callback(self._units.discard)
            return await asyncio.shield(unit)

    async def _unit(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        async with self._turn:
            if self._batch is None:
                await self._writer.execute("BEGIN IMMEDIATE")
                self._batch = asyncio.get_running_loop().create_future()
                self._committing = asyncio.create_task(self._commit(self._batch))
            batch = self._batch
            await self._writer.execute("SAVEPOINT unit")
            try:
                result = await work(SQLiteConnection(self._writer, self.name))
            except BaseException:
                await self._writer.execute("ROLLBACK TO unit")
                await self._writer.execute("RELEASE unit")
                raise
            await self._writer.execute("RELEASE unit")
        await batch
        return result

    async def _commit(self, batch: asyncio.Future[None]) -> None:
        # The lock is first come, first served: units that already wait for it join this commit.
        async with self._turn:
            if self._batch is batch:
                await self._end(batch)

    async def _end(self, batch: asyncio.Future[None]) -> None:
        self._batch = None
        try:
            await self._writer.commit()
        except sqlite3.Error as error:
            await self._writer.rollback()
            batch.set_exception(error)
            batch.exception()  # a batch whose every unit failed has nobody left to tell
        else:
            batch.set_result(None)

    async def scrub(self) -> None:
        """Write the journal into the database and empty it (https://www.sqlite.org/pragma.html#pragma_wal_checkpoint).

        Where a reader stands in the way for longer than a moment, the journal stays for the next time.
        """
        with translated(self.name):
            unit = asyncio.create_task(self._empty_journal())
            self._units.add(unit)
            unit.add_done_callback(self._units.discard)
            await asyncio.shield(unit)

    async def _empty_journal(self) -> None:
        async with self._turn:
            if self._batch is not None:
                await self._end(self._batch)
            # Meanwhile nobody can write: a stranger who goes on reading is not waited for as long as one who writes.
            waited = await _pragma(self._writer, "busy_timeout")
            await _pragma(self._writer, f"busy_timeout = {_SCRUB_MILLISECONDS}")
            try:
                await _pragma(self._writer, "wal_checkpoint(TRUNCATE)")
            finally:
                await _pragma(self._writer, f"busy_timeout = {waited}")

    async def close(self) -> None:
        """Commit what is under way and close both connections."""
        while self._units:
            await asyncio.wait(self._units)
        if self._committing is not None:
            await self._committing
        await self._reader.close()
        await self._writer.close()


def _make_private(path: Path) -> None:
    """Make the file, where there is none, for this user only; its journal gets the same mode from SQLite.

    One that exists is not touched: to close it here would take from this process the locks that SQLite has on it
    (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StorageReadOnly(
            f"the database {path} cannot be made ({error.strerror}); check that its folder exists and is writable"
        ) from error


async def _connect(path: Path, busy_seconds: float, opened: list[aiosqlite.Connection]) -> aiosqlite.Connection:
    # Tried here first: aiosqlite leaves a thread behind where the file cannot be opened.
    await asyncio.to_thread(_try_to_open, path)
    # Below INFO it would log every statement with its values, prompts among them.
    logging.getLogger("aiosqlite").setLevel(logging.INFO)
    connection = await aiosqlite.connect(path, timeout=busy_seconds, isolation_level=None)
    opened.append(connection)
    connection.row_factory = sqlite3.Row
    await _pragma(connection, "foreign_keys = ON")
    # What people delete is overwritten, not merely forgotten: https://www.sqlite.org/pragma.html#pragma_secure_delete
    await _pragma(connection, "secure_delete = ON")
    return connection


def _try_to_open(path: Path) -> None:
    sqlite3.connect(path).close()


async def _use_wal(connection: aiosqlite.Connection, busy_seconds: float) -> None:
    """Switch a new file to WAL. Where others do so at this moment SQLite does not wait by itself."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            await _pragma(connection, "journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            await asyncio.sleep(_WAL_RETRY_SECONDS)
        else:
            return


async def _migrate(connection: aiosqlite.Connection, steps: list[Migration], name: str) -> None:
    """Apply what is missing, each step together with its version; of two processes that start at once, one does."""
    while pending(steps, await _version(connection), name):
        await _run(connection, "BEGIN IMMEDIATE")
        try:
            # Read again: until the lock was ours, another process may have gone ahead.
            for step in pending(steps, await _version(connection), name)[:1]:
                for statement in step.statements():
                    await _run(connection, statement)
                await _pragma(connection, f"user_version = {step.version}")
        except BaseException:
            await connection.rollback()
            raise
        await connection.commit()


async def _version(connection: aiosqlite.Connection) -> int:
    return int(await _pragma(connection, "user_version") or 0)


async def _run(connection: aiosqlite.Connection, statement: str) -> None:
    await (await connection.execute(statement)).close()


async def _pragma(connection: aiosqlite.Connection, pragma: str) -> int | str | None:
    """Run a pragma to its end: a cursor left open in the middle of its rows would block the next commit."""
    async with connection.execute(f"PRAGMA {pragma}") as cursor:
        rows = [*await cursor.fetchall()]
    return rows[0][0] if rows else None
