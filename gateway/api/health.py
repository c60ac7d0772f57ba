"""`/health`: whether the gateway is up."""

from importlib.metadata import PackageNotFoundError, version

from aiohttp import web

from gateway.api.bodies import json_response
from gateway.routing import Routes
from gateway.wire import Health


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    answer = Health(version=_version())

    async def health(request: web.Request) -> web.Response:  # noqa: ARG001 - aiohttp hands it over
        return json_response(answer)

    routes.get("/health", health, roles="anyone")


def _version() -> str:
    try:
        return version("rolekey")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
