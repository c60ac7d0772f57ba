"""Reactions and pins. https://docs.discord.com/developers/resources/message#create-reaction"""

from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Channel, Message, MessageType, User
from playground.standin.world.errors import Code, Refused
from playground.standin.world.events import Event
from playground.standin.world.hearing import seen_by, where
from playground.standin.world.messages import Messages
from playground.standin.world.permissions import Permission
from playground.standin.world.state import State

PINS = 250
"""https://support.discord.com/hc/en-us/articles/221421867; the API's documentation gives no number."""


class Reactions:
    """Adds and takes back reactions; pins messages. Every method raises `Refused`."""

    def __init__(self, state: State, messages: Messages) -> None:
        self._state = state
        self._messages = messages

    def add(self, actor_id: int, channel_id: int, message_id: int, emoji: str) -> None:
        """Add one's reaction; the first of an emoji needs Add Reactions."""
        message = self._messages.get(actor_id, channel_id, message_id)
        channel = self._open(channel_id)
        users = message.reactions.setdefault(emoji, [])
        if not users:
            self._state.require(channel, actor_id, Permission.ADD_REACTIONS)
        if actor_id in users:
            return
        users.append(actor_id)
        more: JSON = {"message_author_id": str(message.author.id)}
        guild = self._state.guilds.get(channel.guild_id or 0)
        if guild is not None:
            more["member"] = shapes.member(guild.members[actor_id])
        self._tell("MESSAGE_REACTION_ADD", message, {"user_id": str(actor_id), **_emoji(emoji), **_KIND, **more})

    def remove(self, actor_id: int, channel_id: int, message_id: int, emoji: str, user_id: int | None = None) -> None:
        """Take one's own back; another's needs Manage Messages."""
        message = self._messages.get(actor_id, channel_id, message_id)
        channel, whose = self._open(channel_id), user_id or actor_id
        if whose != actor_id:
            self._state.require(channel, actor_id, Permission.MANAGE_MESSAGES)
        users = message.reactions.get(emoji, [])
        if whose not in users:
            return
        users.remove(whose)
        if not users:
            del message.reactions[emoji]
        self._tell("MESSAGE_REACTION_REMOVE", message, {"user_id": str(whose), **_emoji(emoji), **_KIND})

    def clear(self, actor_id: int, channel_id: int, message_id: int, emoji: str | None = None) -> None:
        """Take away all, or all of one emoji; needs Manage Messages."""
        message = self._messages.get(actor_id, channel_id, message_id)
        self._state.require(self._open(channel_id), actor_id, Permission.MANAGE_MESSAGES)
        if emoji is None:
            message.reactions.clear()
            self._tell("MESSAGE_REACTION_REMOVE_ALL", message, {})
        elif message.reactions.pop(emoji, None) is not None:
            self._tell("MESSAGE_REACTION_REMOVE_EMOJI", message, _emoji(emoji))

    def users(self, actor_id: int, channel_id: int, message_id: int, emoji: str) -> list[User]:
        """Who reacted with an emoji, by id."""
        message = self._messages.get(actor_id, channel_id, message_id)
        return [self._state.user(user_id) for user_id in sorted(message.reactions.get(emoji, []))]

    def _open(self, channel_id: int) -> Channel:
        """Nobody reacts in an archived thread.

        https://docs.discord.com/developers/topics/threads#active-archived-threads
        """
        channel = self._state.channel(channel_id)
        if channel.thread is not None and channel.thread.archived:
            raise Refused(Code.ARCHIVED_THREAD)
        return channel

    # Pins

    def pin(self, actor_id: int, channel_id: int, message_id: int) -> None:
        """https://docs.discord.com/developers/resources/message#pin-message: needs Pin Messages."""
        channel, message = self._pinnable(actor_id, channel_id, message_id)
        if message.pinned_at is not None:
            return
        if len(self.pinned(actor_id, channel_id)) >= PINS:
            raise Refused(Code.TOO_MANY_PINS)
        message.pinned_at = self._state.clock.now()
        self._tell_pins(channel, message)
        self._messages.post(
            channel,
            Message(
                id=self._state.snowflakes.make(),
                channel_id=channel.id,
                author=self._state.user(actor_id),
                created_at=self._state.clock.now(),
                type=MessageType.CHANNEL_PINNED_MESSAGE,
                reference=(channel.id, message.id),
            ),
        )

    def unpin(self, actor_id: int, channel_id: int, message_id: int) -> None:
        """https://docs.discord.com/developers/resources/message#unpin-message"""
        channel, message = self._pinnable(actor_id, channel_id, message_id)
        if message.pinned_at is not None:
            message.pinned_at = None
            self._tell_pins(channel, message)

    def pinned(self, actor_id: int, channel_id: int) -> list[Message]:
        """Newest pinned first. https://docs.discord.com/developers/resources/message#get-channel-pins"""
        held = self._messages.history(actor_id, channel_id)
        found = [(message.pinned_at, message) for message in held if message.pinned_at is not None]
        return [message for _, message in sorted(found, key=lambda each: each[0], reverse=True)]

    def _pinnable(self, actor_id: int, channel_id: int, message_id: int) -> tuple[Channel, Message]:
        channel = self._state.channel(channel_id)
        if channel.guild_id is not None:
            self._state.require(channel, actor_id, Permission.PIN_MESSAGES)
        return channel, self._messages.get(actor_id, channel_id, message_id)

    def _tell_pins(self, channel: Channel, message: Message) -> None:
        self._messages.touch(message)
        last = shapes.maybe(message.pinned_at)
        data = where(channel) | {"last_pin_timestamp": last}
        self._state.bus.emit(Event("CHANNEL_PINS_UPDATE", data, channel.guild_id, seen_by(self._state, channel)))

    def _tell(self, name: str, message: Message, more: JSON) -> None:
        channel = self._state.channel(message.channel_id)
        data = where(channel) | {"message_id": str(message.id)} | more
        self._state.bus.emit(Event(name, data, channel.guild_id, seen_by(self._state, channel, message)))


_KIND: JSON = {"burst": False, "type": 0}


def _emoji(emoji: str) -> JSON:
    return {"emoji": {"id": None, "name": emoji}}
