"""The members' keys as the store keeps them: sealed, one row a member."""

from collections.abc import AsyncGenerator

import msgspec

from bot.access import TierName
from storage import Store

PAGE = 200
"""How many rows are in memory at a time."""

Ids = tuple[int, int]
"""A guild's id and a member's."""


class KeyRow(msgspec.Struct, frozen=True):
    """One key. Without `sealed` it was asked for and has not arrived; `expires_at` is in seconds since 1970, UTC."""

    guild_id: int
    member_id: int
    sealed: bytes | None
    hint: str
    tier: TierName
    expires_at: int | None


class _Guild(msgspec.Struct):
    guild_id: int


class _Block(msgspec.Struct):
    guild_id: int
    member_id: int


class KeyRows:
    """Reads and writes them. Every call raises `storage.StorageError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, guild_id: int, member_id: int) -> KeyRow | None:
        """A member's row."""
        return await self._store.one("get_key", KeyRow, guild_id=guild_id, member_id=member_id)

    async def put(self, row: KeyRow) -> None:
        """Write a row, whether or not the member had one."""
        await self._store.run("put_key", **msgspec.structs.asdict(row))

    async def delete(self, guild_id: int, member_id: int) -> None:
        """Forget a member's row."""
        await self._store.run("delete_key", guild_id=guild_id, member_id=member_id)

    async def is_blocked(self, guild_id: int, member_id: int) -> bool:
        """Whether an admin blocked a member."""
        return await self._store.one("get_block", _Block, guild_id=guild_id, member_id=member_id) is not None

    async def blocked(self, guild_id: int) -> list[int]:
        """The members of a guild whom admins blocked."""
        return [row.member_id for row in await self._store.all("blocked_in_guild", _Block, guild_id=guild_id)]

    async def block(self, guild_id: int, member_id: int) -> None:
        """Remember that a member is blocked."""
        await self._store.run("put_block", guild_id=guild_id, member_id=member_id)

    async def unblock(self, guild_id: int, member_id: int) -> None:
        """Forget that a member was blocked."""
        await self._store.run("delete_block", guild_id=guild_id, member_id=member_id)

    async def pages(self, guild_id: int | None = None) -> AsyncGenerator[list[KeyRow]]:
        """Every row (of one guild), by guild and member, at most `PAGE` at a time.

        Rows that change meanwhile are seen once, before or after the change.
        """
        last = (0, 0) if guild_id is None else (guild_id - 1, 2**62)
        while True:
            page = await self._store.all("keys_after", KeyRow, guild_id=last[0], member_id=last[1], page=PAGE)
            wanted = [row for row in page if guild_id in (None, row.guild_id)]
            if wanted:
                yield wanted
            if len(wanted) < PAGE:
                return
            last = (page[-1].guild_id, page[-1].member_id)

    async def guilds(self) -> list[int]:
        """The guilds in which anybody has a key."""
        return [row.guild_id for row in await self._store.all("guilds_with_keys", _Guild)]

    async def guilds_of(self, member_id: int) -> list[int]:
        """The guilds in which one member has a key."""
        return [row.guild_id for row in await self._store.all("guilds_of_member", _Guild, member_id=member_id)]
