"""What there is: people, servers, channels, messages. Rules are elsewhere; these only hold.

Ids are snowflakes as numbers; times are aware datetimes in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

from playground.standin.world.errors import Code, Refused

JSON = dict[str, Any]


def listed(of: JSON, name: str) -> list[Any]:
    """A list of a JSON object; absent and null count as empty."""
    return of.get(name) or []


@dataclass(eq=False)
class User:
    """https://discord.com/developers/docs/resources/user#user-object"""

    id: int
    username: str
    global_name: str | None = None
    bot: bool = False
    avatar: str | None = None
    locale: str = "en-US"


@dataclass(eq=False)
class Application:
    """https://discord.com/developers/docs/resources/application#application-object"""

    id: int
    name: str
    bot: User
    owner: User
    token: str
    flags: int
    verify_key: str
    skus: list[JSON] = field(default_factory=list[JSON])
    installed_by: set[int] = field(default_factory=set[int])
    """The ids of users who installed it for themselves."""


@dataclass(eq=False)
class Role:
    """https://discord.com/developers/docs/topics/permissions#role-object"""

    id: int
    name: str
    permissions: int
    position: int
    colour: int = 0
    hoist: bool = False
    mentionable: bool = False
    bot_id: int | None = None
    """Whose own role it is: made when a bot joins, gone with it."""


@dataclass(eq=False)
class Member:
    """https://discord.com/developers/docs/resources/guild#guild-member-object"""

    user: User
    guild_id: int
    joined_at: datetime
    role_ids: list[int] = field(default_factory=list[int])
    nick: str | None = None
    timed_out_until: datetime | None = None


@dataclass
class Overwrite:
    """https://discord.com/developers/docs/resources/channel#overwrite-object; `kind` 0 is a role, 1 a member."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


class ChannelType(IntEnum):
    """https://discord.com/developers/docs/resources/channel#channel-object-channel-types"""

    TEXT = 0
    DM = 1
    VOICE = 2
    CATEGORY = 4
    ANNOUNCEMENT = 5
    ANNOUNCEMENT_THREAD = 10
    PUBLIC_THREAD = 11
    PRIVATE_THREAD = 12
    FORUM = 15


THREAD_TYPES = {ChannelType.ANNOUNCEMENT_THREAD, ChannelType.PUBLIC_THREAD, ChannelType.PRIVATE_THREAD}
NAMED_TYPES = {ChannelType.TEXT, ChannelType.VOICE, ChannelType.CATEGORY, ChannelType.ANNOUNCEMENT, ChannelType.FORUM}


@dataclass(eq=False)
class ThreadPart:
    """What a thread has and other channels have not; `members` tells when each joined."""

    owner_id: int
    created_at: datetime
    archived_at: datetime
    """When `archived` last changed."""
    auto_archive_minutes: int
    active_at: datetime
    """When somebody last wrote, opened it or changed when it archives."""
    archived: bool = False
    locked: bool = False
    invitable: bool = True
    members: dict[int, datetime] = field(default_factory=dict[int, datetime])
    message_count: int = 0
    total_messages: int = 0


@dataclass(eq=False)
class Channel:
    """https://discord.com/developers/docs/resources/channel#channel-object; a direct message channel has no guild."""

    id: int
    type: ChannelType
    name: str = ""
    guild_id: int | None = None
    parent_id: int | None = None
    topic: str | None = None
    position: int = 0
    nsfw: bool = False
    slowmode_seconds: int = 0
    overwrites: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    recipients: list[User] = field(default_factory=list[User])
    last_message_id: int | None = None
    thread: ThreadPart | None = None

    @property
    def as_thread(self) -> ThreadPart:
        """What makes it a thread. Raises `Refused` 50024 where it is none."""
        if self.thread is None:
            raise Refused(Code.WRONG_CHANNEL_TYPE)
        return self.thread


@dataclass(eq=False)
class Guild:
    """https://discord.com/developers/docs/resources/guild#guild-object; `roles` has @everyone under the guild's id."""

    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict[int, Role])
    members: dict[int, Member] = field(default_factory=dict[int, Member])
    channel_ids: list[int] = field(default_factory=list[int])
    bans: dict[int, str | None] = field(default_factory=dict[int, str | None])
    icon: str | None = None
    system_channel_id: int | None = None
    locale: str = "en-US"
    unavailable: bool = False
    """Whether it is out of order, as Discord's servers sometimes are."""


@dataclass(eq=False)
class Attachment:
    """A file that was uploaded; `width` and `height` are in pixels."""

    id: int
    filename: str
    content_type: str
    data: bytes
    description: str | None = None
    ephemeral: bool = False
    width: int | None = None
    height: int | None = None


class MessageType(IntEnum):
    """https://discord.com/developers/docs/resources/message#message-object-message-types"""

    DEFAULT = 0
    RECIPIENT_ADD = 1
    CHANNEL_NAME_CHANGE = 4
    CHANNEL_PINNED_MESSAGE = 6
    THREAD_CREATED = 18
    REPLY = 19
    CHAT_INPUT_COMMAND = 20
    THREAD_STARTER_MESSAGE = 21
    CONTEXT_MENU_COMMAND = 23


class MessageFlag(IntEnum):
    """https://discord.com/developers/docs/resources/message#message-object-message-flags"""

    SUPPRESS_EMBEDS = 1 << 2
    HAS_THREAD = 1 << 5
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_COMPONENTS_V2 = 1 << 15


@dataclass
class Mentions:
    """Whom a message pings."""

    users: list[User] = field(default_factory=list[User])
    role_ids: list[int] = field(default_factory=list[int])
    everyone: bool = False


@dataclass(eq=False)
class Message:
    """https://discord.com/developers/docs/resources/message#message-object"""

    id: int
    channel_id: int
    author: User
    created_at: datetime
    type: MessageType = MessageType.DEFAULT
    content: str = ""
    embeds: list[JSON] = field(default_factory=list[JSON])
    components: list[JSON] = field(default_factory=list[JSON])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    flags: int = 0
    mentions: Mentions = field(default_factory=Mentions)
    edited_at: datetime | None = None
    reference: tuple[int, int] | None = None
    """The channel and the message it replies to, or that its thread was started from."""
    application_id: int | None = None
    webhook_id: int | None = None
    """Set where it is an answer to an interaction: the application."""
    interaction_metadata: JSON | None = None
    ephemeral_to: int | None = None
    """The one user who sees it."""
    nonce: str | int | None = None
    tts: bool = False
    pinned_at: datetime | None = None
    reactions: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    old_edits: list[datetime] = field(default_factory=list[datetime])
    """When it was edited after its first hour."""


@dataclass(eq=False)
class Entitlement:
    """https://discord.com/developers/docs/resources/entitlement#entitlement-object"""

    id: int
    sku_id: int
    application_id: int
    user_id: int | None
    guild_id: int | None
    type: int
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    deleted: bool = False
    consumed: bool = False


@dataclass(eq=False)
class Command:
    """https://discord.com/developers/docs/interactions/application-commands#application-command-object

    `definition` is what the application sent, with Discord's defaults filled in.
    """

    id: int
    application_id: int
    guild_id: int | None
    version: int
    definition: JSON
    granted: dict[int, list[JSON]] = field(default_factory=dict[int, list[JSON]])
    """What servers' admins said of it, by server: permissions as Discord writes them."""

    @property
    def name(self) -> str:
        """What is typed or clicked to run it."""
        return self.definition["name"]

    @property
    def type(self) -> int:
        """1 slash command, 2 on a user, 3 on a message."""
        return self.definition["type"]
