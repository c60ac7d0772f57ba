"""Recall, as chatgpt-api-server's page did it: all titles, or one conversation's messages in order.

Whoever is signed in reads by links. Others give their key in the form each time, and no answer repeats it.
"""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from gateway.api.reading import Whose, note_reading, note_reading_of
from gateway.api.scope import client_named
from gateway.app_keys import CONVERSATIONS, PRINCIPAL, USERS
from gateway.config import Paths
from gateway.conversations import ConversationRecord, StoredMessage
from gateway.errors import ApiError, PermissionDenied
from gateway.paging import Page, Position
from gateway.parameters import query_of
from gateway.principals import Principal
from gateway.routing import Query, Routes
from gateway.web.beside import conversations_beside
from gateway.web.callers import holder_of_key, signed_in
from gateway.web.colouring import Colouring
from gateway.web.forms import fields_of
from gateway.web.keys import MARKDOWN, SITE
from gateway.web.markdown import Markdown
from gateway.web.users import names_of_clients

_LISTED = 50


class Asked(Query, frozen=True, kw_only=True):
    """Whose conversations, and which one; empty fields of a form stand for none."""

    user_id: str = ""
    client_id: str = ""
    conversation_id: str = ""
    cursor: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is recalled: a page of titles, or one conversation with each message and its HTML."""

    user: Principal | None = None
    titles: Page[ConversationRecord] | None = None
    record: ConversationRecord | None = None
    messages: list[tuple[StoredMessage, str]] = []


def add_routes(routes: Routes, paths: Paths) -> None:
    """Add the routes of this module."""
    routes.get(paths.recall_page, show_recall, roles="anyone", page=True, query=Asked)
    routes.post(paths.recall_page, recall_by_key, roles="anyone", page=True)


async def show_recall(request: web.Request) -> web.Response:
    """`GET /recall`: one's own titles, those of a client's user, or for a stranger the form for a key."""
    asked = query_of(request, Asked)
    if await signed_in(request) is None:
        return _page(request, asked, Found(), frame="apart.html")
    beside: dict[str, Any] = {**await conversations_beside(request), "clients": await names_of_clients(request)}
    try:
        found = await _find(request, asked)
    except ApiError as error:
        return _page(request, asked, Found(), problem=error, **beside)
    return _page(request, asked, found, **beside)


async def recall_by_key(request: web.Request) -> web.Response:
    """`POST /recall`: the same for the holder of the key in the form."""
    fields = await fields_of(request)
    asked = Asked(**{name: fields.get(name, "") for name in Asked.__struct_fields__})
    try:
        await holder_of_key(request, fields)
        found = await _find(request, asked)
    except ApiError as error:
        return _page(request, asked, Found(), problem=error, frame="apart.html")
    return _page(request, asked, found, frame="apart.html")


async def _find(request: web.Request, asked: Asked) -> Found:
    user = await _whose(request, asked)
    conversations = request.app[CONVERSATIONS]
    if user is None:
        return Found()
    if asked.conversation_id:
        record = await conversations.find(asked.conversation_id, user)
        await note_reading_of(request, "read", record)
        messages = await conversations.read(record.id)
        # Colouring code may take a while, and others wait for the event loop.
        return Found(
            user=user, record=record, messages=await asyncio.to_thread(_rendered, request.app[MARKDOWN], messages)
        )
    await note_reading(request, "list", Whose(owner=user))
    after = Position.from_cursor(asked.cursor) if asked.cursor else None
    return Found(user=user, titles=await conversations.list(owner=user, limit=_LISTED, after=after))


async def _whose(request: web.Request, asked: Asked) -> Principal | None:
    """A user itself, or the user that a client or an admin names; None where it names none yet."""
    caller = request[PRINCIPAL]
    if caller.role == "user":
        if asked.user_id not in {"", caller.name}:
            raise PermissionDenied("Only a client asks for others. Leave the user’s id out.")
        return caller
    client_id = await client_named(request, asked.client_id or None)
    return await request.app[USERS].get(client_id, asked.user_id) if asked.user_id else None


def _rendered(markdown: Markdown, messages: list[StoredMessage]) -> list[tuple[StoredMessage, str]]:
    colouring = Colouring()
    return [(message, markdown.html(message.content, under=3, colouring=colouring)) for message in messages]


def _page(
    request: web.Request,
    asked: Asked,
    found: Found,
    *,
    problem: ApiError | None = None,
    frame: str = "desk.html",
    **beside: Any,
) -> web.Response:
    site = request.app[SITE]
    response = site.page(
        request,
        "recall.html",
        status=200 if problem is None else problem.status,
        asked=asked,
        found=found,
        frame=frame,
        problem=None if problem is None else site.explain(request, problem),
        **beside,
    )
    response.headers.update({} if problem is None else problem.headers)
    return response
