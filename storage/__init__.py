"""The SQL engine under Rolekey's two stores: connections, migrations and group commit. It knows no tables."""

from storage.database import Connection, Database
from storage.errors import StorageBusy, StorageError, StorageReadOnly, StorageVersion
from storage.sealing import Sealer, derive
from storage.secret_file import load_secrets, write_private
from storage.store import Store

__all__ = [
    "Connection",
    "Database",
    "Sealer",
    "StorageBusy",
    "StorageError",
    "StorageReadOnly",
    "StorageVersion",
    "Store",
    "derive",
    "load_secrets",
    "write_private",
]
