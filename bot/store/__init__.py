"""The bot's own database: sealed keys, role tiers, and which thread holds which conversation."""

from pathlib import Path

from storage import Store

_FOLDER = Path(__file__).parent


async def open_store(data_dir: Path) -> Store:
    """Open or create `bot.db`.

    Raises `storage.StorageError`.
    """
    return await Store.open(data_dir / "bot.db", _FOLDER)
