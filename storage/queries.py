# ruff: noqa: ARG002 - aiosql hands its adapters more than is needed
"""Named SQL from `.sql` files, the same for both engines."""

import re
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self, cast

import aiosql

from storage.engine import ENGINES, Connection, Engine, Row

_STATEMENT = re.compile(r"^--\s*name:\s*(?P<name>\w+)", re.MULTILINE)


class _Rows:
    """The rows that a statement finds, for `async for`: an async generator costs more than most statements."""

    def __init__(self, connection: Connection, sql: str, values: Mapping[str, Any]) -> None:
        self._fetch = partial(connection.fetch, sql, values)
        self._rows: Iterator[Row] | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Row:
        if self._rows is None:
            self._rows = iter(await self._fetch())
        for row in self._rows:
            return row
        raise StopAsyncIteration


class _Adapter:
    """Lets aiosql speak to a `Connection`, whichever engine is behind it.

    Every row is fetched at once. A statement left half-read would keep its connection's snapshot open, and every
    other read on that connection would go on seeing the past (https://www.sqlite.org/isolation.html).
    """

    # What is to be awaited is returned as it is: aiosql would only await it once more.
    is_aio_driver = False

    def process_sql(self, query_name: str, op_type: Any, sql: str) -> str:
        return sql

    def select(
        self, conn: Connection, query_name: str, sql: str, parameters: Mapping[str, Any], record_class: None = None
    ) -> AsyncIterator[Row]:
        return _Rows(conn, sql, parameters)

    async def select_one(
        self, conn: Connection, query_name: str, sql: str, parameters: Mapping[str, Any], record_class: None = None
    ) -> Row | None:
        return next(iter(await conn.fetch(sql, parameters)), None)

    async def select_value(self, conn: Connection, query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        row = next(iter(await conn.fetch(sql, parameters)), None)
        return None if row is None else row[0]

    def insert_returning(
        self, conn: Connection, query_name: str, sql: str, parameters: Mapping[str, Any]
    ) -> Awaitable[Any]:
        return self.select_value(conn, query_name, sql, parameters)

    def insert_update_delete(
        self, conn: Connection, query_name: str, sql: str, parameters: Mapping[str, Any]
    ) -> Awaitable[int]:
        return conn.execute(sql, parameters)


def load_queries(path: Path, engine: Engine) -> Any:
    """The queries of a `.sql` file, or of all in a folder, as an aiosql object
    (https://nackjicholson.github.io/aiosql/defining-sql-queries/).

    Each is a method that takes a connection and named parameters. `find^` gives one row or None, `find` many,
    `count$` the first column, `change!` the number of rows changed, `make<!` what its `RETURNING` names first.
    Statements in `NAME.postgres.sql` or `NAME.sqlite.sql` beside `NAME.sql` take the place of those of the same name
    on that engine. Raises `ValueError` where a name is used twice.
    """
    files = sorted(path.glob("*.sql")) if path.is_dir() else [path]
    common = [file for file in files if file.suffixes[0].removeprefix(".") not in ENGINES]
    own = [beside for file in common if (beside := file.with_suffix(f".{engine}.sql")).exists()]
    statements = _statements(common) | _statements(own)
    return cast("Any", aiosql).from_str("\n".join(statements.values()), _Adapter, mandatory_parameters=False)


def _statements(files: list[Path]) -> dict[str, str]:
    found = dict[str, str]()
    for file in files:
        text = file.read_text(encoding="utf-8")
        starts = [*_STATEMENT.finditer(text)]
        for start, following in zip(starts, [*starts[1:], None], strict=False):
            name = start["name"]
            if name in found:
                raise ValueError(f"two statements are named {name}; one is in {file.name}")
            found[name] = text[start.start() : None if following is None else following.start()]
    return found
