"""SQLite's errors in our words."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from storage.errors import (
    BrokenConstraint,
    Duplicate,
    MissingReference,
    StorageBusy,
    StorageError,
    StorageReadOnly,
)

# https://www.sqlite.org/rescode.html
_WORDS: dict[int, tuple[type[StorageError], str]] = {
    sqlite3.SQLITE_BUSY: (
        StorageBusy,
        "is locked by another process; stop the other one, or wait and try again",
    ),
    sqlite3.SQLITE_LOCKED: (StorageBusy, "is locked; wait and try again"),
    sqlite3.SQLITE_READONLY: (
        StorageReadOnly,
        "is read-only; give this user write access to the file and its folder",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        StorageReadOnly,
        "cannot be opened; check that its folder exists and is writable",
    ),
    sqlite3.SQLITE_FULL: (StorageReadOnly, "cannot grow: the disk is full"),
    sqlite3.SQLITE_IOERR: (StorageReadOnly, "cannot be read or written: the disk reports an error"),
    sqlite3.SQLITE_CORRUPT: (StorageError, "is damaged; restore it from a backup"),
    sqlite3.SQLITE_NOTADB: (StorageError, "is not an SQLite database"),
}

_CONSTRAINTS: dict[int, type[BrokenConstraint]] = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE: Duplicate,
    sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Duplicate,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: MissingReference,
}


def in_our_words(error: sqlite3.DatabaseError, name: str) -> Exception:
    """What to raise in the place of sqlite3's error; itself where it is a programming error."""
    if isinstance(error, sqlite3.IntegrityError):
        return _CONSTRAINTS.get(error.sqlite_errorcode, BrokenConstraint)(str(error))
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    kind, words = _WORDS.get(primary, (None, ""))
    return error if kind is None else kind(f"the database {name} {words}")


@contextmanager
def translated(name: str) -> Generator[None]:
    """Turn sqlite3's errors into ours; programming errors pass unchanged."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        translation = in_our_words(error, name)
        if translation is error:
            raise
        raise translation from error
