"""Search across what others wrote, for admins and clients. Each search and each reading is in the audit log."""

from typing import Annotated, Any

import msgspec
from aiohttp import web

from gateway.api.reading import Whose, note_reading, whose_asked_for
from gateway.app_keys import PRINCIPAL, SEARCH, USERS
from gateway.errors import ApiError, InvalidRequest, NotFound
from gateway.paging import Position
from gateway.parameters import query_of
from gateway.routing import Query
from gateway.search_query import SearchQuery
from gateway.web.keys import SITE
from gateway.wire import SearchHit

_LISTED = 40
_NAME = msgspec.Meta(max_length=200)


class Finding(Query, frozen=True, kw_only=True):
    """What to look for, and in whose conversations; forms send empty texts for what was left out."""

    q: Annotated[str, msgspec.Meta(max_length=300)] = ""
    user: Annotated[str, _NAME] = ""
    client: Annotated[str, _NAME] = ""
    cursor: str | None = None

    @property
    def client_id(self) -> str | None:
        """The client whose users are meant, as `gateway.api.scope` looks for it."""
        return self.client.strip() or None

    def kept(self) -> dict[str, str]:
        """What was looked for, to go along to the next page."""
        asked = {"q": self.q, "user": self.user, "client": self.client}
        return {name: value for name, value in asked.items() if value}


async def show_search_of_others(request: web.Request) -> web.Response:
    """`GET /search?q=tea` of an admin or a client. What was found is told once the log says who looked for it."""
    asked, problem = query_of(request, Finding), None
    hits, next_cursor = list[dict[str, Any]](), None
    if asked.q.strip():
        try:
            hits, next_cursor = await _find(request, asked)
        except (InvalidRequest, NotFound) as error:
            problem = error
    me = request[PRINCIPAL]
    operators = await request.app[USERS].operators() if me.role == "admin" else ()
    return request.app[SITE].page(
        request,
        "searching.html",
        status=200 if problem is None else problem.status,
        asked=asked,
        problem=_told(request, problem),
        hits=hits,
        next_cursor=next_cursor,
        clients=[each.name for each in operators if each.role == "client"],
    )


def parts_of(hit: SearchHit) -> list[tuple[str, bool]]:
    """The snippet in pieces, each with whether it is a hit."""
    parts, end = list[tuple[str, bool]](), 0
    for mark in hit.marks:
        parts += [(hit.snippet[end : mark.start], False), (hit.snippet[mark.start : mark.end], True)]
        end = mark.end
    return [*parts, (hit.snippet[end:], False)]


async def _find(request: web.Request, asked: Finding) -> tuple[list[dict[str, Any]], str | None]:
    wanted = SearchQuery.parse(asked.q)
    whose = await _whose(request, asked)
    page = await request.app[SEARCH].find(
        wanted,
        owner=whose.owner,
        client_id=whose.client_id,
        limit=_LISTED,
        after=None if asked.cursor is None else Position.from_cursor(asked.cursor),
    )
    await note_reading(request, "search", whose)
    return [{"hit": hit, "parts": parts_of(hit)} for hit in page.items], page.next_cursor


async def _whose(request: web.Request, asked: Finding) -> Whose:
    try:
        return await whose_asked_for(request, asked.user.strip() or None)
    except NotFound as error:
        if error.code != "unknown_user" or request[PRINCIPAL].role != "admin" or asked.client_id is not None:
            raise
        raise NotFound("There is no such user. Choose the client that made it as well.", code=error.code) from error


def _told(request: web.Request, problem: ApiError | None) -> Any:
    return None if problem is None else request.app[SITE].explain(request, problem)
