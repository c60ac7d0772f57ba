"""No table of the bot's store is forgotten when a member is."""

import zipfile
from collections import defaultdict
from pathlib import Path
from random import Random

import pytest

from bot.archive import Archive
from bot.personal_data import ABOUT_NO_MEMBER, MEMBER_TABLES
from bot.store import open_store
from tests.gateway.engines import PLACES

_COLUMNS = {
    "sqlite": """
        SELECT m.name AS table_name, c.name AS column_name FROM sqlite_master AS m, pragma_table_info(m.name) AS c
        WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
    """,
    "postgres": """
        SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'bot' AND table_name <> 'schema_version'
    """,
}
_PEOPLE = ("member", "owner", "user", "author", "admin", "asker", "guest")


@pytest.mark.usefixtures("either_engine")
async def test_every_table_says_whether_it_is_about_members(tmp_path: Path) -> None:
    """Whoever adds a table says so in `bot.personal_data`, so that members get it and can have it erased."""
    store = await open_store(PLACES.store(tmp_path))
    try:
        async with store.database.read() as connection:
            found = await connection.fetch(_COLUMNS[store.database.engine])
            columns = defaultdict[str, set[str]](set)
            for row in found:
                columns[row["table_name"]].add(row["column_name"])
    finally:
        await store.database.close()
    about = {table.name: table for table in MEMBER_TABLES}
    assert columns.keys() == about.keys() | ABOUT_NO_MEMBER
    assert not about.keys() & ABOUT_NO_MEMBER
    for name, table in about.items():
        wanted = {table.member, table.guild or table.member, *table.key.split(", "), *table.secret}
        assert wanted <= columns[name], name
    for name in ABOUT_NO_MEMBER:
        people = [column for column in columns[name] if column.removesuffix("_id") in _PEOPLE]
        assert people == [], f"{name} tells of somebody"


@pytest.mark.parametrize("size", [10, 5_000, 120_000])
def test_an_archive_is_never_larger_than_it_may_be_and_nothing_is_lost(tmp_path: Path, size: int) -> None:
    noise = Random(size)  # noqa: S311  what does not compress
    files = {f"folder/file-{number}.bin": noise.randbytes(size) for number in range(7)}
    archive = Archive(tmp_path, "data", 50_000)
    for name, data in files.items():
        archive.add(name, data)
    archive.add("folder/file-1.bin", b"another of that name")
    parts = archive.close()
    assert all(part.stat().st_size <= 50_000 for part in parts)
    found = dict[str, bytes]()
    for part in parts:
        with zipfile.ZipFile(part) as opened:
            for name in opened.namelist():
                whole = name if name in files else name.rsplit(".", 1)[0]
                found[whole] = found.get(whole, b"") + opened.read(name)
    assert {name: found[name] for name in files} == files
