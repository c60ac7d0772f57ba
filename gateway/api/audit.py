"""`/api/audit`: who read what of what others wrote."""

from datetime import date
from typing import Annotated

import msgspec
from aiohttp import web

from gateway.api.bodies import Paged, json_response, page_asked_for
from gateway.app_keys import AUDIT, PRINCIPAL
from gateway.audit import Looked
from gateway.parameters import query_of
from gateway.routing import EVERY_ROLE, Routes
from gateway.wire import AuditAction, AuditPage, Name


class ReadAudit(Paged, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Which lines, and which page of them."""

    reader: Annotated[Name, msgspec.Meta(description="Only what this admin or client read.")] | None = None
    user_id: Annotated[Name, msgspec.Meta(description="Only what was read of this user's alone.")] | None = None
    action: AuditAction | None = None
    from_: Annotated[date, msgspec.Meta(description="The first day, UTC.")] | None = None
    to: Annotated[date, msgspec.Meta(description="The last day, UTC.")] | None = None


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/api/audit", list_audit, roles=EVERY_ROLE, query=ReadAudit, answers=AuditPage)


async def list_audit(request: web.Request) -> web.Response:
    """`GET /api/audit?reader=bot&action=search`: each time an admin or a client read what users wrote, newest first.

    An admin sees all of it, a client what is about its users, a user what is about itself.
    """
    limit, after = page_asked_for(request)
    asked = query_of(request, ReadAudit)
    wanted = Looked(reader=asked.reader, subject=asked.user_id, action=asked.action, first=asked.from_, last=asked.to)
    page = await request.app[AUDIT].page(request[PRINCIPAL], limit=limit, after=after, wanted=wanted)
    return json_response(AuditPage(entries=page.items, next_cursor=page.next_cursor))
