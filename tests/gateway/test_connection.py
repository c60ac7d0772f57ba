"""Answers under way while the gateway stops."""

import asyncio

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.api.connection import InFlight
from gateway.errors import Unavailable


async def test_an_answer_that_is_breaking_off_already_does_not_keep_the_gateway_from_stopping() -> None:
    in_flight = InFlight()
    begun, breaking, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        try:
            async with in_flight.while_connected(request):
                begun.set()
                try:
                    await asyncio.Event().wait()
                finally:
                    breaking.set()
                    await done.wait()
        except Unavailable as error:
            return web.Response(text=error.code)
        raise AssertionError("it was broken off")

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        asking = asyncio.create_task(session.get(server.make_url("/")))
        await begun.wait()
        first = asyncio.create_task(in_flight.finish(0))
        await breaking.wait()
        second = asyncio.create_task(in_flight.finish(0))
        await asyncio.wait({second}, timeout=0.01)
        done.set()
        await asyncio.gather(first, second)
        async with await asking as response:
            assert await response.text() == "interrupted"
