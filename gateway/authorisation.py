"""The door: every route but the open ones needs a key of a role that the route names."""

from aiohttp import web

from gateway.app_keys import AUTHENTICATOR, PRINCIPAL, ROUTES
from gateway.errors import PermissionDenied, Unauthenticated
from gateway.routing import Handler


@web.middleware
async def authorise(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put the key's holder at `request[PRINCIPAL]`, or refuse.

    Raises `Unauthenticated` and `PermissionDenied`.
    """
    if request.match_info.http_exception is not None:
        return await handler(request)
    roles = request.app[ROUTES].allowed(request.match_info.route)
    if roles is None:
        return await handler(request)
    principal = await request.app[AUTHENTICATOR].authenticate(_bearer(request))
    if principal.role not in roles:
        raise PermissionDenied(f"A key with the role {principal.role} may not do this; it takes {_listed(roles)}.")
    request[PRINCIPAL] = principal
    return await handler(request)


def _bearer(request: web.Request) -> str:
    """The key in `Authorization: Bearer KEY` (RFC 6750, section 2.1)."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Unauthenticated("Send your key with the request: Authorization: Bearer rk-…", code="missing_key")
    return key.strip()


def _listed(roles: frozenset[str]) -> str:
    return " or ".join(sorted(roles))
