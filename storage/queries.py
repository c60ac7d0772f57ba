# ruff: noqa: ARG002 - aiosql hands its adapters more than SQLite needs
"""Named SQL from `.sql` files, run so that a read is one step in the connection's thread."""

from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any, cast

import aiosql
from aiosql.adapters.aiosqlite import AioSQLiteAdapter

from storage.database import Connection


class WholeReads(AioSQLiteAdapter):
    """Fetches every row at once.

    A statement left half-read keeps the connection's snapshot open, and every other read on that connection would go
    on seeing the past (https://www.sqlite.org/isolation.html).
    """

    async def select(
        self, conn: Connection, _query_name: str, sql: str, parameters: Mapping[str, Any], record_class: None = None
    ) -> AsyncGenerator[Any]:
        """Every row."""
        for row in await conn.execute_fetchall(sql, parameters):
            yield row

    async def select_one(
        self, conn: Connection, _query_name: str, sql: str, parameters: Mapping[str, Any], record_class: None = None
    ) -> Any:
        """The first row, or None."""
        return next(iter(await conn.execute_fetchall(sql, parameters)), None)

    async def select_value(self, conn: Connection, _query_name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        """The first column of the first row, or None."""
        row = await self.select_one(conn, _query_name, sql, parameters)
        return None if row is None else row[0]

    async def insert_update_delete(
        self, conn: Connection, _query_name: str, sql: str, parameters: Mapping[str, Any]
    ) -> int:
        """How many rows were changed.

        A statement that gives no rows is over when it returns: closing its cursor would be one more step, which every
        other writer waits for.
        """
        return (await conn.execute(sql, parameters)).rowcount

    async def insert_returning(
        self, conn: Connection, _query_name: str, sql: str, parameters: Mapping[str, Any]
    ) -> int | None:
        """The new row's id."""
        return (await conn.execute(sql, parameters)).lastrowid


def load_queries(path: Path) -> Any:
    """The queries of a `.sql` file, or of all in a folder, as an aiosql object
    (https://nackjicholson.github.io/aiosql/defining-sql-queries/).

    Each is a method that takes a connection and named parameters.
    """
    files = sorted(path.glob("*.sql")) if path.is_dir() else [path]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    return cast("Any", aiosql).from_str(text, WholeReads, mandatory_parameters=False)
