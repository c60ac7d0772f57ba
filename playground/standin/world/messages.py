"""Messages: sending, editing, deleting. https://discord.com/developers/docs/resources/message"""

from datetime import timedelta
from typing import Any

from playground.standin.world import shapes
from playground.standin.world.archiving import refuse_if_closed, unarchive
from playground.standin.world.drafts import Draft, Upload, mentions, numbered
from playground.standin.world.entities import (
    JSON,
    THREAD_TYPES,
    Attachment,
    Channel,
    ChannelType,
    Guild,
    Message,
    MessageFlag,
    MessageType,
    User,
    listed,
)
from playground.standin.world.errors import Code, InvalidForm, Refused
from playground.standin.world.events import Event
from playground.standin.world.hearing import seen_by, where
from playground.standin.world.permissions import Permission
from playground.standin.world.pictures import picture_size, picture_type
from playground.standin.world.shapes import Shapes
from playground.standin.world.state import State

OLD = timedelta(hours=1)
OLD_EDITS = 5
OLD_EDIT_WINDOW = timedelta(hours=1)
NONCE_IS_KNOWN = timedelta(minutes=5)
"""The documentation says "the past few minutes"."""
_DELETABLE = {MessageType.DEFAULT, MessageType.REPLY, MessageType.CHAT_INPUT_COMMAND, MessageType.CONTEXT_MENU_COMMAND}
_REPLIABLE = _DELETABLE


class Messages:
    """Every message goes through here. Methods that take an actor check what that user may do."""

    def __init__(self, state: State, shapes: Shapes) -> None:
        self._state = state
        self._shapes = shapes

    # Sending

    def send(self, actor_id: int, channel_id: int, draft: Draft) -> Message:
        """A user says something. Raises `Refused`."""
        channel = self._state.channel(channel_id)
        if channel.type in (ChannelType.CATEGORY, ChannelType.FORUM):
            raise Refused(Code.WRONG_CHANNEL_TYPE)
        in_thread = channel.type in THREAD_TYPES
        needed = [Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES]
        if draft.uploads:
            needed.append(Permission.ATTACH_FILES)
        self._state.require(channel, actor_id, *needed)
        draft.check()
        draft.check_not_empty()
        refuse_if_closed(self._state, channel, actor_id)
        if (sent := self._sent_already(actor_id, channel, draft)) is not None:
            return sent
        message = self._new(channel, self._state.user(actor_id), draft)
        self._refer(channel, actor_id, draft, message)
        granted = self._state.permissions(channel, actor_id)
        if not granted & Permission.EMBED_LINKS:
            message.embeds = []
        self._mention(channel, draft, message, everyone=bool(granted & Permission.MENTION_EVERYONE))
        unarchive(self._state, self._shapes, channel)
        return self.post(channel, message)

    def _sent_already(self, actor_id: int, channel: Channel, draft: Draft) -> Message | None:
        """With `enforce_nonce`: https://docs.discord.com/developers/resources/message#create-message"""
        nonce = draft.body.get("nonce")
        if not (draft.body.get("enforce_nonce") and nonce is not None):
            return None
        since = self._state.clock.now() - NONCE_IS_KNOWN
        recent = (m for m in self._state.messages.get(channel.id, {}).values() if m.created_at > since)
        return next((m for m in recent if m.author.id == actor_id and m.nonce == nonce), None)

    def answer(self, channel: Channel, application_id: int, draft: Draft, **traits: Any) -> Message:
        """An application's message by an interaction's token: no permission is needed.

        `traits` are fields of the message: its type, its metadata, who alone sees it.
        """
        draft.check()
        bot = self._state.application(application_id).bot
        message = self._new(channel, bot, draft)
        message.application_id = message.webhook_id = application_id
        for name, value in traits.items():
            setattr(message, name, value)
        if message.ephemeral_to is not None:
            message.flags |= MessageFlag.EPHEMERAL
            for attachment in message.attachments:
                attachment.ephemeral = True
        self._mention(channel, draft, message, everyone=False)
        return self.post(channel, message)

    def post(self, channel: Channel, message: Message) -> Message:
        """Put a message where it belongs, and tell who sees the channel."""
        self._state.messages.setdefault(channel.id, {})[message.id] = message
        if message.ephemeral_to is None:
            channel.last_message_id = message.id
            if channel.thread is not None and message.type is not MessageType.THREAD_STARTER_MESSAGE:
                channel.thread.active_at = message.created_at
                channel.thread.message_count += 1
                channel.thread.total_messages += 1
        self._tell("MESSAGE_CREATE", channel, message)
        return message

    def _new(self, channel: Channel, author: User, draft: Draft) -> Message:
        message = Message(
            id=self._state.snowflakes.make(),
            channel_id=channel.id,
            author=author,
            created_at=self._state.clock.now(),
            content=draft.content,
            embeds=[_shown_embed(embed) for embed in draft.embeds],
            components=numbered(draft.components),
            flags=draft.flags,
            nonce=draft.body.get("nonce"),
            tts=bool(draft.body.get("tts")),
        )
        self._attach(channel, message, draft.uploads, listed(draft.body, "attachments"))
        return message

    def _refer(self, channel: Channel, actor_id: int, draft: Draft, message: Message) -> None:
        """https://discord.com/developers/docs/resources/message#message-reference"""
        reference = draft.body.get("message_reference")
        if not reference:
            return
        message_id = int(reference.get("message_id") or 0)
        if message_id not in self._state.messages.get(channel.id, {}):
            if reference.get("fail_if_not_exists") is False:
                return
            raise InvalidForm("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        if self._state.message(channel.id, message_id).type not in _REPLIABLE:
            raise InvalidForm("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to that")
        self._state.require(channel, actor_id, Permission.READ_MESSAGE_HISTORY)
        message.type, message.reference = MessageType.REPLY, (channel.id, message_id)

    def _mention(self, channel: Channel, draft: Draft, message: Message, *, everyone: bool) -> None:
        replied_to = None
        if message.type is MessageType.REPLY and message.reference is not None:
            replied_to = self._state.message(*message.reference).author
        message.mentions = mentions(
            self._state,
            self._guild(channel),
            draft,
            replied_to,
            everyone=everyone,
            answering=message.webhook_id is not None,
        )

    def _attach(self, channel: Channel, message: Message, uploads: list[Upload], described: list[JSON]) -> None:
        words = {int(each["id"]): each.get("description") for each in described}
        for upload in uploads:
            width, height = picture_size(upload.data) or (None, None)
            attachment = Attachment(
                id=self._state.snowflakes.make(),
                filename=upload.filename,
                content_type=picture_type(upload.data) or upload.content_type,
                data=upload.data,
                description=words.get(upload.slot),
                ephemeral=message.ephemeral_to is not None,
                width=width,
                height=height,
            )
            self._state.attachments[attachment.id] = (channel.id, attachment)
            message.attachments.append(attachment)

    # Reading

    def get(self, actor_id: int, channel_id: int, message_id: int) -> Message:
        """Raises `Refused`; an ephemeral message is found by nobody."""
        channel = self._state.channel(channel_id)
        self._state.require(channel, actor_id, Permission.READ_MESSAGE_HISTORY)
        message = self._state.message(channel_id, message_id)
        if message.ephemeral_to is not None:
            raise Refused(Code.UNKNOWN_MESSAGE)
        return message

    def history(self, actor_id: int, channel_id: int) -> list[Message]:
        """What a user sees of a channel, ephemeral messages to them included, oldest first."""
        channel = self._state.channel(channel_id)
        if not self._state.require_view(channel, actor_id) & Permission.READ_MESSAGE_HISTORY:
            return []
        messages = self._state.messages.get(channel_id, {}).values()
        return [message for message in messages if message.ephemeral_to in (None, actor_id)]

    # Editing

    def edit(self, actor_id: int, channel_id: int, message_id: int, draft: Draft) -> Message:
        """Change one's own message, or the flags of another's. Raises `Refused`."""
        channel = self._state.channel(channel_id)
        self._state.require_view(channel, actor_id)
        message = self._state.message(channel_id, message_id)
        if message.ephemeral_to is not None:
            raise Refused(Code.UNKNOWN_MESSAGE)
        if message.author.id != actor_id:
            if set(draft.body) - {"flags"}:
                raise Refused(Code.ANOTHERS_MESSAGE)
            self._state.require(channel, actor_id, Permission.MANAGE_MESSAGES)
        if channel.thread is not None and channel.thread.archived:
            raise Refused(Code.ARCHIVED_THREAD)
        refuse_if_closed(self._state, channel, actor_id)
        self._count_old_edit(message)
        return self.change(channel, message, draft)

    def change(self, channel: Channel, message: Message, draft: Draft) -> Message:
        """Apply an edit; what the body does not mention stays. Raises `Refused`."""
        draft.check(layout=bool(message.flags & MessageFlag.IS_COMPONENTS_V2))
        _check_something_is_left(message, draft)
        _check_reset(message, draft)
        message.flags &= ~int(MessageFlag.LOADING)
        self._apply(channel, message, draft)
        message.edited_at = self._state.clock.now()
        self._tell("MESSAGE_UPDATE", channel, message)
        return message

    def touch(self, message: Message) -> None:
        """Tell of a message whose surroundings changed: a thread was started from it."""
        self._tell("MESSAGE_UPDATE", self._state.channel(message.channel_id), message)

    def _apply(self, channel: Channel, message: Message, draft: Draft) -> None:
        body = draft.body
        if "flags" in body:
            layout = message.flags & MessageFlag.IS_COMPONENTS_V2  # cannot be taken back
            message.flags = message.flags & ~int(MessageFlag.SUPPRESS_EMBEDS) | draft.editable_flags | layout
        if "content" in body:
            message.content = draft.content
        if "embeds" in body:
            message.embeds = [_shown_embed(embed) for embed in draft.embeds]
        if "components" in body:
            message.components = numbered(draft.components)
        if "attachments" in body:
            kept = {int(each["id"]) for each in listed(body, "attachments")}
            message.attachments = [attachment for attachment in message.attachments if attachment.id in kept]
        self._attach(channel, message, draft.uploads, listed(body, "attachments"))
        if {"content", "components", "allowed_mentions"} & body.keys():
            whole = {**body, "content": message.content, "components": message.components}
            granted = self._state.permissions(channel, message.author.id) if message.webhook_id is None else 0
            self._mention(channel, Draft(whole), message, everyone=bool(granted & Permission.MENTION_EVERYONE))

    def _count_old_edit(self, message: Message) -> None:
        """Raises `Refused` 30046: messages older than an hour may be edited only so often."""
        now = self._state.clock.now()
        if now - message.created_at < OLD:
            return
        message.old_edits = [moment for moment in message.old_edits if now - moment < OLD_EDIT_WINDOW]
        if len(message.old_edits) >= OLD_EDITS:
            wait = message.old_edits[-OLD_EDITS] + OLD_EDIT_WINDOW - now
            raise Refused(Code.TOO_MANY_OLD_EDITS, status=429, retry_after=wait.total_seconds())
        message.old_edits.append(now)

    # Deleting

    def delete(self, actor_id: int, channel_id: int, message_id: int) -> None:
        """Delete one's own message, or with Manage Messages another's. Raises `Refused`."""
        message = self.get(actor_id, channel_id, message_id)
        channel = self._state.channel(channel_id)
        if message.author.id != actor_id:
            self._state.require(channel, actor_id, Permission.MANAGE_MESSAGES)
        if message.type not in _DELETABLE and message.type is not MessageType.THREAD_CREATED:
            raise Refused(Code.SYSTEM_MESSAGE)
        self.remove(channel, message)

    def remove(self, channel: Channel, message: Message) -> None:
        """Take a message away, and tell."""
        del self._state.messages[channel.id][message.id]
        if channel.thread is not None:
            channel.thread.message_count -= 1
        data = where(channel) | {"id": str(message.id)}
        self._state.bus.emit(Event("MESSAGE_DELETE", data, channel.guild_id, seen_by(self._state, channel, message)))

    def remove_many(self, actor_id: int, channel_id: int, message_ids: list[int]) -> None:
        """https://discord.com/developers/docs/resources/message#bulk-delete-messages"""
        channel = self._state.channel(channel_id)
        self._state.require(channel, actor_id, Permission.MANAGE_MESSAGES)
        if not 2 <= len(message_ids) <= 100:
            raise InvalidForm("messages", "BASE_TYPE_BAD_LENGTH", "Must be between 2 and 100 in length.")
        held = self._state.messages.get(channel_id, {})
        gone = [message_id for message_id in message_ids if held.pop(message_id, None) is not None]
        data = where(channel) | {"ids": [str(message_id) for message_id in gone]}
        self._state.bus.emit(Event("MESSAGE_DELETE_BULK", data, channel.guild_id, seen_by(self._state, channel)))

    # Typing

    def typing(self, actor_id: int, channel_id: int) -> None:
        """Show that somebody writes, for ten seconds or until their message comes. Raises `Refused`."""
        channel = self._state.channel(channel_id)
        sending = Permission.SEND_MESSAGES_IN_THREADS if channel.type in THREAD_TYPES else Permission.SEND_MESSAGES
        self._state.require(channel, actor_id, sending)
        now = int(self._state.clock.now().timestamp())
        data = where(channel) | {"user_id": str(actor_id), "timestamp": now}
        guild = self._guild(channel)
        if guild is not None:
            data["member"] = shapes.member(guild.members[actor_id])
        self._state.bus.emit(Event("TYPING_START", data, channel.guild_id, seen_by(self._state, channel)))

    # Telling

    def _guild(self, channel: Channel) -> Guild | None:
        return self._state.guilds.get(channel.guild_id or 0)

    def _tell(self, name: str, channel: Channel, message: Message) -> None:
        data = self._shapes.message(message) | where(channel) | {"channel_type": int(channel.type)}
        guild = self._guild(channel)
        if guild is not None and (author := guild.members.get(message.author.id)) is not None:
            data["member"] = shapes.bare_member(author)
        if guild is not None:
            data["mentions"] = [
                shapes.user(user) | {"member": shapes.bare_member(guild.members[user.id])}
                if user.id in guild.members
                else shapes.user(user)
                for user in message.mentions.users
            ]
        self._state.bus.emit(Event(name, data, channel.guild_id, seen_by(self._state, channel, message), message))


def _check_something_is_left(message: Message, draft: Draft) -> None:
    """Raises `Refused` 50006 where an edit would take away all there is."""
    body = draft.body
    kept = listed(body, "attachments") if "attachments" in body else message.attachments
    content = draft.content if "content" in body else message.content
    embeds = draft.embeds if "embeds" in body else message.embeds
    components = draft.components if "components" in body else message.components
    if not (content.strip() or embeds or components or kept or draft.uploads):
        raise Refused(Code.EMPTY_MESSAGE)


def _check_reset(message: Message, draft: Draft) -> None:
    """Raises `InvalidForm` where a message becomes a layout and would keep what a layout cannot have.

    https://docs.discord.com/developers/resources/message#edit-message
    """
    if not draft.editable_flags & MessageFlag.IS_COMPONENTS_V2:
        return
    for name, kept in (("content", bool(message.content)), ("embeds", bool(message.embeds))):
        if kept and name not in draft.body:
            code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
            raise InvalidForm(name, code, "The field cannot be used when using MessageFlags.IS_COMPONENTS_V2")


def _shown_embed(embed: JSON) -> JSON:
    """An embed as Discord gives it back."""
    shown: JSON = {"type": "rich", **{name: value for name, value in embed.items() if value is not None}}
    if shown.get("fields") is not None:
        shown["fields"] = [{"inline": False, **each} for each in shown["fields"]]
    return shown
