"""`/api/audit`: who read what of what others wrote."""

from aiohttp import web

from gateway.api.bodies import Paged, json_response, page_asked_for
from gateway.app_keys import AUDIT, PRINCIPAL
from gateway.routing import EVERY_ROLE, Routes
from gateway.wire import AuditPage


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/api/audit", list_audit, roles=EVERY_ROLE, query=Paged, answers=AuditPage)


async def list_audit(request: web.Request) -> web.Response:
    """`GET /api/audit?limit=50&cursor=…`: each time an admin or a client read what users wrote, newest first.

    An admin sees all of it, a client what is about its users, a user what is about itself.
    """
    limit, after = page_asked_for(request)
    page = await request.app[AUDIT].page(request[PRINCIPAL], limit=limit, after=after)
    return json_response(AuditPage(entries=page.items, next_cursor=page.next_cursor))
