"""A name for every request, and one line in the log about it: never a key, a prompt or an address with a query."""

import logging
import secrets

from aiohttp import web

from gateway.app_keys import CONFIG, METRICS, REQUEST_ID
from gateway.request_trace import CURRENT, RequestTrace
from gateway.routing import Handler

log = logging.getLogger("gateway.access")

SERVER_NAME = "rolekey"

# HTTP's word for a WebSocket that came about: it lasts as long as it likes.
_SWITCHED = 101
# Asked for every few seconds by whoever watches over the process.
_QUIET = {"/health", "/health/ready", "/metrics"}


@web.middleware
async def log_requests(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request, and say afterwards what it was, how it ended and how long it took."""
    metrics = request.app[METRICS]
    trace = RequestTrace(secrets.token_hex(8), metrics.spent)
    request[REQUEST_ID] = trace.request_id
    token = CURRENT.set(trace)
    metrics.in_flight.inc()
    status = 499  # nginx's word for a caller that went away first
    try:
        response = await handler(request)
        status = response.status
        return response
    finally:
        metrics.in_flight.dec()
        metrics.finished(request.method, _pattern(request), status, trace)
        _log(request, status, trace)
        CURRENT.reset(token)


def _log(request: web.Request, status: int, trace: RequestTrace) -> None:
    route, took = _pattern(request), trace.seconds
    fields = {"method": request.method, "route": route, "status": status, "ms": round(took * 1000, 1)}
    level = logging.DEBUG if request.path in _QUIET else logging.INFO
    log.log(
        level,
        "%s %s %d %.1f ms %s",
        request.method,
        route,
        status,
        took * 1000,
        trace.request_id,
        extra={"fields": fields},
    )
    slow = request.app[CONFIG].gateway.slow_request_seconds
    if slow and took >= slow and status != _SWITCHED:
        first = "no text" if trace.first_text is None else f"first text after {trace.first_text * 1000:.1f} ms"
        log.warning("slow: %s %s %.1f ms, %s, %s", request.method, route, took * 1000, first, trace.request_id)


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
