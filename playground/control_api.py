"""The stand-in's control for the page: what a member's client sees, tells and does, over HTTP and a WebSocket."""

from typing import Any

import msgspec
from aiohttp import web

from playground.acting import Acting, CannotDo
from playground.client_view import ClientView
from playground.scene import Scene
from playground.sockets import Outbox, Outboxes
from playground.standin.control import Control
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, User
from playground.standin.world.errors import Refused
from playground.standin.world.events import Event

_MOST_MESSAGES = 100


class ControlApi:
    """The routes below `/control`. `cdn_url` is where the stand-in serves files."""

    def __init__(self, control: Control, scene: Scene, cdn_url: str) -> None:
        self._control = control
        self._world = control.world
        self._scene = scene
        self._cdn_url = cdn_url
        self._acting = Acting(control)
        self._live = Outboxes()

    def add_to(self, app: web.Application) -> None:
        """Serve the routes."""
        app.router.add_get("/control/state", self._state)
        app.router.add_get(r"/control/channels/{id:\d+}/messages", self._messages)
        app.router.add_get("/control/live", self._tell)
        app.router.add_post("/control/act", self._act)
        app.on_shutdown.append(self._live.close)

    async def _state(self, request: web.Request) -> web.Response:
        viewer = self._viewer(request)
        view = ClientView(self._world, viewer)
        character = self._scene.character(viewer.id)
        home = character.home if character is not None else ()
        return answer(
            {
                "simulation": True,
                "model": self._scene.model,
                "me": shapes.user(viewer),
                "bot": shapes.user(self._control.application.bot),
                "cdn_url": self._cdn_url,
                "people": [self._person(each.user, each.what) for each in self._scene.people],
                "guilds": view.guilds(),
                "dms": view.direct_messages(),
                "scene": {
                    "guilds": [{"id": str(guild.id), "name": guild.name} for guild in home],
                    "plus_roles": {str(guild_id): str(role.id) for guild_id, role in self._scene.plus_roles.items()},
                },
            }
        )

    def _person(self, user: User, what: str) -> JSON:
        guilds = [str(guild.id) for guild in self._world.state.guilds.values() if user.id in guild.members]
        return {"user": shapes.user(user), "what": what, "guilds": guilds}

    async def _messages(self, request: web.Request) -> web.Response:
        try:
            channel = self._world.state.channel(int(request.match_info["id"]))
            before, most = request.query.get("before"), int(request.query.get("limit", "50"))
            view = ClientView(self._world, self._viewer(request))
            seen = view.messages(channel, int(before) if before else None, max(1, min(most, _MOST_MESSAGES)))
        except Refused as refused:
            return complaint(refused.message)
        except ValueError:
            return complaint("before and limit are numbers.")
        return answer(seen)

    async def _tell(self, request: web.Request) -> web.WebSocketResponse:
        view, outbox = ClientView(self._world, self._viewer(request)), Outbox()

        def hear(event: Event) -> None:
            for frame in view.frames(event):
                outbox.put(frame)

        outbox.put({"t": "READY", "d": {}})
        stop = self._world.state.bus.listen(hear)
        try:
            return await self._live.serve(request, outbox)
        finally:
            stop()

    async def _act(self, request: web.Request) -> web.Response:
        try:
            return answer(await self._acting.do(await request.read()))
        except CannotDo as error:
            return complaint(str(error))

    def _viewer(self, request: web.Request) -> User:
        """Whose eyes these are; without a name the first of the scene's people. Raises `HTTPNotFound`."""
        asked = request.query.get("as")
        if asked is None:
            return self._scene.people[0].user
        character = self._scene.character(int(asked)) if asked.isdecimal() else None
        if character is None:
            raise web.HTTPNotFound(text="There is nobody of that id.")
        return character.user


def answer(body: Any) -> web.Response:
    """JSON."""
    return web.Response(body=msgspec.json.encode(body), content_type="application/json")


def complaint(words: str) -> web.Response:
    """What cannot be done, in words to show."""
    return web.Response(body=msgspec.json.encode({"error": words}), status=400, content_type="application/json")
