"""The gateway's database: its file, its schema and its queries."""

import os
from pathlib import Path
from typing import Any

from storage import Database, StorageReadOnly
from storage.queries import load_queries

_FOLDER = Path(__file__).parent


async def open_database(path: Path) -> Database:
    """Open the gateway's database, made private to this user where it is new, with the newest schema.

    Raises `storage.StorageError`.
    """
    _make_private(path)
    return await Database.open(path, migrations=_FOLDER / "migrations")


def principal_queries() -> Any:
    """The queries over principals and keys."""
    return load_queries(_FOLDER / "principals.sql")


def conversation_queries() -> Any:
    """The queries over conversations and messages."""
    return load_queries(_FOLDER / "conversations.sql")


def _make_private(path: Path) -> None:
    """Make the file, where there is none, for this user only; its journal gets the same mode from SQLite."""
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StorageReadOnly(f"the database {path} cannot be made: {error.strerror}") from error
