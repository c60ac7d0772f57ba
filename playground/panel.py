"""The side panel: who has which role and key, what passes between bot, gateway and Discord, and the switches."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Self

import msgspec
from aiohttp import web

from gateway.errors import ApiError
from playground.control_api import answer, complaint
from playground.figures import Figures
from playground.line import Line, Mode
from playground.narrator import MEMBERSHIP, Narrator
from playground.scene import Character, Scene
from playground.sockets import Outbox, Outboxes
from playground.standin.rest.routing import Answer, Asked
from playground.standin.server import StandIn
from playground.standin.world.entities import JSON, Guild
from playground.standin.world.events import Event
from playground.switched_gateway import GatewayRequest, SwitchedGateway

_REMEMBERED = 50


class Traffic:
    """What passed lately; `put` hands it on to every panel that is open."""

    def __init__(self, put: Callable[[JSON], None]) -> None:
        self._put = put
        self.last: deque[JSON] = deque(maxlen=_REMEMBERED)

    def gateway_request(self, request: GatewayRequest) -> None:
        """The gateway answered."""
        self._note({"kind": "request", **msgspec.structs.asdict(request)})

    def discord_request(self, asked: Asked, given: Answer) -> None:
        """The stand-in answered the bot."""
        path = asked.request.path.removeprefix("/api/v10")
        self._note({"kind": "discord", "method": asked.request.method, "path": path, "status": given.status})

    def event(self, name: str, words: str) -> None:
        """Something happened that is worth a line."""
        self._note({"kind": "event", "name": name, "words": words})

    def _note(self, frame: JSON) -> None:
        whole = {"at": int(time.time() * 1000), **frame}
        self.last.append(whole)
        self._put(whole)


class _Gateway(msgspec.Struct, tag_field="do", tag="gateway"):
    up: bool


class _Upstream(msgspec.Struct, tag_field="do", tag="upstream"):
    mode: Mode


class _Budget(msgspec.Struct):
    user_id: str


class _Spend(_Budget, tag_field="do", tag="spend"):
    pass


class _Refill(_Budget, tag_field="do", tag="refill"):
    pass


_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_Gateway | _Upstream | _Spend | _Refill)


class Panel:
    """Serves the routes below `/panel`; watches while entered."""

    def __init__(self, standin: StandIn, scene: Scene, gateway: SwitchedGateway, line: Line) -> None:
        self._standin = standin
        self._world = standin.world
        self._scene = scene
        self._gateway = gateway
        self._line = line
        self._live = Outboxes()
        self._traffic = Traffic(self._live.put)
        self._figures = Figures(gateway, standin.world, self._tell_figures, self._traffic.event)
        self._looking: asyncio.Task[None] | None = None
        self._narrator = Narrator(standin.world, self._traffic.event)
        self._does: dict[type[Any], Callable[[Any], Awaitable[None]]] = {
            _Gateway: self._switch_gateway,
            _Upstream: self._switch_upstream,
            _Spend: lambda asked: self._figures.spend(asked.user_id),
            _Refill: lambda asked: self._figures.refill(asked.user_id),
        }

    async def __aenter__(self) -> Self:
        self._gateway.watchers.append(self._note_request)
        self._standin.routes.watchers.append(self._traffic.discord_request)
        self._world.state.bus.listen(self._hear)
        self._looking = asyncio.create_task(self._figures.run(), name="figures of the panel")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    def add_to(self, app: web.Application) -> None:
        """Serve the routes."""
        app.router.add_get("/panel/state", self._state)
        app.router.add_get("/panel/live", self._tell)
        app.router.add_post("/panel/do", self._do)
        app.on_shutdown.append(self._live.close)

    # Telling

    def frames(self) -> list[JSON]:
        """How everything is, and what passed last."""
        return [self._people(), *self._keys_and_limits(), self._switches(), *self._traffic.last]

    async def _state(self, _request: web.Request) -> web.Response:
        return answer({"frames": self.frames()})

    async def _tell(self, request: web.Request) -> web.WebSocketResponse:
        outbox = Outbox()
        for frame in self.frames():
            outbox.put(frame)
        return await self._live.serve(request, outbox)

    def _people(self) -> JSON:
        return {"kind": "people", "people": [self._person(each) for each in self._scene.people]}

    def _person(self, character: Character) -> JSON:
        return {
            "user_id": str(character.user.id),
            "name": character.user.global_name,
            "what": character.what,
            "guilds": [self._place(character.user.id, guild) for guild in character.home],
        }

    def _place(self, user_id: int, guild: Guild) -> JSON:
        member, plus = guild.members.get(user_id), self._scene.plus_roles[guild.id]
        return {
            "guild_id": str(guild.id),
            "name": guild.name,
            "member": member is not None,
            "plus": member is not None and plus.id in member.role_ids,
            "plus_role_id": str(plus.id),
        }

    def _keys_and_limits(self) -> list[JSON]:
        return [{"kind": "keys", "keys": self._figures.keys}, {"kind": "limits", "limits": self._figures.limits}]

    def _switches(self) -> JSON:
        return {
            "kind": "switches",
            "gateway": "up" if self._gateway.is_up else "down",
            "upstream": self._line.mode,
        }

    def _tell_figures(self) -> None:
        for frame in self._keys_and_limits():
            self._live.put(frame)

    # Watching

    def _note_request(self, request: GatewayRequest) -> None:
        self._traffic.gateway_request(request)
        self._figures.look()

    def _hear(self, event: Event) -> None:
        self._narrator.hear(event)
        if event.name == "GUILD_MEMBER_ADD":
            self._figures.forget(int(event.data["guild_id"]), int(event.data["user"]["id"]))
            self._tell_figures()
        if event.name in MEMBERSHIP:
            self._live.put(self._people())
            self._figures.look()

    # Switching

    async def _do(self, request: web.Request) -> web.Response:
        try:
            asked = _DECODER.decode(await request.read())
            await self._does[type(asked)](asked)
        except msgspec.MsgspecError as error:
            return complaint(f"The request is not as it must be: {error}")
        except ApiError as error:
            return complaint(str(error))
        return answer({})

    async def _switch_gateway(self, asked: _Gateway) -> None:
        await self._gateway.switch(up=asked.up)
        self._live.put(self._switches())
        self._traffic.event("Gateway", "is reachable again" if asked.up else "is cut off: nobody gets through to it")
        self._figures.look()

    async def _switch_upstream(self, asked: _Upstream) -> None:
        self._line.mode = asked.mode
        self._live.put(self._switches())
        self._traffic.event("Provider", {"ok": "is well", "failing": "fails", "slow": "is slow"}[asked.mode])
