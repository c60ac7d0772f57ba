"""Whom a request is about: `user_id` is unique within its client, and a client knows no other client's users."""

from typing import Annotated

import msgspec
from aiohttp import web

from gateway.api.bodies import Paged
from gateway.app_keys import CONVERSATIONS, PRINCIPAL, USERS
from gateway.conversations import ConversationRecord
from gateway.errors import InvalidRequest, NotFound, PermissionDenied
from gateway.parameters import QUERY
from gateway.principals import Principal
from gateway.routing import Query
from gateway.wire import Name

ClientName = Annotated[Name, msgspec.Meta(description="The client whose users are meant; for admins.")]


class OfClient(Query, frozen=True, kw_only=True):
    """Whose users are meant."""

    client_id: ClientName | None = None


class PageOfClient(Paged, frozen=True, kw_only=True):
    """A page of what belongs to one client's users."""

    client_id: ClientName | None = None


async def client_asked_for(request: web.Request) -> int | None:
    """The client whose users are meant: the caller's own; for an admin the one in `?client_id=`, None without it
    or where the route takes no such parameter.

    Raises `NotFound` for a client that is not there, and `PermissionDenied` where it is not the caller's.
    """
    return await client_named(request, getattr(request.get(QUERY), "client_id", None))


async def client_named(request: web.Request, name: str | None) -> int | None:
    """The same for a name that came otherwise. Raises as `client_asked_for` does."""
    caller = request[PRINCIPAL]
    if caller.role == "admin":
        return None if name is None else (await request.app[USERS].client(name)).id
    own = caller.name if caller.role == "client" else caller.client_name
    if name not in {None, own}:
        raise PermissionDenied("Only an admin may name a client. Leave client_id out.")
    return caller.id if caller.role == "client" else caller.client_id


async def user_asked_for(request: web.Request, name: str, *, deleted: bool = False) -> Principal:
    """The user of that name, as far as the caller may know of it; with `deleted` also one of whom only data is left.

    Raises `NotFound` with code `unknown_user`, and what `client_asked_for` raises.
    """
    caller = request[PRINCIPAL]
    client_id = await client_asked_for(request)
    if caller.role == "user" and name != caller.name:
        raise NotFound("There is no such user.", code="unknown_user")
    try:
        users = request.app[USERS]
        return await (users.known if deleted else users.get)(client_id, name)
    except NotFound as error:
        if caller.role != "admin" or client_id is not None:
            raise
        raise NotFound(
            "There is no such user. For a user that a client made, add ?client_id=NAME.", code="unknown_user"
        ) from error


async def conversation_asked_for(request: web.Request, *, guests: bool = False) -> ConversationRecord:
    """The conversation in the address, as far as the caller may know of it; with `guests` also one that is only
    shared with the caller. Raises `NotFound`.
    """
    return await request.app[CONVERSATIONS].find(request.match_info["id"], request[PRINCIPAL], guests=guests)


async def acting_user(request: web.Request, name: str | None) -> Principal:
    """The user for whom a user, or a client that names one of its own, does something.

    Raises `NotFound` with code `unknown_user`, `InvalidRequest` and `PermissionDenied`.
    """
    asker = request[PRINCIPAL]
    if asker.role == "user":
        if name not in {None, asker.name}:
            raise PermissionDenied("Only a client acts for others. Leave user_id out.")
        return asker
    if name is None:
        raise InvalidRequest("A client acts for one of its users: say which with user_id.")
    user = await request.app[USERS].get(asker.id, name)
    if user.disabled:
        raise PermissionDenied(f"{user.name} is switched off for now.", code="disabled")
    return user
