"""The reference: the least that an aiohttp program can do between a caller and a provider.

    python -m benchmarks.reverse_proxy UPSTREAM_URL

No authentication, no storage, no look at what passes.
"""

import asyncio
import sys

import aiohttp
from aiohttp import web

from benchmarks.serving import announce, run

_HOP_BY_HOP = {"host", "content-length", "transfer-encoding", "connection", "accept-encoding"}


class ReverseProxy:
    """Hands requests on and answers back, piece by piece as they come."""

    def __init__(self, session: aiohttp.ClientSession, upstream: str) -> None:
        self._session = session
        self._upstream = upstream

    async def forward(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        async with self._session.post(
            self._upstream + request.path, data=await request.read(), headers=headers
        ) as answer:
            kept = {"Content-Type": answer.headers["Content-Type"]}
            if answer.content_length is not None:
                return web.Response(body=await answer.read(), status=answer.status, headers=kept)
            response = web.StreamResponse(status=answer.status, headers=kept)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
            return response


async def serve(upstream: str) -> None:
    """Forward until ended."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    ) as session:
        app = web.Application()
        app.router.add_post("/{path:.*}", ReverseProxy(session, upstream).forward)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        announce(runner.addresses[0][1])
        await asyncio.Event().wait()


if __name__ == "__main__":
    run(serve(sys.argv[1]))
