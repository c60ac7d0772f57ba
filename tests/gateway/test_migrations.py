"""The gateway's schema, on both engines, from nothing and from each older version."""

import shutil
import sqlite3
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import msgspec
import pytest

import gateway.store
from gateway.conversations import Conversations
from gateway.keys import SEALED_TEXTS, KeyHasher
from gateway.principals import Principal
from gateway.store import open_database
from gateway.usage import Span, UsageReports
from gateway.users import NewPrincipal, Users
from gateway.wire import UsageOfDay
from storage import Database, Engine, Sealer
from storage import open_database as open_any
from tests.postgres import PostgresServer

STEPS = Path(gateway.store.__file__).parent / "migrations"
NEWEST = len([*(STEPS / "sqlite").glob("*.sql")])

CONVERSATION = "6f1d2c3e-0000-4000-8000-000000000001"
OLD_ROWS = [
    """
    INSERT INTO principals (role, client_id, name, username, plus, created_at)
    VALUES ('client', NULL, 'bot', '', {no}, 1), ('user', 1, '1:1', 'mia', {yes}, 2), ('user', NULL, 'ada', '', {no}, 2)
    """,
    """
    INSERT INTO keys (principal_id, hash, hint, created_at, revoked_at, last_used_at)
    VALUES (2, {hash}, 'live', 2, NULL, 3), (2, {other_hash}, 'dead', 2, 3, 3)
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
# There is usage since the second version. Days 6 and 7 are the last of one week and the first of the next one.
OLD_USAGE = """
    INSERT INTO usage (
        principal_id, day, tier, account, model, requests, estimated, input_tokens, output_tokens, cost_usd
    )
    VALUES
        (2, 6, 'free', 'a', 'm', 1, 0, 10, 1, 0.5), (2, 7, 'free', 'a', 'm', 2, 1, 20, 2, 0.25),
        (2, 7, 'plus', 'b', 'm', 4, 0, 40, 4, 0), (3, 7, 'free', 'a', 'm', 8, 0, 80, 8, 1)
    """


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
    words = {"yes": "TRUE", "no": "FALSE", "hash": r"'\x01'", "other_hash": r"'\x02'"}
    if engine == "sqlite":
        words = {"yes": "1", "no": "0", "hash": "x'01'", "other_hash": "x'02'"}
    for statement in [*OLD_ROWS, *([OLD_USAGE] if version > 1 else [])] if version else []:
        sql = statement.format(**words)
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
        assert (member.key_hint, member.last_used_at) == ("live", 3)
        assert (await users.create(NewPrincipal(name="home", role="agent"))).principal.role == "agent"
        kept = Conversations(database, clock=time.time)
        assert (await kept.find(CONVERSATION, member)).title == "Tea"
        assert [message.content for message in await kept.read(CONVERSATION)] == ["How do I brew it?"]
    if version > 1:
        await check_usage(database)
    await database.close()


async def check_usage(database: Database) -> None:
    """That the sums of what was used before there were sums are those of what was used, to the last user's end."""
    reports, span = UsageReports(database, clock=time.time), Span(first=date(1970, 1, 7), last=date(1970, 1, 8))
    days = [UsageOfDay(day=date(1970, 1, 7), requests=1, estimated=0, input_tokens=10, output_tokens=1, cost_usd=0.5)]
    days += [
        UsageOfDay(day=date(1970, 1, 8), requests=14, estimated=1, input_tokens=140, output_tokens=14, cost_usd=1.25)
    ]
    assert await reports.days(span) == days
    assert [(group.name, group.requests) for group in await reports.groups(span, "client", most=5)] == [
        ("", 8),
        ("bot", 7),
    ]
    weeks = msgspec.structs.replace(span, first=date(1969, 12, 30), last=date(1970, 1, 20))
    assert [(user.user_id, user.requests) for user in await reports.heaviest(weeks, most=5)] == [("ada", 8), ("1:1", 7)]
    await database.transact(lambda connection: connection.execute("DELETE FROM principals WHERE name = 'bot'"))
    assert [(day.requests, day.cost_usd) for day in await reports.days(span)] == [(8, 1.0)]
    await database.transact(lambda connection: connection.execute("DELETE FROM principals WHERE name = 'ada'"))
    assert await reports.days(weeks) == []
    assert await reports.heaviest(weeks, most=5) == []


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
