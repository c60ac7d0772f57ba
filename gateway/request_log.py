"""A name for every request, and one line in the log about it: never a key, a prompt or an address with a query."""

import logging
import secrets
import time

from aiohttp import web

from gateway.app_keys import REQUEST_ID
from gateway.routing import Handler

log = logging.getLogger("gateway.access")

SERVER_NAME = "rolekey"

# Asked for every few seconds by whoever watches over the process.
_QUIET = {"/health"}


@web.middleware
async def log_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request, and say afterwards what it was, how it ended and how long it took."""
    request[REQUEST_ID] = secrets.token_hex(8)
    began = time.perf_counter()
    status = 499  # nginx's word for a caller that went away first
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        took = (time.perf_counter() - began) * 1000
        level = logging.DEBUG if request.path in _QUIET else logging.INFO
        log.log(level, "%s %s %d %.1f ms %s", request.method, _pattern(request), status, took, request[REQUEST_ID])


async def name_response(request: web.Request, response: web.StreamResponse) -> None:
    """Give every response, streamed ones too, the name of its request, and aiohttp's version to none.

    No browser may take text, which a model may have written, for a page.
    """
    response.headers["Server"] = SERVER_NAME
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("X-Request-ID", request.get(REQUEST_ID) or secrets.token_hex(8))


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "-" if resource is None else resource.canonical
