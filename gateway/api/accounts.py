"""`GET /api/accounts`: how the upstream accounts are doing."""

from aiohttp import web

from gateway.api.bodies import json_response
from gateway.app_keys import ACCOUNTS
from gateway.routing import Routes
from gateway.wire import AccountPage


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/api/accounts", list_accounts, roles=("admin",), answers=AccountPage)


async def list_accounts(request: web.Request) -> web.Response:
    """`GET /api/accounts`: every account with its tier, what is in flight and its last failure."""
    return json_response(AccountPage(accounts=request.app[ACCOUNTS].to_wire()))
