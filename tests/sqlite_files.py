"""What tests do to an SQLite file behind the back of whoever has it open."""

import sqlite3

import aiosqlite

from storage import Database
from storage.sqlite import SQLiteDatabase


def writer_of(database: Database) -> aiosqlite.Connection:
    """The connection that writes, for a test that takes its pen away."""
    assert isinstance(database, SQLiteDatabase)
    return database._writer


def lock(database: Database) -> sqlite3.Connection:
    """Another process that writes for a long time."""
    assert isinstance(database, SQLiteDatabase)
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other
