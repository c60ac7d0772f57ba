"""`/api/conversations`: listing, reading, renaming, exporting and erasing them."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web

from gateway.api.bodies import json_response, page_asked_for, read_body
from gateway.api.reading import note_reading, note_reading_of, whose_asked_for
from gateway.api.scope import PageOfClient, conversation_asked_for
from gateway.app_keys import CONVERSATIONS, PRINCIPAL
from gateway.conversations import ConversationRecord, StoredMessage
from gateway.errors import PermissionDenied
from gateway.parameters import query_of
from gateway.routing import EVERY_ROLE, Query, Routes, Success
from gateway.times import moment
from gateway.wire import (
    AuditAction,
    ConversationAnswer,
    ConversationPage,
    ConversationSummary,
    Done,
    ErasedMessages,
    Name,
    UpdateConversation,
)


class ListConversations(PageOfClient, frozen=True, kw_only=True):
    """Whose conversations, and which page of them."""

    user_id: Annotated[Name, msgspec.Meta(description="Only this user's.")] | None = None


class Export(Query, frozen=True, kw_only=True):
    """The form of an exported conversation."""

    format: Annotated[Literal["md", "json"], msgspec.Meta(description="Markdown or JSON.")] = "md"


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.get(
        "/api/conversations",
        list_conversations,
        roles=EVERY_ROLE,
        query=ListConversations,
        answers=ConversationPage,
        errors=(404,),
    )
    routes.get("/api/conversations/{id}", get_conversation, roles=EVERY_ROLE, answers=ConversationAnswer)
    routes.patch(
        "/api/conversations/{id}",
        update_conversation,
        roles=EVERY_ROLE,
        body=UpdateConversation,
        answers=ConversationSummary,
    )
    routes.delete("/api/conversations/{id}", delete_conversation, roles=EVERY_ROLE, answers=Done)
    routes.delete(
        "/api/conversations/{id}/messages/{message_id}", erase_message, roles=EVERY_ROLE, answers=ErasedMessages
    )
    routes.get(
        "/api/conversations/{id}/export",
        export_conversation,
        roles=EVERY_ROLE,
        query=Export,
        answers=(Success(str, content_type="text/markdown"), Success(ConversationAnswer)),
    )


async def list_conversations(request: web.Request) -> web.Response:
    """`GET /api/conversations?user_id=1:2`: one's own, or those of one's users; last used first."""
    limit, after = page_asked_for(request)
    whose = await whose_asked_for(request, query_of(request, ListConversations).user_id)
    page = await request.app[CONVERSATIONS].list(owner=whose.owner, client_id=whose.client_id, limit=limit, after=after)
    await note_reading(request, "list", whose)
    found = [record.to_wire() for record in page.items]
    return json_response(ConversationPage(conversations=found, next_cursor=page.next_cursor))


async def get_conversation(request: web.Request) -> web.Response:
    """`GET /api/conversations/{id}`: the conversation and all of its messages in order."""
    record, messages = await _read(request, "read")
    return json_response(_answer(record, messages))


async def update_conversation(request: web.Request) -> web.Response:
    """`PATCH /api/conversations/{id} {"title": "…"}`: a title of one's own, which stays.

    The client also gives the `link` under which the conversation goes on there.
    """
    body = await read_body(request, UpdateConversation)
    record = await conversation_asked_for(request)
    if body.link is not msgspec.UNSET:
        if request[PRINCIPAL].role == "user":
            raise PermissionDenied("Only the client that made the user says where the conversation goes on.")
        await request.app[CONVERSATIONS].set_link(record.id, body.link)
    if body.title is not msgspec.UNSET:
        await request.app[CONVERSATIONS].rename(record.id, body.title)
    return json_response(ConversationSummary(conversation=(await conversation_asked_for(request)).to_wire()))


async def delete_conversation(request: web.Request) -> web.Response:
    """`DELETE /api/conversations/{id}`: erase a conversation for good."""
    record = await conversation_asked_for(request)
    await request.app[CONVERSATIONS].delete(record.id)
    return json_response(Done())


async def erase_message(request: web.Request) -> web.Response:
    """`DELETE /api/conversations/{id}/messages/{message_id}`: erase a message and all that follows from it for good.

    With a reply goes its prompt, unless that has another reply, and with the last message the conversation.
    """
    record = await conversation_asked_for(request)
    erased = await request.app[CONVERSATIONS].erase_message(record.id, request.match_info["message_id"])
    return json_response(erased)


async def export_conversation(request: web.Request) -> web.Response:
    """`GET /api/conversations/{id}/export?format=md`: the whole conversation as a file, Markdown or JSON."""
    form = query_of(request, Export).format
    record, messages = await _read(request, "export")
    if form == "json":
        body = msgspec.json.format(msgspec.json.encode(_answer(record, messages)), indent=2)
    else:
        body = _markdown(record, messages).encode()
    return web.Response(
        body=body,
        content_type="application/json" if form == "json" else "text/markdown",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="conversation-{record.id}.{form}"'},
    )


async def _read(request: web.Request, action: AuditAction) -> tuple[ConversationRecord, list[StoredMessage]]:
    record = await conversation_asked_for(request, guests=True)
    await note_reading_of(request, action, record)
    return record, await request.app[CONVERSATIONS].read(record.id)


def _answer(record: ConversationRecord, messages: list[StoredMessage]) -> ConversationAnswer:
    return ConversationAnswer(conversation=record.to_wire(), messages=[message.to_wire() for message in messages])


def _markdown(record: ConversationRecord, messages: list[StoredMessage]) -> str:
    parts = [f"# {record.title}"]
    for message in messages:
        author = message.author_username or message.author_name
        asked = f"Prompt of {author}" if author else "Prompt"
        who = asked if message.role == "user" else f"Reply ({message.model})" if message.model else "Reply"
        broken = ", incomplete" if message.status == "incomplete" else ""
        parts.append(f"## {who}, {moment(message.created_at):%Y-%m-%d %H:%M} UTC{broken}")
        parts.append(message.content)
        parts += [f"Attached: {file.name} ({file.content_type}, {file.size:,} bytes)" for file in message.files]
    return "\n\n".join(parts) + "\n"
