"""One SQLite connection: statements in our words, and aiosqlite's thread for whatever may take long."""

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosqlite

from storage.engine import NOTHING, Connection, Row
from storage.sqlite_errors import in_our_words

T = TypeVar("T")

# Every statement there is stays prepared.
_STATEMENTS = 512


class SQLiteConnection:
    """A `storage.Connection` whose statements are done when they return, in the thread that calls them."""

    def __init__(self, driver: sqlite3.Connection, name: str) -> None:
        self.driver = driver
        self._name = name

    async def fetch(self, sql: str, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Every row that one statement finds or returns."""
        return cast("list[Row]", self._run(sql, values).fetchall())

    async def execute(self, sql: str, values: Mapping[str, Any] = NOTHING) -> int:
        """Run one statement; the number of rows it changed."""
        return self._run(sql, values).rowcount

    def _run(self, sql: str, values: Mapping[str, Any]) -> sqlite3.Cursor:
        try:
            return self.driver.execute(sql, values if isinstance(values, dict) else dict(values))
        except sqlite3.DatabaseError as error:
            translation = in_our_words(error, self._name)
            if translation is error:
                raise
            raise translation from error


class Session(aiosqlite.Connection):
    """aiosqlite's connection, whose thread also does a whole job in one trip.

    Between jobs the connection may be used from the event loop's thread: SQLite is built to be handed from thread to
    thread (https://www.sqlite.org/threadsafe.html), and never more than one has it here.
    """

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        super().__init__(lambda: connect(path, busy_seconds=busy_seconds), iter_chunk_size=64)

    @property
    def driver(self) -> sqlite3.Connection:
        """The connection itself, for whoever knows that no job is under way."""
        return self._conn

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Do a job in the connection's thread."""
        return await self._execute(job, self._conn)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class ThreadConnection:
    """A `storage.Connection` whose statements each take a trip to the session's thread: others go on meanwhile."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    async def fetch(self, sql: str, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Every row that one statement finds or returns."""
        return await self._session.run(
            lambda driver: finished(lambda connection: connection.fetch(sql, values), driver, self._name)
        )

    async def execute(self, sql: str, values: Mapping[str, Any] = NOTHING) -> int:
        """Run one statement; the number of rows it changed."""
        return await self._session.run(
            lambda driver: finished(lambda connection: connection.execute(sql, values), driver, self._name)
        )


def connect(path: Path, *, busy_seconds: float) -> sqlite3.Connection:
    """Open the file as all our connections do."""
    driver = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=_STATEMENTS
    )
    try:
        driver.row_factory = sqlite3.Row
        driver.execute("PRAGMA foreign_keys = ON")
        # What people delete is overwritten, not merely forgotten: https://www.sqlite.org/pragma.html#pragma_secure_delete
        pragma(driver, "secure_delete = ON")
    except BaseException:
        driver.close()
        raise
    return driver


def pragma(driver: sqlite3.Connection, words: str) -> int | str | None:
    """Run a pragma to its end: a cursor left in the middle of its rows would block the next commit."""
    rows = driver.execute(f"PRAGMA {words}").fetchall()
    return rows[0][0] if rows else None


def finished(work: Callable[[Connection], Awaitable[T]], driver: sqlite3.Connection, name: str) -> T:
    """The result of a unit of work, here and now: its statements never wait, and it awaits nothing else.

    Raises `RuntimeError` where it does.
    """
    steps = work(SQLiteConnection(driver, name)).__await__()
    try:
        next(steps)
    except StopIteration as done:
        return done.value
    # Its end is its author's to see, not the garbage collector's.
    cast("Any", steps).close()
    raise RuntimeError("a unit of work may wait for its statements and for nothing else")
