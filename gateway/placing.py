"""Where a prompt stands in a conversation: after which messages, with which files, and whether it was asked before."""

import asyncio
from collections.abc import Sequence

import msgspec

from gateway.attachments import File, take
from gateway.config import Gateway
from gateway.conversations import ConversationRecord, Conversations, StoredMessage
from gateway.errors import InvalidRequest, NotFound
from gateway.own_credentials import check_kind
from gateway.principals import Principal
from gateway.wire import ChatRequest


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt's `text` and `files`, with data, and the `history` before it. Without a `record` it begins a
    conversation; `again` is the prompt as it is kept, where it only is to be answered again.
    """

    record: ConversationRecord | None = None
    history: list[StoredMessage] = []
    again: StoredMessage | None = None
    text: str
    files: tuple[File, ...] = ()


class Placing:
    """Finds a prompt's place. Raises `ApiError` and `storage.StorageError`."""

    def __init__(self, conversations: Conversations, settings: Gateway) -> None:
        self._conversations = conversations
        self._settings = settings

    def check(self, request: ChatRequest) -> None:
        """Refuse what makes no sense whatever is kept. Raises `InvalidRequest`."""
        _check_ids(request)
        if request.regenerate_id is not None:
            return
        if not request.prompt.strip():
            raise InvalidRequest("The prompt is empty. Write what you want to ask.", code="empty_prompt")
        length, most = len(request.prompt), self._settings.max_prompt_characters
        if length > most:
            raise InvalidRequest(
                f"The prompt has {length:,} characters; at most {most:,} are taken. Shorten it.", code="prompt_too_long"
            )

    async def find(self, user: Principal, request: ChatRequest) -> Place:
        """The place of a request that was checked."""
        files = await self._taken(request)
        if request.conversation_id is None:
            return Place(text=request.prompt, files=files)
        record = await self._conversations.find(request.conversation_id, user, guests=True)
        check_kind(record, request.access_token)
        if request.regenerate_id is not None:
            history, again = await self._asked_before(record, request.regenerate_id)
            again = msgspec.structs.replace(again, files=await self._with_data(again.files))
            return Place(record=record, history=history, again=again, text=again.content, files=again.files)
        if request.edit_id is not None:
            history, edited = await self._edited(record, request.edit_id)
            files = files or await self._with_data(edited.files)
        else:
            history = await self._followed(record, request.parent_id)
        return Place(record=record, history=history, text=request.prompt, files=files)

    async def _followed(self, record: ConversationRecord, parent_id: str | None) -> list[StoredMessage]:
        """The messages up to the reply that is followed: the one named, else the last one.

        A prompt that nothing has answered, because it is still being answered or never was, is not followed.
        """
        path = await self._conversations.path_to(record.id, parent_id)
        if parent_id is not None and path[-1].role != "assistant":
            raise NotFound("A parent_id names a reply; this one names a prompt.", code="unknown_parent")
        while path and path[-1].role == "user":
            path.pop()
        return path

    async def _edited(self, record: ConversationRecord, message_id: str) -> tuple[list[StoredMessage], StoredMessage]:
        """The messages before a prompt, and the prompt."""
        try:
            *history, edited = await self._conversations.path_to(record.id, message_id)
        except NotFound as error:
            raise NotFound(
                "The conversation has no such prompt to edit. Leave edit_id out to follow its last reply.",
                code="unknown_parent",
            ) from error
        if edited.role != "user":
            raise NotFound("An edit_id names a prompt; this one names a reply.", code="unknown_parent")
        return history, edited

    async def _asked_before(
        self, record: ConversationRecord, message_id: str
    ) -> tuple[list[StoredMessage], StoredMessage]:
        """The messages before the prompt that this message is or replies to, and the prompt."""
        path = await self._conversations.path_to(record.id, message_id)
        if path[-1].role == "assistant":
            path.pop()
        *history, asked = path
        return history, asked

    async def _with_data(self, files: Sequence[File]) -> tuple[File, ...]:
        """Files that are kept, and what is in them."""
        found = list[File]()
        for file in files:
            data = await self._conversations.data_of(file)
            if data is None:
                raise NotFound("The prompt was deleted meanwhile.", code="unknown_parent")
            found.append(msgspec.structs.replace(file, data=data))
        return tuple(found)

    async def _taken(self, request: ChatRequest) -> tuple[File, ...]:
        if not request.attachments:
            return ()
        # Megabytes of base64 would keep everybody else waiting.
        return await asyncio.to_thread(take, request.attachments, self._settings)


def _check_ids(request: ChatRequest) -> None:
    named = [name for name in ("parent_id", "regenerate_id", "edit_id") if getattr(request, name) is not None]
    if request.regenerate_id is not None and (request.prompt.strip() or len(named) > 1 or request.attachments):
        raise InvalidRequest(
            "A regenerate_id takes the prompt and its attachments from the conversation. "
            "Send an empty prompt and neither parent_id, edit_id nor attachments with it."
        )
    if len(named) > 1:
        raise InvalidRequest("An edit_id says where the prompt stands. Send no parent_id with it.")
    if named and request.conversation_id is None:
        article = "An" if named == ["edit_id"] else "A"
        raise InvalidRequest(f"{article} {named[0]} needs the conversation_id that it belongs to.")
