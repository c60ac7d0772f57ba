"""What can go wrong with a database, in words an operator can act on."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager


class StorageError(Exception):
    """The database did not do what was asked; the message says what to look at."""

    code = "storage_failed"


class StorageBusy(StorageError):
    """Another process holds the database's write lock."""

    code = "storage_busy"


class StorageReadOnly(StorageError):
    """The database, its folder or the disk cannot be written."""

    code = "storage_read_only"


class StorageVersion(StorageError):
    """The database was written by a newer Rolekey."""

    code = "storage_version"


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


@contextmanager
def translated(name: str) -> Generator[None]:
    """Turn sqlite3's errors into ours; programming errors and broken constraints pass unchanged."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        kind, words = _WORDS.get(primary, (None, ""))
        if kind is None:
            raise
        raise kind(f"the database {name} {words}") from error
