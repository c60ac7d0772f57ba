"""The bot's schema: the same on both engines, step by step."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

import bot.store
from bot.store import SCHEMA, open_store
from gateway.store import open_database
from storage import Database
from storage import open_database as open_any
from tests.postgres import PostgresServer

STEPS = Path(bot.store.__file__).parent / "migrations"
_COLUMNS = {
    "sqlite": """
        SELECT m.name AS table_name, c.name AS column_name, c.type AS kind, c."notnull" OR c.pk > 0 AS required,
            c.dflt_value AS preset, c.pk > 0 AS key
        FROM sqlite_master AS m, pragma_table_info(m.name) AS c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.name
    """,
    "postgres": """
        SELECT c.table_name, c.column_name, c.data_type AS kind, c.is_nullable = 'NO' AS required,
            c.column_default AS preset, k.column_name IS NOT NULL AS key
        FROM information_schema.columns AS c
        LEFT JOIN information_schema.table_constraints AS t
            ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.constraint_type = 'PRIMARY KEY'
        LEFT JOIN information_schema.key_column_usage AS k
            ON k.constraint_schema = t.constraint_schema AND k.constraint_name = t.constraint_name
            AND k.table_name = t.table_name AND k.column_name = c.column_name
        WHERE c.table_schema = 'bot' AND c.table_name <> 'schema_version' ORDER BY c.table_name, c.column_name
    """,
}
_INDEXES = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
    "postgres": """
        SELECT indexname AS name FROM pg_indexes
        WHERE schemaname = 'bot' AND indexname NOT LIKE '%_pkey' ORDER BY indexname
    """,
}
# A boolean is a whole number on SQLite, which has no other; what it presets says so.
_KINDS = {"bigint": "INTEGER", "boolean": "INTEGER", "text": "TEXT", "bytea": "BLOB", "double precision": "REAL"}
_PRESETS = {"false": "0", "true": "1"}


def test_both_engines_take_the_same_steps() -> None:
    """Whoever adds a step for one engine writes it for the other."""
    assert [path.name for path in sorted((STEPS / "sqlite").glob("*.sql"))] == [
        path.name for path in sorted((STEPS / "postgres").glob("*.sql"))
    ]


@pytest.fixture
async def both(tmp_path: Path, postgres: PostgresServer) -> AsyncGenerator[list[Database]]:
    stores = [await open_store(tmp_path / "bot.db"), await open_store(postgres.new_database())]
    yield [store.database for store in stores]
    for store in stores:
        await store.database.close()


async def test_both_engines_come_to_the_same_tables_columns_and_indexes(both: list[Database]) -> None:
    columns, indexes = [list[tuple[Any, ...]]() for _ in both], [list[str]() for _ in both]
    for database, shapes, names in zip(both, columns, indexes, strict=True):
        async with database.read() as connection:
            for row in await connection.fetch(_COLUMNS[database.engine]):
                kind = _KINDS.get(row["kind"], row["kind"])
                preset = str(row["preset"]).removesuffix("::text")
                required, key = bool(row["required"]), bool(row["key"])
                shapes.append(
                    (row["table_name"], row["column_name"], kind, required, _PRESETS.get(preset, preset), key)
                )
            names.extend(row["name"] for row in await connection.fetch(_INDEXES[database.engine]))
    assert columns[0] == columns[1]
    assert indexes[0] == indexes[1]


async def test_the_bot_and_its_gateway_may_share_a_database(postgres: PostgresServer) -> None:
    url = postgres.new_database()
    gateway, store = await open_database(url), await open_store(url)
    try:
        assert await gateway.version() != 0
        assert await store.database.version() == len([*(STEPS / "postgres").glob("*.sql")])
        found = postgres.command(
            "SELECT schemaname FROM pg_tables WHERE tablename = 'keys' ORDER BY schemaname", url=url
        )
        assert [row["schemaname"] for row in found] == [SCHEMA, "public"]
    finally:
        await store.database.close()
        await gateway.close()


async def test_a_schema_is_a_plain_name(postgres: PostgresServer) -> None:
    with pytest.raises(ValueError, match="no name of a schema"):
        await open_any(postgres.url(), STEPS.parent, schema='x"; DROP')
