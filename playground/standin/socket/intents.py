"""Which event needs which intent, and what is left out of a message without the one for its content.

https://discord.com/developers/docs/events/gateway#gateway-intents
"""

from enum import IntFlag

from playground.standin.world.entities import JSON, Application
from playground.standin.world.events import Event


class Intent(IntFlag):
    """The bits of IDENTIFY's `intents`."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


ALL = sum(Intent)

GRANTED_BY = {
    Intent.GUILD_PRESENCES: 1 << 12 | 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 14 | 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 18 | 1 << 19,
}
"""The privileged ones, and the application flags either of which grants each."""

_REACTIONS = "MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE MESSAGE_REACTION_REMOVE_ALL MESSAGE_REACTION_REMOVE_EMOJI"
_GUILD_EVENTS = {
    Intent.GUILDS: (
        "GUILD_CREATE GUILD_UPDATE GUILD_DELETE GUILD_ROLE_CREATE GUILD_ROLE_UPDATE GUILD_ROLE_DELETE "
        "CHANNEL_CREATE CHANNEL_UPDATE CHANNEL_DELETE CHANNEL_PINS_UPDATE THREAD_CREATE THREAD_UPDATE THREAD_DELETE "
        "THREAD_LIST_SYNC THREAD_MEMBER_UPDATE THREAD_MEMBERS_UPDATE"
    ),
    Intent.GUILD_MEMBERS: "GUILD_MEMBER_ADD GUILD_MEMBER_UPDATE GUILD_MEMBER_REMOVE",
    Intent.GUILD_MODERATION: "GUILD_AUDIT_LOG_ENTRY_CREATE GUILD_BAN_ADD GUILD_BAN_REMOVE",
    Intent.GUILD_PRESENCES: "PRESENCE_UPDATE",
    Intent.GUILD_MESSAGES: "MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE MESSAGE_DELETE_BULK",
    Intent.GUILD_MESSAGE_REACTIONS: _REACTIONS,
    Intent.GUILD_MESSAGE_TYPING: "TYPING_START",
}
_DIRECT_EVENTS = {
    Intent.DIRECT_MESSAGES: "MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE",
    Intent.DIRECT_MESSAGE_REACTIONS: _REACTIONS,
    Intent.DIRECT_MESSAGE_TYPING: "TYPING_START",
}
_NEEDS_GUILD = {name: intent for intent, names in _GUILD_EVENTS.items() for name in names.split()}
_NEEDS_DIRECT = {name: intent for intent, names in _DIRECT_EVENTS.items() for name in names.split()}
_NEEDS_NONE = {
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
    "INTERACTION_CREATE",
    "ENTITLEMENT_CREATE",
    "ENTITLEMENT_UPDATE",
    "ENTITLEMENT_DELETE",
    "USER_UPDATE",
}
_CONTENT: JSON = {"content": "", "embeds": [], "attachments": [], "components": []}


def is_wanted(event: Event, intents: int, bot_id: int) -> bool:
    """Whether an application with these intents is sent the event. What is for people's clients alone never is."""
    if event.name in _NEEDS_NONE:
        return True
    if event.name == "THREAD_MEMBERS_UPDATE":
        return bool(intents & Intent.GUILDS) and (bool(intents & Intent.GUILD_MEMBERS) or _is_about(event, bot_id))
    if event.name == "GUILD_MEMBER_UPDATE" and event.data["user"]["id"] == str(bot_id):
        return True
    needed = (_NEEDS_DIRECT if event.guild_id is None else _NEEDS_GUILD).get(event.name)
    return needed is not None and bool(intents & needed)


def _is_about(event: Event, bot_id: int) -> bool:
    added = [member["user_id"] for member in event.data.get("added_members", [])]
    return str(bot_id) in [*added, *event.data.get("removed_member_ids", [])]


def readable(event: Event, intents: int, bot_id: int) -> JSON:
    """The event's data, without what the application may not read of a message."""
    if event.message is None or intents & Intent.MESSAGE_CONTENT or event.guild_id is None:
        return event.data
    return without_content(event.data, bot_id)


def without_content(message: JSON, bot_id: int) -> JSON:
    """A message as an application sees it that may not read content: its own and those that mention it are whole.

    https://discord.com/developers/docs/events/gateway#message-content-intent
    """
    own = message["author"]["id"] == str(bot_id)
    shape = message if own or any(user["id"] == str(bot_id) for user in message["mentions"]) else message | _CONTENT
    if shape.get("referenced_message"):
        shape = shape | {"referenced_message": without_content(shape["referenced_message"], bot_id)}
    return shape


def refused_intents(intents: int, application: Application) -> int:
    """The privileged intents that are asked for and not granted."""
    return sum(intent for intent, flags in GRANTED_BY.items() if intents & intent and not application.flags & flags)
