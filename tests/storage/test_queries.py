import asyncio
from pathlib import Path
from typing import Any

from storage import Connection, load_queries
from storage.sqlite import SQLiteDatabase


async def test_a_read_sees_what_was_committed_before_it_however_many_others_read(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    (steps / "sqlite").mkdir(parents=True)
    (steps / "sqlite" / "0001_first.sql").write_text("CREATE TABLE t (x); INSERT INTO t VALUES (0), (0);")
    (tmp_path / "t.sql").write_text("-- name: x^\nSELECT x FROM t;\n\n-- name: set_x!\nUPDATE t SET x = :x;\n")
    sql: Any = load_queries(tmp_path / "t.sql", "sqlite")
    database = await SQLiteDatabase.open(tmp_path / "t.db", migrations=steps)

    async def read() -> int:
        async with database.read() as connection:
            return (await sql.x(connection))["x"]

    async def keep_reading() -> None:
        while True:
            await read()

    others = [asyncio.create_task(keep_reading()) for _ in range(4)]
    for number in range(50):

        async def write(connection: Connection, number: int = number) -> None:
            await sql.set_x(connection, x=number)

        await database.transact(write)
        assert await read() == number
    for task in others:
        task.cancel()
    await asyncio.wait(others)
    await database.close()
