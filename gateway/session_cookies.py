"""The cookie that holds a session's name, and what keeps other sites from using it.

What it holds is sealed: the session's name and its token against cross-site requests, never a key. A page's script
sends that token in a header, which no other site can (https://cheatsheetseries.owasp.org/cheatsheets/
Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html); without it a cookie counts for nothing on the API's routes.
"""

import hmac
import secrets
from http.cookies import SimpleCookie
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from gateway.app_keys import CONFIG, PROXIES, SESSION_SEAL, SESSIONS
from gateway.errors import PermissionDenied
from gateway.principals import Principal
from gateway.sessions import session_over

SESSION_COOKIES = b"rolekey: session cookies"
"""What their sealer is for."""

CSRF_HEADER = "X-Rolekey-CSRF"
_COOKIE = "rolekey"


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What a cookie holds. Before one signs in there is no `name`, and the token guards the form for it.

    `by` is how one signed in, to say so on the pages.
    """

    csrf: str
    name: str | None = None
    by: Literal["key", "discord"] = "key"

    def __repr__(self) -> str:
        return "Session(hidden)"


SESSION = web.RequestKey("SESSION", Session)


def new_session(name: str | None = None, *, by: Literal["key", "discord"] = "key") -> Session:
    """A session with a token of its own."""
    return Session(csrf=secrets.token_urlsafe(24), name=name, by=by)


def session_of(request: web.Request) -> Session | None:
    """What the request's cookie holds; None where there is none that this gateway sealed."""
    sealed = request.cookies.get(_COOKIE, "")
    opened = request.app[SESSION_SEAL].open(sealed.encode()) if sealed.isascii() and sealed else None
    return None if opened is None else msgspec.json.decode(opened, type=Session)


def keep_session(request: web.Request, response: web.StreamResponse, session: Session) -> None:
    """Give the browser the session's cookie.

    It names no path, so it holds for the folder that the browser sees the gateway under, also behind a proxy that
    serves it under a prefix (RFC 6265, section 5.1.4).
    """
    sealed = request.app[SESSION_SEAL].seal(msgspec.json.encode(session).decode()).decode()
    _set(request, response, sealed, seconds=round(request.app[CONFIG].gateway.session_days * 86_400))


def drop_session(request: web.Request, response: web.StreamResponse) -> None:
    """Have the browser forget its cookie."""
    _set(request, response, "", seconds=0)


async def holder_of_session(request: web.Request) -> Principal | None:
    """Who is signed in, of a request to the API by a page's script; None of any other request.

    Raises `PermissionDenied` with code `cross_site`, and what `Sessions.holder` raises.
    """
    given = request.headers.get(CSRF_HEADER)
    if given is None or not request.app[CONFIG].gateway.web:
        return None
    session = session_of(request)
    if session is None or session.name is None:
        raise session_over()
    check_own_site(request)
    check_token(session, given)
    return await request.app[SESSIONS].holder(session.name)


def check_own_site(request: web.Request) -> None:
    """Raise `PermissionDenied` with code `cross_site` where the browser says that another site's page sent this.

    Browsers say it in Sec-Fetch-Site where the connection is safe (https://www.w3.org/TR/fetch-metadata/), and in
    Origin for all that changes something. What says neither is not from a browser's page.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        own = site == "same-origin"
    elif "Origin" in request.headers:
        public = urlsplit(request.app[CONFIG].gateway.public_url).netloc
        own = urlsplit(request.headers["Origin"]).netloc in {request.host, public} - {""}
    else:
        own = request.method in {"GET", "HEAD"}
    if not own:
        raise PermissionDenied(
            "This came from a page of another site, or the proxy in front changes the header Host: then set "
            "[gateway] public_url.",
            code="cross_site",
        )


def check_token(session: Session, given: str) -> None:
    """Raise `PermissionDenied` with code `cross_site` where the token is not the session's."""
    if not hmac.compare_digest(session.csrf.encode(), given.encode()):
        raise PermissionDenied(
            "This page is from before you last signed in. Load it again, then repeat what you did.", code="cross_site"
        )


def _set(request: web.Request, response: web.StreamResponse, value: str, *, seconds: int) -> None:
    cookie = SimpleCookie()
    cookie[_COOKIE] = value
    morsel = cookie[_COOKIE]
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"  # so that a link from Discord finds one signed in
    morsel["max-age"] = str(seconds)
    if _is_secure(request):
        morsel["secure"] = True
    response.headers.add("Set-Cookie", morsel.OutputString())


def _is_secure(request: web.Request) -> bool:
    """The gateway itself speaks plain HTTP; whether there is TLS in front, a browser tells with a form, a proxy that is
    trusted always, and the settings of the address that they name.
    """
    public = urlsplit(request.app[CONFIG].gateway.public_url)
    return (
        request.headers.get("Origin", "").startswith("https:")
        or request.app[PROXIES].is_secure(request)
        or (public.scheme == "https" and public.netloc == request.host)
    )
