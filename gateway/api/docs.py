"""`/openapi.json` and `/docs`: what this page says, for programs and for people."""

from functools import cache

import msgspec
from aiohttp import web

from gateway.api.health import gateway_version
from gateway.openapi import describe
from gateway.openapi_page import Page
from gateway.routing import Routes, Success


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""

    @cache
    def document() -> bytes:
        return msgspec.json.encode(describe(routes.contracts(), version=gateway_version()))

    @cache
    def page() -> Page:
        return Page(msgspec.json.decode(document()))

    async def openapi(request: web.Request) -> web.Response:  # noqa: ARG001 - aiohttp hands it over
        """`GET /openapi.json`: what this page says, as an OpenAPI 3.1 document."""
        return web.Response(body=document(), content_type="application/json")

    async def docs(request: web.Request) -> web.Response:  # noqa: ARG001 - aiohttp hands it over
        """`GET /docs`: this page."""
        return web.Response(
            text=page().html,
            content_type="text/html",
            headers={"Content-Security-Policy": page().content_security_policy},
        )

    routes.get("/openapi.json", openapi, roles="anyone", answers=Success(dict))
    routes.get("/docs", docs, roles="anyone", answers=Success(str, content_type="text/html"))
