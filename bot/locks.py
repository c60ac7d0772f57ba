"""One change of a member's key at a time, in whichever process."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from bot.turns import Turns


class MemberLocks:
    """Whoever holds a member's lock is alone with their key.

    With `turns` that holds among all processes on one store: direct messages, the census and erasing reach members of
    guilds that are on another process's shards. Without, the store is this process's own. Only locks that somebody
    holds or waits for take memory.
    """

    def __init__(self, turns: Turns | None = None) -> None:
        self._turns = turns
        self._locks: WeakValueDictionary[tuple[int, int], asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def hold(self, guild_id: int, member_id: int) -> AsyncGenerator[None]:
        """Wait for the lock, and hold it as long as the block runs.

        A process that died keeps others waiting for `bot.turns.TERM`. Raises `storage.StorageError`.
        """
        async with self._locks.setdefault((guild_id, member_id), asyncio.Lock()):
            if self._turns is None:
                yield
                return
            async with self._turns.awaited(f"key {guild_id}:{member_id}"):
                yield
