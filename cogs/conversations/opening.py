"""Where conversations go on: the thread that holds one, brought back where it is archived, or a new one."""

import asyncio
import logging
from typing import Any

import discord

from bot.answers import AnswerIds, AnswerViews
from bot.errors import UserError
from bot.guild_settings import Guilds, lineage_of
from bot.installs import is_elsewhere
from bot.languages import language_of
from bot.links import address_of
from bot.places import asked_by
from bot.rendering.pages import Pages
from bot.threads import Held, Threads
from gateway.wire import Conversation, ConversationAnswer

Interaction = discord.Interaction[Any]
log = logging.getLogger(__name__)
_NOBODY = discord.AllowedMentions.none()
_NAME_LIMIT = 100  # https://discord.com/developers/docs/resources/channel#start-thread-without-message
_RENAME_SECONDS = 3.0
_LOOKED_AT = 100  # messages of a channel, which is one request


class Opening:
    """Finds and makes threads for conversations that exist already."""

    def __init__(
        self,
        client: discord.Client,
        guilds: Guilds,
        threads: Threads,
        views: AnswerViews,
        archive_minutes: Any,
    ) -> None:
        self._client = client
        self._guilds = guilds
        self._threads = threads
        self._views = views
        self._archive_minutes = archive_minutes

    async def link(self, conversation_id: str) -> str | None:
        """The address of the thread that holds a conversation."""
        held = await self._threads.of_conversation(conversation_id)
        return None if held is None else address_of(self._client, held)

    async def bring_back(self, conversation_id: str, member: discord.Member) -> discord.Thread | None:
        """The thread that holds it, open; none where it is gone, locked, or the member can't be let in, and none where
        admins chose other channels since.
        """
        thread = await self.thread_of(conversation_id)
        if thread is None:
            return None
        if not (await self._guilds.settings(thread.guild.id)).answers_in(lineage_of(thread)):
            log.info("thread %d was not brought back: admins chose other channels", thread.id)
            return None
        try:
            if thread.archived:
                thread = await thread.edit(archived=False, reason=asked_by(member))
            await thread.add_user(member)
        except discord.HTTPException as error:
            log.info("thread %d was not brought back: %s", thread.id, error)
            return None
        return thread

    async def thread_of(self, conversation_id: str) -> discord.Thread | None:
        """The thread that holds it, as it is; what is gone is forgotten."""
        held = await self._threads.of_conversation(conversation_id)
        if held is None:
            return None
        try:
            channel = await self._client.fetch_channel(held.channel_id)  # a cached one may not know of its archiving
        except discord.NotFound:
            await self._threads.forget(held.channel_id)
            return None
        except discord.HTTPException as error:
            log.info("channel %d cannot be seen: %s", held.channel_id, error)
            return None
        return channel if isinstance(channel, discord.Thread) else None

    async def parent(self, interaction: Interaction, *, private: bool) -> discord.TextChannel:
        """The channel in which a new thread is made: this one, or the one above this thread.

        Raises `UserError` where there can be none, `WrongChannel` where admins chose other channels.
        """
        channel = interaction.channel
        above = channel.parent if isinstance(channel, discord.Thread) else channel
        if is_elsewhere(interaction) or not isinstance(above, discord.TextChannel):
            raise UserError("I can't open a thread here. Try again in a text channel.")
        await self._guilds.applying(above.guild.id, above)
        mine = above.permissions_for(above.guild.me)
        may_open = mine.create_private_threads if private else mine.create_public_threads
        if not (may_open and mine.send_messages_in_threads):
            raise UserError(
                "I lack the permission to open such a thread in {channel}. Try another channel, or tell an admin.",
                channel=above.mention,
            )
        return above

    async def make(
        self, parent: discord.TextChannel, member: discord.Member, conversation: Conversation, *, private: bool
    ) -> discord.Thread:
        """A new thread that holds the conversation from now on, with the member in it."""
        thread = await parent.create_thread(
            name=conversation.title[:_NAME_LIMIT],
            type=discord.ChannelType.private_thread if private else discord.ChannelType.public_thread,
            auto_archive_duration=self._archive_minutes,
            invitable=not private,
            reason=asked_by(member),
        )
        held = Held(channel_id=thread.id, guild_id=parent.guild.id, owner_id=member.id, conversation_id=conversation.id)
        await self._threads.hold(held)
        await self._threads.renamed(thread.id)
        await thread.add_user(member)
        return thread

    async def remind(
        self, thread: discord.Thread, answer: ConversationAnswer, interaction: Interaction, words: str
    ) -> None:
        """Say what the thread holds, and show the last answer again, to go on from."""
        language = language_of(interaction)
        await thread.send(words, allowed_mentions=_NOBODY, suppress_embeds=True)
        replies = [message for message in answer.messages if message.role == "assistant"]
        pages = Pages()
        pages.feed("".join(replies[-1].content.parts) if replies else "")
        pages.finish()
        held = await self._threads.in_channel(thread.id)
        for page in pages.complete[-1:]:
            ids = AnswerIds(conversation_id=answer.conversation.id, reply_id=replies[-1].id)
            view = self._views.when_done(ids, language)
            message = await thread.send(page, view=view, allowed_mentions=_NOBODY, suppress_embeds=True)
            if held is not None:
                await self._threads.remember_answer(message.id, held, ids)

    async def note_replies(self, held: Held) -> None:
        """Note which replies a channel shows, as the buttons under them say: `remind` has not always done so."""
        channel = self._client.get_partial_messageable(held.channel_id)
        me = self._client.user
        try:
            shown = [message async for message in channel.history(limit=_LOOKED_AT) if message.author == me]
        except discord.HTTPException as error:
            log.info("channel %d cannot be read: %s", held.channel_id, error)
            return
        for message in shown:
            ids = self._views.ids_under(message)
            if ids is not None and ids.conversation_id == held.conversation_id:
                await self._threads.remember_answer(message.id, held, ids)

    async def rename(self, conversation_id: str, title: str) -> bool:
        """Give its thread the title too; says whether Discord took it. It allows two in ten minutes."""
        thread = await self.thread_of(conversation_id)
        if thread is None:
            return True
        try:
            async with asyncio.timeout(_RENAME_SECONDS):
                await thread.edit(name=title[:_NAME_LIMIT], reason="Renamed by its owner")
        except (discord.HTTPException, TimeoutError) as error:
            log.info("thread %d keeps its name: %s", thread.id, error)
            return False
        return True
