"""Who asks on the pages that also take a key in a form, as chatgpt-api-server's did: never one in an address."""

from aiohttp import web

from gateway.app_keys import AUTHENTICATOR, PRINCIPAL, PROXIES, SESSIONS
from gateway.errors import ApiError, PermissionDenied, RateLimited
from gateway.principals import Principal
from gateway.session_cookies import SESSION
from gateway.web.forms import Fields
from gateway.web.keys import ATTEMPTS


async def signed_in(request: web.Request) -> Principal | None:
    """Who is signed in, now also at `request[PRINCIPAL]`. Raises what `Sessions.holder` raises."""
    session = request.get(SESSION)
    if session is None or session.name is None:
        return None
    request[PRINCIPAL] = await request.app[SESSIONS].holder(session.name)
    return request[PRINCIPAL]


async def holder_of_key(request: web.Request, fields: Fields) -> Principal:
    """The holder of the key in a form, now also at `request[PRINCIPAL]`.

    Raises `RateLimited` with code `too_many_attempts`, and what `Authenticator.authenticate` raises.
    """
    attempts, address = request.app[ATTEMPTS], request.app[PROXIES].address_of(request)
    attempts.check(address)
    try:
        holder = await request.app[AUTHENTICATOR].authenticate(fields.get("key", ""))
        if holder.role == "agent":
            raise PermissionDenied("This is an agent's key. Use a user's or a client's.")
    except ApiError as error:
        if not isinstance(error, RateLimited) and error.status < 500:
            attempts.note(address)
        raise
    request[PRINCIPAL] = holder
    return holder
