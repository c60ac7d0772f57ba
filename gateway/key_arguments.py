"""Keys as arguments: programs written for chatgpt-api-server send them in the query or in the body, under the name of
the role that holds them, and those written for ChatGPT-API-server an admin's as `admin_key`.
"""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from gateway.app_keys import AUTHENTICATOR, CONFIG
from gateway.error_shape import TOO_LARGE
from gateway.errors import InvalidRequest, PermissionDenied, TooLarge
from gateway.principals import Principal
from gateway.wire import Role

# Where there are several keys, who acts: a client that sends a user's key too lets that user act.
_ORDER: tuple[Role, ...] = ("user", "client", "admin")


class _Keys(msgspec.Struct, frozen=True):
    user: str | None = None
    client: str | None = None
    admin: str | None = None
    admin_key: str | None = None

    def __repr__(self) -> str:
        return "_Keys(hidden)"


async def holder_of_arguments(request: web.Request, names: Mapping[str, Role]) -> Principal | None:
    """Who acts by the keys among the arguments of these names; None where there is none.

    Each key has to be good, of the role it is named for, and a user's has to belong to the client that comes with it.
    Raises what `Authenticator.authenticate` raises, `PermissionDenied` and `InvalidRequest`.
    """
    given = await _given(request)
    holders = dict[Role, Principal]()
    for name, role in sorted(names.items(), key=lambda named: _ORDER.index(named[1])):
        key: str | None = getattr(given, name)
        if key:
            holders[role] = await _holder(request, key, name, role)
    user, client = holders.get("user"), holders.get("client")
    if user is not None and client is not None and user.client_id != client.id:
        raise PermissionDenied("The user is not one of this client's. Send the key of one that is.")
    return next(iter(holders.values()), None)


async def _holder(request: web.Request, key: str, name: str, role: Role) -> Principal:
    holder = await request.app[AUTHENTICATOR].authenticate(key)
    if holder.role != role:
        raise PermissionDenied(f"The argument {name} takes a key of the role {role}; this one's is {holder.role}.")
    return holder


async def _given(request: web.Request) -> _Keys:
    if request.query_string:
        return _Keys(**{name: request.query.get(name) for name in _Keys.__struct_fields__})
    if (request.content_length or 0) > request.app[CONFIG].gateway.max_body_bytes:
        raise TooLarge(TOO_LARGE)
    body = await request.read()
    if not body:
        return _Keys()
    try:
        return msgspec.json.decode(body, type=_Keys)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest("The body is not JSON.", code="invalid_json") from error


async def keep_private(_request: web.Request, response: web.StreamResponse) -> None:
    """Let no browser or proxy keep an answer, nor pass on the address asked for, which may hold a key."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
