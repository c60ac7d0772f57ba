"""Which thread, channel or message holds which conversation, and whose it is."""

import msgspec

from storage import Store


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A place on Discord and the conversation in it; none before its first answer began.

    `guild_id` is the guild whose access pays, also in direct messages.
    """

    channel_id: int
    guild_id: int
    owner_id: int
    conversation_id: str | None
    renamed: bool = False


class Growing(msgspec.Struct, frozen=True):
    """A message that was still being written."""

    message_id: int
    channel_id: int


class Threads:
    """The mapping, kept in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def in_channel(self, channel_id: int) -> Held | None:
        """What a thread or a direct message channel holds."""
        return await self._store.one("get_thread", Held, channel_id=channel_id)

    async def of_conversation(self, conversation_id: str) -> Held | None:
        """The thread in which a conversation goes on, if it has one."""
        return await self._store.one("thread_of_conversation", Held, conversation_id=conversation_id)

    async def of_answer(self, message_id: int) -> Held | None:
        """What an answer outside a thread belongs to."""
        return await self._store.one("get_answer", Held, message_id=message_id)

    async def hold(self, held: Held) -> None:
        """Remember what a thread or direct message channel holds from now on."""
        await self._store.run(
            "put_thread",
            channel_id=held.channel_id,
            guild_id=held.guild_id,
            owner_id=held.owner_id,
            conversation_id=held.conversation_id,
        )

    async def remember_answer(self, message_id: int, held: Held) -> None:
        """Remember that a message outside a thread belongs to a conversation."""
        await self._store.run(
            "put_answer",
            message_id=message_id,
            channel_id=held.channel_id,
            guild_id=held.guild_id,
            owner_id=held.owner_id,
            conversation_id=held.conversation_id,
        )

    async def renamed(self, channel_id: int) -> None:
        """The thread has its title; it is given one only once, since Discord limits renames hard."""
        await self._store.run("mark_renamed", channel_id=channel_id)

    async def forget(self, channel_id: int) -> None:
        """The thread is gone."""
        await self._store.run("delete_thread", channel_id=channel_id)

    async def let_go(self, conversation_id: str) -> None:
        """The conversation is gone; the next prompt in its thread begins another."""
        await self._store.run("let_go", conversation_id=conversation_id)

    async def forget_guild(self, guild_id: int) -> None:
        """The bot left the guild."""
        await self._store.run("delete_guild_threads", guild_id=guild_id)
        await self._store.run("delete_guild_answers", guild_id=guild_id)
        await self._store.run("delete_guild_guests", guild_id=guild_id)

    async def growing(self, message_id: int, channel_id: int) -> None:
        """A message has begun to grow."""
        await self._store.run("put_in_flight", message_id=message_id, channel_id=channel_id)

    async def grown(self, message_id: int) -> None:
        """The message is finished."""
        await self._store.run("delete_in_flight", message_id=message_id)

    async def cut_off(self) -> list[Growing]:
        """Messages that were growing when the process died."""
        return await self._store.all("all_in_flight", Growing)
