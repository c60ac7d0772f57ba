"""The gateway's database: its place, its schema and its queries."""

import os
from pathlib import Path
from typing import Any

import storage
from gateway.store.erasing import forget_words_at_once
from storage import Database, StorageReadOnly, load_queries

_FOLDER = Path(__file__).parent


async def open_database(place: Path | str) -> Database:
    """Open the gateway's database with the newest schema: a file, made private to this user where it is new, or the
    `postgresql://` address of one that others may share.

    Raises `storage.StorageError`.
    """
    if isinstance(place, Path):
        _make_private(place)
    database = await storage.open_database(place, _FOLDER)
    try:
        await forget_words_at_once(database)
    except BaseException:
        await database.close()
        raise
    return database


def principal_queries(database: Database) -> Any:
    """The queries over principals and keys."""
    return load_queries(_FOLDER / "principals.sql", database.engine)


def conversation_queries(database: Database) -> Any:
    """The queries over conversations and messages."""
    return load_queries(_FOLDER / "conversations.sql", database.engine)


def attachment_queries(database: Database) -> Any:
    """The queries over files and the messages that they came with."""
    return load_queries(_FOLDER / "attachments.sql", database.engine)


def limit_queries(database: Database) -> Any:
    """The queries over reservations, and over usage as limits see it."""
    return load_queries(_FOLDER / "limits.sql", database.engine)


def usage_queries(database: Database) -> Any:
    """The queries over usage as reports show it."""
    return load_queries(_FOLDER / "usage.sql", database.engine)


def search_queries(database: Database) -> Any:
    """The queries that find words."""
    return load_queries(_FOLDER / "search.sql", database.engine)


def audit_queries(database: Database) -> Any:
    """The queries over the audit log."""
    return load_queries(_FOLDER / "audit.sql", database.engine)


def retention_queries(database: Database) -> Any:
    """The queries that erase what is too old."""
    return load_queries(_FOLDER / "retention.sql", database.engine)


def _make_private(path: Path) -> None:
    """Make the file, where there is none, for this user only; its journal gets the same mode from SQLite."""
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StorageReadOnly(f"the database {path} cannot be made: {error.strerror}") from error
