"""The one page that shows a key. Its script takes the key out of the page when one leaves it."""

from aiohttp import web

from gateway.users import IssuedKey
from gateway.web.keys import SITE


def show_key(request: web.Request, issued: IssuedKey, *, is_new: bool) -> web.Response:
    """A new key, of somebody new or in the place of a former one."""
    response = request.app[SITE].page(request, "key.html", user=issued.principal, key=issued.key, is_new=is_new)
    response.headers["Cache-Control"] = "no-store"
    return response
