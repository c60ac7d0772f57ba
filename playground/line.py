"""The line from the gateway to the providers, which one can disturb: a SOCKS5 proxy that refuses or dawdles.

https://www.rfc-editor.org/rfc/rfc1928
"""

import asyncio
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Self

HOST = "127.0.0.1"
Mode = Literal["ok", "failing", "slow"]

_NO_AUTHENTICATION, _CONNECT, _NAME, _IPV4, _IPV6 = 0, 1, 3, 1, 4
_GRANTED, _REFUSED = 0, 5
_SLOW_SECONDS = 1.0
_PIECE_BYTES = 2048


class Line:
    """Open while entered; `url` is what an account's `proxy` says. Failing, it also cuts what goes on already."""

    def __init__(self) -> None:
        self._mode: Mode = "ok"
        self._server: asyncio.Server | None = None
        self._open = set[asyncio.StreamWriter]()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, HOST, 0)
        self.url = f"socks5://{HOST}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        self._cut()

    @property
    def mode(self) -> Mode:
        """How the line is."""
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode == "failing":
            self._cut()

    def _cut(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._connect(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(bytes((5, _NO_AUTHENTICATION)))
        _, command, _, kind = await reader.readexactly(4)
        host, port = await _address(reader, kind)
        if self._mode == "failing" or command != _CONNECT or not host:
            writer.write(_reply(_REFUSED))
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(host, port)
        except OSError:
            writer.write(_reply(_REFUSED))
            return
        self._open.add(far_writer)
        try:
            writer.write(_reply(_GRANTED))
            await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer, slowable=True))
        finally:
            self._open.discard(far_writer)
            far_writer.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slowable: bool = False
    ) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            if slowable and self._mode == "slow":
                await asyncio.sleep(_SLOW_SECONDS)
            writer.write(piece)
            await writer.drain()
        writer.close()


async def _address(reader: asyncio.StreamReader, kind: int) -> tuple[str, int]:
    """Host and port that are asked for; no host where it is not understood."""
    host = ""
    if kind == _NAME:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode("ascii", "replace")
    elif kind == _IPV4:
        host = str(IPv4Address(await reader.readexactly(4)))
    elif kind == _IPV6:
        host = str(IPv6Address(await reader.readexactly(16)))
    return host, int.from_bytes(await reader.readexactly(2), "big")


def _reply(code: int) -> bytes:
    return bytes((5, code, 0, _IPV4, 0, 0, 0, 0, 0, 0))
