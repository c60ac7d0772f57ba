"""Where the gateway is. https://discord.com/developers/docs/events/gateway#get-gateway-bot"""

from collections.abc import Callable

from playground.standin.rest.routing import Call, Routes
from playground.standin.socket.gateway import Gateway
from playground.standin.world.entities import JSON


def add(routes: Routes, gateway: Gateway, url: Callable[[], str]) -> None:
    """The routes of this subject."""

    def get_gateway_bot(call: Call) -> JSON:
        limit = gateway.start_limit(call.caller)
        return {"url": url(), "shards": gateway.pace.shards, "session_start_limit": limit}

    def get_gateway(_call: Call) -> JSON:
        return {"url": url()}

    routes.add("GET", "/gateway/bot", get_gateway_bot)
    routes.add("GET", "/gateway", get_gateway, authenticate=False)
