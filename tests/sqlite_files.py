"""What tests do to an SQLite file behind the back of whoever has it open."""

import asyncio
import sqlite3
from pathlib import Path

import aiosqlite

from storage import Database
from storage.sqlite import SQLiteDatabase


def writer_of(database: Database) -> aiosqlite.Connection:
    """The connection that writes, for a test that takes its pen away."""
    assert isinstance(database, SQLiteDatabase)
    return database._writer


async def lock(file: Path) -> sqlite3.Connection:
    """Another process that writes for a long time.

    It waits its turn without holding up the loop, on which whoever writes now has to come to an end.
    """
    other = sqlite3.connect(file, isolation_level=None, timeout=0)
    for _ in range(500):
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            await asyncio.sleep(0.01)
        else:
            return other
    raise AssertionError("it is never this one's turn to write")
