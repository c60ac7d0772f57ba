"""Channels of a server, and direct messages. https://discord.com/developers/docs/resources/channel"""

from collections.abc import Iterable

from playground.standin.world.archiving import set_archived, tell_thread
from playground.standin.world.entities import JSON, THREAD_TYPES, Channel, ChannelType, Guild, Overwrite, User
from playground.standin.world.errors import Code, InvalidForm, Refused
from playground.standin.world.events import Event, Sees
from playground.standin.world.permissions import Permission
from playground.standin.world.shapes import Shapes
from playground.standin.world.state import State
from playground.standin.world.threads import Threads


class Channels:
    """Makes, changes and deletes channels."""

    def __init__(self, state: State, shapes: Shapes, threads: Threads) -> None:
        self._state = state
        self._shapes = shapes
        self._threads = threads

    def get(self, actor_id: int, channel_id: int) -> Channel:
        """Raises `Refused` 10003, or 50001 where the actor does not see it."""
        channel = self._state.channel(channel_id)
        self._state.require_view(channel, actor_id)
        return channel

    def create(self, guild: Guild, body: JSON) -> Channel:
        """A new channel, as the server's owner makes it."""
        channel = Channel(
            id=self._state.snowflakes.make(),
            type=ChannelType(body.get("type") or 0),
            name=_name(body.get("name")),
            guild_id=guild.id,
            parent_id=int(body["parent_id"]) if body.get("parent_id") else None,
            topic=body.get("topic"),
            position=body.get("position") or len(guild.channel_ids),
            nsfw=bool(body.get("nsfw")),
            slowmode_seconds=body.get("rate_limit_per_user") or 0,
            overwrites=_overwrites(body.get("permission_overwrites") or []),
        )
        self._state.channels[channel.id] = channel
        guild.channel_ids.append(channel.id)
        self._tell("CHANNEL_CREATE", channel)
        return channel

    def create_as(self, actor_id: int, guild: Guild, body: JSON) -> Channel:
        """https://discord.com/developers/docs/resources/guild#create-guild-channel"""
        self._state.require_in_guild(guild, actor_id, Permission.MANAGE_CHANNELS)
        return self.create(guild, body)

    def edit(self, actor_id: int, channel_id: int, body: JSON) -> Channel:
        """https://discord.com/developers/docs/resources/channel#modify-channel"""
        channel = self.get(actor_id, channel_id)
        if channel.type in THREAD_TYPES:
            return self._threads.edit(actor_id, channel, body)
        if channel.type is ChannelType.DM:
            raise Refused(Code.NOT_IN_DIRECT_MESSAGES)
        self._state.require(channel, actor_id, Permission.MANAGE_CHANNELS)
        if "permission_overwrites" in body:
            self._state.require(channel, actor_id, Permission.MANAGE_ROLES)
            channel.overwrites = _overwrites(body["permission_overwrites"] or [])
        channel.name = _name(body["name"]) if "name" in body else channel.name
        channel.topic = body.get("topic", channel.topic)
        channel.nsfw = bool(body.get("nsfw", channel.nsfw))
        channel.position = int(body.get("position") or channel.position)
        channel.slowmode_seconds = int(body.get("rate_limit_per_user") or channel.slowmode_seconds)
        self._tell("CHANNEL_UPDATE", channel)
        return channel

    def overwrite(self, channel: Channel, overwrite: Overwrite) -> None:
        """Set what a role or a member may do there, as the server's owner does."""
        channel.overwrites[overwrite.id] = overwrite
        self._tell("CHANNEL_UPDATE", channel)

    def delete(self, actor_id: int, channel_id: int) -> Channel:
        """https://discord.com/developers/docs/resources/channel#deleteclose-channel"""
        channel = self.get(actor_id, channel_id)
        if channel.type is ChannelType.DM:
            return channel
        thread = channel.type in THREAD_TYPES
        self._state.require(channel, actor_id, Permission.MANAGE_THREADS if thread else Permission.MANAGE_CHANNELS)
        self.remove(channel)
        return channel

    def remove(self, channel: Channel) -> None:
        """Take a channel away, with the threads in it."""
        guild = self._state.guild(channel.guild_id or 0)
        if channel.type in THREAD_TYPES:
            self._tell_thread_gone(channel)
        else:
            for thread in [t for t in self._state.threads_of(guild) if t.parent_id == channel.id]:
                del self._state.channels[thread.id]
                self._state.messages.pop(thread.id, None)
            self._tell("CHANNEL_DELETE", channel)
            guild.channel_ids.remove(channel.id)
        del self._state.channels[channel.id]
        self._state.messages.pop(channel.id, None)

    def direct(self, one: User, other: User) -> Channel:
        """The direct message channel of two users; opened where there is none.

        https://discord.com/developers/docs/resources/user#create-dm
        """
        for channel in self._state.channels.values():
            if channel.type is ChannelType.DM and {user.id for user in channel.recipients} == {one.id, other.id}:
                return channel
        channel = Channel(id=self._state.snowflakes.make(), type=ChannelType.DM, recipients=[one, other])
        self._state.channels[channel.id] = channel
        return channel

    def _tell(self, name: str, channel: Channel) -> None:
        self._state.bus.emit(Event(name, self._shapes.channel(channel), channel.guild_id, self._hears(channel)))

    def _hears(self, channel: Channel) -> Sees:
        """A bot is told of all channels of its servers; people of those that they see."""
        guild = self._state.guild(channel.guild_id or 0)

        def hears(user_id: int) -> bool:
            member = guild.members.get(user_id)
            return member is not None and (member.user.bot or self._state.can_view(channel, user_id))

        return hears

    def _tell_thread_gone(self, thread: Channel) -> None:
        whole = self._shapes.thread(thread)
        data = {name: whole[name] for name in ("id", "guild_id", "parent_id", "type")}
        self._state.bus.emit(
            Event("THREAD_DELETE", data, thread.guild_id, lambda user_id: self._state.can_view(thread, user_id))
        )

    def archive(self, thread: Channel, *, archived: bool = True, locked: bool | None = None) -> None:
        """Archive or open a thread, as a moderator or time does."""
        part = thread.as_thread
        set_archived(self._state, self._shapes, thread, archived=archived)
        if locked is not None:
            part.locked = locked
        tell_thread(self._state, self._shapes, "THREAD_UPDATE", thread)


def _name(name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name) <= 100:
        raise InvalidForm("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    return name


def _overwrites(shapes: Iterable[JSON]) -> dict[int, Overwrite]:
    return {
        int(each["id"]): Overwrite(
            int(each["id"]), int(each["type"]), int(each.get("allow") or 0), int(each.get("deny") or 0)
        )
        for each in shapes
    }
