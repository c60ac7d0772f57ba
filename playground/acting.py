"""What the page asks for on behalf of somebody: Discord's client would send these to Discord."""

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import msgspec

from playground.standin.control import Control
from playground.standin.world.drafts import Draft, Upload
from playground.standin.world.entities import JSON, Channel, Command, Guild, Message, User
from playground.standin.world.errors import NotOffered, Refused
from playground.standin.world.interaction import Interaction, Stage

_PATIENCE_SECONDS = 4.0  # an interaction has three
_SNOWFLAKES = {6, 7, 8, 9, 11}
"""Options whose value is an id: users, channels, roles, mentionables, attachments."""

Snowflake = Annotated[str, msgspec.Meta(pattern=r"^\d{1,20}$")]


class CannotDo(Exception):
    """It cannot be done; the message is words to show."""


class _Act(msgspec.Struct, kw_only=True, tag_field="do", tag=str.lower):
    as_: Snowflake = msgspec.field(name="as")
    nonce: str | None = None


class File(msgspec.Struct):
    """A file that comes along; `id` is what an option's value refers to it by."""

    filename: Annotated[str, msgspec.Meta(pattern=r"^[^/\\\x00-\x1f]{1,255}$")]
    data_base64: str
    content_type: str = "application/octet-stream"
    id: Snowflake = "0"


class Send(_Act, kw_only=True):
    """Write a message."""

    channel_id: Snowflake
    content: str = ""
    reply_to: Snowflake | None = None
    attachments: list[File] = []


class Slash(_Act, kw_only=True):
    """Run a slash command; `options` in Discord's nesting."""

    channel_id: Snowflake
    command_id: Snowflake
    options: list[JSON] = []
    attachments: list[File] = []


class Autocomplete(_Act, kw_only=True):
    """Type into an option."""

    channel_id: Snowflake
    command_id: Snowflake
    options: list[JSON] = []


class Context(_Act, kw_only=True):
    """Run a menu's command on a message or a user."""

    channel_id: Snowflake
    command_id: Snowflake
    target_id: Snowflake


class Press(_Act, kw_only=True):
    """Press a button."""

    message_id: Snowflake
    custom_id: str


class Select(_Act, kw_only=True):
    """Choose in a menu."""

    message_id: Snowflake
    custom_id: str
    values: list[str]


class Field(msgspec.Struct):
    """What was filled in."""

    custom_id: str
    value: str | None = None
    values: list[str] | None = None


class Submit(_Act, kw_only=True):
    """Send a form off; `modal_id` is the interaction that opened it."""

    modal_id: Snowflake
    components: list[Field]


class Typing(_Act, kw_only=True):
    """Begin to write."""

    channel_id: Snowflake


class Delete(_Act, kw_only=True):
    """Delete a message, or dismiss one that only they see."""

    message_id: Snowflake


class React(_Act, kw_only=True):
    """Add a reaction, or take it back."""

    message_id: Snowflake
    emoji: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Leave(_Act, kw_only=True):
    """Leave a server."""

    guild_id: Snowflake


class Join(_Act, kw_only=True):
    """Come back, without any role."""

    guild_id: Snowflake


class Role(_Act, kw_only=True):
    """Give or take a role: the playground's hand, which needs no permission."""

    guild_id: Snowflake
    user_id: Snowflake
    role_id: Snowflake
    give: bool


class Archive(_Act, kw_only=True):
    """Archive a thread."""

    thread_id: Snowflake


Act = (
    Send
    | Slash
    | Autocomplete
    | Context
    | Press
    | Select
    | Submit
    | Typing
    | Delete
    | React
    | Leave
    | Join
    | Role
    | Archive
)
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Act)
Answer = dict[Literal["id", "choices"], Any]


class Acting:
    """Does what a decoded body says. Raises `CannotDo`."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._world = control.world
        self._acts: dict[type[_Act], Callable[[Any, User], Awaitable[Answer]]] = {
            Send: self._send,
            Slash: self._slash,
            Autocomplete: self._autocomplete,
            Context: self._context,
            Press: self._press,
            Select: self._select,
            Submit: self._submit,
            Typing: self._typing,
            Delete: self._delete,
            React: self._react,
            Leave: self._leave,
            Join: self._join,
            Role: self._role,
            Archive: self._archive,
        }

    async def do(self, body: bytes) -> Answer:
        """Do what a body in JSON asks for; its answer in JSON's shapes."""
        try:
            act = _DECODER.decode(body)
            return await self._acts[type(act)](act, self._world.state.user(int(act.as_)))
        except msgspec.MsgspecError as error:
            raise CannotDo(f"The request is not as it must be: {error}") from error
        except Refused as refused:
            raise CannotDo(_words(refused)) from refused
        except NotOffered as error:
            raise CannotDo(f"Discord would not let you: {error}.") from error

    # Messages

    async def _send(self, act: Send, user: User) -> Answer:
        body: JSON = {"content": act.content, "nonce": act.nonce}
        if act.reply_to is not None:
            body["message_reference"] = {"message_id": act.reply_to}
        draft = Draft(body, _uploads(act.attachments))
        return {"id": str(self._world.messages.send(user.id, int(act.channel_id), draft).id)}

    async def _typing(self, act: Typing, user: User) -> Answer:
        self._world.messages.typing(user.id, int(act.channel_id))
        return {}

    async def _delete(self, act: Delete, user: User) -> Answer:
        await self._control.user(user).delete(self._message(act.message_id, user))
        return {"id": act.message_id}

    async def _react(self, act: React, user: User) -> Answer:
        message = self._message(act.message_id, user)
        taken_back = user.id in message.reactions.get(act.emoji, ())
        change = self._world.reactions.remove if taken_back else self._world.reactions.add
        change(user.id, message.channel_id, message.id, act.emoji)
        return {"id": act.message_id}

    # Interactions

    async def _slash(self, act: Slash, user: User) -> Answer:
        channel, command = self._channel(act.channel_id), self._command(act.command_id)
        uploads = _uploads(act.attachments)
        return _begun(self._world.invoking.slash(user, channel, command, act.options, uploads, act.nonce))

    async def _autocomplete(self, act: Autocomplete, user: User) -> Answer:
        channel, command = self._channel(act.channel_id), self._command(act.command_id)
        interaction = self._world.invoking.autocomplete(user, channel, command, _complete(act.options), act.nonce)
        await self._control.until(lambda: interaction.stage is not Stage.WAITING, _PATIENCE_SECONDS)
        return {"choices": interaction.choices or []}

    async def _context(self, act: Context, user: User) -> Answer:
        channel, command = self._channel(act.channel_id), self._command(act.command_id)
        return _begun(self._world.invoking.context(user, channel, command, int(act.target_id), act.nonce))

    async def _press(self, act: Press, user: User) -> Answer:
        return _begun(self._world.invoking.press(user, self._message(act.message_id, user), act.custom_id, act.nonce))

    async def _select(self, act: Select, user: User) -> Answer:
        message = self._message(act.message_id, user)
        return _begun(self._world.invoking.select(user, message, act.custom_id, act.values, act.nonce))

    async def _submit(self, act: Submit, user: User) -> Answer:
        opened = [each for each in self._world.state.interactions.values() if each.id == int(act.modal_id)]
        if not opened:
            raise NotOffered("there is no such form")
        values = {
            field.custom_id: field.values if field.values is not None else field.value or "" for field in act.components
        }
        return _begun(self._world.invoking.submit(user, opened[0], values, act.nonce))

    # The playground's hand

    async def _leave(self, act: Leave, user: User) -> Answer:
        guild = self._guild(act.guild_id)
        if guild.owner_id == user.id:
            raise NotOffered("the owner of a server cannot leave it")
        self._world.guilds.leave(guild, user.id)
        return {}

    async def _join(self, act: Join, user: User) -> Answer:
        guild = self._guild(act.guild_id)
        if user.id not in guild.members:
            self._world.guilds.join(guild, user)
        return {}

    async def _role(self, act: Role, _user: User) -> Answer:
        change = self._world.roles.give if act.give else self._world.roles.take
        change(self._guild(act.guild_id), int(act.user_id), int(act.role_id))
        return {}

    async def _archive(self, act: Archive, user: User) -> Answer:
        thread = self._channel(act.thread_id)
        self._world.channels.edit(user.id, thread.id, {"archived": True})
        return {}

    # Finding

    def _guild(self, guild_id: str) -> Guild:
        return self._world.state.guild(int(guild_id))

    def _channel(self, channel_id: str) -> Channel:
        return self._world.state.channel(int(channel_id))

    def _command(self, command_id: str) -> Command:
        command = self._world.state.commands.get(int(command_id))
        if command is None:
            raise NotOffered("there is no such command any more")
        return command

    def _message(self, message_id: str, user: User) -> Message:
        """A message they see. Raises `NotOffered`."""
        for channel_id, messages in self._world.state.messages.items():
            message = messages.get(int(message_id))
            if message is not None and message.ephemeral_to in (None, user.id):
                self._world.state.require_view(self._world.state.channel(channel_id), user.id)
                return message
        raise NotOffered("the message is not there any more")


def _begun(interaction: Interaction) -> Answer:
    return {"id": str(interaction.id)}


def _uploads(files: list[File]) -> list[Upload]:
    try:
        return [
            Upload(int(each.id), each.filename, each.content_type, base64.b64decode(each.data_base64, validate=True))
            for each in files
        ]
    except binascii.Error as error:
        raise CannotDo("A file could not be read.") from error


def _complete(options: list[JSON]) -> list[JSON]:
    """The options without ids that are only half written: nobody could tell the bot whom they mean."""
    kept = list[JSON]()
    for option in options:
        inner = option.get("options")
        if inner is not None:
            kept.append({**option, "options": _complete(inner)})
        elif option.get("type") not in _SNOWFLAKES or re.fullmatch(r"\d+", str(option.get("value"))):
            kept.append(option)
    return kept


def _words(refused: Refused) -> str:
    """Discord's error with what its fields say."""

    def inner(errors: JSON) -> list[str]:
        own = [str(each["message"]) for each in errors.get("_errors", ())]
        return own + [words for name, each in errors.items() if name != "_errors" for words in inner(each)]

    return " ".join([refused.message, *inner(refused.errors or {})])
