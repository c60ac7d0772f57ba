"""Getting what was deleted out of the database's files as well."""

import sqlite3
from functools import partial

from storage import Connection, Database

_INDEXES = ("messages_fts", "conversations_fts")
# From here on FTS5 can take words out of its index at once: https://www.sqlite.org/fts5.html#the_secure_delete_configuration_option
_SECURE_DELETE = (3, 42)
# One step of a merge in pages, so that other writers get their turn in between.
_PAGES = 500
_A_FEW_STEPS = 8


async def forget_words_at_once(database: Database) -> None:
    """Have the index drop words when their text goes, where this SQLite can."""
    if not _must_merge(database) and database.engine == "sqlite":
        await database.transact(_set_secure_delete)


async def erase_for_good(database: Database, *, all_at_once: bool) -> None:
    """Take what was deleted out of the files: out of the index's older parts, and out of the journal.

    An SQLite older than 3.42 leaves words in older parts of its index until these are merged. With `all_at_once` that
    is done whatever it takes; without it a large index is left for a later call. PostgreSQL does it by itself, in
    VACUUM.
    """
    if _must_merge(database):
        for index in _INDEXES:
            await _merge(database, index, all_at_once=all_at_once)
    await database.scrub()


def _must_merge(database: Database) -> bool:
    return database.engine == "sqlite" and sqlite3.sqlite_version_info < _SECURE_DELETE


async def _merge(database: Database, index: str, *, all_at_once: bool) -> None:
    """https://www.sqlite.org/fts5.html#the_merge_command: a negative number begins to merge all of it, positive ones
    go on, until nothing changes any more."""
    steps, pages = 0, -_PAGES
    while all_at_once or steps < _A_FEW_STEPS:
        if not await database.transact(partial(_merge_some, index, pages)):
            return
        steps, pages = steps + 1, _PAGES


async def _merge_some(index: str, pages: int, connection: Connection) -> bool:
    before = await _changes(connection)
    await connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('merge', :pages)", {"pages": pages})
    return await _changes(connection) - before >= 2


async def _changes(connection: Connection) -> int:
    return int((await connection.fetch("SELECT total_changes()"))[0][0])


async def _set_secure_delete(connection: Connection) -> None:
    for index in _INDEXES:
        if not await connection.fetch(f"SELECT 1 FROM {index}_config WHERE k = 'secure-delete' AND v = 1"):
            await connection.execute(f"INSERT INTO {index} ({index}, rank) VALUES ('secure-delete', 1)")
