"""The gateway's schema, on both engines, from nothing and from each older version."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

import gateway.store
from gateway.conversations import Conversations
from gateway.keys import SEALED_TEXTS, KeyHasher
from gateway.principals import Principal
from gateway.store import open_database
from gateway.users import NewPrincipal, Users
from storage import Engine, Sealer
from storage import open_database as open_any
from tests.postgres import PostgresServer

STEPS = Path(gateway.store.__file__).parent / "migrations"
NEWEST = len([*(STEPS / "sqlite").glob("*.sql")])

CONVERSATION = "6f1d2c3e-0000-4000-8000-000000000001"
OLD_ROWS = [
    """
    INSERT INTO principals (role, client_id, name, username, plus, created_at)
    VALUES ('client', NULL, 'bot', '', {no}, 1), ('user', 1, '1:1', 'mia', {yes}, 2)
    """,
    f"""
    INSERT INTO conversations (id, owner_id, title, title_source, tier, account, model, created_at, updated_at)
    VALUES ('{CONVERSATION}', 2, 'Tea', 'generated', 'free', 'a', 'm', 3, 3)
    """,
    f"""
    INSERT INTO messages (id, conversation_id, role, content, status, created_at)
    VALUES ('6f1d2c3e-0000-4000-8000-000000000002', '{CONVERSATION}', 'user', 'How do I brew it?', 'complete', 3)
    """,
]


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.param


@pytest.fixture
def place(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Path | str:
    if engine == "sqlite":
        return tmp_path / "gateway.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


def test_both_engines_take_the_same_steps() -> None:
    assert [path.name for path in sorted((STEPS / "sqlite").glob("*.sql"))] == [
        path.name for path in sorted((STEPS / "postgres").glob("*.sql"))
    ]


@pytest.mark.parametrize("version", range(NEWEST))
async def test_a_database_of_any_older_version_is_brought_to_the_newest_with_what_it_holds(
    place: Path | str, engine: Engine, tmp_path: Path, version: int
) -> None:
    (tmp_path / "old" / "migrations" / engine).mkdir(parents=True)
    for step in sorted((STEPS / engine).glob("*.sql"))[:version]:
        shutil.copy(step, tmp_path / "old" / "migrations" / engine)
    old = await open_any(place, tmp_path / "old")
    assert await old.version() == version
    truth = {"yes": "1", "no": "0"} if engine == "sqlite" else {"yes": "TRUE", "no": "FALSE"}
    for statement in OLD_ROWS if version else []:
        sql = statement.format(**truth)
        await old.transact(lambda connection, sql=sql: connection.execute(sql))
    await old.close()

    database = await open_database(place)
    assert await database.version() == NEWEST
    if version:
        users = Users(
            database,
            hasher=KeyHasher(["x"]),
            seal=Sealer(["x"], SEALED_TEXTS),
            clock=time.time,
            random=lambda size: b"r" * size,
        )
        client: Principal = await users.client("bot")
        member = await users.get(client.id, "1:1")
        assert (member.username, member.plus, member.disabled) == ("mia", True, False)
        assert (client.role, member.role) == ("client", "user")
        assert (await users.create(NewPrincipal(name="home", role="agent"))).principal.role == "agent"
        kept = Conversations(database, clock=time.time)
        assert (await kept.find(CONVERSATION, member)).title == "Tea"
        assert [message.content for message in await kept.read(CONVERSATION)] == ["How do I brew it?"]
    await database.close()


async def test_both_engines_come_to_the_same_tables(tmp_path: Path, postgres: PostgresServer) -> None:
    url = postgres.new_database()
    for place in (tmp_path / "gateway.db", url):
        await (await open_database(place)).close()
    with closing(sqlite3.connect(tmp_path / "gateway.db")) as file:
        ours = {
            (table, column)
            for (table,) in file.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND sql NOT LIKE '%VIRTUAL%'"
            ).fetchall()
            for (column,) in file.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
            if not table.startswith("sqlite_") and "_fts" not in table
        }
    rows = postgres.command(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name <> 'schema_version' AND data_type <> 'tsvector'",
        url=url,
    )
    assert ours == {(row["table_name"], row["column_name"]) for row in rows}
