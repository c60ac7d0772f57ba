import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from storage import Connection, Duplicate, MissingReference, StorageBusy, StorageError, StorageReadOnly
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


async def write(database: SQLiteDatabase, *texts: str, brief: bool = False) -> None:
    async def work(connection: Connection) -> None:
        for text in texts:
            await connection.execute("INSERT INTO notes (text) VALUES (:text)", {"text": text})

    await database.transact(work, brief=brief)


async def texts(database: SQLiteDatabase) -> list[str]:
    async with database.read() as connection:
        return [row["text"] for row in await connection.fetch("SELECT text FROM notes ORDER BY id")]


async def test_what_transact_returned_for_is_in_the_file(database: SQLiteDatabase) -> None:
    await write(database, "kept")
    with sqlite3.connect(database.path) as other:
        assert other.execute("SELECT text FROM notes").fetchall() == [("kept",)]
    other.close()


@pytest.mark.parametrize("brief", [True, False])
async def test_writers_that_wait_share_one_commit(database: SQLiteDatabase, *, brief: bool) -> None:
    commits = 0

    def count(statement: str) -> None:
        nonlocal commits
        commits += statement == "COMMIT"

    await cast("Any", database._writer).set_trace_callback(count)
    await asyncio.gather(*(write(database, str(number), brief=brief) for number in range(50)))
    assert len(await texts(database)) == 50
    assert commits == 1


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


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("n.db*")}


async def test_a_new_file_and_its_journal_are_readable_by_their_owner_only(tmp_path: Path, steps: Path) -> None:
    before = os.umask(0)
    try:
        database = await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)
        await write(database, "kept")
        found = modes(tmp_path)
        await database.close()
    finally:
        os.umask(before)
    assert found == {"n.db": 0o600, "n.db-wal": 0o600, "n.db-shm": 0o600}


async def test_the_mode_that_a_file_was_given_stays(tmp_path: Path, steps: Path) -> None:
    (tmp_path / "n.db").touch(mode=0o640)
    (tmp_path / "n.db").chmod(0o640)
    await (await SQLiteDatabase.open(tmp_path / "n.db", migrations=steps)).close()
    assert modes(tmp_path) == {"n.db": 0o640}


async def test_a_brief_writer_that_waits_for_another_process_holds_up_nobody_else(database: SQLiteDatabase) -> None:
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(write(database, "x", brief=True))
    async with database.read(brief=True) as connection:
        for _ in range(100):
            await asyncio.sleep(0)
            assert await connection.fetch("SELECT text FROM notes") == []
    other.execute("ROLLBACK")
    other.close()
    await writing
    assert await texts(database) == ["x"]


async def test_brief_and_long_units_keep_their_order(database: SQLiteDatabase) -> None:
    await asyncio.gather(*(write(database, str(number), brief=number % 3 > 0) for number in range(30)))
    assert await texts(database) == [str(number) for number in range(30)]


async def test_a_commit_that_fails_undoes_every_unit_that_waits_for_it(database: SQLiteDatabase) -> None:
    async def break_the_commit(connection: Connection) -> None:
        await connection.execute("CREATE TABLE children (parent REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)")
        await connection.execute("INSERT INTO children VALUES (77)")

    results = await asyncio.gather(
        write(database, "lost", brief=True),
        database.transact(break_the_commit, brief=True),
        write(database, "lost too", brief=True),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [MissingReference] * 3
    await write(database, "kept", brief=True)
    assert await texts(database) == ["kept"]


async def test_where_every_unit_failed_no_lock_is_kept(database: SQLiteDatabase) -> None:
    await write(database, "a", brief=True)
    with pytest.raises(Duplicate):
        await write(database, "a", brief=True)
    await database.scrub()
    with closing(sqlite3.connect(database.path, isolation_level=None, timeout=0)) as other:
        other.execute("BEGIN IMMEDIATE")


@pytest.mark.parametrize("brief", [True, False])
async def test_a_unit_that_waits_for_anything_else_is_a_mistake_that_is_told(
    database: SQLiteDatabase, *, brief: bool
) -> None:
    async def wait(connection: Connection) -> None:
        await connection.execute("INSERT INTO notes (text) VALUES ('x')")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="for its statements and for nothing else"):
        await database.transact(wait, brief=brief)
    assert await texts(database) == []


async def test_a_folder_that_is_not_there_is_named(tmp_path: Path, steps: Path) -> None:
    with pytest.raises(StorageReadOnly, match="check that its folder exists"):
        await SQLiteDatabase.open(tmp_path / "missing" / "n.db", migrations=steps)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, steps: Path) -> None:
    (tmp_path / "n.db").write_bytes(os.urandom(8192))
    with pytest.raises(StorageError, match="is not an SQLite database"):
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
