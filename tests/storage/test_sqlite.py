import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest

from storage import Connection, Duplicate, StorageBusy, StorageError, StorageReadOnly, StorageVersion
from storage.sqlite import SQLiteDatabase


@pytest.fixture
def steps(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    (folder / "sqlite").mkdir(parents=True)
    (folder / "sqlite" / "0001_notes.sql").write_text(
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE)"
    )
    return folder


@pytest.fixture
async def database(tmp_path: Path, steps: Path) -> AsyncGenerator[SQLiteDatabase]:
    database = await SQLiteDatabase.open(tmp_path / "notes.db", migrations=steps)
    yield database
    await database.close()


async def write(database: SQLiteDatabase, *texts: str) -> None:
    async def work(connection: Connection) -> None:
        for text in texts:
            await connection.execute("INSERT INTO notes (text) VALUES (:text)", {"text": text})

    await database.transact(work)


async def texts(database: SQLiteDatabase) -> list[str]:
    async with database.read() as connection:
        return [row["text"] for row in await connection.fetch("SELECT text FROM notes ORDER BY id")]


async def test_what_transact_returned_for_is_in_the_file(database: SQLiteDatabase) -> None:
    await write(database, "kept")
    with sqlite3.connect(database.path) as other:
        assert other.execute("SELECT text FROM notes").fetchall() == [("kept",)]
    other.close()


async def test_a_failing_unit_undoes_its_own_changes_and_no_other(database: SQLiteDatabase) -> None:
    results = await asyncio.gather(
        write(database, "a"), write(database, "b", "a"), write(database, "c"), return_exceptions=True
    )
    assert [type(result) for result in results] == [type(None), Duplicate, type(None)]
    assert await texts(database) == ["a", "c"]


async def test_writers_that_wait_share_one_commit(database: SQLiteDatabase) -> None:
    commits = 0

    def count(statement: str) -> None:
        nonlocal commits
        commits += statement == "COMMIT"

    await cast("Any", database._writer).set_trace_callback(count)
    await asyncio.gather(*(write(database, str(number)) for number in range(50)))
    assert len(await texts(database)) == 50
    assert commits == 1


async def test_a_cancelled_writer_leaves_the_database_usable(database: SQLiteDatabase) -> None:
    for number in range(20):
        task = asyncio.create_task(write(database, f"cancelled {number}"))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await write(database, "after")
    assert (await texts(database))[-1] == "after"


async def test_readers_cannot_write(database: SQLiteDatabase) -> None:
    with pytest.raises(StorageReadOnly):
        async with database.read() as connection:
            await connection.execute("INSERT INTO notes (text) VALUES ('x')")


async def test_migrations_go_on_from_every_older_schema(tmp_path: Path, steps: Path) -> None:
    await (await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)).close()
    (steps / "sqlite" / "0002_author.sql").write_text(
        "ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'nobody'"
    )
    for _ in range(2):
        database = await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)
        async with database.read() as connection:
            assert await connection.fetch("SELECT author FROM notes") == []
        await database.close()


async def test_a_broken_migration_leaves_the_older_schema(tmp_path: Path, steps: Path) -> None:
    (steps / "sqlite" / "0002_bad.sql").write_text("CREATE TABLE half (id INTEGER); CREATE TABLE notes (id INTEGER)")
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)
    with sqlite3.connect(tmp_path / "n.db") as other:
        assert other.execute("PRAGMA user_version").fetchone() == (1,)
        assert other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("notes",)]
    other.close()


async def test_a_newer_database_is_refused_in_words(tmp_path: Path, steps: Path) -> None:
    await (await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)).close()
    (steps / "sqlite" / "0001_notes.sql").unlink()
    with pytest.raises(StorageVersion, match="start the newer Rolekey"):
        await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)


async def test_a_locked_database_says_so_and_works_again_afterwards(tmp_path: Path, steps: Path) -> None:
    database = await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps, busy_seconds=0.01)
    other = sqlite3.connect(tmp_path / "n.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageBusy, match="locked by another process"):
        await write(database, "x")
    other.execute("ROLLBACK")
    other.close()
    await write(database, "y")
    assert await texts(database) == ["y"]
    await database.close()


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path, steps: Path) -> None:
    with pytest.raises(StorageReadOnly, match="check that its folder exists"):
        await SQLiteDatabase.open(tmp_path / "missing" / "n.db", migrations=steps)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, steps: Path) -> None:
    (tmp_path / "n.db").write_bytes(os.urandom(8192))
    with pytest.raises(StorageError, match="is not an SQLite database"):
        await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)


async def test_a_gap_in_the_migrations_is_refused(tmp_path: Path, steps: Path) -> None:
    (steps / "sqlite" / "0003_gap.sql").write_text("SELECT 1")
    with pytest.raises(ValueError, match="not numbered"):
        await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)


async def test_of_processes_that_start_at_once_one_migrates(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    (steps / "sqlite").mkdir(parents=True)
    (steps / "sqlite" / "0001_first.sql").write_text("CREATE TABLE t (x);\nINSERT INTO t VALUES ('a;b'); -- one; row\n")
    opened = await asyncio.gather(*(SQLiteDatabase.open(tmp_path / "n.db", migrations=steps) for _ in range(4)))
    async with opened[0].read() as connection:
        rows = await connection.fetch("SELECT x FROM t")
    for database in opened:
        await database.close()
    assert [row["x"] for row in rows] == ["a;b"]
