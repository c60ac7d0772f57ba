"""Style sheets, scripts, fonts and pictures."""

from aiohttp import web

from gateway.routing import Routes
from gateway.web.keys import SITE


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/static/{version}/{path:.+}", get_file, roles="anyone", page=True)


async def get_file(request: web.Request) -> web.Response:
    """`GET /static/{version}/{path}`: a file of the pages."""
    return request.app[SITE].file(request)
