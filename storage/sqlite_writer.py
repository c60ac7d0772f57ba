"""Who writes to an SQLite database: one unit of work after another, and one commit for all that wait for one.

A brief unit runs at once, in the event loop's thread: its few statements take microseconds, a trip to another thread
and back takes more than all of them. What does take long goes to the connection's own thread: a commit, which waits
for the disk; a lock that another process holds; and units that do not say that they are brief.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, TypeVar

from storage.engine import Connection, Submitted
from storage.sqlite_errors import in_our_words
from storage.sqlite_session import Session, finished, pragma

T = TypeVar("T")


class Unit(Generic[T]):
    """A unit of work on its way. `ran` is done once its statements are, `kept` once they are on disk.

    Both give what the work returned, or raise what it raised.
    """

    def __init__(self, work: Callable[[Connection], Awaitable[T]], *, brief: bool) -> None:
        loop = asyncio.get_running_loop()
        self.work = work
        self.brief = brief
        self.result: T | None = None
        self.error: BaseException | None = None
        self.ran: asyncio.Future[Submitted[T]] | None = None
        self.kept: asyncio.Future[T] = loop.create_future()

    def run(self, driver: sqlite3.Connection, name: str) -> None:
        """Do the work within the transaction that is open; if it fails, undo it and nothing else."""
        driver.execute("SAVEPOINT unit")
        try:
            self.result = finished(self.work, driver, name)
        except BaseException as error:  # noqa: BLE001 - it is raised where the unit is awaited
            self.error = error
            if driver.in_transaction:  # a full disk undoes all of it by itself
                driver.execute("ROLLBACK TO unit")
                driver.execute("RELEASE unit")
        else:
            driver.execute("RELEASE unit")

    def tell_ran(self) -> None:
        """Say so to whoever waits for the statements alone; a failure needs no commit."""
        if self.error is not None:
            self.fail(self.error)
        elif self.ran is not None and not self.ran.done():
            self.ran.set_result(Submitted(self.result, self._on_disk))  # pyright: ignore[reportArgumentType]

    def tell_kept(self) -> None:
        """Say that it is on disk."""
        if not self.kept.done():
            self.kept.set_result(self.result)  # pyright: ignore[reportArgumentType] - it ran, so there is one

    async def _on_disk(self) -> None:
        await asyncio.shield(self.kept)

    def fail(self, error: BaseException) -> None:
        """Say that nothing came of it."""
        for future in (self.ran, self.kept):
            if future is not None and not future.done():
                future.set_exception(error)
                future.exception()  # nobody may be left to look at it


class Writer:
    """Runs units of work on one connection.

    `busy_seconds` is how long another process may hold the lock before `sqlite3.OperationalError` says so.
    """

    def __init__(self, session: Session, name: str, *, busy_seconds: float) -> None:
        self._session = session
        self._name = name
        self._busy_milliseconds = round(busy_seconds * 1000)
        self._waiting = deque[Unit[Any] | _Alone]()
        self._batch = list[Unit[Any]]()
        self._working: asyncio.Task[None] | None = None
        # While the connection's thread has it, nobody else may touch the connection.
        self._away = False

    def submit(self, unit: Unit[Any]) -> None:
        """Run a unit when it is its turn: at once where it is brief and nobody is before it."""
        self._waiting.append(unit)
        self._go_on()

    async def alone(self, job: Callable[[sqlite3.Connection], None]) -> None:
        """Do a job in the connection's thread while no transaction is open."""
        alone = _Alone(job)
        self._waiting.append(alone)
        self._go_on()
        await alone.done

    async def close(self) -> None:
        """Finish everything that was submitted."""
        while self._working is not None:
            await asyncio.wait([self._working])

    def _go_on(self) -> None:
        if not self._away:
            self._run_brief()
            if self._working is None and self._has_work():
                self._working = asyncio.create_task(self._work())

    def _has_work(self) -> bool:
        # Of a transaction whose every unit failed nothing is left but the lock.
        return bool(self._batch or self._waiting or self._session.driver.in_transaction)

    def _run_brief(self) -> None:
        """Run those in front that are brief, here and now, where no other process is writing."""
        driver = self._session.driver
        while self._waiting and (unit := self._waiting[0]).brief and isinstance(unit, Unit):
            if not driver.in_transaction and not _begun(driver):
                return
            self._waiting.popleft()
            unit.run(driver, self._name)
            self._ran(unit)

    def _ran(self, unit: Unit[Any]) -> None:
        if unit.error is None:
            self._batch.append(unit)
        elif not self._session.driver.in_transaction:
            self._fail_batch(unit.error)
        unit.tell_ran()

    async def _work(self) -> None:
        """Commit what has run, run what has to be run elsewhere, until nothing is left."""
        try:
            while self._has_work():
                self._away = True
                try:
                    await self._trip()
                finally:
                    self._away = False
                self._run_brief()
        finally:
            self._working = None

    async def _trip(self) -> None:
        """One trip to the connection's thread."""
        if self._batch or self._session.driver.in_transaction:
            await self._commit(self._session.run(_commit))
        elif isinstance(first := self._waiting[0], _Alone):
            self._waiting.popleft()
            await first.run(self._session)
        else:
            units = list[Unit[Any]]()
            while self._waiting and not isinstance(unit := self._waiting[0], _Alone):
                units.append(unit)
                self._waiting.popleft()
            self._batch = units
            await self._commit(self._session.run(partial(self._run_and_commit, units)))

    async def _commit(self, trip: Awaitable[None]) -> None:
        try:
            await trip
        except BaseException as error:
            self._fail_batch(in_our_words(error, self._name) if isinstance(error, sqlite3.DatabaseError) else error)
            if not isinstance(error, Exception):
                raise
        batch, self._batch = self._batch, []
        for unit in batch:
            unit.tell_ran()
            unit.tell_kept()

    def _fail_batch(self, error: BaseException) -> None:
        batch, self._batch = self._batch, []
        for unit in batch:
            unit.fail(unit.error or error)

    def _run_and_commit(self, units: list[Unit[Any]], driver: sqlite3.Connection) -> None:
        """In the connection's thread: all of these in one transaction."""
        pragma(driver, f"busy_timeout = {self._busy_milliseconds}")
        try:
            driver.execute("BEGIN IMMEDIATE")
        finally:
            pragma(driver, "busy_timeout = 0")
        for unit in units:
            unit.run(driver, self._name)
            if not driver.in_transaction and unit.error is not None:
                raise unit.error
        _commit(driver)


class _Alone:
    """A job that needs the connection without a transaction."""

    brief = False

    def __init__(self, job: Callable[[sqlite3.Connection], None]) -> None:
        self._job = job
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, session: Session) -> None:
        try:
            await session.run(self._job)
        except BaseException as error:  # noqa: BLE001 - it is raised where the job is awaited
            if not self.done.done():
                self.done.set_exception(error)
        else:
            if not self.done.done():
                self.done.set_result(None)


def _begun(driver: sqlite3.Connection) -> bool:
    """Begin a transaction; False where that fails, which the thread is to try again: another process may be writing,
    for which the event loop cannot wait."""
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError:
        return False
    return True


def _commit(driver: sqlite3.Connection) -> None:
    try:
        driver.execute("COMMIT")
    except BaseException:
        if driver.in_transaction:
            driver.execute("ROLLBACK")
        raise
