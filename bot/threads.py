"""Which thread, channel or message holds which conversation, and whose it is."""

from collections.abc import Callable

import msgspec

from bot.answers import AnswerIds
from bot.shards import Shards
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


class Shown(msgspec.Struct, frozen=True):
    """A message on Discord that shows a prompt, an answer, or a part of one."""

    message_id: int
    channel_id: int


class _Reply(msgspec.Struct, frozen=True):
    id: str


class _InFlight(msgspec.Struct, frozen=True):
    message_id: int
    channel_id: int
    shards: str


class Threads:
    """The mapping, kept in the store. `shards` are those of this process; `on_hold` hears that a thread holds a
    conversation.
    """

    def __init__(
        self, store: Store, shards: Shards | None = None, *, on_hold: Callable[[], None] = lambda: None
    ) -> None:
        self._store = store
        self._on_hold = on_hold
        self._shards = shards or Shards()

    async def in_channel(self, channel_id: int) -> Held | None:
        """What a thread or a direct message channel holds."""
        return await self._store.one("get_thread", Held, channel_id=channel_id)

    async def of_conversation(self, conversation_id: str) -> Held | None:
        """The thread in which a conversation goes on, if it has one."""
        return await self._store.one("thread_of_conversation", Held, conversation_id=conversation_id)

    async def whose(self, conversation_id: str) -> Held | None:
        """Where a conversation was last seen, and whose it is; none where only its owner ever saw it."""
        held = await self.of_conversation(conversation_id)
        return held or await self._store.one("answer_of_conversation", Held, conversation_id=conversation_id)

    async def of_answer(self, message_id: int) -> Held | None:
        """What a message that shows an answer belongs to."""
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
        if held.conversation_id is not None:
            self._on_hold()

    async def unlinked(self) -> list[Held]:
        """Some of those whose conversations the gateway has not heard of being here, the oldest first."""
        return await self._store.all("unlinked_threads", Held)

    async def linked(self, held: Held) -> None:
        """The gateway has heard."""
        await self._store.run("mark_linked", channel_id=held.channel_id, conversation_id=held.conversation_id)

    async def answer_in(self, message_id: int) -> AnswerIds | None:
        """Which answer a message shows."""
        return await self._store.one("ids_of_answer", AnswerIds, message_id=message_id)

    async def showing(self, gateway_id: str) -> list[Shown]:
        """The messages that show this prompt or this reply, oldest first."""
        return await self._store.all("answers_showing", Shown, id=gateway_id)

    async def replies_shown(self, conversation_id: str, channel_id: int) -> list[str]:
        """The newest replies of a conversation that a channel shows, newest first; some may never have been kept."""
        rows = await self._store.all("replies_shown_in", _Reply, conversation_id=conversation_id, channel_id=channel_id)
        return [row.id for row in rows]

    async def remember_answer(self, message_id: int, held: Held, ids: AnswerIds) -> None:
        """Remember what a message shows, and that a reply to it goes on with its conversation."""
        await self._store.run(
            "put_answer",
            message_id=message_id,
            channel_id=held.channel_id,
            guild_id=held.guild_id,
            owner_id=held.owner_id,
            conversation_id=ids.conversation_id,
            prompt_id=ids.prompt_id,
            reply_id=ids.reply_id,
        )

    async def forget_answer(self, message_id: int) -> None:
        """The message is gone."""
        await self._store.run("delete_answer", message_id=message_id)

    async def renamed(self, channel_id: int) -> None:
        """The thread has its title; it is given one only once, since Discord limits renames hard."""
        await self._store.run("mark_renamed", channel_id=channel_id)

    async def forget(self, channel_id: int) -> None:
        """The thread is gone."""
        await self._store.run("delete_thread", channel_id=channel_id)
        await self._store.run("delete_channel_answers", channel_id=channel_id)

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
        await self._store.run("put_in_flight", message_id=message_id, channel_id=channel_id, shards=str(self._shards))

    async def grown(self, message_id: int) -> None:
        """The message is finished."""
        await self._store.run("delete_in_flight", message_id=message_id)

    async def cut_off(self) -> list[Shown]:
        """Messages that were growing when the process died; those of a process that runs beside this one are not."""
        rows = await self._store.all("all_in_flight", _InFlight)
        return [
            Shown(row.message_id, row.channel_id)
            for row in rows
            if not self._shards.apart_from(Shards.parse(row.shards))
        ]
