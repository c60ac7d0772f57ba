"""Signing in with a key, and out again."""

from typing import Literal

from aiohttp import web

from gateway.app_keys import AUTHENTICATOR, PRINCIPAL, PROXIES, SESSIONS
from gateway.errors import ApiError, PermissionDenied, RateLimited
from gateway.parameters import query_of
from gateway.routing import EVERY_ROLE, Query, Routes
from gateway.session_cookies import SESSION, drop_session, new_session, session_of
from gateway.web.forms import fields_of
from gateway.web.keys import ATTEMPTS, SITE


class WhySignIn(Query, frozen=True, kw_only=True):
    """Whether a session ended just now."""

    ended: Literal["true"] | None = None


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.get("/sign-in", show_form, roles="anyone", page=True, query=WhySignIn)
    routes.post("/sign-in", sign_in, roles="anyone", page=True)
    routes.post("/sign-out", sign_out, roles="anyone", page=True)
    routes.post("/sign-out-everywhere", sign_out_everywhere, roles=EVERY_ROLE, page=True)


async def show_form(request: web.Request) -> web.Response:
    """`GET /sign-in`: the form for a key."""
    ended = query_of(request, WhySignIn).ended is not None
    return request.app[SITE].sign_in_page(request, ended=ended)


async def sign_in(request: web.Request) -> web.Response:
    """`POST /sign-in`: begin a session with the key in the form. One that was there before ends."""
    given = (await fields_of(request)).get("key", "")
    try:
        name = await _begin(request, given)
    except ApiError as error:
        return request.app[SITE].sign_in_page(request, error=error)
    before = request.get(SESSION)
    if before is not None and before.name is not None:
        await request.app[SESSIONS].end(before.name)
    return request.app[SITE].redirect(request, "", new_session(name))


async def sign_out(request: web.Request) -> web.Response:
    """`POST /sign-out`: end this session, also where its key works no more."""
    session = session_of(request)
    if session is not None and session.name is not None:
        await request.app[SESSIONS].end(session.name)
    return _signed_out(request)


async def sign_out_everywhere(request: web.Request) -> web.Response:
    """`POST /sign-out-everywhere`: end all sessions of whoever is signed in."""
    await request.app[SESSIONS].end_all(request[PRINCIPAL])
    return _signed_out(request)


async def _begin(request: web.Request, key: str) -> str:
    attempts, address = request.app[ATTEMPTS], request.app[PROXIES].address_of(request)
    attempts.check(address)
    try:
        if (await request.app[AUTHENTICATOR].authenticate(key)).role == "agent":
            raise PermissionDenied("This is an agent's key. Sign in with a user's, a client's or an admin's.")
        return await request.app[SESSIONS].begin(key)
    except ApiError as error:
        if not isinstance(error, RateLimited) and error.status < 500:
            attempts.note(address)
        raise


def _signed_out(request: web.Request) -> web.Response:
    response = request.app[SITE].redirect(request, "sign-in")
    drop_session(request, response)
    return response
