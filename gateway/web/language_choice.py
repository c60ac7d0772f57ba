"""Choosing the language of the pages, on this browser, signed in or not."""

from http.cookies import SimpleCookie

from aiohttp import web

from gateway.errors import InvalidRequest
from gateway.routing import Routes
from gateway.web.forms import form_of, here_in
from gateway.web.keys import SITE
from gateway.web.languages.languages import COOKIE

_YEAR_SECONDS = 365 * 86_400


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.post("/language", choose_language, roles="anyone", page=True)


async def choose_language(request: web.Request) -> web.Response:
    """`POST /language`: keep the language in the field `language`, and go on where the form was (`here`)."""
    form = await form_of(request)
    site = request.app[SITE]
    language = site.languages.get(form.get("language", ""))
    if language is None:
        raise InvalidRequest("There is no such language. Choose one of those in the menu.")
    response = site.redirect(request, here_in(form))
    cookie = SimpleCookie()
    cookie[COOKIE] = language.tag
    # It names no path, as with the session's: it holds for the folder that the browser sees the gateway under.
    morsel = cookie[COOKIE]
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    morsel["max-age"] = str(_YEAR_SECONDS)
    response.headers.add("Set-Cookie", morsel.OutputString())
    return response
