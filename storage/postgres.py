"""A PostgreSQL database, shared by as many processes as like: asyncpg's pools, READ COMMITTED, advisory locks."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import asyncpg
import msgspec
from aiosql.utils import VAR_REF

from storage.engine import NOTHING, Connection, Engine, Row, Submitted
from storage.errors import StorageCollision, StorageError, StorageUnreachable
from storage.location import without_password
from storage.migrations import Migration, pending, read_migrations
from storage.postgres_errors import translated

T = TypeVar("T")

_CONNECTIONS = 8
_CONNECT_SECONDS = 5.0
_STATEMENT_SECONDS = 30.0
_CLOSE_SECONDS = 5.0
_TRIES = 5
_FIRST_PAUSE_SECONDS = 0.01
# Any number that no other program on the same database is likely to lock.
_MIGRATING = 0x726F6C656B6579

# asyncpg's own annotations are mostly empty.
_driver = cast("Any", asyncpg)
_SESSION = {"application_name": "rolekey", "jit": "off"}
# It goes into a statement as it is: what is quoted nowhere must need no quotes.
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]*")


class _Session(asyncpg.Connection):
    """A connection whose every unit ends its own transaction, and which keeps no settings to be reset."""

    def get_reset_query(self) -> str:
        return ""


class PostgresConnection:
    """A `storage.Connection` on asyncpg's."""

    def __init__(self, driver: Any, name: str) -> None:
        self.driver = driver
        self._name = name

    async def fetch(self, sql: str, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Every row that one statement finds or returns."""
        numbered, names = _numbered(sql)
        with translated(self._name):
            return await self.driver.fetch(numbered, *[_storable(values[name]) for name in names])

    async def execute(self, sql: str, values: Mapping[str, Any] = NOTHING) -> int:
        """Run one statement; the number of rows it changed."""
        numbered, names = _numbered(sql)
        with translated(self._name):
            done: str = await self.driver.execute(numbered, *[_storable(values[name]) for name in names])
        # The command's tag: https://www.postgresql.org/docs/current/protocol-message-formats.html, CommandComplete
        count = done.rpartition(" ")[2]
        return int(count) if count.isdecimal() else 0

    async def control(self, sql: str) -> str:
        """Run statements that take no values in one round trip; the tag of the last one."""
        with translated(self._name):
            return await self.driver.execute(sql)


class PostgresDatabase:
    """Two pools of connections: one writes, one reads what is committed.

    A commit is durable before `transact` returns, unless the server was told otherwise
    (https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT). A connection that was
    lost is replaced on the next use.
    """

    engine: Engine = "postgres"

    def __init__(self, name: str, writers: Any, readers: Any) -> None:
        self.name = name
        self._writers = writers
        self._readers = readers
        self._units: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, url: str, *, migrations: Path, connections: int = _CONNECTIONS, schema: str = "") -> Self:
        """Connect, bring the schema up to date by `migrations/postgres/*.sql`, and return it ready.

        At most `connections` write and as many read. Tables are in `schema`, a lower-case name
        (https://www.postgresql.org/docs/current/ddl-schemas.html). Raises `StorageError`, with a message that holds no
        password.
        """
        steps = read_migrations(migrations, cls.engine)
        name = without_password(url)
        pools: list[Any] = []
        try:
            await _migrate(url, steps, name, schema)
            settings = _settings(schema)
            for session in (settings, {**settings, "default_transaction_read_only": "on"}):
                with translated(name):
                    pools.append(await _pool(url, session, connections))
        except BaseException:
            for pool in pools:
                pool.terminate()
            raise
        return cls(name, *pools)

    @asynccontextmanager
    async def read(self, *, brief: bool = False) -> AsyncGenerator[Connection]:  # noqa: ARG002 - all is elsewhere here
        """A connection that sees everything committed and can write nothing."""
        async with self._taken(self._readers) as connection:
            yield connection

    async def version(self) -> int:
        """The version of its schema."""
        async with self.read() as connection:
            return await _version(connection)

    async def transact(
        self,
        work: Callable[[Connection], Awaitable[T]],
        *,
        alone: str | None = None,
        brief: bool = False,  # noqa: ARG002
    ) -> T:
        """Run `work` as one transaction, again where it collided with another; see `storage.Database`."""
        unit = asyncio.create_task(self._unit(work, alone))
        self._units.add(unit)
        unit.add_done_callback(self._units.discard)
        return await asyncio.shield(unit)

    def submit(
        self, work: Callable[[Connection], Awaitable[T]], *, alone: str | None = None
    ) -> asyncio.Future[Submitted[T]]:
        """The same: before it is committed no other process sees it."""

        async def transact() -> Submitted[T]:
            return Submitted(await self.transact(work, alone=alone), _already)

        return asyncio.create_task(transact())

    async def _unit(self, work: Callable[[Connection], Awaitable[T]], alone: str | None) -> T:
        pause = _FIRST_PAUSE_SECONDS
        for _ in range(_TRIES - 1):
            with suppress(StorageCollision):
                return await self._once(work, alone)
            await asyncio.sleep(pause)
            pause *= 2
        return await self._once(work, alone)

    async def _once(self, work: Callable[[Connection], Awaitable[T]], alone: str | None) -> T:
        async with self._taken(self._writers) as connection:
            lock = "" if alone is None else f"; SELECT pg_advisory_xact_lock({_lock_number(alone)})"
            try:
                await connection.control(f"BEGIN{lock}")
                result = await work(connection)
                ended = await connection.control("COMMIT")
            except BaseException:
                with suppress(StorageError):  # where the connection is lost, the server undoes it by itself
                    await connection.control("ROLLBACK")
                raise
        if ended != "COMMIT":
            raise StorageError(f"the database {self.name} undid a unit of work that went on after a failed statement")
        return result

    async def scrub(self) -> None:
        """Nothing to do here: deleted rows go with the next VACUUM
        (https://www.postgresql.org/docs/current/routine-vacuuming.html)."""

    async def close(self) -> None:
        """Finish what is under way and close every connection."""
        while self._units:
            await asyncio.wait(self._units)
        for pool in (self._readers, self._writers):
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await pool.close()
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                pool.terminate()

    @asynccontextmanager
    async def _taken(self, pool: Any) -> AsyncGenerator[PostgresConnection]:
        with translated(self.name):
            driver = await pool.acquire(timeout=_CONNECT_SECONDS)
        try:
            yield PostgresConnection(driver, self.name)
        except StorageUnreachable:
            # Where the server went, it took the idle connections with it: let nobody else find that out one by one.
            for each in (self._writers, self._readers):
                await each.expire_connections()
            raise
        finally:
            with translated(self.name):
                await pool.release(driver)


async def _already() -> None:
    """It is on disk."""


async def _pool(url: str, session: dict[str, str], connections: int) -> Any:
    pool = await _driver.create_pool(
        url,
        min_size=0,  # otherwise the pool would keep trying, and logging, while the server is away
        max_size=connections,
        timeout=_CONNECT_SECONDS,
        command_timeout=_STATEMENT_SECONDS,
        server_settings=session,
        connection_class=_Session,
    )
    await pool.release(await pool.acquire())  # the first request need not wait for it
    return pool


class Condition(msgspec.Struct, frozen=True):
    """How a database is: the server's version, the version of our schema in it, and whether it may be changed."""

    server: str
    schema: int
    writable: bool


async def look_at(url: str, *, schema: str = "") -> Condition:
    """Look without changing anything. Raises `StorageError`."""
    name = without_password(url)
    driver = await _connect(url, name, schema)
    connection = PostgresConnection(driver, name)
    try:
        [row] = await connection.fetch(
            "SELECT split_part(current_setting('server_version'), ' ', 1) AS server,"
            " to_regclass('schema_version') IS NOT NULL AS used,"
            " current_setting('transaction_read_only') = 'off'"
            " AND coalesce(has_schema_privilege(current_schema(), 'CREATE'), :new AND"
            " has_database_privilege(current_database(), 'CREATE')) AS writable",
            {"new": bool(schema)},
        )
        return Condition(row["server"], await _version(connection) if row["used"] else 0, row["writable"])
    finally:
        await _hang_up(driver)


async def _migrate(url: str, steps: list[Migration], name: str, schema: str) -> None:
    """Apply what is missing, each step together with its version; of processes that start at once, one does."""
    driver = await _connect(url, name, schema)
    connection = PostgresConnection(driver, name)
    try:
        await connection.control(f"SELECT pg_advisory_lock({_MIGRATING})")
        if schema:
            await connection.control(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        await connection.control("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)")
        for step in pending(steps, await _version(connection), name):
            await connection.control(
                f"BEGIN; {step.sql}\n; INSERT INTO schema_version (version) VALUES ({step.version}); COMMIT"
            )
    finally:
        # Closing the connection lets go of the lock, and undoes half a step.
        await _hang_up(driver)


def _settings(schema: str) -> dict[str, str]:
    if not schema:
        return _SESSION
    if not _SCHEMA.fullmatch(schema):
        raise ValueError(f"{schema!r} is no name of a schema: lower-case letters, digits and _ only")
    return {**_SESSION, "search_path": schema}


async def _connect(url: str, name: str, schema: str = "") -> Any:
    settings = _settings(schema)
    with translated(name):
        try:
            return await _driver.connect(url, timeout=_CONNECT_SECONDS, server_settings=settings)
        except ValueError:  # which may quote the address, and the password with it
            raise StorageError(f"storage is no address of a PostgreSQL database: {name}") from None


async def _hang_up(driver: Any) -> None:
    with suppress(TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await driver.close(timeout=_CLOSE_SECONDS)


async def _version(connection: Connection) -> int:
    rows = await connection.fetch("SELECT coalesce(max(version), 0) AS version FROM schema_version")
    return int(rows[0]["version"])


@lru_cache(maxsize=1024)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with `$1, $2, …` for its `:names`, and those names in order."""
    names: list[str] = []

    def number(match: Any) -> str:
        if match["var_name"] is None:
            return match[0]
        if match["var_name"] not in names:
            names.append(match["var_name"])
        return f"{match['lead']}${names.index(match['var_name']) + 1}"

    return cast("Any", VAR_REF).sub(number, sql), tuple(names)


def _storable(value: Any) -> Any:
    """PostgreSQL's text has no place for NUL (https://www.postgresql.org/docs/current/datatype-character.html)."""
    if isinstance(value, str) and "\0" in value:
        return value.replace("\0", "\ufffd")
    return value


def _lock_number(name: str) -> int:
    """An advisory lock is named by 64 bits with a sign."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), signed=True)
