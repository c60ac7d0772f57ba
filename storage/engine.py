"""What both engines offer. Code above knows these and no driver."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any, Generic, Literal, Protocol, TypeVar

T = TypeVar("T")

Engine = Literal["sqlite", "postgres"]
ENGINES: tuple[Engine, ...] = ("sqlite", "postgres")

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Row(Protocol):
    """What a statement found: `row["name"]`, `row[0]`, `dict(row)`."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def keys(self) -> Iterable[Any]:
        """The names of its columns."""
        ...


class Connection(Protocol):
    """Where statements run. Values are named: `:name` in the SQL, `{"name": …}` beside it.

    Both methods raise `StorageError`, or `BrokenConstraint` after which the unit of work must raise too.
    """

    async def fetch(self, sql: str, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Every row that one statement finds or returns."""
        ...

    async def execute(self, sql: str, values: Mapping[str, Any] = NOTHING) -> int:
        """Run one statement that gives no rows; the number of rows it changed."""
        ...


Work = Callable[[Connection], Awaitable[None]]
"""Statements to run within whoever's unit of work."""


class Submitted(Generic[T]):
    """A unit of work that has run: its `result`, and whether it lasts."""

    def __init__(self, result: T, kept: Callable[[], Awaitable[None]]) -> None:
        self.result = result
        self._kept = kept

    async def on_disk(self) -> None:
        """Return once it is on disk. Raises `StorageError` where it never will be: then nothing of it is left."""
        await self._kept()


class Database(Protocol):
    """A database that is open."""

    @property
    def name(self) -> str:
        """Which database, without a password."""
        ...

    @property
    def engine(self) -> Engine:
        """Whose SQL it speaks."""
        ...

    async def version(self) -> int:
        """The version of its schema: the number of the last migration."""
        ...

    def read(self, *, brief: bool = False) -> AbstractAsyncContextManager[Connection]:
        """A connection that sees everything committed and can write nothing.

        `brief` promises statements that find a few rows by an index: SQLite does those at once, which takes less than
        a trip to another thread; the event loop waits for them.
        """
        ...

    async def transact(
        self, work: Callable[[Connection], Awaitable[T]], *, alone: str | None = None, brief: bool = False
    ) -> T:
        """Run `work` as one all-or-nothing unit and return its result once it is on disk.

        If `work` raises, its changes are undone. It may run more than once, so it changes nothing but the database.
        On SQLite units run one after another. On PostgreSQL they overlap and each statement sees what was committed
        before it (READ COMMITTED), unless they have the same `alone`: of those only one runs at a time, whichever
        process it is in. A unit that reads something and decides by it what to write needs that.

        It waits for its statements and for nothing else. `brief` promises what it does for `read`. A unit once begun
        is finished, also when the caller is cancelled.
        """
        ...

    def submit(
        self, work: Callable[[Connection], Awaitable[T]], *, alone: str | None = None
    ) -> asyncio.Future[Submitted[T]]:
        """Run a brief unit; done as soon as every unit that comes after it, in whichever process, sees it.

        That may be before it is on disk; see `Submitted.on_disk`. Whoever may be cancelled shields the future: the
        unit is finished all the same.
        """
        ...

    async def scrub(self) -> None:
        """Take what was deleted out of the files, as far as this engine lets one: SQLite's journal is emptied into the
        database, which is overwritten where something was deleted; PostgreSQL does so by itself, in VACUUM.

        Where somebody else is reading at that moment, the journal stays for the next time.
        """
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of everything."""
        ...
