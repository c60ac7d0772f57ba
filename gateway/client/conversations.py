"""Conversations, their messages and files."""

from collections.abc import AsyncGenerator
from typing import Literal
from urllib.parse import quote

from gateway.client.connection import Connection, query_of
from gateway.wire import (
    Conversation,
    ConversationAnswer,
    ConversationPage,
    ConversationSummary,
    CopyConversation,
    ErasedMessages,
    SearchPage,
    Share,
    ShareConversation,
    ShareList,
    UpdateConversation,
)


class ConversationCalls(Connection):
    """`/api/conversations` and `/api/search`."""

    async def list_conversations(
        self,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        limit: int = 25,
        cursor: str | None = None,
    ) -> ConversationPage:
        """A page of the conversations this key may see, or of those of one user or client, last used first."""
        query = query_of(limit=limit, cursor=cursor, user_id=user_id, client_id=client_id)
        return await self._call("GET", "/api/conversations", ConversationPage, query=query)

    async def all_conversations(
        self, *, user_id: str | None = None, client_id: str | None = None, page_size: int = 100
    ) -> AsyncGenerator[Conversation]:
        """All of them, a page at a time."""
        cursor: str | None = None
        while True:
            page = await self.list_conversations(user_id=user_id, client_id=client_id, limit=page_size, cursor=cursor)
            for conversation in page.conversations:
                yield conversation
            cursor = page.next_cursor
            if cursor is None:
                return

    async def get_conversation(self, conversation_id: str) -> ConversationAnswer:
        """A conversation and all of its messages."""
        return await self._call("GET", _conversation_path(conversation_id), ConversationAnswer)

    async def rename_conversation(self, conversation_id: str, title: str) -> Conversation:
        """Give a conversation a title of one's own."""
        path, body = _conversation_path(conversation_id), UpdateConversation(title=title)
        return (await self._call("PATCH", path, ConversationSummary, body=body)).conversation

    async def link_conversation(self, conversation_id: str, link: str | None) -> Conversation:
        """Say where a conversation goes on, such as in a thread on Discord, or that it does so no more (clients)."""
        path, body = _conversation_path(conversation_id), UpdateConversation(link=link)
        return (await self._call("PATCH", path, ConversationSummary, body=body)).conversation

    async def delete_conversation(self, conversation_id: str) -> None:
        """Erase a conversation."""
        await self._erase(_conversation_path(conversation_id))

    async def erase_message(self, conversation_id: str, message_id: str) -> ErasedMessages:
        """Erase a message and all that follows from it; see the route."""
        path = f"{_conversation_path(conversation_id)}/messages/{quote(message_id, safe='')}"
        return await self._call("DELETE", path, ErasedMessages)

    async def copy_conversation(
        self, conversation_id: str, user_id: str, *, message_id: str | None = None
    ) -> Conversation:
        """A conversation of another user's with what was said in this one, up to a reply or the last one (clients)."""
        path = f"{_conversation_path(conversation_id)}/copy"
        body = CopyConversation(user_id=user_id, message_id=message_id)
        return (await self._call("POST", path, ConversationSummary, body=body)).conversation

    async def share_conversation(self, conversation_id: str, user_id: str) -> list[Share]:
        """Let another user read a conversation and go on with it (clients); with whom it is shared now."""
        path, body = f"{_conversation_path(conversation_id)}/shares", ShareConversation(user_id=user_id)
        return (await self._call("POST", path, ShareList, body=body)).shares

    async def list_shares(self, conversation_id: str) -> list[Share]:
        """With whom a conversation is shared."""
        return (await self._call("GET", f"{_conversation_path(conversation_id)}/shares", ShareList)).shares

    async def take_share_back(self, conversation_id: str, user_id: str) -> None:
        """End a share; `NotFound` where there is none."""
        path = f"{_conversation_path(conversation_id)}/shares/{quote(user_id, safe='')}"
        await self._erase(path)

    async def export_conversation(self, conversation_id: str, form: Literal["md", "json"] = "md") -> bytes:
        """The whole conversation as a file, in UTF-8."""
        path = f"{_conversation_path(conversation_id)}/export"
        return await self._fetch("GET", path, query={"format": form})

    async def download_attachment(self, conversation_id: str, hashed: str) -> bytes:
        """A file that came with a prompt, by its `Attachment.hash`."""
        path = f"{_conversation_path(conversation_id)}/attachments/{quote(hashed, safe='')}"
        return await self._fetch("GET", path)

    async def search(
        self,
        q: str,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        limit: int = 25,
        cursor: str | None = None,
    ) -> SearchPage:
        """Messages and titles that hold all words of `q`, newest first; see `GET /api/search`."""
        query = query_of(limit=limit, cursor=cursor, q=q, user_id=user_id, client_id=client_id)
        return await self._call("GET", "/api/search", SearchPage, query=query)


def _conversation_path(conversation_id: str) -> str:
    return f"/api/conversations/{quote(conversation_id, safe='')}"
