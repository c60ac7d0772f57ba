"""The pages of users: the list, one of them, and what is done with them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from gateway.api.reading import Whose, note_reading
from gateway.api.scope import OfClient, client_named, user_asked_for
from gateway.api.users import change_user, remove_user
from gateway.app_keys import CONVERSATIONS, LIMITS, PRINCIPAL, REQUEST_ID, USERS
from gateway.errors import ApiError, Conflict, InvalidRequest
from gateway.paging import Position
from gateway.parameters import query_of
from gateway.principals import Principal
from gateway.routing import Query, Routes
from gateway.web.forms import Fields, fields_of, taken_as
from gateway.web.keys import SITE
from gateway.web.languages import N_
from gateway.web.shown_once import show_key
from gateway.wire import Name, UpdateLimits, UpdateUser, UserLimits

DESK = frozenset(("admin", "client"))
_LISTED = 50
_LIMITS = UserLimits.__struct_fields__

Outcome = Literal["changed", "revoked", "erased"]
Work = Callable[[web.Request, Fields], Awaitable[Outcome]]


class ListUsers(Query, frozen=True, kw_only=True):
    """Which users, and what was just done."""

    search: Annotated[str, msgspec.Meta(max_length=100)] = ""
    client_id: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    cursor: str | None = None
    done: Outcome | None = None


class OneUser(OfClient, frozen=True, kw_only=True):
    """Which user, and what was just done."""

    user_id: Name
    cursor: str | None = None
    done: Outcome | None = None


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.get("/users", show_users, roles=DESK, page=True, query=ListUsers)
    routes.get("/user", show_user, roles=DESK, page=True, query=OneUser)
    routes.get("/user/conversations", show_conversations, roles=DESK, page=True, query=OneUser)
    routes.post("/user/key", rotate, roles=DESK, page=True, query=OneUser)
    for name, work in _WORK.items():
        routes.post(f"/user/{name}", _doing(work), roles=DESK, page=True, query=OneUser)


async def show_users(request: web.Request) -> web.Response:
    """`GET /users?search=ada`: an admin sees everybody's users, a client its own."""
    query = query_of(request, ListUsers)
    users = request.app[USERS]
    page = await users.list(
        client_id=await client_named(request, query.client_id or None),
        limit=_LISTED,
        after=None if query.cursor is None else Position.from_cursor(query.cursor),
        role="user",
        search=query.search.strip(),
    )
    clients = await names_of_clients(request)
    return request.app[SITE].page(request, "users.html", asked=query, page=page, clients=clients)


async def show_user(request: web.Request) -> web.Response:
    """`GET /user?user_id=7`: one user; as an admin also a client, an agent or an admin."""
    user = await user_asked_for(request, query_of(request, OneUser).user_id)
    return await _page(request, user)


async def show_conversations(request: web.Request) -> web.Response:
    """`GET /user/conversations?user_id=7`: the titles of a user's conversations; the audit log says who looked."""
    query = query_of(request, OneUser)
    user = await user_asked_for(request, query.user_id)
    await note_reading(request, "list", Whose(owner=user))
    page = await request.app[CONVERSATIONS].list(
        owner=user, limit=_LISTED, after=None if query.cursor is None else Position.from_cursor(query.cursor)
    )
    return request.app[SITE].page(request, "user_conversations.html", user=user, page=page, first=query.cursor is None)


async def rotate(request: web.Request) -> web.Response:
    """`POST /user/key`: a new key, shown in this answer alone. A form sent again does not make another one."""
    fields = await fields_of(request)
    user = await user_asked_for(request, query_of(request, OneUser).user_id)
    try:
        issued = await request.app[USERS].rotate(user, request[PRINCIPAL], fields.get("once") or None)
    except Conflict as error:
        return await _page(request, user, problem=error)
    return show_key(request, issued, is_new=False)


def _doing(work: Work) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A route that changes a user and shows what came of it."""

    async def handle(request: web.Request) -> web.Response:
        user = await user_asked_for(request, query_of(request, OneUser).user_id)
        fields = await fields_of(request)
        try:
            outcome = await work(request, fields)
        except (InvalidRequest, Conflict) as error:
            return await _page(request, user, problem=error, given=fields)
        site = request.app[SITE]
        if outcome == "changed":
            return site.redirect(request, f"user?{query_for(user)}&done=changed")
        return site.redirect(request, f"{'users' if user.role == 'user' else 'clients'}?done={outcome}")

    return handle


async def _rename(request: web.Request, fields: Fields) -> Outcome:
    given: dict[str, Any] = {"username": fields.get("username", "")}
    if "tier" in fields:
        given["plus"] = fields["tier"] == "plus"
    otherwise = N_("A display name has at most 100 characters, in one line. Choose another one.")
    return await _change(request, taken_as(UpdateUser, given, otherwise=otherwise))


async def _switch(request: web.Request, fields: Fields) -> Outcome:
    return await _change(request, UpdateUser(disabled=fields.get("disabled") == "true"))


async def _expire(request: web.Request, fields: Fields) -> Outcome:
    return await _change(request, UpdateUser(expires_in=seconds_in(fields.get("days", ""))))


async def _limit(request: web.Request, fields: Fields) -> Outcome:
    given = {name: fields.get(name) or None for name in _LIMITS}
    otherwise = N_("A limit is a number from 0 on, whole but for dollars; nothing stands for the tier’s. Correct it.")
    return await _change(request, UpdateUser(limits=taken_as(UpdateLimits, given, otherwise=otherwise)))


async def _delete(request: web.Request, fields: Fields) -> Outcome:
    user_id = query_of(request, OneUser).user_id
    purge = "purge" in fields
    if purge and fields.get("confirm") != user_id.strip():
        raise InvalidRequest("Nothing was erased: what you typed is not the id. Type it as it is shown.")
    await remove_user(request, user_id, purge=purge)
    return "erased" if purge else "revoked"


_WORK: dict[str, Work] = {
    "profile": _rename,
    "disabled": _switch,
    "expiry": _expire,
    "limits": _limit,
    "delete": _delete,
}


def seconds_in(days: str) -> int | None:
    """A lease in seconds from a field in days; None, which is for ever, from an empty one. Raises `InvalidRequest`."""
    if not days:
        return None
    otherwise = N_("A key is good for 1 to 3650 days; nothing stands for ever. Correct it.")
    return 86_400 * taken_as(_Days, {"days": days}, otherwise=otherwise).days


class _Days(msgspec.Struct):
    days: Annotated[int, msgspec.Meta(ge=1, le=3650)]


async def _change(request: web.Request, changes: UpdateUser) -> Outcome:
    await change_user(request, query_of(request, OneUser).user_id, changes)
    return "changed"


async def _page(
    request: web.Request, user: Principal, *, problem: ApiError | None = None, given: Fields | None = None
) -> web.Response:
    site = request.app[SITE]
    more: dict[str, Any] = {"allowances": [], "users": 0}
    if user.role == "user":
        more["allowances"] = await request.app[LIMITS].allowances(user)
    elif user.role == "client":
        more["users"] = await request.app[USERS].number_of(user)
    return site.page(
        request,
        "user.html",
        status=200 if problem is None else problem.status,
        user=user,
        problem=None if problem is None else site.explain(request, problem),
        given=given or {},
        done=query_of(request, OneUser).done,
        once=request[REQUEST_ID],
        **more,
    )


async def names_of_clients(request: web.Request) -> list[str]:
    """The clients among which an admin may choose; a client has no choice."""
    if request[PRINCIPAL].role != "admin":
        return []
    return [each.name for each in await request.app[USERS].operators() if each.role == "client"]


def query_for(user: Principal) -> str:
    """What names a user in an address."""
    return urlencode({"user_id": user.name} | ({} if user.client_name is None else {"client_id": user.client_name}))
