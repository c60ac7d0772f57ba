"""The gateway's database: its place, its schema and its queries."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import storage
from gateway.store.erasing import forget_words_at_once
from storage import Database, StorageReadOnly, load_queries

_FOLDER = Path(__file__).parent


async def open_database(place: Path | str) -> Database:
    """Open the gateway's database with the newest schema: a file, made with its folder where it is new, or the
    `postgresql://` address of one that others may share.

    Raises `storage.StorageError`.
    """
    if isinstance(place, Path):
        _make_folder(place.parent)
    database = await storage.open_database(place, _FOLDER)
    try:
        await forget_words_at_once(database)
    except BaseException:
        await database.close()
        raise
    return database


Subject = Literal[
    "principals", "conversations", "shares", "forgetting", "attachments", "limits", "usage", "search", "audit",
    "retention", "personal_data", "sessions", "tickets", "discord_members",
]  # fmt: skip


def queries(database: Database, subject: Subject) -> Any:
    """The statements of `SUBJECT.sql`, each a method that takes a connection and named values."""
    return load_queries(_FOLDER / f"{subject}.sql", database.engine)


def columns_of(row: Any, names: Sequence[str] | None = None) -> dict[str, Any]:
    """A row's values by its columns' names: to look each up by its name takes four times as long.

    Of many rows, ask for `names` once: `row.keys()`.
    """
    return dict(zip(row.keys() if names is None else names, row, strict=True))


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageReadOnly(f"the folder {path} of the database cannot be made: {error.strerror}") from error
