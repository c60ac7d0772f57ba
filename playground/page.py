"""The page's server: loopback only, a token for all that tells or does something, and nothing from any other host."""

import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, Self

from aiohttp import web

HOST = "127.0.0.1"
TOKEN_HEADER = "X-Playground-Token"  # noqa: S105  its name
_WEB = Path(__file__).parent / "web"
_GUARDED = ("/control/", "/panel/")
_NAMES = (HOST, "localhost")
_LARGEST_BODY = 64 * 1024 * 1024  # files come in base64
_NOT_YOURS = "Open the address that the playground printed: it has a token, without which this page does nothing."


class Part(Protocol):
    """What has routes to serve."""

    def add_to(self, app: web.Application) -> None:
        """Add them."""
        ...


class Page:
    """Serves while entered; `url` opens it. `files_origin` is the one other origin that pictures are from."""

    def __init__(self, *parts: Part, files_origin: str) -> None:
        self._token = secrets.token_urlsafe(24)
        self._policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' {files_origin}; "
            "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        self._hosts = set[str]()
        app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_BODY)
        app.on_response_prepare.append(self._head)
        app.router.add_get("/", self._index)
        for part in parts:
            part.add_to(app)
        app.router.add_static("/", _WEB)
        # What waits for the bot's answer is not worth waiting for once the page goes away.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
        self.url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        port = self._runner.addresses[0][1]
        self._hosts = {f"{name}:{port}" for name in _NAMES}
        self.url = f"http://{HOST}:{port}/?t={self._token}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Refuse other sites, also those that point a name of theirs at this machine, and whoever has no token."""
        if request.host not in self._hosts:
            raise web.HTTPForbidden(text=_NOT_YOURS)
        if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
            raise web.HTTPForbidden(text="This is for the playground's own page.")
        if request.path.startswith(_GUARDED) and not self._has_token(request):
            raise web.HTTPForbidden(text=_NOT_YOURS)
        return await handler(request)

    def _has_token(self, request: web.Request) -> bool:
        given = request.headers.get(TOKEN_HEADER) or request.query.get("t", "")
        return secrets.compare_digest(given.encode(), self._token.encode())

    async def _index(self, request: web.Request) -> web.StreamResponse:
        if not self._has_token(request):
            raise web.HTTPForbidden(text=_NOT_YOURS)
        return web.FileResponse(_WEB / "index.html")

    async def _head(self, _request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = self._policy
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
