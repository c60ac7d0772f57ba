"""The first page of an admin or a client: how its users fare this month."""

from aiohttp import web

from gateway.api.scope import client_asked_for
from gateway.app_keys import USAGE
from gateway.usage import Span, total
from gateway.web.keys import SITE

_HEAVIEST = 5


async def show_overview(request: web.Request) -> web.Response:
    """`GET /` of an admin or a client: an admin sees everybody's use, a client that of its users."""
    reports = request.app[USAGE]
    first, last = reports.this_month()
    span = Span(first=first, last=last, client_id=await client_asked_for(request))
    return request.app[SITE].page(
        request,
        "overview.html",
        first=first,
        total=total(await reports.days(span)),
        heaviest=await reports.heaviest(span, most=_HEAVIEST),
    )
