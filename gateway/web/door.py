"""The door of the pages: who is signed in, what came from another site, and how errors look to people."""

from aiohttp import web

from gateway.app_keys import PRINCIPAL, ROUTES, SESSIONS
from gateway.errors import ApiError, NotFound, PermissionDenied, Unauthenticated
from gateway.routing import Contract, Handler
from gateway.session_cookies import CSRF_HEADER, SESSION, Session, check_own_site, check_token, drop_session, session_of
from gateway.web.forms import form_of
from gateway.web.keys import SITE


@web.middleware
async def guard_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let pages' requests through with `request[PRINCIPAL]`, or show why not. The API's pass untouched.

    What a page's script asks for is told of errors as the API tells them, in the page's language.
    """
    contract = _page(request)
    if contract is None:
        return _nowhere(request) if _leads_nowhere(request) else await handler(request)
    try:
        await _enter(request, contract)
        in_place = contract is not request.app[ROUTES].contract(request.match_info.route)
        return await (contract.handler if in_place else handler)(request)
    except ApiError as error:
        if CSRF_HEADER in request.headers:
            error.message = request.app[SITE].explain(request, error).words
            raise
        if isinstance(error, Unauthenticated) or error.code == "disabled":
            return _to_sign_in(request)
        return request.app[SITE].error_page(request, error)


async def _enter(request: web.Request, contract: Contract) -> None:
    session = session_of(request)
    if session is not None:
        request[SESSION] = session
    if request.method not in {"GET", "HEAD"}:
        await _check_origin(request, session)
    if contract.roles is None:
        return
    if session is None or session.name is None:
        raise Unauthenticated("Sign in first.", code="no_session")
    principal = await request.app[SESSIONS].holder(session.name)
    if principal.role not in contract.roles:
        raise PermissionDenied(f"A key with the role {principal.role} may not do this.")
    request[PRINCIPAL] = principal


async def _check_origin(request: web.Request, session: Session | None) -> None:
    """The token comes in the header from a script, and in the field `csrf` from a form."""
    check_own_site(request)
    if session is None:
        raise PermissionDenied(
            "Your browser sent no cookie with the form. Allow cookies for this address, load the page again, "
            "and repeat what you did.",
            code="cross_site",
        )
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        given = (await form_of(request)).get("csrf", "")
    check_token(session, given)


def _page(request: web.Request) -> Contract | None:
    if request.match_info.http_exception is not None:
        return None
    contract = request.app[ROUTES].contract(request.match_info.route)
    if contract.page:
        return contract
    return request.app[ROUTES].shown_in_place(contract.path) if _is_opened(request) else None


def _is_opened(request: web.Request) -> bool:
    """Whether somebody opens an address with a browser, and is no program that brings a key or arguments."""
    asks = request.method == "GET" and not request.query_string and "Authorization" not in request.headers
    return asks and "text/html" in request.headers.get("Accept", "")


def _leads_nowhere(request: web.Request) -> bool:
    """Whether somebody opens an address with a browser where there is neither a page nor a route."""
    return (
        isinstance(request.match_info.http_exception, web.HTTPNotFound) and SITE in request.app and _is_opened(request)
    )


def _nowhere(request: web.Request) -> web.Response:
    session = session_of(request)
    if session is not None:  # without it the page would begin another one
        request[SESSION] = session
    return request.app[SITE].error_page(request, NotFound("There is no such page.", code="unknown_route"))


def _to_sign_in(request: web.Request) -> web.Response:
    """Where one was signed in, the sign-in page says that this is over."""
    was_in = request[SESSION].name is not None if SESSION in request else False
    response = request.app[SITE].redirect(request, "sign-in?ended=true" if was_in else "sign-in")
    if was_in:
        drop_session(request, response)
    return response
