"""`/metrics`: the gateway's figures for Prometheus."""

from typing import Literal

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from gateway.app_keys import METRICS
from gateway.routing import Routes, Success


def add_routes(routes: Routes, who: Literal["off", "open", "admin"]) -> None:
    """Add the route of this module, unless there is to be none."""
    if who == "off":
        return
    answer = Success(str, content_type="text/plain", description="Prometheus' text format.")
    routes.get("/metrics", show_metrics, roles="anyone" if who == "open" else ("admin",), answers=answer)


async def show_metrics(request: web.Request) -> web.Response:
    """`GET /metrics`: requests, latencies, tokens, cost and accounts. Prometheus sends the key as `credentials`."""
    return web.Response(body=request.app[METRICS].text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
