"""`/health`: whether the gateway is up, and `/health/ready`: whether it can answer prompts."""

from importlib.metadata import PackageNotFoundError, version

from aiohttp import web

from gateway.api.bodies import json_response
from gateway.app_keys import READINESS
from gateway.errors import Unavailable
from gateway.routing import Routes
from gateway.wire import Health


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    answer = Health(version=gateway_version())

    async def health(request: web.Request) -> web.Response:  # noqa: ARG001 - aiohttp hands it over
        """`GET /health`: the gateway is up."""
        return json_response(answer)

    async def ready(request: web.Request) -> web.Response:
        """`GET /health/ready`: the database answers, and every tier that has accounts has one that can be used."""
        if reasons := await request.app[READINESS].reasons():
            raise Unavailable(f"Not ready: {'; '.join(reasons)}.", code="not_ready")
        return json_response(answer)

    routes.get("/health", health, roles="anyone", answers=Health)
    routes.get("/health/ready", ready, roles="anyone", answers=Health, errors=(503,))


def gateway_version() -> str:
    """The installed version, 0 where Rolekey was never installed."""
    try:
        return version("rolekey")
    except PackageNotFoundError:  # run from a folder that was never installed
        return "0"
