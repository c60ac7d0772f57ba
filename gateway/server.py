"""The gateway on a port."""

import asyncio
import errno
import logging
from types import TracebackType
from typing import Self, cast

from aiohttp import web

from gateway.app import create_app
from gateway.app_keys import RELOADING
from gateway.config import Config
from gateway.connections import Connections, Limits

log = logging.getLogger("gateway")

# Connections the system may hold until the gateway takes them; more than asyncio's 100 for a rush after a restart.
_BACKLOG = 1024
# Addresses to listen on that nobody can connect to everywhere.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class CannotListen(OSError):
    """The address or the port cannot be had; the message names the setting to change."""


class GatewayServer:
    """Serves a gateway while it is entered. `url` is where this machine reaches it, `port` the one it got.

    Leaving it stops taking requests and gives those under way `[gateway] shutdown_grace_seconds` to end.
    Entering it raises `CannotListen` and `storage.StorageError`.
    """

    def __init__(self, config: Config, app: web.Application | None = None) -> None:
        self._host = config.gateway.host
        self._port = config.gateway.port
        self.app = app or create_app(config)
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=config.gateway.shutdown_grace_seconds)
        self._limits = Limits(
            max_connections=config.gateway.max_connections, request_seconds=config.gateway.request_timeout_seconds
        )
        self._listening: asyncio.Server | None = None
        self.url = ""
        self.port = 0

    async def __aenter__(self) -> Self:
        try:
            await self._runner.setup()
            self._listening = await asyncio.get_running_loop().create_server(
                Connections(cast("web.Server", self._runner.server), self._limits),
                self._host,
                self._port,
                backlog=_BACKLOG,
            )
        except OSError as error:
            await self._stop()
            raise self._in_words(error) from error
        except BaseException:
            await self._stop()
            raise
        address = self._listening.sockets[0].getsockname()
        host, self.port = str(address[0]), int(address[1])
        self.url = _url(_REACHED_AT.get(host, host), self.port)
        log.info("listening on %s", _url(host, self.port))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    def reload(self, config: Config) -> None:
        """Go by new settings as far as that can be done without a restart; see `gateway.reloading.Reloading`."""
        self.app[RELOADING].reload(config)

    async def _stop(self) -> None:
        if self._listening is not None:
            self._listening.close()
        await self._runner.cleanup()

    def _in_words(self, error: OSError) -> CannotListen:
        where = f"{self._host}:{self._port}"
        words = {
            errno.EADDRINUSE: f"{where} is in use; set [gateway] port",
            errno.EACCES: f"{where} may not be used by this user; set [gateway] port above 1023",
            errno.EADDRNOTAVAIL: f"{where} is not an address of this machine; set [gateway] host",
        }.get(
            error.errno or 0, f"{where} cannot be listened on: {error.strerror or error}; set [gateway] host and port"
        )
        return CannotListen(error.errno, words)


def _url(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
