"""`/api/search`: finding words in prompts, replies and titles."""

from typing import Annotated

import msgspec
from aiohttp import web

from gateway.api.bodies import json_response, page_asked_for
from gateway.api.reading import note_reading, whose_asked_for
from gateway.api.scope import PageOfClient
from gateway.app_keys import SEARCH
from gateway.parameters import query_of
from gateway.routing import EVERY_ROLE, Routes
from gateway.search_query import SearchQuery
from gateway.wire import Name, SearchPage

# A word that is longer than 2 kB is more than PostgreSQL takes.
SearchText = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=300,
        description='Words that must all be there, "phrases", and -words that must not.',
    ),
]


class Searching(PageOfClient, frozen=True, kw_only=True):
    """What to look for, in whose writings, and which page of what is found."""

    q: SearchText
    user_id: Annotated[Name, msgspec.Meta(description="Only in this user's.")] | None = None


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/api/search", search, roles=EVERY_ROLE, query=Searching, answers=SearchPage, errors=(404,))


async def search(request: web.Request) -> web.Response:
    """`GET /api/search?q=tea+-milk`: messages and titles that hold all of the words, newest first.

    A user searches what is its own, a client what its users wrote and were answered, an admin everything. Capital
    letters and accents make no difference.
    """
    asked = query_of(request, Searching)
    limit, after = page_asked_for(request)
    wanted = SearchQuery.parse(asked.q)
    whose = await whose_asked_for(request, asked.user_id)
    page = await request.app[SEARCH].find(
        wanted, owner=whose.owner, client_id=whose.client_id, limit=limit, after=after
    )
    await note_reading(request, "search", whose)
    return json_response(SearchPage(hits=page.items, next_cursor=page.next_cursor))
