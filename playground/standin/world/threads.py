"""Threads. https://discord.com/developers/docs/topics/threads"""

from playground.standin.world import shapes as plain
from playground.standin.world.archiving import (
    archive_when_idle,
    refuse_if_closed,
    set_archived,
    tell_thread,
    unarchive,
)
from playground.standin.world.entities import (
    JSON,
    Channel,
    ChannelType,
    Guild,
    Mentions,
    Message,
    MessageFlag,
    MessageType,
    ThreadPart,
)
from playground.standin.world.errors import Code, InvalidForm, Refused
from playground.standin.world.events import Event
from playground.standin.world.messages import Messages
from playground.standin.world.permissions import Permission
from playground.standin.world.shapes import Shapes
from playground.standin.world.state import State

NAME_CHARACTERS = 100
ACTIVE = 1000
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
_OWNERS_FIELDS = {"name", "archived", "auto_archive_duration"}
_SELF = {ChannelType.TEXT: ChannelType.PUBLIC_THREAD, ChannelType.ANNOUNCEMENT: ChannelType.ANNOUNCEMENT_THREAD}


class Threads:
    """Opens, changes and joins threads. `most_active` is how many of a server may be open at once."""

    def __init__(self, state: State, shapes: Shapes, messages: Messages, most_active: int = ACTIVE) -> None:
        self._state = state
        self._shapes = shapes
        self._messages = messages
        self.most_active = most_active

    # Opening

    def start_from_message(self, actor_id: int, channel_id: int, message_id: int, body: JSON) -> Channel:
        """https://discord.com/developers/docs/resources/channel#start-thread-from-message"""
        parent = self._state.channel(channel_id)
        self._state.require(parent, actor_id, Permission.CREATE_PUBLIC_THREADS, Permission.READ_MESSAGE_HISTORY)
        if parent.type not in _SELF:
            raise Refused(Code.WRONG_CHANNEL_TYPE)
        message = self._messages.get(actor_id, channel_id, message_id)
        if message.flags & MessageFlag.HAS_THREAD:
            raise Refused(Code.THREAD_EXISTS)
        thread = self._open(actor_id, parent, message_id, _SELF[parent.type], body)
        message.flags |= MessageFlag.HAS_THREAD
        self._messages.touch(message)
        self._messages.post(thread, self._starter(thread, message))
        return thread

    def start(self, actor_id: int, channel_id: int, body: JSON) -> Channel:
        """https://discord.com/developers/docs/resources/channel#start-thread-without-message"""
        parent = self._state.channel(channel_id)
        kind = ChannelType(body.get("type") or ChannelType.PRIVATE_THREAD)
        private = kind is ChannelType.PRIVATE_THREAD
        fits = parent.type is ChannelType.TEXT if private else kind is _SELF.get(parent.type)
        if not fits:
            raise Refused(Code.WRONG_CHANNEL_TYPE)
        self._state.require(
            parent, actor_id, Permission.CREATE_PRIVATE_THREADS if private else Permission.CREATE_PUBLIC_THREADS
        )
        thread = self._open(actor_id, parent, self._state.snowflakes.make(), kind, body)
        if not private:
            self._announce(actor_id, parent, thread)
        return thread

    def _open(self, actor_id: int, parent: Channel, thread_id: int, kind: ChannelType, body: JSON) -> Channel:
        guild = self._state.guild(parent.guild_id or 0)
        active = sum(1 for thread in self._state.threads_of(guild) if thread.thread and not thread.thread.archived)
        if active >= self.most_active:
            raise Refused(Code.TOO_MANY_THREADS)
        now = self._state.clock.now()
        part = ThreadPart(
            owner_id=actor_id,
            created_at=now,
            archived_at=now,
            active_at=now,
            auto_archive_minutes=_archive_minutes(body),
            invitable=bool(body.get("invitable", True)),
            members={actor_id: now},
        )
        thread = Channel(
            id=thread_id,
            type=kind,
            name=_name(body.get("name")),
            guild_id=parent.guild_id,
            parent_id=parent.id,
            slowmode_seconds=int(body.get("rate_limit_per_user") or 0),
            thread=part,
        )
        self._state.channels[thread.id] = thread
        self._tell_created(thread)
        archive_when_idle(self._state, self._shapes, thread)
        self._tell_members(thread, added=[actor_id])
        return thread

    def _tell_created(self, thread: Channel) -> None:
        tell_thread(self._state, self._shapes, "THREAD_CREATE", thread, newly_created=True)

    def _starter(self, thread: Channel, message: Message) -> Message:
        return Message(
            id=self._state.snowflakes.make(),
            channel_id=thread.id,
            author=message.author,
            created_at=self._state.clock.now(),
            type=MessageType.THREAD_STARTER_MESSAGE,
            reference=(message.channel_id, message.id),
        )

    def _announce(self, actor_id: int, parent: Channel, thread: Channel) -> None:
        self._messages.post(
            parent,
            Message(
                id=self._state.snowflakes.make(),
                channel_id=parent.id,
                author=self._state.user(actor_id),
                created_at=self._state.clock.now(),
                type=MessageType.THREAD_CREATED,
                content=thread.name,
            ),
        )

    # Changing

    def edit(self, actor_id: int, thread: Channel, body: JSON) -> Channel:
        """https://discord.com/developers/docs/resources/channel#modify-channel-json-params-thread"""
        part = thread.as_thread
        granted = self._state.require_view(thread, actor_id)
        manages = bool(granted & Permission.MANAGE_THREADS)
        owns = part.owner_id == actor_id and set(body) <= _OWNERS_FIELDS
        opens = body == {"archived": False} and granted & Permission.SEND_MESSAGES_IN_THREADS and not part.locked
        if not (manages or owns or opens):
            raise Refused(Code.MISSING_PERMISSIONS)
        if part.archived and body.get("archived") is not False:
            raise Refused(Code.ARCHIVED_THREAD)
        refuse_if_closed(self._state, thread, actor_id)
        renamed = self._apply(thread, part, body)
        tell_thread(self._state, self._shapes, "THREAD_UPDATE", thread)
        if renamed:
            self._say_renamed(actor_id, thread)
        return thread

    def _apply(self, thread: Channel, part: ThreadPart, body: JSON) -> bool:
        name = _name(body["name"]) if "name" in body else thread.name
        renamed, thread.name = name != thread.name, name
        if "archived" in body:
            set_archived(self._state, self._shapes, thread, archived=bool(body["archived"]))
        part.locked = bool(body.get("locked", part.locked))
        part.invitable = bool(body.get("invitable", part.invitable))
        if "auto_archive_duration" in body:
            part.auto_archive_minutes = _archive_minutes(body)
            part.archived_at = part.active_at = self._state.clock.now()
            archive_when_idle(self._state, self._shapes, thread)
        thread.slowmode_seconds = int(body.get("rate_limit_per_user") or thread.slowmode_seconds)
        return renamed

    def _say_renamed(self, actor_id: int, thread: Channel) -> None:
        self._messages.post(
            thread,
            Message(
                id=self._state.snowflakes.make(),
                channel_id=thread.id,
                author=self._state.user(actor_id),
                created_at=self._state.clock.now(),
                type=MessageType.CHANNEL_NAME_CHANGE,
                content=thread.name,
            ),
        )

    # Members

    def join(self, actor_id: int, thread: Channel, user_id: int) -> None:
        """Join, or add somebody. https://discord.com/developers/docs/resources/channel#add-thread-member"""
        part = thread.as_thread
        granted = self._state.require_view(thread, actor_id)
        if user_id != actor_id:
            self._state.require(thread, actor_id, Permission.SEND_MESSAGES_IN_THREADS)
            inviting = part.invitable or part.owner_id == actor_id or granted & Permission.MANAGE_THREADS
            if thread.type is ChannelType.PRIVATE_THREAD and not inviting:
                raise Refused(Code.MISSING_PERMISSIONS)
        self._state.member(thread.guild_id or 0, user_id)
        if part.archived:
            refuse_if_closed(self._state, thread, actor_id)
            unarchive(self._state, self._shapes, thread)
        if not self._state.permissions(thread, user_id) & Permission.VIEW_CHANNEL:
            raise Refused(Code.MISSING_ACCESS)
        if user_id not in part.members:
            part.members[user_id] = self._state.clock.now()
            self._tell_joined(thread, user_id)
            if user_id != actor_id:
                self._say_added(actor_id, thread, user_id)
            self._tell_members(thread, added=[user_id])

    def _tell_joined(self, thread: Channel, user_id: int) -> None:
        """https://docs.discord.com/developers/topics/threads#gaining-access-to-private-threads"""
        data = self._shapes.thread(thread, user_id)
        self._state.bus.emit(Event("THREAD_CREATE", data, thread.guild_id, lambda other_id: other_id == user_id))

    def _say_added(self, actor_id: int, thread: Channel, user_id: int) -> None:
        """https://docs.discord.com/developers/topics/threads#new-message-types"""
        self._messages.post(
            thread,
            Message(
                id=self._state.snowflakes.make(),
                channel_id=thread.id,
                author=self._state.user(actor_id),
                created_at=self._state.clock.now(),
                type=MessageType.RECIPIENT_ADD,
                mentions=Mentions(users=[self._state.user(user_id)]),
            ),
        )

    def leave(self, actor_id: int, thread: Channel, user_id: int) -> None:
        """Leave, or take somebody out. https://discord.com/developers/docs/resources/channel#remove-thread-member"""
        part = thread.as_thread
        self._state.require_view(thread, actor_id)
        owns = thread.type is ChannelType.PRIVATE_THREAD and part.owner_id == actor_id
        if user_id != actor_id and not owns:
            self._state.require(thread, actor_id, Permission.MANAGE_THREADS)
        if part.archived:
            raise Refused(Code.ARCHIVED_THREAD)
        if user_id in part.members:
            del part.members[user_id]
            self._tell_members(thread, removed=[user_id])

    def member(self, actor_id: int, thread: Channel, user_id: int) -> JSON:
        """https://discord.com/developers/docs/resources/channel#get-thread-member"""
        part = thread.as_thread
        self._state.require_view(thread, actor_id)
        if user_id not in part.members:
            raise Refused(Code.UNKNOWN_MEMBER)
        return self._shapes.thread_member(thread, user_id)

    def active(self, guild: Guild, actor_id: int) -> list[Channel]:
        """https://discord.com/developers/docs/resources/guild#list-active-guild-threads"""
        self._state.require_in_guild(guild, actor_id)
        threads = [t for t in self._state.threads_of(guild) if t.thread and not t.thread.archived]
        return [thread for thread in threads if self._state.can_view(thread, actor_id)]

    def archived(self, parent: Channel, actor_id: int, kind: ChannelType) -> list[Channel]:
        """Newest archived first. https://discord.com/developers/docs/resources/channel#list-public-archived-threads"""
        self._state.require(parent, actor_id, Permission.READ_MESSAGE_HISTORY)
        guild = self._state.guild(parent.guild_id or 0)
        threads = [(t.thread.archived_at, t) for t in self._state.threads_of(guild) if t.thread and t.thread.archived]
        found = [(at, t) for at, t in threads if t.parent_id == parent.id and t.type is kind]
        return [t for _, t in sorted(found, key=lambda each: each[0], reverse=True)]

    def _tell_members(
        self, thread: Channel, *, added: list[int] | None = None, removed: list[int] | None = None
    ) -> None:
        part = thread.as_thread
        guild = self._state.guild(thread.guild_id or 0)
        data: JSON = {
            "id": str(thread.id),
            "guild_id": str(thread.guild_id),
            "member_count": min(len(part.members), 50),
        }
        if added:
            data["added_members"] = [
                self._shapes.thread_member(thread, user_id)
                | {"member": plain.member(guild.members[user_id]), "presence": None}
                for user_id in added
            ]
        if removed:
            data["removed_member_ids"] = [str(user_id) for user_id in removed]

        def sees(user_id: int) -> bool:
            return self._state.can_view(thread, user_id) or user_id in (removed or [])

        self._state.bus.emit(Event("THREAD_MEMBERS_UPDATE", data, thread.guild_id, sees))


def _name(name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= NAME_CHARACTERS or len(name) > NAME_CHARACTERS:
        raise InvalidForm("name", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {NAME_CHARACTERS} in length.")
    return name


def _archive_minutes(body: JSON) -> int:
    minutes = body.get("auto_archive_duration") or 1440
    if minutes not in ARCHIVE_MINUTES:
        raise InvalidForm("auto_archive_duration", "BASE_TYPE_CHOICES", f"Value must be one of {ARCHIVE_MINUTES}.")
    return minutes
