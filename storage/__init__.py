"""The SQL engines under Rolekey's two stores: connections, migrations and transactions. It knows no tables."""

from storage.engine import Connection, Database, Engine, Row
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
from storage.secret_file import read_or_create_secret
from storage.store import Store

__all__ = [
    "BrokenConstraint",
    "Connection",
    "Database",
    "Duplicate",
    "Engine",
    "MissingReference",
    "Row",
    "StorageBusy",
    "StorageError",
    "StorageReadOnly",
    "StorageUnreachable",
    "StorageVersion",
    "Store",
    "load_queries",
    "open_database",
    "read_or_create_secret",
]
