"""What both engines promise."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from storage import (
    BrokenConstraint,
    Connection,
    Database,
    Duplicate,
    Engine,
    MissingReference,
    StorageError,
    StorageReadOnly,
    StorageVersion,
    load_queries,
    open_database,
)
from tests.storage.conftest import add_step


async def write(database: Database, *texts: str) -> None:
    async def work(connection: Connection) -> None:
        for text in texts:
            await connection.execute("INSERT INTO notes (text) VALUES (:text)", {"text": text})

    await database.transact(work)


async def texts(database: Database) -> list[str]:
    async with database.read() as connection:
        return [row["text"] for row in await connection.fetch("SELECT text FROM notes ORDER BY id")]


async def run(database: Database, sql: str, **values: object) -> int:
    return await database.transact(lambda connection: connection.execute(sql, values))


async def test_a_database_tells_its_engine_and_its_schema(database: Database, engine: Engine) -> None:
    assert database.engine == engine
    assert await database.version() == 1


async def test_a_failing_unit_undoes_its_own_changes_and_no_other(database: Database) -> None:
    await write(database, "a")
    results = await asyncio.gather(
        write(database, "b", "a"), write(database, "c"), write(database, "d", "a"), return_exceptions=True
    )
    assert [type(result) for result in results] == [Duplicate, type(None), Duplicate]
    assert await texts(database) == ["a", "c"]


async def test_what_is_committed_is_there_when_it_is_opened_again(place: str, folder: Path) -> None:
    for expected in (["first"], ["first", "second"]):
        database = await open_database(place, folder)
        await write(database, expected[-1])
        assert await texts(database) == expected
        await database.close()


async def test_broken_constraints_have_one_name_each_and_quote_no_row(database: Database) -> None:
    await write(database, "private words")
    with pytest.raises(Duplicate) as duplicate:
        await write(database, "private words")
    with pytest.raises(MissingReference) as missing:
        await run(database, "INSERT INTO notes (text, parent) VALUES ('private words too', 77)")
    with pytest.raises(BrokenConstraint) as empty:
        await run(database, "UPDATE notes SET text = NULL")
    assert not any("private words" in str(caught.value) for caught in (duplicate, missing, empty))


async def test_rows_are_read_by_name_and_changes_are_counted(database: Database) -> None:
    await write(database, "a", "b")
    async with database.read() as connection:
        [row] = await connection.fetch("SELECT id, text FROM notes WHERE text = :text OR :text = ''", {"text": "b"})
    assert (row["text"], row[0], dict(row)) == ("b", 2, {"id": 2, "text": "b"})
    assert await run(database, "UPDATE notes SET text = text || :more", more="!") == 2
    assert await run(database, "DELETE FROM notes WHERE text = 'x:y'") == 0


async def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(StorageReadOnly):
        async with database.read() as connection:
            await connection.execute("INSERT INTO notes (text) VALUES ('x')")
    await write(database, "y")


async def test_a_cancelled_writer_finishes_its_unit_and_leaves_the_database_usable(database: Database) -> None:
    for number in range(20):
        task = asyncio.create_task(write(database, f"cancelled {number}", f"whole {number}"))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await write(database, "after")
    kept = await texts(database)
    assert "after" in kept
    assert len(kept) % 2 == 1


async def test_what_was_submitted_is_seen_by_the_next_unit_and_lasts_once_it_is_on_disk(database: Database) -> None:
    async def add(connection: Connection) -> int:
        await connection.execute("INSERT INTO notes (text) VALUES (:text)", {"text": "submitted"})
        return 7

    async def count(connection: Connection) -> int:
        return len(await connection.fetch("SELECT id FROM notes"))

    submitted = await database.submit(add, alone="adding")
    assert submitted.result == 7
    assert (await database.submit(count)).result == 1
    await submitted.on_disk()
    assert await texts(database) == ["submitted"]
    with pytest.raises(Duplicate):
        await database.submit(add)


async def test_units_about_the_same_never_overlap(database: Database) -> None:
    async def add_one(connection: Connection) -> None:
        [row] = await connection.fetch("SELECT count(*) AS n FROM notes")
        await connection.execute("INSERT INTO notes (text) VALUES (:text)", {"text": f"number {row['n']}"})

    await asyncio.gather(*(database.transact(add_one, alone="counting") for _ in range(30)))
    assert await texts(database) == [f"number {number}" for number in range(30)]


async def test_units_that_lock_each_other_out_are_run_again(database: Database) -> None:
    await write(database, "a", "b")
    both = asyncio.Barrier(2)
    runs = 0

    def touch(first: str, second: str) -> Any:
        async def work(connection: Connection) -> None:
            nonlocal runs
            runs += 1
            await connection.execute("UPDATE notes SET parent = 1 WHERE text = :text", {"text": first})
            if database.engine == "postgres" and runs <= 2:
                await both.wait()
            await connection.execute("UPDATE notes SET parent = 2 WHERE text = :text", {"text": second})

        return database.transact(work)

    await asyncio.gather(touch("a", "b"), touch("b", "a"))
    assert runs == (2 if database.engine == "sqlite" else 3)


async def test_a_nul_character_can_be_kept_somehow(database: Database) -> None:
    await write(database, "a\0b")
    assert await texts(database) in (["a\0b"], ["a\ufffdb"])


async def test_migrations_go_on_from_an_older_schema(place: str, folder: Path) -> None:
    old = await open_database(place, folder)
    await write(old, "kept")
    await old.close()
    add_step(folder, "0002_author", "ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'nobody; or -- so'")
    for _ in range(2):
        database = await open_database(place, folder)
        async with database.read() as connection:
            [row] = await connection.fetch("SELECT text, author FROM notes")
        assert dict(row) == {"text": "kept", "author": "nobody; or -- so"}
        assert await database.version() == 2
        await database.close()


async def test_a_broken_migration_leaves_the_older_schema(place: str, folder: Path) -> None:
    add_step(folder, "0002_bad", "CREATE TABLE half (id INTEGER); CREATE TABLE notes (id INTEGER);")
    with pytest.raises((sqlite3.OperationalError, StorageError), match="already exists"):
        await open_database(place, folder)
    add_step(folder, "0002_bad", "CREATE TABLE half (id INTEGER);")
    database = await open_database(place, folder)
    assert await database.version() == 2
    await database.close()


async def test_a_newer_database_is_refused_in_words(place: str, folder: Path, engine: Engine) -> None:
    await (await open_database(place, folder)).close()
    (folder / "migrations" / engine / "0001_notes.sql").unlink()
    with pytest.raises(StorageVersion, match="start the newer Rolekey"):
        await open_database(place, folder)


async def test_a_gap_in_the_migrations_is_refused(place: str, folder: Path) -> None:
    add_step(folder, "0003_gap", "SELECT 1")
    with pytest.raises(ValueError, match="not numbered"):
        await open_database(place, folder)


async def test_of_gateways_that_start_at_once_one_migrates(place: str, folder: Path) -> None:
    add_step(folder, "0002_first", "CREATE TABLE t (x TEXT);\nINSERT INTO t VALUES ('a;b'); -- one; row\n")
    opened = await asyncio.gather(*(open_database(place, folder) for _ in range(4)))
    async with opened[0].read() as connection:
        rows = await connection.fetch("SELECT x FROM t")
    for database in opened:
        await database.close()
    assert [row["x"] for row in rows] == ["a;b"]


async def test_a_statement_of_one_engine_takes_the_place_of_the_common_one(database: Database, tmp_path: Path) -> None:
    (tmp_path / "n.sql").write_text(
        "-- name: add<!\nINSERT INTO notes (text) VALUES (:text) RETURNING id;\n\n"
        "-- name: which$\nSELECT 'common';\n\n-- name: one^\nSELECT text FROM notes WHERE id = :id;\n"
    )
    (tmp_path / "n.postgres.sql").write_text("-- name: which$\nSELECT 'postgres'::text;\n")
    sql = load_queries(tmp_path / "n.sql", database.engine)
    identity = await database.transact(lambda connection: sql.add(connection, text="found"))
    async with database.read() as connection:
        assert (await sql.one(connection, id=identity))["text"] == "found"
        assert await sql.one(connection, id=identity + 1) is None
        assert await sql.which(connection) == ("common" if database.engine == "sqlite" else "postgres")
