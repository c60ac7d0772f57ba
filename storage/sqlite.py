"""An SQLite database for one process: WAL, full durability, and one commit for all writers that wait."""

import asyncio
import logging
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from storage.engine import Connection, Engine, Submitted
from storage.errors import StorageReadOnly
from storage.migrations import Migration, pending, read_migrations
from storage.sqlite_errors import translated
from storage.sqlite_session import Session, SQLiteConnection, ThreadConnection, connect, pragma
from storage.sqlite_writer import Unit, Writer

T = TypeVar("T")

_WAL_RETRY_SECONDS = 0.02
_SCRUB_MILLISECONDS = 250


class SQLiteDatabase:
    """Three connections to one file: one writes, two read what is committed, briefly or at length.

    `synchronous=FULL` makes every commit durable before `transact` returns
    (https://www.sqlite.org/pragma.html#pragma_synchronous); writers that wait at the same moment share that
    one commit.
    """

    engine: Engine = "sqlite"

    def __init__(
        self, path: Path, writer: Session, reader: Session, near: sqlite3.Connection, *, busy_seconds: float
    ) -> None:
        self.path = path
        self.name = str(path)
        self._writer = writer
        self._reader = reader
        self._near = near
        self._writing = Writer(writer, self.name, busy_seconds=busy_seconds)
        self._read_at_length = ThreadConnection(reader, self.name)
        self._read_briefly = SQLiteConnection(near, self.name)

    @classmethod
    async def open(cls, path: Path, *, migrations: Path, busy_seconds: float = 5.0) -> Self:
        """Open the file, or create it readable by this user only; bring its schema up to date by
        `migrations/sqlite/*.sql`, and return it ready.

        Raises `StorageBusy`, `StorageReadOnly`, `StorageVersion` or `StorageError`.
        """
        steps = read_migrations(migrations, cls.engine)
        # Below INFO it would log every statement with its values, prompts among them.
        logging.getLogger("aiosqlite").setLevel(logging.INFO)
        opened: list[Session] = []
        _make_private(path)
        with translated(str(path)):
            try:
                writer = await _session(path, busy_seconds, opened)
                await writer.run(partial(_prepare, steps, str(path), busy_seconds))
                reader = await _session(path, busy_seconds, opened)
                await reader.run(_only_read)
                near = await asyncio.to_thread(connect, path, busy_seconds=busy_seconds)
            except BaseException:
                for session in opened:
                    await session.close()
                raise
        _only_read(near)
        return cls(path, writer, reader, near, busy_seconds=busy_seconds)

    def read(self, *, brief: bool = False) -> AbstractAsyncContextManager[Connection]:
        """A connection that sees everything committed and can write nothing; see `storage.Database`."""
        return nullcontext(self._read_briefly if brief else self._read_at_length)

    async def version(self) -> int:
        """The version of its schema."""
        with translated(self.name):
            return await self._reader.run(_version)

    async def transact(
        self,
        work: Callable[[Connection], Awaitable[T]],
        *,
        alone: str | None = None,  # noqa: ARG002 - every unit is alone here
        brief: bool = False,
    ) -> T:
        """Run `work` as one all-or-nothing unit and return its result once it is on disk.

        Units run one after another; the commit is shared by all that finished before it began. If `work` raises,
        its own changes alone are undone. A unit once submitted is finished, also when the caller is cancelled.
        """
        unit = Unit(work, brief=brief)
        self._writing.submit(unit)
        return await unit.kept

    def submit(
        self,
        work: Callable[[Connection], Awaitable[T]],
        *,
        alone: str | None = None,  # noqa: ARG002
    ) -> asyncio.Future[Submitted[T]]:
        """Run a brief unit; done before it is on disk: the only process there is sees it in its next unit."""
        unit = Unit(work, brief=True)
        ran = unit.ran = asyncio.get_running_loop().create_future()
        self._writing.submit(unit)
        return ran

    async def scrub(self) -> None:
        """Write the journal into the database and empty it (https://www.sqlite.org/pragma.html#pragma_wal_checkpoint).

        Where a reader stands in the way for longer than a moment, the journal stays for the next time.
        """
        with translated(self.name):
            await self._writing.alone(_empty_journal)

    async def close(self) -> None:
        """Commit what is under way and close every connection."""
        await self._writing.close()
        self._near.close()
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


async def _session(path: Path, busy_seconds: float, opened: list[Session]) -> Session:
    # Tried here first: aiosqlite leaves a thread behind where the file cannot be opened.
    await asyncio.to_thread(_try_to_open, path)
    session = Session(path, busy_seconds=busy_seconds)
    await session
    opened.append(session)
    return session


def _try_to_open(path: Path) -> None:
    sqlite3.connect(path).close()


def _prepare(steps: list[Migration], name: str, busy_seconds: float, driver: sqlite3.Connection) -> None:
    """Make a connection the one that writes."""
    _use_wal(driver, busy_seconds)
    pragma(driver, "synchronous = FULL")
    _migrate(driver, steps, name)
    # It waits for other processes where that holds nobody up; see `Writer`.
    pragma(driver, "busy_timeout = 0")


def _only_read(driver: sqlite3.Connection) -> None:
    pragma(driver, "query_only = ON")


def _empty_journal(driver: sqlite3.Connection) -> None:
    # Meanwhile nobody can write: a stranger who goes on reading is not waited for as long as one who writes.
    pragma(driver, f"busy_timeout = {_SCRUB_MILLISECONDS}")
    try:
        pragma(driver, "wal_checkpoint(TRUNCATE)")
    finally:
        pragma(driver, "busy_timeout = 0")


def _use_wal(driver: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch a new file to WAL. Where others do so at this moment SQLite does not wait by itself."""
    deadline = time.monotonic() + busy_seconds
    while True:
        try:
            pragma(driver, "journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_WAL_RETRY_SECONDS)
        else:
            return


def _migrate(driver: sqlite3.Connection, steps: list[Migration], name: str) -> None:
    """Apply what is missing, each step together with its version; of two processes that start at once, one does."""
    while pending(steps, _version(driver), name):
        driver.execute("BEGIN IMMEDIATE")
        try:
            # Read again: until the lock was ours, another process may have gone ahead.
            for step in pending(steps, _version(driver), name)[:1]:
                for statement in step.statements():
                    driver.execute(statement).close()
                pragma(driver, f"user_version = {step.version}")
        except BaseException:
            driver.rollback()
            raise
        driver.commit()


def _version(driver: sqlite3.Connection) -> int:
    return int(pragma(driver, "user_version") or 0)
