"""What only a server can do: refuse, be gone, come back."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from storage import Connection, Database, StorageError, StorageReadOnly, StorageUnreachable, open_database
from storage.location import without_password
from storage.postgres import PostgresDatabase
from tests.postgres import PostgresServer

PASSWORD = "quite-private"


@pytest.fixture
def server(postgres: PostgresServer) -> PostgresServer:
    return postgres


async def count(database: Database) -> int:
    async with database.read() as connection:
        return (await connection.fetch("SELECT count(*) AS n FROM notes"))[0]["n"]


async def add(database: Database) -> int:
    return await database.transact(lambda connection: connection.execute("INSERT INTO notes (text) VALUES ('x')"))


async def test_a_server_that_goes_is_told_and_used_again_when_it_is_back(server: PostgresServer, folder: Path) -> None:
    database = await open_database(server.new_database(), folder)
    await add(database)
    server.stop()
    try:
        for attempt in (count, add):
            with pytest.raises(StorageUnreachable, match="cannot be reached; check that the server runs"):
                await attempt(database)
    finally:
        server.start()
    assert await count(database) == 1
    await database.close()


async def test_a_unit_that_loses_its_connection_is_told_and_undone(server: PostgresServer, folder: Path) -> None:
    url = server.new_database()
    database = await open_database(url, folder)

    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO notes (text) VALUES ('half')")
        server.command(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", url.rpartition("/")[2]
        )
        await connection.execute("INSERT INTO notes (text) VALUES ('whole')")

    with pytest.raises(StorageUnreachable):
        await database.transact(work)
    assert await count(database) == 0
    await database.close()


async def test_after_one_connection_was_lost_no_other_from_that_time_is_used(
    server: PostgresServer, folder: Path
) -> None:
    database = await open_database(server.new_database(), folder)

    async def process_of(connection: Connection) -> int:
        return (await connection.fetch("SELECT pg_backend_pid() AS pid"))[0]["pid"]

    async def lose(connection: Connection) -> None:
        server.command("SELECT pg_terminate_backend($1)", await process_of(connection))
        await process_of(connection)

    async with database.read() as connection:
        before = await process_of(connection)
    with pytest.raises(StorageUnreachable):
        await database.transact(lose)
    async with database.read() as connection:
        assert await process_of(connection) != before
    await database.close()


async def test_a_unit_that_goes_on_after_a_failed_statement_is_not_taken_for_committed(
    server: PostgresServer, folder: Path
) -> None:
    database = await open_database(server.new_database(), folder)

    async def work(connection: Connection) -> None:
        await connection.execute("INSERT INTO notes (text) VALUES ('x')")
        with pytest.raises(StorageError, match="42P01"):
            await connection.execute("INSERT INTO nowhere VALUES (1)")

    with pytest.raises(StorageError, match="went on after a failed statement"):
        await database.transact(work)
    assert await count(database) == 0
    await database.close()


async def test_more_units_than_connections_wait_their_turn(server: PostgresServer, folder: Path) -> None:
    database = await PostgresDatabase.open(server.new_database(), migrations=folder / "migrations", connections=2)
    sql = "INSERT INTO notes (text) VALUES (:text)"
    texts = [str(number) for number in range(40)]
    await asyncio.gather(
        *(database.transact(lambda connection, text=text: connection.execute(sql, {"text": text})) for text in texts)
    )
    assert await count(database) == 40
    await database.close()


async def test_a_value_of_the_wrong_type_is_refused_without_repeating_it(server: PostgresServer, folder: Path) -> None:
    database = await open_database(server.new_database(), folder)
    with pytest.raises(StorageError, match="does not fit its column") as caught:
        await database.transact(
            lambda connection: connection.execute("UPDATE notes SET id = :id", {"id": "private words"})
        )
    assert caught.value.__cause__ is None
    assert "private words" not in str(caught.value)
    await database.close()


async def test_a_standby_is_told_from_a_primary(server: PostgresServer, folder: Path) -> None:
    url = server.new_database()
    server.command(f"ALTER DATABASE {url.rpartition('/')[2]} SET default_transaction_read_only = on")
    with pytest.raises(StorageReadOnly, match="not a standby"):
        await open_database(url, folder)


async def test_what_keeps_a_gateway_out_is_told_without_the_password(
    server: PostgresServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.command("DROP ROLE IF EXISTS locked")
    server.command("CREATE ROLE locked LOGIN PASSWORD 'another'")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        places = {
            server.url("postgres", f"locked:{PASSWORD}"): "refuses this user or password",
            server.url("nowhere", f"postgres:{PASSWORD}"): "does not exist; create it",
            f"postgresql://me:{PASSWORD}@127.0.0.1:{silent.getsockname()[1]}/db": "cannot be reached",
            f"postgresql://me:{PASSWORD}@127.0.0.1:port/db": "is no address",
        }
        with caplog.at_level(logging.DEBUG):
            for url, words in places.items():
                with pytest.raises(StorageError, match=words) as caught:
                    await open_database(url, folder)
                assert PASSWORD not in str(caught.value)
                assert PASSWORD not in repr(caught.value.__cause__)
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@db.example:5433/rolekey", "postgresql://me@db.example:5433/rolekey"),
        ("postgres://me:s%40:cret@[::1]/rolekey", "postgresql://me@[::1]/rolekey"),
        ("postgresql:///rolekey?host=/run/pg&password=secret&sslmode=require", "postgresql:///rolekey?host=/run/pg"),
        ("postgresql://me:se/cret@db/rolekey", "postgresql://…"),
        ("sqlite:///data/gateway.db", "data/gateway.db"),
        ("mysql://me:secret@db/x", "…"),
    ],
)
def test_an_address_is_shown_without_what_is_secret_in_it(url: str, shown: str) -> None:
    assert without_password(url) == shown
