"""The stand-in as a server on loopback: the wiring of all its parts."""

from datetime import timedelta
from typing import Self

from aiohttp import web

from playground.standin.control import Control
from playground.standin.faults import Faults
from playground.standin.journal import Journal
from playground.standin.rate_limits import RateLimits
from playground.standin.rest import (
    application_commands,
    applications,
    channels,
    entitlements,
    gateway,
    guilds,
    interactions,
    members,
    messages,
    reactions,
    roles,
    threads,
    users,
)
from playground.standin.rest.cdn import cdn
from playground.standin.rest.routing import Routes
from playground.standin.socket.gateway import Gateway, Pace
from playground.standin.world.clock import Clock, SystemClock
from playground.standin.world.interaction import ANSWER_WITHIN
from playground.standin.world.thread_sync import ThreadSync
from playground.standin.world.world import GUILD_MEMBERS, MESSAGE_CONTENT, World

HOST = "127.0.0.1"


class StandIn:
    """A Discord with one application, whose bot is `application.bot` and logs in with `application.token`.

    `flags` say which privileged intents the application has been granted; `port` 0 takes a free one.
    An interaction fails that is not answered within `answer_within`, which is Discord's unless told otherwise.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        pace: Pace | None = None,
        name: str = "Rolekey",
        flags: int = GUILD_MEMBERS | MESSAGE_CONTENT,
        port: int = 0,
        answer_within: timedelta = ANSWER_WITHIN,
    ) -> None:
        self._port = port
        self._runner: web.AppRunner | None = None
        self.world = World(clock or SystemClock(), lambda: self.cdn_url, answer_within=answer_within)
        self.application = self.world.create_application(name, self.world.create_user("owner"), flags=flags)
        journal, faults = Journal(), Faults()
        self.gateway = Gateway(self.world, pace or Pace(), lambda: self.gateway_url, journal.add_event)
        self.world.state.bus.listen(journal.on_event)
        ThreadSync(self.world.state, self.world.shapes)
        self.routes = Routes(self.world, journal.add_request)
        limits = RateLimits(self.world.state.clock)
        self.routes.gates.extend((limits.gate, faults.gate))
        self.routes.watchers.append(limits.note)
        self.control = Control(self.world, self.gateway, journal, faults, limits, self.application)
        self._add_routes()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self._port}"

    @property
    def api_url(self) -> str:
        """What stands for https://discord.com/api/v10."""
        return f"{self.url}/api/v10"

    @property
    def cdn_url(self) -> str:
        """What stands for https://cdn.discordapp.com."""
        return f"{self.url}/cdn"

    @property
    def gateway_url(self) -> str:
        """What stands for wss://gateway.discord.gg."""
        return f"ws://{HOST}:{self._port}/gateway"

    async def __aenter__(self) -> Self:
        app = self.routes.application()
        app.add_routes(
            [*cdn(self.world), web.get("/gateway", self.gateway.connect), web.get("/gateway/", self.gateway.connect)]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in list(self.gateway.connections):
            connection.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    def _add_routes(self) -> None:
        gateway.add(self.routes, self.gateway, lambda: self.gateway_url)
        subjects = (
            applications,
            application_commands,
            interactions,
            reactions,  # before messages: `pins` is no id
            messages,
            channels,
            threads,
            guilds,
            members,
            roles,
            users,
            entitlements,
        )
        for subject in subjects:
            subject.add(self.routes)
