"""A database with its statements: SQL lives in `.sql` files, rows become typed structs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from storage.engine import Connection, Database
from storage.opening import open_database
from storage.queries import load_queries

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """The statements of a folder's `.sql` files, by name, on one database."""

    database: Database
    sql: Any

    @classmethod
    async def open(cls, place: Path | str, folder: Path, *, schema: str = "") -> Self:
        """Open the database at `place` with the statements in `folder` and the steps in `folder/migrations`.

        See `storage.open_database` for `place` and `schema`.

        Raises `StorageError`.
        """
        database = await open_database(place, folder, schema=schema)
        return cls(database, load_queries(folder, database.engine))

    async def one(self, name: str, kind: type[T], /, **values: object) -> T | None:
        """The one row a statement finds, or none."""
        async with self.database.read() as connection:
            row = await getattr(self.sql, name)(connection, **values)
        return None if row is None else msgspec.convert(dict(row), kind, strict=False)

    async def all(self, name: str, kind: type[T], /, **values: object) -> list[T]:
        """Every row a statement finds."""
        async with self.database.read() as connection:
            rows = [dict(row) async for row in getattr(self.sql, name)(connection, **values)]
        return msgspec.convert(rows, list[kind], strict=False)

    async def run(self, name: str, /, **values: object) -> None:
        """Change something; on disk when this returns."""

        async def work(connection: Connection) -> None:
            await getattr(self.sql, name)(connection, **values)

        await self.database.transact(work)
