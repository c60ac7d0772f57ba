"""Streams that the gateway writes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from gateway.api.connection import InFlight
from gateway.api.sse import EventStream, frame
from gateway.routing import Handler
from gateway.wire import Delta


@asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[aiohttp.ClientResponse]:
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as response:
        yield response
    await runner.cleanup()


async def test_a_stream_is_kept_alive_while_nothing_comes() -> None:
    go_on = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        stream = EventStream(request, ping_seconds=0.0)
        async with InFlight().while_connected(request, stream):
            await go_on.wait()
        await stream.send(frame("delta", Delta(text="At last\n")))
        return await stream.close()

    async with serving(handler) as response:
        assert await response.content.readline() == b": ping\n"
        go_on.set()
        assert (await response.read()).endswith(b'event: delta\ndata: {"text":"At last\\n"}\n\n')


async def test_a_block_ends_when_the_caller_hangs_up() -> None:
    ended = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        stream = EventStream(request)
        await stream.send(b": hello\n\n")
        try:
            async with InFlight().while_connected(request, stream):
                await asyncio.Event().wait()
        finally:
            ended.set()
        return web.Response()

    async with serving(handler) as response:
        await response.content.readline()
        response.close()
        async with asyncio.timeout(5):
            await ended.wait()
