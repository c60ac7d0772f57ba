"""The page of the audit log: who read what of what users wrote."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from gateway.app_keys import AUDIT, PRINCIPAL
from gateway.audit import Looked
from gateway.errors import InvalidRequest
from gateway.paging import Position
from gateway.parameters import query_of
from gateway.routing import EVERY_ROLE, Query, Routes
from gateway.web.beside import conversations_beside
from gateway.web.keys import SITE

_LISTED = 50
_TEXT = msgspec.Meta(max_length=200)


class AskedAudit(Query, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Which lines; forms send empty texts for what was left out."""

    reader: Annotated[str, _TEXT] = ""
    user: Annotated[str, _TEXT] = ""
    action: Literal["", "list", "read", "search", "export", "copy"] = ""
    from_: Annotated[str, _TEXT] = ""
    to: Annotated[str, _TEXT] = ""
    cursor: str | None = None

    def wanted(self) -> Looked:
        """The same for the log. Raises `InvalidRequest` where a day is none."""
        return Looked(
            reader=self.reader.strip() or None,
            subject=self.user.strip() or None,
            action=self.action or None,
            first=_day(self.from_),
            last=_day(self.to),
        )

    def kept(self) -> dict[str, str]:
        """What chose the lines, to go along to the next page."""
        asked = {"reader": self.reader, "user": self.user, "action": self.action, "from": self.from_, "to": self.to}
        return {name: value for name, value in asked.items() if value}


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/audit", show_audit, roles=EVERY_ROLE, page=True, query=AskedAudit)


async def show_audit(request: web.Request) -> web.Response:
    """`GET /audit`: an admin sees all of it, a client what is about its users, a user who read its own."""
    asked, problem, wanted = query_of(request, AskedAudit), None, Looked()
    try:
        wanted = asked.wanted()
    except InvalidRequest as error:
        problem = request.app[SITE].explain(request, error)
    after = None if asked.cursor is None else Position.from_cursor(asked.cursor)
    page = await request.app[AUDIT].page(request[PRINCIPAL], limit=_LISTED, after=after, wanted=wanted)
    return request.app[SITE].page(
        request,
        "audit.html",
        status=200 if problem is None else 400,
        asked=asked,
        problem=problem,
        entries=page.items,
        next_cursor=page.next_cursor,
        **await conversations_beside(request),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidRequest("Write days as year-month-day, 2026-01-31 for instance.") from None
