"""The door: every route but the open ones needs a key of a role that the route names."""

from aiohttp import web

from gateway.app_keys import AUTHENTICATOR, PRINCIPAL, ROUTES
from gateway.errors import PermissionDenied, Unauthenticated
from gateway.key_arguments import holder_of_arguments
from gateway.principals import Principal
from gateway.routing import Contract, Handler
from gateway.session_cookies import holder_of_session
from gateway.wire import Role


@web.middleware
async def authorise(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put the key's holder at `request[PRINCIPAL]`, or refuse.

    Raises `Unauthenticated` and `PermissionDenied`.
    """
    if request.match_info.http_exception is not None:
        return await handler(request)
    contract = request.app[ROUTES].contract(request.match_info.route)
    if contract.roles is None or contract.page:
        return await handler(request)
    principal = await _holder(request, contract)
    if principal.role not in contract.roles:
        raise PermissionDenied(
            f"A key with the role {principal.role} may not do this; it takes {_listed(contract.roles)}."
        )
    request[PRINCIPAL] = principal
    return await handler(request)


def bearer(request: web.Request, *, bare: bool = False) -> str | None:
    """The key in `Authorization: Bearer KEY` (RFC 6750, section 2.1), None where there is none.

    With `bare` also the one in `Authorization: KEY`.
    """
    scheme, _, key = request.headers.get("Authorization", "").strip().partition(" ")
    if bare and not key:
        return scheme or None
    return key.strip() or None if scheme.lower() == "bearer" else None


async def _holder(request: web.Request, contract: Contract) -> Principal:
    """Who acts: by the header, else by the session of a page's script, else, where the route takes keys as arguments,
    by those.
    """
    key = bearer(request, bare=contract.bare_key)
    if key is not None:
        return await request.app[AUTHENTICATOR].authenticate(key)
    holder = await holder_of_session(request)
    if holder is not None:
        return holder
    if contract.key_arguments:
        holder = await holder_of_arguments(request, contract.key_arguments)
        if holder is not None:
            return holder
        names = " or ".join(sorted(contract.key_arguments))
        raise Unauthenticated(
            f"Send your key with the request: Authorization: Bearer rk-…, or as the argument {names}.",
            code="missing_key",
        )
    raise Unauthenticated("Send your key with the request: Authorization: Bearer rk-…", code="missing_key")


def _listed(roles: frozenset[Role]) -> str:
    return " or ".join(sorted(roles))
