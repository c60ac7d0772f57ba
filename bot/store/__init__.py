"""The bot's own database: sealed keys, role tiers, and which thread holds which conversation."""

from pathlib import Path

from storage import Store

_FOLDER = Path(__file__).parent


SCHEMA = "bot"
"""Where the tables are on PostgreSQL, so that the bot and its gateway may share a database."""


async def open_store(place: Path | str) -> Store:
    """Open or create the bot's database: a file, or the `postgresql://` address of one that processes share.

    Raises `storage.StorageError`.
    """
    return await Store.open(place, _FOLDER, schema=SCHEMA)
