"""The SQL engines under Rolekey's two stores: connections, migrations and transactions. It knows no tables."""

from storage.engine import Connection, Database, Engine, Row, Submitted, Work
from storage.errors import (
    BrokenConstraint,
    Duplicate,
    MissingReference,
    StorageBusy,
    StorageError,
    StorageReadOnly,
    StorageUnreachable,
    StorageVersion,
)
from storage.opening import open_database
from storage.queries import load_queries
from storage.sealing import Sealer, derive
from storage.secret_file import load_secrets, write_private
from storage.store import Store

__all__ = [
    "BrokenConstraint",
    "Connection",
    "Database",
    "Duplicate",
    "Engine",
    "MissingReference",
    "Row",
    "Sealer",
    "StorageBusy",
    "StorageError",
    "StorageReadOnly",
    "StorageUnreachable",
    "StorageVersion",
    "Store",
    "Submitted",
    "Work",
    "derive",
    "load_queries",
    "load_secrets",
    "open_database",
    "write_private",
]
