"""Where an answer goes: a thread of its own, this channel, or a message only one member sees."""

import logging
from typing import Any

import discord
import msgspec

from bot.languages import Language, language_of
from bot.rendering.surfaces import ChannelSurface, InteractionSurface, Surface

log = logging.getLogger(__name__)

_NAME_LIMIT = 100  # https://discord.com/developers/docs/resources/channel#start-thread-from-message
_NOBODY = discord.AllowedMentions.none()


class Place(msgspec.Struct, frozen=True):
    """`holds` says that the whole channel belongs to the conversation; `thread` is set where a title may be given;
    `card_id` is the message of the bot's own, in `card_channel_id`, that shows the prompt to everybody there.
    """

    surface: Surface
    channel_id: int
    holds: bool
    thread: discord.Thread | None = None
    ephemeral: bool = False
    card_id: int | None = None
    card_channel_id: int = 0

    def under(self, card: discord.Message | discord.InteractionMessage) -> "Place":
        """The same place, below the card that shows the prompt."""
        return msgspec.structs.replace(self, card_id=card.id, card_channel_id=card.channel.id)


class Places:
    """Opens places. Where Discord refuses a thread, the answer comes in the channel instead."""

    def __init__(self, archive_minutes: Any) -> None:
        self._archive_minutes = archive_minutes

    async def for_command(self, interaction: discord.Interaction, card: discord.Embed, name: str) -> Place:
        """Answer the interaction with a card everybody sees, and open a thread from it."""
        message = await show_card(interaction, card)
        if _may_open_thread(interaction.channel, interaction.app_permissions):
            place = await self._thread_from(message, name, interaction.user)
            if place is not None:
                return place.under(message)
        return _in_channel(interaction, message).under(message)

    async def for_private_command(self, interaction: discord.Interaction, card: discord.Embed) -> Place:
        """Open a private thread with the member; where that is not permitted, a message only they see.

        The thread's first name tells nothing of the prompt.
        """
        channel, permissions = interaction.channel, interaction.app_permissions
        language = language_of(interaction)
        if (
            isinstance(channel, discord.TextChannel)
            and permissions.create_private_threads
            and permissions.send_messages_in_threads
        ):
            if not interaction.response.is_done():
                await interaction.response.defer(ephemeral=True, thinking=True)
            try:
                thread, shown = await self._private_thread(channel, interaction.user, card, language)
            except discord.HTTPException as error:
                log.info("no private thread in channel %d: %s", channel.id, error)
                await interaction.edit_original_response(embed=card, allowed_mentions=_NOBODY)
            else:
                words = language.say("Only you and moderators see it: {thread}", thread=thread.mention)
                await interaction.edit_original_response(content=words)
                return _in_thread(thread).under(shown)
        else:
            await show_card(interaction, card, ephemeral=True)
        return _only_for_them(interaction)

    async def beside_command(self, interaction: discord.Interaction, card: discord.Embed) -> Place:
        """Answer in this channel, under a card; only for the member where the interaction was deferred privately."""
        message = await show_card(interaction, card)
        return (
            _only_for_them(interaction) if message.flags.ephemeral else _in_channel(interaction, message).under(message)
        )

    async def for_them_alone(self, interaction: discord.Interaction, card: discord.Embed) -> Place:
        """A message only they see, under a card only they see: all there is where the bot itself is not."""
        await show_card(interaction, card, ephemeral=True)
        return _only_for_them(interaction)

    async def for_message(self, message: discord.Message, name: str) -> Place:
        """Open a thread from a member's message, or answer it where it stands."""
        if message.guild is not None and _may_open_thread(
            message.channel, message.channel.permissions_for(message.guild.me)
        ):
            place = await self._thread_from(message, name, message.author)
            if place is not None:
                return place
        return here(message.channel, message)

    async def _thread_from(
        self, message: discord.Message | discord.InteractionMessage, name: str, asker: discord.abc.User
    ) -> Place | None:
        try:
            thread = await message.create_thread(
                name=thread_name(name), auto_archive_duration=self._archive_minutes, reason=asked_by(asker)
            )
        except (discord.HTTPException, ValueError) as error:
            # Too many active threads (160006), a permission that is missing after all, or no kind of channel for it.
            log.info("no thread in channel %d: %s", message.channel.id, error)
            return None
        return _in_thread(thread)

    async def _private_thread(
        self, channel: discord.TextChannel, member: discord.abc.User, card: discord.Embed, language: Language
    ) -> tuple[discord.Thread, discord.Message]:
        thread = await channel.create_thread(
            name=language.say("Private conversation"),
            type=discord.ChannelType.private_thread,
            invitable=False,
            auto_archive_duration=self._archive_minutes,
            reason=asked_by(member),
        )
        await thread.add_user(member)
        return thread, await thread.send(embed=card, allowed_mentions=_NOBODY)


async def show_card(
    interaction: discord.Interaction, card: discord.Embed, *, ephemeral: bool = False
) -> discord.InteractionMessage:
    """Answer the interaction with a card, also where the answer was put off; then `ephemeral` was decided already."""
    if interaction.response.is_done():
        return await interaction.edit_original_response(embed=card, allowed_mentions=_NOBODY)
    response = await interaction.response.send_message(embed=card, ephemeral=ephemeral, allowed_mentions=_NOBODY)
    message = response.resource
    if isinstance(message, discord.InteractionMessage):
        return message
    return await interaction.original_response()


def here(channel: "discord.abc.MessageableChannel", reference: discord.Message | None = None) -> Place:
    """Answer in a channel as it is; direct messages belong to one conversation at a time."""
    surface = ChannelSurface(channel, reference)
    return Place(surface, channel.id, holds=isinstance(channel, discord.DMChannel))


def in_held_thread(
    channel: "discord.abc.MessageableChannel", reference: discord.Message | None, thread: discord.Thread | None
) -> Place:
    """Go on in a thread or direct message channel that holds the conversation; `thread` still needs its title."""
    return Place(ChannelSurface(channel, reference), channel.id, holds=True, thread=thread)


def asked_by(user: discord.abc.User) -> str:
    """Why the bot does something, for the server's audit log, which names the bot alone."""
    return f"Asked for by {user} ({user.id})"


def thread_name(prompt: str) -> str:
    """A first name for a thread, from the prompt."""
    line = " ".join(prompt.split())
    return line if len(line) <= _NAME_LIMIT else line[: _NAME_LIMIT - 1].rstrip() + "…"


def _in_thread(thread: discord.Thread) -> Place:
    return Place(ChannelSurface(thread), thread.id, holds=True, thread=thread)


def _only_for_them(interaction: discord.Interaction) -> Place:
    surface = InteractionSurface(interaction, ephemeral=True)
    return Place(surface, interaction.channel_id or 0, holds=False, ephemeral=True)


def beneath(interaction: discord.Interaction, *, holds: bool) -> Place:
    """Where another answer goes after a press on a button under one: in reply to it, seen by whoever sees that."""
    message = interaction.message
    if message is None or message.flags.ephemeral:
        return _only_for_them(interaction)
    return msgspec.structs.replace(_in_channel(interaction, message), holds=holds)


def _in_channel(interaction: discord.Interaction, message: discord.Message | discord.InteractionMessage) -> Place:
    """In this channel; through the interaction where the bot may not write there by itself."""
    channel, permissions = interaction.channel, interaction.app_permissions
    if isinstance(channel, discord.DMChannel):
        return here(channel)
    in_thread = isinstance(channel, discord.Thread)
    allowed = permissions.send_messages_in_threads if in_thread else permissions.send_messages
    if isinstance(channel, discord.abc.Messageable) and allowed and permissions.view_channel:
        return here(channel, message)
    return Place(InteractionSurface(interaction, ephemeral=False), interaction.channel_id or 0, holds=False)


def _may_open_thread(channel: object, permissions: discord.Permissions) -> bool:
    return (
        isinstance(channel, discord.TextChannel)
        and permissions.create_public_threads
        and permissions.send_messages_in_threads
    )
