"""`/api/users`: making users, changing them, giving them new keys, taking them away."""

from typing import Annotated

import msgspec
from aiohttp import web

from gateway.api.bodies import json_response, page_asked_for, read_body
from gateway.api.scope import OfClient, PageOfClient, client_asked_for, user_asked_for
from gateway.app_keys import PRINCIPAL, USERS
from gateway.errors import Conflict, InvalidRequest, PermissionDenied
from gateway.paging import Page
from gateway.parameters import headers_of, query_of
from gateway.principals import Principal
from gateway.routing import EVERY_ROLE, Headers, Routes, Success
from gateway.users import IssuedKey, NewPrincipal
from gateway.wire import CreateUser, Done, Role, UpdateUser, UserAnswer, UserPage, UserWithKey, WhoAmI

_MAKERS = frozenset(("admin", "client"))

IdempotencyKey = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$",
        description="Any text of your own, for each new key another. Asked again with the same one within ten minutes, "
        "the same new key is shown.",
    ),
]


class ListUsers(PageOfClient, frozen=True, kw_only=True):
    """Which users."""

    search: Annotated[
        str, msgspec.Meta(max_length=100, description="Only those whose user_id or username holds this, in any case.")
    ] = ""
    role: Annotated[Role, msgspec.Meta(description="Only those with this role.")] | None = None
    ending: Annotated[str, msgspec.Meta(max_length=100, description="Only those whose user_id ends so.")] = ""
    deleted: Annotated[bool, msgspec.Meta(description="Also those deleted of whom something is kept.")] = False


class DeleteUser(OfClient, frozen=True, kw_only=True):
    """Whom to delete, and how thoroughly."""

    purge: Annotated[bool, msgspec.Meta(description="Erase the user's conversations too, for good.")] = False


class Repeatable(Headers, frozen=True, kw_only=True, rename={"idempotency_key": "Idempotency-Key"}):
    """A request that may be sent again without being done again."""

    idempotency_key: IdempotencyKey | None = None


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.post(
        "/api/users",
        create_user,
        roles=_MAKERS,
        body=CreateUser,
        query=OfClient,
        answers=Success(UserWithKey, status=201),
        errors=(404, 409),
    )
    routes.get("/api/users", list_users, roles=EVERY_ROLE, query=ListUsers, answers=UserPage, errors=(404,))
    routes.get("/api/users/{user_id}", get_user, roles=EVERY_ROLE, query=OfClient, answers=UserAnswer)
    routes.patch(
        "/api/users/{user_id}",
        update_user,
        roles=_MAKERS,
        body=UpdateUser,
        query=OfClient,
        answers=UserAnswer,
        errors=(409,),
    )
    routes.delete("/api/users/{user_id}", delete_user, roles=_MAKERS, query=DeleteUser, answers=Done, errors=(409,))
    routes.post(
        "/api/users/{user_id}/key",
        rotate_key,
        roles=EVERY_ROLE,
        query=OfClient,
        headers=Repeatable,
        answers=UserWithKey,
        errors=(409,),
    )
    routes.get("/api/whoami", whoami, roles=EVERY_ROLE, answers=WhoAmI)


async def create_user(request: web.Request) -> web.Response:
    """`POST /api/users {"user_id": "1:2", "username": "Ada", "plus": true}`: make a user, or as an admin a client or
    an agent.

    The key is in this answer and in no other.
    """
    body = await read_body(request, CreateUser)
    return _with_key(await make_user(request, body, client_id=await client_asked_for(request)), status=201)


async def list_users(request: web.Request) -> web.Response:
    """`GET /api/users?limit=50&cursor=…`: an admin sees all users, a client its own, a user itself."""
    caller = request[PRINCIPAL]
    limit, after = page_asked_for(request)
    query = query_of(request, ListUsers)
    client_id = await client_asked_for(request)
    if caller.role == "user":
        page = Page[Principal]([caller] if after is None and _fits(caller, query) else [], None)
    else:
        page = await request.app[USERS].list(
            client_id=client_id,
            limit=limit,
            after=after,
            role=query.role,
            search=query.search,
            ending=query.ending,
            deleted=query.deleted,
        )
    return json_response(UserPage(users=[user.to_wire() for user in page.items], next_cursor=page.next_cursor))


async def get_user(request: web.Request) -> web.Response:
    """`GET /api/users/{user_id}`: one user, never its key."""
    user = await user_asked_for(request, request.match_info["user_id"])
    return json_response(UserAnswer(user=user.to_wire()))


async def update_user(request: web.Request) -> web.Response:
    """`PATCH /api/users/{user_id} {"plus": false, "expires_in": 86400}`: change a user; what is left out stays."""
    changes = await read_body(request, UpdateUser)
    changed = await change_user(request, request.match_info["user_id"], changes)
    return json_response(UserAnswer(user=changed.to_wire()))


async def delete_user(request: web.Request) -> web.Response:
    """`DELETE /api/users/{user_id}?purge=true`: a user's key is dead at once; `purge` erases conversations too."""
    await remove_user(request, request.match_info["user_id"], purge=query_of(request, DeleteUser).purge)
    return json_response(Done())


async def rotate_key(request: web.Request) -> web.Response:
    """`POST /api/users/{user_id}/key`: a new key, shown only here; the old one is dead.

    Repeated with the same `Idempotency-Key` within ten minutes it shows the same new key. That helps whoever asks
    with another key than the one replaced: the old key cannot ask again.
    """
    idempotency_key = headers_of(request, Repeatable).idempotency_key
    target = await user_asked_for(request, request.match_info["user_id"])
    return _with_key(await request.app[USERS].rotate(target, request[PRINCIPAL], idempotency_key))


async def whoami(request: web.Request) -> web.Response:
    """`GET /api/whoami`: what the key that asks is."""
    return json_response(request[PRINCIPAL].whoami())


async def make_user(request: web.Request, body: CreateUser, *, client_id: int | None) -> IssuedKey:
    """Make whom `body` names for a client, one that `gateway.api.scope` found, as far as the caller may.

    Raises `PermissionDenied`, `InvalidRequest`, and what `Users.create` raises.
    """
    if body.role != "user" and request[PRINCIPAL].role != "admin":
        raise PermissionDenied(f"Only an admin may make one with the role {body.role}.")
    if body.role != "user" and client_id is not None:
        raise InvalidRequest(f"One with the role {body.role} belongs to no client. Leave client_id out.")
    return await request.app[USERS].create(
        NewPrincipal(
            name=body.user_id,
            role=body.role,
            username=body.username,
            community=body.community,
            plus=body.plus,
            client_id=client_id,
            expires_in=body.expires_in,
        )
    )


async def change_user(request: web.Request, name: str, changes: UpdateUser) -> Principal:
    """Change a user, as far as the caller may. Raises as `user_asked_for` and `Users.update` do, and `Conflict`."""
    target = await user_asked_for(request, name)
    if changes.disabled is True:
        _refuse_oneself(request, target)
    return await request.app[USERS].update(target, changes)


async def remove_user(request: web.Request, name: str, *, purge: bool) -> None:
    """Revoke a user's key, as far as the caller may; `purge` erases all else. Raises as `change_user` does."""
    target = await user_asked_for(request, name)
    _refuse_oneself(request, target)
    await request.app[USERS].delete(target, purge=purge)


def _fits(user: Principal, query: ListUsers) -> bool:
    holds = any(query.search.lower() in text.lower() for text in (user.name, user.username))
    return holds and query.role in {None, user.role} and user.name.endswith(query.ending)


def _with_key(issued: IssuedKey, *, status: int = 200) -> web.Response:
    response = json_response(UserWithKey(user=issued.principal.to_wire(), key=issued.key), status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refuse_oneself(request: web.Request, target: Principal) -> None:
    if target.id == request[PRINCIPAL].id:
        raise Conflict("This would lock you out. Ask another admin, or use the command line.", code="own_key")
