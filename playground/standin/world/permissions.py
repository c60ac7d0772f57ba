"""Who may do what. https://discord.com/developers/docs/topics/permissions"""

from datetime import datetime
from enum import IntFlag

from playground.standin.world.entities import Channel, Guild, Member


class Permission(IntFlag):
    """https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags"""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50
    PIN_MESSAGES = 1 << 51


ALL = (1 << 53) - 1
EVERYONE = int(
    Permission.CREATE_INSTANT_INVITE
    | Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.CONNECT
    | Permission.SPEAK
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.SEND_POLLS
    | Permission.USE_EXTERNAL_APPS
)
"""What @everyone has in a new server."""

DIRECT_MESSAGES = int(
    Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.ADD_REACTIONS
    | Permission.USE_EXTERNAL_EMOJIS
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.MENTION_EVERYONE
)
"""What everybody has in a direct message channel."""

_NOTHING_WITHOUT_SENDING = int(
    Permission.MENTION_EVERYONE | Permission.ATTACH_FILES | Permission.EMBED_LINKS | Permission.SEND_POLLS
)
_LEFT_IN_A_TIMEOUT = int(Permission.VIEW_CHANNEL | Permission.READ_MESSAGE_HISTORY)


def in_guild(guild: Guild, member: Member) -> int:
    """A member's permissions before any channel's overwrites."""
    if guild.owner_id == member.user.id:
        return ALL
    permissions = guild.roles[guild.id].permissions
    for role_id in member.role_ids:
        permissions |= guild.roles[role_id].permissions
    return ALL if permissions & Permission.ADMINISTRATOR else permissions


def in_channel(guild: Guild, channel: Channel, member: Member, now: datetime) -> int:
    """A member's permissions in a channel, with its overwrites; of a thread, give the channel it is in."""
    permissions = in_guild(guild, member)
    if permissions == ALL:
        return ALL
    permissions = _overwritten(permissions, guild, channel, member)
    if not permissions & Permission.VIEW_CHANNEL:
        return 0
    if not permissions & Permission.SEND_MESSAGES:
        permissions &= ~_NOTHING_WITHOUT_SENDING
    if member.timed_out_until is not None and member.timed_out_until > now:
        permissions &= _LEFT_IN_A_TIMEOUT
    return permissions


def _overwritten(permissions: int, guild: Guild, channel: Channel, member: Member) -> int:
    """https://discord.com/developers/docs/topics/permissions#permission-overwrites: @everyone, roles, the member."""
    if (everyone := channel.overwrites.get(guild.id)) is not None:
        permissions = permissions & ~everyone.deny | everyone.allow
    roles = [channel.overwrites[role_id] for role_id in member.role_ids if role_id in channel.overwrites]
    allowed = denied = 0
    for role in roles:
        allowed |= role.allow
        denied |= role.deny
    permissions = permissions & ~denied | allowed
    if (own := channel.overwrites.get(member.user.id)) is not None:
        permissions = permissions & ~own.deny | own.allow
    return permissions


def top_position(guild: Guild, member: Member) -> int:
    """How high a member stands; the owner stands above all roles."""
    if guild.owner_id == member.user.id:
        return max(role.position for role in guild.roles.values()) + 1
    return max((guild.roles[role_id].position for role_id in member.role_ids), default=0)


def outranks(guild: Guild, member: Member, other: Member) -> bool:
    """Whether a member may moderate another. https://discord.com/developers/docs/topics/permissions#permission-hierarchy"""
    return other.user.id != guild.owner_id and top_position(guild, member) > top_position(guild, other)
