"""Where the gateway is. https://discord.com/developers/docs/events/gateway#get-gateway-bot"""

from collections.abc import Callable

from playground.standin.rest.routing import Call, Routes
from playground.standin.socket.gateway import Pace
from playground.standin.world.entities import JSON


def add(routes: Routes, pace: Callable[[], Pace], url: Callable[[], str]) -> None:
    """The routes of this subject."""

    def get_gateway_bot(_call: Call) -> JSON:
        limit = {
            "total": 1000,
            "remaining": 999,
            "reset_after": 86_400_000,
            "max_concurrency": pace().max_concurrency,
        }
        return {"url": url(), "shards": pace().shards, "session_start_limit": limit}

    def get_gateway(_call: Call) -> JSON:
        return {"url": url()}

    routes.add("GET", "/gateway/bot", get_gateway_bot)
    routes.add("GET", "/gateway", get_gateway, authenticate=False)
