"""A scripted world behind the page: people, channels and messages in Discord's own JSON, and nothing that thinks."""

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
EPOCH_MS = 1420070400000  # https://discord.com/developers/docs/reference#snowflakes
GUILD = "900000000000000001"
GENERAL = "900000000000000010"
SHOWCASE = "900000000000000011"
EVERYONE, ADMIN, PLUS = GUILD, "900000000000000021", "900000000000000022"
# Ids with an avatar of another colour each: (id >> 22) % 6.
ADA, PAULA, FRED, BOT = (str(number << 22) for number in (19157197001, 19157197000, 19157197004, 19157197008))
SCRIPT = "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
TEXT, CHOICE = 3, 3


def user(user_id: str, name: str, *, bot: bool = False) -> Json:
    return {
        "id": user_id,
        "username": name.lower(),
        "global_name": name,
        "avatar": None,
        "discriminator": "0",
        "bot": bot,
    }


USERS = {
    ADA: user(ADA, "Ada"),
    PAULA: user(PAULA, "Paula"),
    FRED: user(FRED, "Fred"),
    BOT: user(BOT, "Rolekey", bot=True),
}
WHAT = {ADA: "admin", PAULA: "plus member", FRED: "free member"}


def role(role_id: str, name: str, position: int, color: int = 0, permissions: int = 0) -> Json:
    return {"id": role_id, "name": name, "position": position, "color": color, "permissions": str(permissions)}


def option(kind: int, name: str, description: str, **more: Any) -> Json:
    return {"type": kind, "name": name, "description": description, **more}


PROMPT = option(TEXT, "prompt", "What do you want to know?", required=True, max_length=6000)
TIERS = [{"name": name, "value": name} for name in ("free", "plus")]
COMMANDS: list[Json] = [
    {
        "id": "700000000000000001",
        "type": 1,
        "name": "ask",
        "description": "Ask a question; the answer comes in a thread of your own",
        "options": [
            PROMPT,
            option(TEXT, "tier", "Which models to use; without it the best you have access to", choices=TIERS),
            option(5, "private", "Only you see the answer"),
            option(11, "file", "Something to ask about"),
        ],
    },
    {
        "id": "700000000000000002",
        "type": 1,
        "name": "followup",
        "description": "Go on with a conversation, from anywhere",
        "options": [PROMPT, option(TEXT, "conversation", "Which conversation", autocomplete=True)],
    },
    {
        "id": "700000000000000003",
        "type": 1,
        "name": "access",
        "description": "Who may use what",
        "options": [
            option(
                1,
                "tier",
                "Say which tier a role gives",
                options=[
                    option(8, "role", "The role", required=True),
                    option(TEXT, "tier", "What its members may use", required=True, choices=TIERS),
                ],
            ),
            option(1, "list", "Show what every role gives"),
        ],
    },
    {"id": "700000000000000004", "type": 1, "name": "silent", "description": "Never answers", "options": []},
    {"id": "700000000000000005", "type": 3, "name": "Ask about this message", "description": ""},
]


class ScriptedWorld:
    """The state, and `notify(viewers, event, data)` for each change; viewers of None means everybody."""

    def __init__(self, notify: Callable[[set[str] | None, str, Json], None]) -> None:
        self._notify = notify
        self._ids = itertools.count(1)
        self.members: dict[str, list[str]] = {ADA: [ADMIN], PAULA: [PLUS], FRED: [], BOT: []}
        self.roles = [
            role(EVERYONE, "@everyone", 0),
            role(PLUS, "Plus", 1, 0xE0A526),
            role(ADMIN, "Admin", 2, 0xF1605C, 1 << 5 | 1 << 13),
        ]
        self.channels = [
            self._channel(GENERAL, "general", "A simulation: nothing here reaches **Discord**", 0),
            self._channel(SHOWCASE, "showcase", "What messages can look like", 1),
        ]
        self.threads: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {GENERAL: [], SHOWCASE: []}
        self.seen_by: dict[str, str] = {}

    def snowflake(self) -> str:
        """A new id, made now."""
        return str((int(time.time() * 1000) - EPOCH_MS) << 22 | next(self._ids) & 0x3FFFFF)

    def state(self, viewer: str) -> Json:
        """`GET /control/state`."""
        return {
            "simulation": True,
            "model": "an offline model without intelligence",
            "me": USERS[viewer],
            "bot": USERS[BOT],
            "cdn_url": "",
            "people": [{"user": USERS[one], "what": what, "guilds": [GUILD]} for one, what in WHAT.items()],
            "guilds": [self.guild()] if viewer in self.members else [],
            "dms": [],
            "scene": {"guilds": [{"id": GUILD, "name": "Rolekey HQ"}], "plus_roles": {GUILD: PLUS}},
        }

    def guild(self) -> Json:
        """The one server, as GUILD_CREATE has it."""
        return {
            "id": GUILD,
            "name": "Rolekey HQ",
            "icon": None,
            "owner_id": ADA,
            "roles": self.roles,
            "members": [self.member(one) for one in self.members],
            "channels": self.channels,
            "threads": list(self.threads.values()),
            "commands": COMMANDS,
        }

    def member(self, user_id: str) -> Json:
        """A member with the guild, as the member events have it."""
        return {"guild_id": GUILD, "user": USERS[user_id], "roles": self.members.get(user_id, []), "nick": None}

    def visible(self, channel: str, viewer: str) -> list[Json]:
        """A channel's messages as somebody sees them."""
        return [each for each in self.messages[channel] if self.seen_by.get(each["id"], viewer) == viewer]

    def post(self, channel: str, author: str, content: str = "", *, only: str | None = None, **more: Any) -> Json:
        """A new message. `only`: who sees an ephemeral one."""
        message: Json = {
            "id": self.snowflake(),
            "channel_id": channel,
            "type": 0,
            "author": USERS[author],
            "content": content,
            "timestamp": datetime.now(UTC).isoformat(),
            "edited_timestamp": None,
            "flags": 64 if only else 0,
            "embeds": [],
            "attachments": [],
            "components": [],
            "mentions": [],
            **more,
        }
        if only:
            self.seen_by[message["id"]] = only
        self.messages[channel].append(message)
        if channel in self.threads:
            self.threads[channel]["message_count"] += 1
        self._tell("MESSAGE_CREATE", message)
        return message

    def edit(self, message: Json, **change: Any) -> None:
        """Change a message, as Discord says it: whole."""
        message.update(change, edited_timestamp=datetime.now(UTC).isoformat())
        self._tell("MESSAGE_UPDATE", message)

    def delete(self, message_id: str) -> None:
        """Take a message away."""
        message = self.find(message_id)
        self.messages[message["channel_id"]].remove(message)
        self._tell("MESSAGE_DELETE", {"id": message_id, "channel_id": message["channel_id"]})

    def find(self, message_id: str) -> Json:
        """The message of that id."""
        return next(each for every in self.messages.values() for each in every if each["id"] == message_id)

    def start_thread(self, message: Json, name: str) -> str:
        """A thread on a message; it has the message's id."""
        thread: Json = {
            **self._channel(message["id"], name, None, 0),
            "type": 11,
            "parent_id": message["channel_id"],
            "owner_id": BOT,
            "message_count": 0,
            "thread_metadata": {"archived": False, "locked": False},
        }
        self.threads[thread["id"]] = thread
        self.messages[thread["id"]] = []
        message["thread"] = thread
        self._notify(None, "THREAD_CREATE", thread)
        self.edit_quietly(message)
        reference = {"channel_id": message["channel_id"], "message_id": message["id"]}
        self.post(thread["id"], BOT, type=21, message_reference=reference, referenced_message=message)
        return thread["id"]

    def edit_quietly(self, message: Json) -> None:
        """Tell of a message again without calling it edited."""
        self._tell("MESSAGE_UPDATE", message)

    def give_role(self, user_id: str, role_id: str, *, give: bool) -> None:
        """Give or take a role."""
        self.members[user_id] = [*({*self.members[user_id], role_id} if give else {*self.members[user_id]} - {role_id})]
        self._notify(None, "GUILD_MEMBER_UPDATE", self.member(user_id))

    def leave(self, user_id: str) -> None:
        """Somebody leaves; their own client loses the server."""
        del self.members[user_id]
        self._notify(None, "GUILD_MEMBER_REMOVE", {"guild_id": GUILD, "user": USERS[user_id]})
        self._notify({user_id}, "GUILD_DELETE", {"id": GUILD})

    def join(self, user_id: str) -> None:
        """Somebody comes back, without any role."""
        self.members[user_id] = []
        self._notify({user_id}, "GUILD_CREATE", self.guild())
        self._notify(None, "GUILD_MEMBER_ADD", self.member(user_id))

    def _channel(self, channel_id: str, name: str, topic: str | None, position: int) -> Json:
        return {"id": channel_id, "type": 0, "guild_id": GUILD, "name": name, "topic": topic, "position": position}

    def _tell(self, event: str, message: Json) -> None:
        only = self.seen_by.get(message["id"])
        self._notify({only} if only else None, event, message)
