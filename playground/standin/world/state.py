"""The tables of the world, and how things are found in them."""

from collections.abc import Iterator

from playground.standin.world import permissions
from playground.standin.world.clock import Clock
from playground.standin.world.entities import (
    THREAD_TYPES,
    Application,
    Attachment,
    Channel,
    ChannelType,
    Command,
    Entitlement,
    Guild,
    Member,
    Message,
    User,
)
from playground.standin.world.errors import Code, Refused
from playground.standin.world.events import Bus
from playground.standin.world.interaction import Interaction
from playground.standin.world.permissions import Permission
from playground.standin.world.snowflakes import Snowflakes


class State:
    """Everything there is. Found by id, or refused as Discord refuses an unknown id."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.snowflakes = Snowflakes(clock)
        self.bus = Bus()
        self.users: dict[int, User] = {}
        self.applications: dict[int, Application] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, dict[int, Message]] = {}
        """By channel, then by id, oldest first."""
        self.attachments: dict[int, tuple[int, Attachment]] = {}
        """By id, with the channel each was uploaded to."""
        self.commands: dict[int, Command] = {}
        self.entitlements: dict[int, Entitlement] = {}
        self.interactions: dict[str, Interaction] = {}
        """By token."""

    def user(self, user_id: int) -> User:
        """Raises `Refused` 10013."""
        if user_id not in self.users:
            raise Refused(Code.UNKNOWN_USER)
        return self.users[user_id]

    def guild(self, guild_id: int) -> Guild:
        """Raises `Refused` 10004."""
        if guild_id not in self.guilds:
            raise Refused(Code.UNKNOWN_GUILD)
        return self.guilds[guild_id]

    def member(self, guild_id: int, user_id: int) -> Member:
        """Raises `Refused` 10007, or 10013 where there is no such user at all."""
        self.user(user_id)
        member = self.guild(guild_id).members.get(user_id)
        if member is None:
            raise Refused(Code.UNKNOWN_MEMBER)
        return member

    def channel(self, channel_id: int) -> Channel:
        """Raises `Refused` 10003."""
        if channel_id not in self.channels:
            raise Refused(Code.UNKNOWN_CHANNEL)
        return self.channels[channel_id]

    def message(self, channel_id: int, message_id: int) -> Message:
        """Raises `Refused` 10003 or 10008."""
        self.channel(channel_id)
        message = self.messages.get(channel_id, {}).get(message_id)
        if message is None:
            raise Refused(Code.UNKNOWN_MESSAGE)
        return message

    def application(self, application_id: int) -> Application:
        """Raises `Refused` 10002."""
        if application_id not in self.applications:
            raise Refused(Code.UNKNOWN_APPLICATION)
        return self.applications[application_id]

    def application_of(self, bot_id: int) -> Application | None:
        """The application whose bot this user is."""
        return next((a for a in self.applications.values() if a.bot.id == bot_id), None)

    def guild_channels(self, guild: Guild) -> list[Channel]:
        """A server's channels, without threads."""
        return [self.channels[channel_id] for channel_id in guild.channel_ids]

    def threads_of(self, guild: Guild) -> Iterator[Channel]:
        """Every thread of a server, archived ones too, oldest first."""
        return (c for c in self.channels.values() if c.guild_id == guild.id and c.type in THREAD_TYPES)

    def governing(self, channel: Channel) -> Channel:
        """The channel whose overwrites hold: of a thread, the one it is in."""
        if channel.type in THREAD_TYPES and channel.parent_id is not None:
            return self.channels[channel.parent_id]
        return channel

    def permissions(self, channel: Channel, user_id: int) -> int:
        """What a user may do in a channel; nothing where they do not belong."""
        if channel.type is ChannelType.DM:
            return permissions.DIRECT_MESSAGES if user_id in [user.id for user in channel.recipients] else 0
        guild = self.guilds.get(channel.guild_id or 0)
        member = guild.members.get(user_id) if guild is not None else None
        if guild is None or member is None:
            return 0
        return permissions.in_channel(guild, self.governing(channel), member, self.clock.now())

    def can_view(self, channel: Channel, user_id: int) -> bool:
        """Whether a user sees a channel; a private thread is for its members and for who manages threads.

        https://discord.com/developers/docs/topics/threads#private-threads
        """
        granted = self.permissions(channel, user_id)
        if not granted & Permission.VIEW_CHANNEL:
            return False
        if channel.type is not ChannelType.PRIVATE_THREAD or channel.thread is None:
            return True
        return user_id in channel.thread.members or bool(granted & Permission.MANAGE_THREADS)

    def require_view(self, channel: Channel, user_id: int) -> int:
        """The user's permissions. Raises `Refused` 50001 where they do not see the channel."""
        if not self.can_view(channel, user_id):
            raise Refused(Code.MISSING_ACCESS)
        return self.permissions(channel, user_id)

    def require(self, channel: Channel, user_id: int, *needed: Permission) -> None:
        """Raises `Refused` 50001 where they do not see the channel, 50013 where a permission is missing."""
        granted = self.require_view(channel, user_id)
        if any(not granted & permission for permission in needed):
            raise Refused(Code.MISSING_PERMISSIONS)

    def require_in_guild(self, guild: Guild, user_id: int, *needed: Permission) -> Member:
        """The acting member. Raises `Refused` 50001 for strangers, 50013 where a permission is missing."""
        member = guild.members.get(user_id)
        if member is None:
            raise Refused(Code.MISSING_ACCESS)
        granted = permissions.in_guild(guild, member)
        if any(not granted & permission for permission in needed):
            raise Refused(Code.MISSING_PERMISSIONS)
        return member
