"""The page of the upstream accounts, as they are now."""

from datetime import timedelta

import msgspec
from aiohttp import web

from gateway.app_keys import ACCOUNTS, TIMING
from gateway.routing import Routes
from gateway.times import milliseconds, moment
from gateway.web.keys import SITE
from gateway.wire import Account


class AccountNow(msgspec.Struct, frozen=True, kw_only=True):
    """An account and the time of the day, UTC, until which it is not asked, where that is known."""

    account: Account
    until: str | None


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get("/accounts", show_accounts, roles=("admin",), page=True)


async def show_accounts(request: web.Request) -> web.Response:
    """`GET /accounts`: each account with its state, its load and its last failure; the page's script looks again."""
    now = moment(milliseconds(request.app[TIMING].clock()))
    accounts = [
        AccountNow(
            account=account,
            until=None
            if account.retry_after is None
            else f"{now + timedelta(seconds=account.retry_after):%H:%M:%S} UTC",
        )
        for account in request.app[ACCOUNTS].to_wire()
    ]
    return request.app[SITE].page(request, "accounts.html", accounts=accounts, as_of=f"{now:%H:%M:%S} UTC")
