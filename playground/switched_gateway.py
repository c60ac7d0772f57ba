"""The gateway, which one can switch off: its process stays, its port is really closed, its data is kept."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Self

import msgspec
from aiohttp import web

from gateway.app import create_app
from gateway.app_keys import PRINCIPAL
from gateway.bootstrap import create_key, ensure_client_key
from gateway.client import GatewayClient
from gateway.config import Config
from gateway.server import GatewayServer


class GatewayRequest(msgspec.Struct, frozen=True):
    """A request that the gateway answered; `at` and `ms` in milliseconds, `who` is the holder of the key."""

    at: int
    method: str
    path: str
    status: int
    ms: float
    who: str


class SwitchedGateway:
    """Runs a gateway while entered, at one `url` however often it is switched off and on.

    `client_key` is the bot's, `admin` sees everything; `watchers` are told of each request but the admin's.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self.watchers = list[Callable[[GatewayRequest], None]]()
        self._server: GatewayServer | None = None
        self._switching = asyncio.Lock()
        self.url = ""
        self.client_key = ""
        self.admin = GatewayClient("", "")

    async def __aenter__(self) -> Self:
        await self._start()
        gateway = msgspec.structs.replace(self._config.gateway, port=int(self.url.rpartition(":")[2]))
        self._config = msgspec.structs.replace(self._config, gateway=gateway)
        self.client_key = await ensure_client_key(self._config)
        admin_key = await create_key(self._config, "admin", "playground")
        self.admin = await GatewayClient(self.url, admin_key).__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.admin.__aexit__(None, None, None)
        await self.switch(up=False)

    @property
    def is_up(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def switch(self, *, up: bool) -> None:
        """Let it listen, or not. Switching off cuts the answers under way."""
        async with self._switching:
            if up and self._server is None:
                await self._start()
            elif not up and self._server is not None:
                server, self._server = self._server, None
                await server.__aexit__(None, None, None)

    async def _start(self) -> None:
        app = create_app(self._config)
        app.middlewares.insert(0, self._note)
        self._server = await GatewayServer(self._config, app).__aenter__()
        self.url = self._server.url

    @web.middleware
    async def _note(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        begun, status = time.perf_counter(), 499  # nginx's word for a caller that went away first
        try:
            response = await handler(request)
            status = response.status
            return response
        finally:
            who = request.get(PRINCIPAL)
            if who is None or who.role != "admin":
                ms = (time.perf_counter() - begun) * 1000
                name = "" if who is None else who.username or who.name
                now = int(time.time() * 1000)
                for watch in self.watchers:
                    watch(GatewayRequest(now, request.method, request.path, status, round(ms, 1), name))
