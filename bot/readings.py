"""Which admins searched a member's conversations: written before they see anything, for the member to see."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from storage import Store


class Reading(msgspec.Struct, frozen=True):
    """One search. `at` is in milliseconds since 1970, UTC."""

    at: int
    admin_id: int
    words: str


class Readings:
    """Kept in the store. `now` gives aware UTC time. Every call may raise `storage.StorageError`."""

    def __init__(self, store: Store, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def note(self, guild_id: int, member_id: int, admin_id: int, words: str) -> None:
        """An admin is about to search; on disk when this returns."""
        at = int(self._now().timestamp() * 1000)
        await self._store.run(
            "put_reading", guild_id=guild_id, member_id=member_id, at=at, admin_id=admin_id, words=words
        )

    async def of_member(self, guild_id: int, member_id: int, *, most: int) -> list[Reading]:
        """Who searched what, newest first."""
        return await self._store.all("readings_of_member", Reading, guild_id=guild_id, member_id=member_id, most=most)

    async def forget_guild(self, guild_id: int) -> None:
        """The bot left the guild."""
        await self._store.run("delete_guild_readings", guild_id=guild_id)
