"""What stands beside every page: a user's own conversations. Admins and clients have the desk's sections there."""

from typing import Any

from aiohttp import web

from gateway.app_keys import CONVERSATIONS, PRINCIPAL
from gateway.paging import Position

_LISTED = 40


async def conversations_beside(request: web.Request, cursor: str | None = None) -> dict[str, Any]:
    """`listed` and `older` for the templates: the newest conversations, or those after a cursor."""
    me = request[PRINCIPAL]
    if me.role != "user":
        return {"listed": [], "older": None}
    after = None if cursor is None else Position.from_cursor(cursor)
    page = await request.app[CONVERSATIONS].list(owner=me, client_id=None, limit=_LISTED, after=after)
    return {"listed": page.items, "older": page.next_cursor}
