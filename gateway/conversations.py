"""Conversations as the gateway keeps them: trees of messages, each owned by one user."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from gateway.attachments import File
from gateway.errors import NotFound
from gateway.paging import Page, Position, cut
from gateway.principals import Principal
from gateway.store import columns_of, queries
from gateway.store.erasing import erase_for_good
from gateway.times import Clock, milliseconds, moment
from gateway.wire import Content, Conversation, ErasedMessages, Message, MessageStatus, Tier, Usage
from storage import Connection, Database, MissingReference, Work

Messages = list["StoredMessage"]
TitleSource = Literal["provisional", "generated", "user"]

# Later than any conversation: where a list without a cursor begins.
_END_OF_TIME = Position(at=2**62, id="")


# Before the account's name where its owner's own credential takes the place of the account's; no name begins with it.
OWN_CREDENTIAL = "own:"


class ConversationRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation and whose it is. Times are milliseconds since the epoch.

    `account` answered first and is the one that goes on answering; `client_id` is the owner's client.
    """

    id: str
    owner_id: int
    owner_name: str
    owner_username: str = ""
    client_id: int | None
    client_name: str | None
    title: str
    title_source: TitleSource
    tier: Tier
    account: str
    model: str
    system: str | None
    created_at: int
    updated_at: int
    link: str | None = None

    @property
    def own_credential(self) -> bool:
        """Whether it runs on its owner's own credential at the account's provider, by an access token."""
        return self.account.startswith(OWN_CREDENTIAL)

    @property
    def link_host(self) -> str:
        """Where the link leads; nothing where there is none."""
        return urlsplit(self.link or "").hostname or ""

    def to_wire(self) -> Conversation:
        """What a list shows of it."""
        return Conversation(
            id=self.id,
            title=self.title,
            user_id=self.owner_name,
            tier=self.tier,
            created_at=moment(self.created_at),
            updated_at=moment(self.updated_at),
            link=self.link,
        )


class StoredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt or a reply. `seq` is the order of writing, given by the database; `created_at` is in milliseconds.

    `author_id` tells who prompted, and of a reply whom it answers; None is the conversation's owner.
    """

    id: str
    conversation_id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    content: str
    created_at: int
    status: MessageStatus = "complete"
    finish_reason: str | None = None
    model: str | None = None
    account: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    estimated: bool = False
    seq: int = 0
    files: tuple[File, ...] = ()
    author_id: int | None = None
    author_name: str | None = None
    author_username: str | None = None

    def to_wire(self) -> Message:
        """The message as its readers see it."""
        usage = None
        if self.input_tokens is not None and self.output_tokens is not None:
            usage = Usage(
                input_tokens=self.input_tokens,
                output_tokens=self.output_tokens,
                cost_usd=self.cost_usd,
                estimated=self.estimated,
            )
        return Message(
            id=self.id,
            parent_id=self.parent_id,
            role=self.role,
            content=Content(parts=[self.content]),
            status=self.status,
            created_at=moment(self.created_at),
            model=self.model,
            usage=usage,
            attachments=[file.to_wire() for file in self.files],
            user_id=self.author_name,
        )


class Conversations:
    """Reads and writes conversations; every write is on disk when its method returns.

    All methods may raise `storage.StorageError`.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._sql = queries(database, "conversations")
        self._files = queries(database, "attachments")

    async def find(self, conversation_id: str, reader: Principal, *, guests: bool = False) -> ConversationRecord:
        """The conversation, where the reader is its owner, the owner's client or an admin, or, with `guests`, where
        it is shared with the reader; else `NotFound`.
        """
        conversation = _canonical(conversation_id, _no_conversation())
        async with self._database.read(brief=True) as connection:
            row = await self._sql.find(connection, id=conversation)
            allowed = row is not None and _may_read(reader, row)
            if row is not None and not allowed and guests:
                allowed = await self._sql.share(connection, id=conversation, reader_id=reader.id) is not None
        if not allowed:
            raise _no_conversation()
        return _record(row)

    async def holding(self, message_id: str, owner: Principal) -> ConversationRecord | None:
        """The owner's conversation that has this message, None where there is none."""
        async with self._database.read(brief=True) as connection:
            row = await self._sql.holding(connection, message_id=message_id, owner_id=owner.id)
        return None if row is None else _record(row)

    async def read(self, conversation_id: str) -> list[StoredMessage]:
        """All messages in the order they were written."""
        conversation = _canonical(conversation_id, _no_conversation())
        async with self._database.read() as connection:
            rows = [row async for row in self._sql.messages(connection, id=conversation)]
            return await self._with_files(connection, conversation, rows)

    async def path_to(self, conversation_id: str, message_id: str | None) -> list[StoredMessage]:
        """The messages from the first to this one; None means the one written last.

        Raises `NotFound` with code `unknown_parent` where the conversation has no such message.
        """
        conversation = _canonical(conversation_id, _no_conversation())
        leaf = None if message_id is None else _canonical(message_id, _no_parent())
        async with self._database.read(brief=True) as connection:
            rows = [row async for row in self._sql.path_to(connection, id=conversation, message_id=leaf)]
            path = await self._with_files(connection, conversation, rows)
        if not path and message_id is not None:
            raise _no_parent()
        return path

    async def file(self, conversation_id: str, hashed: str) -> File:
        """A file that came with one of the conversation's prompts, and its data.

        Raises `NotFound` with code `unknown_attachment`.
        """
        conversation = _canonical(conversation_id, _no_conversation())
        async with self._database.read() as connection:
            row = await self._files.in_conversation(connection, id=conversation, hash=hashed.lower())
        if row is None:
            raise NotFound("The conversation has no such attachment.", code="unknown_attachment")
        return msgspec.structs.replace(File.from_row(row), data=row["data"])

    async def data_of(self, file: File) -> bytes | None:
        """What is in a file; None where it is gone."""
        async with self._database.read(brief=True) as connection:
            row = await self._files.data_of(connection, hash=file.hash)
        return None if row is None else row["data"]

    def prompt_record(self, conversation: ConversationRecord, *, new: bool, prompt: StoredMessage) -> Work:
        """Keeps a prompt, and its conversation where that begins with it, within whoever's transaction.

        Of those that keep or take back prompts of one conversation no two may overlap. Raises `NotFound` where the
        conversation was deleted meanwhile.
        """

        async def work(connection: Connection) -> None:
            with _still_there():
                if new:
                    await self._sql.begin(connection, **_columns(conversation, _CONVERSATION_COLUMNS))
                await self._sql.add_message(connection, **_columns(prompt, _MESSAGE_COLUMNS))
                await self._attach(connection, prompt)
                if not new:
                    await self._sql.touch(connection, id=conversation.id, at=prompt.created_at)

        return work

    async def record_reply(self, reply: StoredMessage, *, also: Work | None = None) -> None:
        """Keep a reply, and in the same transaction what else there is to `also` write.

        Raises `NotFound` where the conversation or the prompt was deleted meanwhile.
        """

        async def work(connection: Connection) -> None:
            with _still_there():
                if not await self._sql.has_message(connection, id=reply.conversation_id, message_id=reply.parent_id):
                    raise NotFound("The prompt was deleted meanwhile.", code="unknown_conversation")
                await self._sql.add_message(connection, **_columns(reply, _MESSAGE_COLUMNS))
                await self._sql.touch(connection, id=reply.conversation_id, at=milliseconds(self._clock()))
                if also is not None:
                    await also(connection)

        await self._database.transact(work, brief=True)

    def prompt_withdrawal(self, conversation_id: str, message_id: str) -> Work:
        """Takes back a prompt that nothing answers yet, and the conversation where nothing is left of it."""

        async def work(connection: Connection) -> None:
            await self._sql.withdraw(connection, id=conversation_id, message_id=message_id)
            await self._sql.erase_if_empty(connection, id=conversation_id)

        return work

    async def record_prompt(self, conversation: ConversationRecord, *, new: bool, prompt: StoredMessage) -> None:
        """Keep a prompt in a transaction of its own, for which nothing is to be reserved; see `prompt_record`."""
        work = self.prompt_record(conversation, new=new, prompt=prompt)
        await self._database.transact(work, brief=True)

    async def record_copy(self, copy: ConversationRecord, messages: Sequence[tuple[StoredMessage, str]]) -> None:
        """Keep a conversation with its messages, each with the id of the one it is a copy of, whose files it gets."""

        async def work(connection: Connection) -> None:
            await self._sql.begin(connection, **_columns(copy, _CONVERSATION_COLUMNS))
            for message, original_id in messages:
                await self._sql.add_message(connection, **_columns(message, _MESSAGE_COLUMNS))
                await self._files.copy(connection, message_id=message.id, original_id=original_id)

        await self._database.transact(work)

    async def withdraw_prompt(self, conversation_id: str, message_id: str) -> None:
        """Take one back in a transaction of its own; see `prompt_withdrawal`."""
        await self._database.transact(self.prompt_withdrawal(conversation_id, message_id), brief=True)

    async def set_title(
        self, conversation_id: str, title: str | None, *, source: TitleSource, also: Work | None = None
    ) -> None:
        """Give a title, None leaves the one there is, and in the same transaction write what else there is to `also`
        write. A title that a user gave is only replaced by another of the user's.
        """

        async def work(connection: Connection) -> None:
            if title is not None:
                await self._sql.title(connection, id=conversation_id, title=title, source=source)
            if also is not None:
                await also(connection)

        await self._database.transact(work, brief=True)

    async def rename(self, conversation_id: str, title: str) -> None:
        """Give the user's own title, which stays."""
        await self.set_title(conversation_id, title, source="user")

    async def set_link(self, conversation_id: str, link: str | None) -> None:
        """Remember where its client goes on with it; None forgets that."""

        async def work(connection: Connection) -> None:
            await self._sql.link(connection, id=conversation_id, link=link)

        await self._database.transact(work, brief=True)

    async def delete(self, conversation_id: str) -> None:
        """Erase a conversation and its messages for good."""

        async def work(connection: Connection) -> None:
            await self._sql.erase(connection, id=conversation_id)

        await self._database.transact(work)
        await erase_for_good(self._database, all_at_once=False)

    async def erase_message(self, conversation_id: str, message_id: str) -> ErasedMessages:
        """Erase a message and what follows from it, with a reply its prompt where nothing else answers that, and the
        conversation where nothing is left of it, for good.

        Raises `NotFound` with code `unknown_message`.
        """
        conversation = _canonical(conversation_id, _no_conversation())
        message = _canonical(message_id, _no_message())

        async def work(connection: Connection) -> ErasedMessages:
            rows = [row async for row in self._sql.erase_branch(connection, id=conversation, message_id=message)]
            parent = next((row["parent_id"] for row in rows if row["id"] == message), None)
            erased = [str(row["id"]) for row in rows]
            if await self._sql.erase_unanswered(connection, id=conversation, message_id=parent):
                erased.append(str(parent))
            await self._sql.erase_if_empty(connection, id=conversation)
            gone = await self._sql.is_there(connection, id=conversation) is None
            return ErasedMessages(message_ids=erased, conversation_erased=gone)

        erased = await self._database.transact(work, alone=f"conversation {conversation}")
        if not erased.message_ids:
            raise _no_message()
        await erase_for_good(self._database, all_at_once=False)
        return erased

    async def list(
        self, *, owner: Principal | None = None, client_id: int | None = None, limit: int, after: Position | None = None
    ) -> Page[ConversationRecord]:
        """Conversations of one owner, else of one client's users, else of everyone; last used first."""
        start = after or _END_OF_TIME
        where = {"before": start.at, "before_id": start.id, "limit": limit + 1}
        async with self._database.read() as connection:
            if owner is not None:
                rows = self._sql.of_owner(connection, owner_id=owner.id, **where)
            elif client_id is not None:
                rows = self._sql.of_client(connection, client_id=client_id, **where)
            else:
                rows = self._sql.of_all(connection, **where)
            records = [_record(row) async for row in rows]
        return cut(records, limit, _position)

    async def written_in(self, guest: Principal) -> Sequence[str]:
        """The conversations of others in which something is of the guest's writing, or answers it."""
        async with self._database.read() as connection:
            return [row["conversation_id"] async for row in self._sql.written_in(connection, author_id=guest.id)]

    async def _attach(self, connection: Connection, prompt: StoredMessage) -> None:
        # In one order for all, so that no two wait for each other.
        for file in sorted(prompt.files, key=lambda file: file.hash):
            tokens = 0 if file.is_image else file.tokens
            await self._files.keep(connection, hash=file.hash, size=file.size, tokens=tokens, data=file.data)
        for position, file in enumerate(prompt.files):
            await self._files.attach(
                connection,
                message_id=prompt.id,
                position=position,
                hash=file.hash,
                name=file.name,
                content_type=file.content_type,
            )

    async def _with_files(self, connection: Connection, conversation: str, rows: Sequence[Any]) -> Messages:
        """These messages of a conversation, each with its files but without their data."""
        if not rows:
            return []
        names = tuple(rows[0].keys())
        messages = [columns_of(row, names) for row in rows]
        found = dict[str, tuple[File, ...]]()
        if any(fields["attached"] for fields in messages):
            async for row in self._files.of_conversation(connection, id=conversation):
                found[row["message_id"]] = (*found.get(row["message_id"], ()), File.from_row(row))
        return [_message(fields, found.get(fields["id"], ())) for fields in messages]


_CONVERSATION_COLUMNS = (
    "id", "owner_id", "title", "title_source", "tier", "account", "model", "system", "created_at", "updated_at",
)  # fmt: skip
_MESSAGE_COLUMNS = (
    "id", "conversation_id", "parent_id", "role", "content", "status", "finish_reason", "model", "account",
    "input_tokens", "output_tokens", "cost_usd", "estimated", "created_at", "author_id",
)  # fmt: skip


def _columns(record: msgspec.Struct, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _record(row: Any) -> ConversationRecord:
    return ConversationRecord(**columns_of(row))


def _position(record: ConversationRecord) -> Position:
    return Position(at=record.updated_at, id=record.id)


def _message(fields: dict[str, Any], files: tuple[File, ...]) -> StoredMessage:
    del fields["attached"]
    fields["estimated"] = bool(fields["estimated"])
    return StoredMessage(**fields, files=files)


def _may_read(reader: Principal, row: Any) -> bool:
    return (
        reader.role == "admin"
        or reader.id == row["owner_id"]
        or (reader.role == "client" and reader.id == row["client_id"])
    )


def _canonical(text: str, unknown: NotFound) -> str:
    """An id as it is stored; what is no UUID names nothing."""
    try:
        return str(UUID(text))
    except ValueError:
        raise unknown from None


def _no_conversation() -> NotFound:
    return NotFound(
        "There is no such conversation. Leave conversation_id out to begin a new one.", code="unknown_conversation"
    )


def _no_parent() -> NotFound:
    return NotFound(
        "The conversation has no such message. Leave parent_id out to follow its last one.", code="unknown_parent"
    )


def _no_message() -> NotFound:
    return NotFound("The conversation has no such message.", code="unknown_message")


@contextmanager
def _still_there() -> Generator[None]:
    try:
        yield
    except MissingReference as error:
        raise NotFound("The conversation was deleted meanwhile.", code="unknown_conversation") from error
