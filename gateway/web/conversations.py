"""The pages of conversations: the list, one of them, search, and what is done with them."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from gateway.api.conversations import Export, export_conversation
from gateway.api.reading import note_reading_of
from gateway.api.scope import conversation_asked_for
from gateway.app_keys import CONFIG, CONVERSATIONS, PRINCIPAL, SEARCH
from gateway.config import Gateway
from gateway.errors import InvalidRequest
from gateway.parameters import query_of
from gateway.routing import EVERY_ROLE, Query, Routes
from gateway.search_query import SearchQuery
from gateway.web.beside import conversations_beside
from gateway.web.branches import way_through
from gateway.web.forms import fields_of, here_in
from gateway.web.keys import MARKDOWN, SITE
from gateway.web.overview import show_overview
from gateway.web.searching import Finding, parts_of, show_search_of_others
from gateway.web.views import View, shown
from gateway.wire import UpdateConversation

_LISTED = 40


class Listing(Query, frozen=True, kw_only=True):
    """Which page of the list of conversations."""

    cursor: str | None = None


class Viewing(Listing, frozen=True, kw_only=True):
    """In which form replies are shown."""

    view: View = "pretty"


class Looking(Viewing, frozen=True, kw_only=True):
    """Which branch of a conversation, by a message of it."""

    at: str | None = None


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.get("/", show_start, roles=EVERY_ROLE, page=True, query=Viewing)
    routes.get("/search", show_search, roles=EVERY_ROLE, page=True, query=Finding)
    routes.get("/c/{id}", show_conversation, roles=EVERY_ROLE, page=True, query=Looking)
    routes.post("/c/{id}/rename", rename, roles=EVERY_ROLE, page=True)
    routes.post("/c/{id}/delete", delete, roles=EVERY_ROLE, page=True)
    routes.get("/c/{id}/export", export_conversation, roles=EVERY_ROLE, page=True, query=Export)


async def show_start(request: web.Request) -> web.Response:
    """`GET /`: a user's new conversation, beside the list of those there are; an admin's or a client's overview."""
    if request[PRINCIPAL].role != "user":
        return await show_overview(request)
    return request.app[SITE].page(
        request,
        "start.html",
        view=query_of(request, Viewing).view,
        limits=_limits(request),
        **await _list(request),
    )


async def show_search(request: web.Request) -> web.Response:
    """`GET /search?q=tea`: what is found in one's conversations, for admins and clients in those of users."""
    me, words = request[PRINCIPAL], query_of(request, Finding).q
    if me.role != "user":
        return await show_search_of_others(request)
    if not words.strip():
        return request.app[SITE].redirect(request, "")
    page = await request.app[SEARCH].find(SearchQuery.parse(words), owner=me, limit=_LISTED)
    hits = [{"hit": hit, "parts": parts_of(hit)} for hit in page.items]
    return request.app[SITE].page(request, "search.html", words=words, hits=hits, **await conversations_beside(request))


async def show_conversation(request: web.Request) -> web.Response:
    """`GET /c/{id}`: one branch of a conversation."""
    record = await conversation_asked_for(request, guests=True)
    await note_reading_of(request, "read", record)
    asked = query_of(request, Looking)
    messages = await request.app[CONVERSATIONS].read(record.id)
    way = way_through(messages, asked.at)
    me = request[PRINCIPAL]
    # Colouring code may take a while, and others wait for the event loop.
    messages_shown = await asyncio.to_thread(shown, request.app[MARKDOWN], record, way, asked.view)
    return await request.app[SITE].long_page(
        request,
        "conversation.html",
        record=record,
        shown=messages_shown,
        view=asked.view,
        # Whoever is a user and may read it is its owner or a guest, who both may prompt there.
        may_prompt=me.role == "user",
        own=me.id == record.owner_id,
        limits=_limits(request),
        **await _list(request),
    )


async def rename(request: web.Request) -> web.Response:
    """`POST /c/{id}/rename`: a title of one's own."""
    record = await conversation_asked_for(request)
    fields = await fields_of(request)
    title = fields.get("title", "")
    try:
        msgspec.convert({"title": title}, UpdateConversation)
    except msgspec.ValidationError as error:
        raise InvalidRequest("A title is 1 to 200 characters long, in one line. Choose another one.") from error
    await request.app[CONVERSATIONS].rename(record.id, title)
    return request.app[SITE].redirect(request, here_in(fields) or f"c/{record.id}")


async def delete(request: web.Request) -> web.Response:
    """`POST /c/{id}/delete`: erase a conversation for good."""
    record = await conversation_asked_for(request)
    fields = await fields_of(request)
    await request.app[CONVERSATIONS].delete(record.id)
    return request.app[SITE].redirect(request, here_in(fields))


async def _list(request: web.Request) -> dict[str, Any]:
    return await conversations_beside(request, query_of(request, Listing).cursor)


def _limits(request: web.Request) -> Gateway:
    """What a prompt may come to, which the page checks before it sends one."""
    return request.app[CONFIG].gateway
