"""One interaction, from the click to the last follow-up.

https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, IntEnum

from playground.standin.world.clock import Timer
from playground.standin.world.entities import JSON, Application, Channel, Guild, Member, Message, User, listed

ANSWER_WITHIN = timedelta(seconds=3)
TOKEN_LASTS = timedelta(minutes=15)
_SUBCOMMANDS = {1, 2}


class InteractionType(IntEnum):
    """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type"""

    PING = 1
    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback(IntEnum):
    """How an application may answer."""

    PONG = 1
    MESSAGE = 4
    DEFERRED_MESSAGE = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    AUTOCOMPLETE = 8
    MODAL = 9


class Stage(Enum):
    """Where an interaction is."""

    WAITING = "not answered yet"
    DEFERRED = "put off"
    ANSWERED = "answered"
    FAILED = "not answered in time"


@dataclass(eq=False)
class Interaction:
    """`source` is the message whose button was pressed or whose form was sent; `nonce` is the client's."""

    id: int
    token: str
    type: InteractionType
    application: Application
    user: User
    channel: Channel
    guild: Guild | None
    member: Member | None
    data: JSON
    created_at: datetime
    source: Message | None = None
    nonce: str | None = None
    triggered_by: "Interaction | None" = None
    """What opened the form that was sent."""
    stage: Stage = Stage.WAITING
    callback: Callback | None = None
    ephemeral: bool = False
    original: Message | None = None
    followups: list[Message] = field(default_factory=list[Message])
    modal: JSON | None = None
    choices: list[JSON] | None = None
    deadline: Timer | None = None

    def expired(self, now: datetime) -> bool:
        """Whether its token is worth nothing any more."""
        return now - self.created_at >= TOKEN_LASTS

    @property
    def metadata(self) -> JSON:
        """What its messages tell of it, without the user, whose shape is put there by who posts."""
        shape: JSON = {
            "id": str(self.id),
            "type": int(self.type),
            "authorizing_integration_owners": self.owners,
        }
        if self.type is InteractionType.COMMAND:
            shape |= {"name": self._full_name, "command_type": self.data["type"]}
        if self.type is InteractionType.COMPONENT and self.source is not None:
            shape["interacted_message_id"] = str(self.source.id)
        return shape

    @property
    def _full_name(self) -> str:
        """With its subcommands. https://discord.com/developers/docs/interactions/receiving-and-responding#message-interaction-object"""
        words, options = [self.data["name"]], listed(self.data, "options")
        while options and options[0]["type"] in _SUBCOMMANDS:
            words.append(options[0]["name"])
            options = listed(options[0], "options")
        return " ".join(words)

    @property
    def owners(self) -> JSON:
        """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-authorizing-integration-owners-object"""
        by_user: JSON = {"1": str(self.user.id)} if self.user.id in self.application.installed_by else {}
        if not self.bot_is_there:
            return by_user
        return {"0": str(self.guild.id) if self.guild is not None else "0"} | by_user

    @property
    def bot_is_there(self) -> bool:
        """Whether the bot is in that channel's server or direct messages, or was brought along by a user."""
        bot = self.application.bot
        return bot in self.channel.recipients if self.guild is None else bot.id in self.guild.members

    @property
    def context(self) -> int:
        """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-context-types"""
        return 0 if self.guild is not None else 1 if self.bot_is_there else 2
