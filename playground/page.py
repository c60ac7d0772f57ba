"""The page: people and rooms on the left, SimCord's Preview of the chosen room on the right.

A Preview shows one channel to its viewers, forbids being framed and changes its address with every channel. So it is
relayed: one address for everything, reachable from this machine only. The page is guarded by a token in its address,
the Preview by a capability of its own that only the page hands out.
"""

import asyncio
import secrets
from importlib.resources import files
from typing import Any, Self

import aiohttp
import msgspec
from aiohttp import web
from simcord import ChannelHandle, Preview
from yarl import URL

from playground.world import Person, World

_NOT_RELAYED = {"host", "origin", "connection", "content-length", "transfer-encoding", "accept-encoding", "date"}
# Preview is made for developers: what the page itself does, or what only they need, is left out.
_QUIETER = b"\n.messages-sidebar,#messages-toggle,.viewer-control,#capture-open,.session-menu{display:none!important}\n"
_LARGEST_UPLOAD = 26 * 1024 * 1024  # what Preview itself takes


class _Choice(msgspec.Struct, frozen=True):
    person: str
    room: str


class Page:
    """Serves the page while entered."""

    def __init__(self, world: World, note: str) -> None:
        self._world = world
        self._note = note
        self._token = secrets.token_urlsafe(16)
        self._person = world.people[-1]
        self._room = world.general
        self._preview: Preview | None = None
        self._opened = 0
        self._opening = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_UPLOAD)
        app.router.add_get(f"/{self._token}/", self._index)
        app.router.add_get(f"/{self._token}/state", self._state)
        app.router.add_post(f"/{self._token}/open", self._open)
        app.router.add_route("*", "/{rest:.*}", self._relay)
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        # A handler that waits for the bot's answer is not worth waiting for once the page goes away.
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/{self._token}/"
        await self.show(self._person, self._room)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()
        if self._preview is not None:
            await self._preview.close()

    async def show(self, person: Person, room: ChannelHandle) -> None:
        """Be that person in that room. Waits for the action under way, if there is one."""
        async with self._opening:
            if self._preview is not None:
                await self._preview.close()
            preview = self._world.env.preview(
                room, viewers=[person.actor], layout="channel", assets=self._world.avatars
            )
            self._preview = await preview.__aenter__()
            self._person, self._room = person, room
            self._opened += 1

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Refuse other sites that point a name or a script at this machine."""
        if URL(f"http://{request.host}").host not in {"127.0.0.1", "localhost"}:
            raise web.HTTPForbidden(text="Open the address that the playground printed.")
        if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
            raise web.HTTPForbidden(text="This is for the playground's own page.")
        return await handler(request)

    async def _index(self, _request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        html = files("playground").joinpath("page.html").read_text(encoding="utf-8")
        policy = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src data:; "
            "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        return web.Response(
            text=html.replace("NONCE", nonce).replace("NOTE", self._note),
            content_type="text/html",
            headers={
                "Content-Security-Policy": policy,
                "Cache-Control": "no-store",
                "Referrer-Policy": "no-referrer",
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def _state(self, _request: web.Request) -> web.Response:
        capability = self._preview.url.partition("#")[2] if self._preview and not self._opening.locked() else ""
        state = {
            "people": [{"name": person.name, "what": person.what} for person in self._world.people],
            "rooms": [
                {"id": str(room.id), "name": room.name, "thread": room.is_thread}
                for room in self._world.rooms(self._person)
            ],
            "person": self._person.name,
            "room": str(self._room.id),
            # The number makes the browser load the frame anew.
            "frame": f"/?{self._opened}#{capability}" if capability else "",
        }
        return web.json_response(body=msgspec.json.encode(state), headers={"Cache-Control": "no-store"})

    async def _open(self, request: web.Request) -> web.Response:
        try:
            choice = msgspec.json.decode(await request.read(), type=_Choice)
        except msgspec.MsgspecError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        person = self._world.person(choice.person)
        if person is None:
            raise web.HTTPNotFound(text="There is nobody of that name.")
        rooms = {str(room.id): room for room in self._world.rooms(person)}
        await self.show(person, rooms.get(choice.room, self._world.general))
        return web.Response(status=204)

    async def _relay(self, request: web.Request) -> web.Response:
        """Pass a request on to the Preview, as its own page would send it."""
        if self._preview is None or self._session is None or self._opening.locked():
            raise web.HTTPServiceUnavailable(text="Another room is being opened.")
        origin = URL(self._preview.url).origin()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_RELAYED}
        headers["Origin"] = str(origin)
        url = origin.with_path(request.path).with_query(request.query)
        try:
            async with self._session.request(
                request.method, url, headers=headers, data=await request.read(), allow_redirects=False
            ) as answer:
                body = await answer.read() + (_QUIETER if request.path == "/preview.css" else b"")
        except aiohttp.ClientError:
            raise web.HTTPServiceUnavailable(text="This room has been closed.") from None
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _NOT_RELAYED}
        kept["X-Frame-Options"] = "SAMEORIGIN"
        kept["Content-Security-Policy"] = kept.get("Content-Security-Policy", "").replace(
            "frame-ancestors 'none'", "frame-ancestors 'self'"
        )
        return web.Response(status=answer.status, body=body, headers=kept)
