"""The pages of conversations: the list, one of them, search, and what is done with them."""

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from gateway.api.conversations import Export, export_conversation
from gateway.api.reading import note_reading_of
from gateway.api.scope import conversation_asked_for
from gateway.app_keys import CONVERSATIONS, PRINCIPAL, SEARCH
from gateway.conversations import ConversationRecord
from gateway.errors import InvalidRequest
from gateway.parameters import query_of
from gateway.routing import EVERY_ROLE, Query, Routes
from gateway.search_query import SearchQuery
from gateway.web.beside import conversations_beside
from gateway.web.branches import Step, way_through
from gateway.web.keys import MARKDOWN, SITE
from gateway.web.markdown import Markdown
from gateway.web.overview import show_overview
from gateway.wire import SearchHit, UpdateConversation

_LISTED = 40

View = Literal["pretty", "reply", "json"]


class Listing(Query, frozen=True, kw_only=True):
    """Which page of the list of conversations."""

    cursor: str | None = None


class Looking(Listing, frozen=True, kw_only=True):
    """Which branch of a conversation, by a message of it, and in which form its replies are shown."""

    at: str | None = None
    view: View = "pretty"


class Finding(Listing, frozen=True, kw_only=True):
    """What to look for; nothing shows the whole list."""

    q: Annotated[str, msgspec.Meta(max_length=300)] = ""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a page shows it."""

    step: Step
    html: str
    json: str


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.get("/", show_start, roles=EVERY_ROLE, page=True, query=Listing)
    routes.get("/search", show_search, roles=EVERY_ROLE, page=True, query=Finding)
    routes.get("/c/{id}", show_conversation, roles=EVERY_ROLE, page=True, query=Looking)
    routes.post("/c/{id}/rename", rename, roles=EVERY_ROLE, page=True)
    routes.post("/c/{id}/delete", delete, roles=EVERY_ROLE, page=True)
    routes.get("/c/{id}/export", export_conversation, roles=EVERY_ROLE, page=True, query=Export)


async def show_start(request: web.Request) -> web.Response:
    """`GET /`: a user's new conversation, beside the list of those there are; an admin's or a client's overview."""
    if request[PRINCIPAL].role != "user":
        return await show_overview(request)
    return request.app[SITE].page(request, "start.html", **await _list(request))


async def show_search(request: web.Request) -> web.Response:
    """`GET /search?q=tea`: what is found in one's conversations."""
    words = query_of(request, Finding).q
    if not words.strip():
        return request.app[SITE].redirect(request, "")
    me = request[PRINCIPAL]
    hits = list[dict[str, Any]]()
    if me.role == "user":
        page = await request.app[SEARCH].find(
            SearchQuery.parse(words), owner=me, client_id=None, limit=_LISTED, after=None
        )
        hits = [{"hit": hit, "parts": _parts(hit)} for hit in page.items]
    return request.app[SITE].page(request, "search.html", words=words, hits=hits, **await _list(request))


async def show_conversation(request: web.Request) -> web.Response:
    """`GET /c/{id}`: one branch of a conversation."""
    record = await conversation_asked_for(request, guests=True)
    await note_reading_of(request, "read", record)
    asked = query_of(request, Looking)
    messages = await request.app[CONVERSATIONS].read(record.id)
    way = way_through(messages, asked.at)
    # Colouring code may take a while, and others wait for the event loop.
    shown = await asyncio.to_thread(_show, request.app[MARKDOWN], way, asked.view)
    return request.app[SITE].page(
        request,
        "conversation.html",
        record=record,
        shown=shown,
        view=asked.view,
        own=_own(request, record),
        **await _list(request),
    )


async def rename(request: web.Request) -> web.Response:
    """`POST /c/{id}/rename`: a title of one's own."""
    record = await conversation_asked_for(request)
    given = (await request.post()).get("title")
    try:
        wanted = msgspec.convert({"title": str(given or "").strip()}, UpdateConversation)
    except msgspec.ValidationError as error:
        raise InvalidRequest("A title is 1 to 200 characters long, in one line. Choose another one.") from error
    await request.app[CONVERSATIONS].rename(record.id, wanted.title)
    return request.app[SITE].redirect(request, f"c/{record.id}")


async def delete(request: web.Request) -> web.Response:
    """`POST /c/{id}/delete`: erase a conversation for good."""
    record = await conversation_asked_for(request)
    await request.app[CONVERSATIONS].delete(record.id)
    return request.app[SITE].redirect(request, "")


async def _list(request: web.Request) -> dict[str, Any]:
    return await conversations_beside(request, query_of(request, Listing).cursor)


def _own(request: web.Request, record: ConversationRecord) -> bool:
    """Whether one may go on with a conversation on this page."""
    return request[PRINCIPAL].role == "user" and request[PRINCIPAL].id == record.owner_id


def _show(markdown: Markdown, way: list[Step], view: View) -> list[Shown]:
    return [
        Shown(
            step=step,
            html=markdown.html(step.message.content) if _is_rendered(step, view) else "",
            json=_json(step) if view == "json" else "",
        )
        for step in way
    ]


def _is_rendered(step: Step, view: View) -> bool:
    return view == "pretty" or step.message.role == "user"


def _json(step: Step) -> str:
    return msgspec.json.format(msgspec.json.encode(step.message.to_wire()), indent=2).decode()


def _parts(hit: SearchHit) -> list[tuple[str, bool]]:
    """The snippet in pieces, each with whether it is a hit."""
    parts, end = list[tuple[str, bool]](), 0
    for mark in hit.marks:
        parts += [(hit.snippet[end : mark.start], False), (hit.snippet[mark.start : mark.end], True)]
        end = mark.end
    return [*parts, (hit.snippet[end:], False)]
