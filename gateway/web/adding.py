"""Adding users, as an admin or a client, and adding clients and agents, as an admin."""

from typing import Any

from aiohttp import web

from gateway.api.scope import client_named
from gateway.api.users import make_user
from gateway.app_keys import PRINCIPAL
from gateway.config import Paths
from gateway.errors import ApiError
from gateway.routing import Routes
from gateway.users import IssuedKey
from gateway.web.clients import client_page
from gateway.web.forms import MENDABLE, Fields, fields_of, taken_as
from gateway.web.keys import SITE
from gateway.web.languages import N_
from gateway.web.shown_once import show_key
from gateway.web.users import DESK, names_of_clients, seconds_in
from gateway.wire import CreateUser

_NAMES = N_(
    "An id is 1 to 100 characters in one line, a display name at most 100. Change what is longer, or the line breaks."
)


def add_routes(routes: Routes, paths: Paths) -> None:
    """Add the routes of this module."""
    routes.page_in_place(paths.admin_add_user, show_form, roles=DESK)
    routes.get("/users/add", show_form, roles=DESK, page=True)
    routes.post("/users/add", add_user, roles=DESK, page=True)
    routes.post("/clients/add", add_client, roles=("admin",), page=True)


async def show_form(request: web.Request) -> web.Response:
    """`GET /users/add`: the form for a new user."""
    return await _form(request)


async def add_user(request: web.Request) -> web.Response:
    """`POST /users/add`: a new user, whose key is shown in this answer alone."""
    fields = await fields_of(request)
    try:
        return show_key(request, await _make(request, fields, "user"), is_new=True)
    except MENDABLE as error:
        return await _form(request, problem=error, given=fields)


async def add_client(request: web.Request) -> web.Response:
    """`POST /clients/add`: a new client or agent, whose key is shown in this answer alone."""
    fields = await fields_of(request)
    try:
        return show_key(request, await _make(request, fields, fields.get("role", "client")), is_new=True)
    except MENDABLE as error:
        return await client_page(request, problem=error, given=fields)


async def _make(request: web.Request, fields: Fields, role: str) -> IssuedKey:
    given: dict[str, Any] = {
        "user_id": fields.get("user_id", ""),
        "username": fields.get("username", ""),
        "plus": fields.get("tier") == "plus",
        "role": role,
        "expires_in": seconds_in(fields.get("days", "")),
    }
    body = taken_as(CreateUser, given, otherwise=_NAMES)
    client_id = None if role != "user" else await client_named(request, fields.get("client_id") or None)
    return await make_user(request, body, client_id=client_id)


async def _form(request: web.Request, *, problem: ApiError | None = None, given: Fields | None = None) -> web.Response:
    site = request.app[SITE]
    return site.page(
        request,
        "add_user.html",
        status=200 if problem is None else problem.status,
        problem=None if problem is None else site.explain(request, problem),
        given=given or {},
        clients=await names_of_clients(request),
        is_admin=request[PRINCIPAL].role == "admin",
    )
