"""The SQL engine under Rolekey's two stores: connections, migrations and group commit. It knows no tables."""

from storage.database import Connection, Database
from storage.errors import StorageBusy, StorageError, StorageReadOnly, StorageVersion

__all__ = ["Connection", "Database", "StorageBusy", "StorageError", "StorageReadOnly", "StorageVersion"]
