"""Who may follow up in somebody else's conversation, as the bot remembers it; the gateway decides.

Written after the gateway was: what a crash leaves out here is refused kindly, and sharing again mends it.
"""

import msgspec

from storage import Store


class _Guest(msgspec.Struct):
    member_id: int


class Guests:
    """The members with whom conversations are shared."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, conversation_id: str, guild_id: int, member_id: int) -> None:
        """From now on the member may follow up."""
        await self._store.run("put_guest", conversation_id=conversation_id, member_id=member_id, guild_id=guild_id)

    async def includes(self, conversation_id: str | None, member_id: int) -> bool:
        """Whether a member may follow up in somebody else's conversation."""
        if conversation_id is None:
            return False
        found = await self._store.one("get_guest", _Guest, conversation_id=conversation_id, member_id=member_id)
        return found is not None

    async def of(self, conversation_id: str) -> list[int]:
        """Everybody who may, by id."""
        return [
            guest.member_id for guest in await self._store.all("guests_of", _Guest, conversation_id=conversation_id)
        ]

    async def remove(self, conversation_id: str, member_id: int) -> None:
        """The member may no longer."""
        await self._store.run("delete_guest", conversation_id=conversation_id, member_id=member_id)

    async def forget_conversation(self, conversation_id: str) -> None:
        """The conversation is gone."""
        await self._store.run("delete_guests_of", conversation_id=conversation_id)
