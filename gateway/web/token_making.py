"""The page that makes an access token, as chatgpt-api-server's did, of a key of one's own at the provider."""

from typing import Any

from aiohttp import web

from gateway.api.access_tokens import issue_token
from gateway.app_keys import PRINCIPAL
from gateway.compatibility import AccessTokenArguments
from gateway.config import Paths
from gateway.errors import ApiError, InvalidRequest, PermissionDenied
from gateway.own_credentials import IssuedToken
from gateway.routing import Routes
from gateway.web.beside import conversations_beside
from gateway.web.callers import holder_of_key, signed_in
from gateway.web.forms import Fields, fields_of, taken_as
from gateway.web.keys import SITE
from gateway.web.languages import N_


def add_routes(routes: Routes, paths: Paths) -> None:
    """Add the routes of this module."""
    routes.get(paths.access_token_page, show_form, roles="anyone", page=True)
    routes.post(paths.access_token_page, make_token, roles="anyone", page=True)


async def show_form(request: web.Request) -> web.Response:
    """`GET /access-token`: the form for a key at the provider."""
    return await _page(request, is_in=await signed_in(request) is not None)


async def make_token(request: web.Request) -> web.Response:
    """`POST /access-token`: the key, tried and sealed for whoever is signed in or gives a key of the gateway's.

    The key at the provider is kept nowhere and in no answer; the token is in this one alone.
    """
    fields = await fields_of(request)
    is_in = await signed_in(request) is not None
    try:
        if not is_in:
            await holder_of_key(request, fields)
        return await _page(request, is_in=is_in, issued=await _issue(request, fields))
    except ApiError as error:
        return await _page(request, is_in=is_in, problem=error, given=fields)


async def _issue(request: web.Request, fields: Fields) -> IssuedToken:
    if request[PRINCIPAL].role == "admin":
        raise PermissionDenied("An access token belongs to a user. Sign in as one, or as a client.")
    key = fields.get("api_key", "")
    given = {
        "api_key": key or None,
        "user_plus": fields.get("tier") == "plus",
        "user_id": fields.get("user_id") or None,
        # Whoever types an address of e-mail types a password next.
        "email": fields.get("email") or (key if "@" in key else None),
        "password": fields.get("password") or None,
    }
    otherwise = N_("That is no provider’s key: it has no spaces and at most 1000 characters. Copy it again.")
    arguments = taken_as(AccessTokenArguments, given, otherwise=otherwise)
    if arguments.api_key is None and arguments.email is None and arguments.password is None:
        raise InvalidRequest("Give a key of your own at the provider.")
    return await issue_token(request, arguments)


async def _page(
    request: web.Request,
    *,
    is_in: bool,
    issued: IssuedToken | None = None,
    problem: ApiError | None = None,
    given: Fields | None = None,
) -> web.Response:
    site = request.app[SITE]
    beside: dict[str, Any] = await conversations_beside(request) if is_in else {}
    response = site.page(
        request,
        "access_token.html",
        status=200 if problem is None else problem.status,
        frame="desk.html" if is_in else "apart.html",
        is_in=is_in,
        issued=issued,
        problem=None if problem is None else site.explain(request, problem),
        given=given or {},
        **beside,
    )
    response.headers.update({} if problem is None else problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response
