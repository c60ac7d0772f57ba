"""A SOCKS5 proxy on loopback that sends every connection to one place (RFC 1928, without authentication)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Socks5Proxy:
    """`asked_for` holds the hosts that were asked for, as they were written."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self.asked_for = list[str]()
        self.url = ""

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator["Socks5Proxy"]:
        """Listen for a while."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        *_, kind = await reader.readexactly(4)
        length = (await reader.readexactly(1))[0] if kind == 3 else 4
        host = await reader.readexactly(length)
        await reader.readexactly(2)
        self.asked_for.append(host.decode() if kind == 3 else ".".join(map(str, host)))
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x00")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        await asyncio.gather(_relay(reader, far_writer), _relay(far_reader, writer))


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()
