"""The SQL engine under Rolekey's two stores: connections, migrations and group commit. It knows no tables."""

from storage.database import Connection, Database
from storage.errors import StorageBusy, StorageError, StorageReadOnly, StorageVersion
from storage.secret_file import read_or_create_secret
from storage.store import Store

__all__ = [
    "Connection",
    "Database",
    "StorageBusy",
    "StorageError",
    "StorageReadOnly",
    "StorageVersion",
    "Store",
    "read_or_create_secret",
]
