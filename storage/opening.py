"""Opens a database by its address, whichever engine that names."""

from pathlib import Path

from storage.engine import Database
from storage.location import is_postgres, sqlite_path
from storage.sqlite import SQLiteDatabase


async def open_database(place: Path | str, folder: Path, *, schema: str = "") -> Database:
    """Open or create the database at `place` with the newest schema in `folder/migrations`.

    `place` is a file, `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`. On PostgreSQL the tables are
    in `schema`, which is made where it is missing, so that two programs can share a database; without one they are in
    the user's own, usually "public".
    Raises `StorageError`, and `ValueError` where `place` is neither.
    """
    migrations = folder / "migrations"
    if isinstance(place, str) and is_postgres(place):
        # Who stays on SQLite need not load the other driver.
        from storage.postgres import PostgresDatabase

        return await PostgresDatabase.open(place, migrations=migrations, schema=schema)
    path = place if isinstance(place, Path) else sqlite_path(place)
    if path is None:
        raise ValueError("the database's address is neither sqlite:///PATH nor postgresql://…")
    return await SQLiteDatabase.open(path, migrations=migrations)
