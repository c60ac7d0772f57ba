"""Ordered schema steps: `0001_name.sql`, `0002_…`, each applied once, in a transaction of its own."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.engine import Engine
from storage.errors import StorageVersion

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: after it the schema has this version."""

    version: int
    sql: str

    def statements(self) -> Iterator[str]:
        """Its statements one by one: a semicolon in a text, a comment or a trigger ends none."""
        statement = ""
        for piece in re.split(r"(?<=;)", self.sql):
            statement += piece
            if sqlite3.complete_statement(statement):
                yield statement
                statement = ""
        if statement.strip():
            yield statement


def read_migrations(folder: Path, engine: Engine) -> list[Migration]:
    """Read an engine's steps, `folder/<engine>/*.sql`, in order.

    Raises `ValueError` where a number is missing or used twice.
    """
    steps = [
        Migration(int(match[1]), path.read_text(encoding="utf-8"))
        for path in sorted((folder / engine).iterdir())
        if (match := _NAME.match(path.name))
    ]
    if [step.version for step in steps] != list(range(1, len(steps) + 1)):
        raise ValueError(f"the migrations in {folder.name}/{engine} are not numbered 1 to {len(steps)}")
    return steps


def pending(steps: list[Migration], version: int, name: str) -> list[Migration]:
    """The steps a database of that version still needs.

    Raises `StorageVersion` where the database is newer than every step.
    """
    if version > len(steps):
        raise StorageVersion(
            f"the database {name} has schema {version}, this Rolekey knows {len(steps)}; start the newer Rolekey"
        )
    return steps[version:]
