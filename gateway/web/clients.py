"""The page of clients, for admins: who there is, and who else holds a key that is no user's."""

from aiohttp import web

from gateway.app_keys import USERS
from gateway.errors import ApiError
from gateway.paging import Position
from gateway.parameters import QUERY, query_of
from gateway.routing import Query, Routes
from gateway.web.forms import Fields
from gateway.web.keys import SITE
from gateway.web.users import Outcome

_LISTED = 50


class ListClients(Query, frozen=True, kw_only=True):
    """Which page of the clients, and what was just done."""

    cursor: str | None = None
    done: Outcome | None = None


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/clients", show_clients, roles=("admin",), page=True, query=ListClients)


async def show_clients(request: web.Request) -> web.Response:
    """`GET /clients`: every client with the number of its users; agents and admins below."""
    return await client_page(request)


async def client_page(
    request: web.Request, *, problem: ApiError | None = None, given: Fields | None = None
) -> web.Response:
    """The page, as it is or with a form that has to be mended."""
    query = query_of(request, ListClients) if QUERY in request else ListClients()
    after = None if query.cursor is None else Position.from_cursor(query.cursor)
    site, users = request.app[SITE], request.app[USERS]
    page = await users.list(limit=_LISTED, after=after, role="client")
    return site.page(
        request,
        "clients.html",
        status=200 if problem is None else problem.status,
        page=page,
        numbers={each.id: await users.number_of(each) for each in page.items},
        others=[each for each in await users.operators() if each.role != "client"],
        first=after is None,
        done=query.done,
        problem=None if problem is None else site.explain(request, problem),
        given=given or {},
    )
