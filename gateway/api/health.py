"""`/health`: whether the gateway is up."""

from importlib.metadata import PackageNotFoundError, version

from aiohttp import web

from gateway.api.bodies import json_response
from gateway.routing import Routes
from gateway.wire import Health


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    answer = Health(version=gateway_version())

    async def health(request: web.Request) -> web.Response:  # noqa: ARG001 - aiohttp hands it over
        """`GET /health`: the gateway is up."""
        return json_response(answer)

    routes.get("/health", health, roles="anyone", answers=Health)


def gateway_version() -> str:
    """The installed version, 0 where Rolekey was never installed."""
    try:
        return version("rolekey")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
