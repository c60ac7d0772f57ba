"""The gateway: who identifies or resumes, which sessions there are, and what they are told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from playground.standin.socket import intents as bits
from playground.standin.socket.connection import Connection, Handler
from playground.standin.socket.members import member_chunks
from playground.standin.socket.protocol import CloseCode, Closing, Opcode
from playground.standin.socket.session import Dispatched, Session, Shard
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Application
from playground.standin.world.events import Event
from playground.standin.world.world import World

_INVALID = int(Opcode.INVALID_SESSION)


@dataclass(frozen=True)
class Pace:
    """How fast the gateway goes. `identify_seconds` is how long a bucket of identifies is closed after each: Discord's
    is 5; 0 lets a bot start again at once. `shards` is what GET /gateway/bot recommends.
    """

    heartbeat_seconds: float = 41.25
    identify_seconds: float = 0.0
    max_concurrency: int = 1
    shards: int = 1
    session_seconds: float = 120.0
    """How long a session without a connection can be resumed."""


class Gateway:
    """Sessions of all applications. `watch` is told of each dispatch."""

    def __init__(self, world: World, pace: Pace, url: Callable[[], str], watch: Callable[[Dispatched], None]) -> None:
        self._world = world
        self._url = url
        self._watch = watch
        self._sessions: dict[str, Session] = {}
        self._identified: dict[tuple[int, int], datetime] = {}
        self.pace = pace
        self.connections: set[Connection] = set()
        self._handlers: dict[Opcode, Handler] = {
            Opcode.IDENTIFY: self._identify,
            Opcode.RESUME: self._resume,
            Opcode.REQUEST_GUILD_MEMBERS: self._request_members,
            Opcode.PRESENCE_UPDATE: self._ignore,
            Opcode.VOICE_STATE_UPDATE: self._ignore,
        }
        self.stop_listening = world.state.bus.listen(self._tell)

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """The route of the WebSocket. https://discord.com/developers/docs/events/gateway#connecting"""
        compress = request.query.get("compress") == "zlib-stream"
        connection = Connection(self._world.state.clock, self.pace.heartbeat_seconds, self._handlers, compress=compress)
        if request.query.get("v", "10") not in ("9", "10"):
            connection.close(CloseCode.INVALID_VERSION)
        self.connections.add(connection)
        try:
            return await connection.serve(request)
        finally:
            self.connections.discard(connection)
            self._disconnected(connection)

    @property
    def sessions(self) -> list[Session]:
        """All of them, those without a connection too."""
        return list(self._sessions.values())

    def end(self, session: Session) -> None:
        """Forget a session: it cannot be resumed."""
        self._sessions.pop(session.id, None)

    def cut(self, connection: Connection, *, resumable: bool) -> None:
        """Cut a line at once: what happens from now on is for the session's next connection, if it may have one."""
        if not resumable and connection.session is not None:
            self.end(connection.session)
        connection.drop()
        self._disconnected(connection)

    def _disconnected(self, connection: Connection) -> None:
        session = connection.session
        if session is None or session.outlet is not connection:
            return
        session.outlet = None
        if not connection.keep_session:
            self.end(session)
            return

        def expire() -> None:
            if session.outlet is None:
                self.end(session)

        self._world.state.clock.call_later(self.pace.session_seconds, expire)

    def _tell(self, event: Event) -> None:
        for session in list(self._sessions.values()):
            session.offer(event)

    # What clients send

    def _identify(self, connection: Connection, data: JSON) -> None:
        """https://discord.com/developers/docs/events/gateway-events#identify"""
        if connection.session is not None:
            raise Closing(CloseCode.ALREADY_AUTHENTICATED)
        application = self._application(data.get("token"))
        shard = _shard(data.get("shard"))
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~bits.ALL:
            raise Closing(CloseCode.INVALID_INTENTS)
        if bits.refused_intents(intents, application):
            raise Closing(CloseCode.DISALLOWED_INTENTS)
        if not self._may_identify(application, shard):
            connection.put({"op": _INVALID, "d": False})
            return
        session = Session(application, shard, intents, self._watch)
        session.outlet, connection.session = connection, session
        self._sessions[session.id] = session
        self._say_ready(session)

    def _may_identify(self, application: Application, shard: Shard) -> bool:
        """https://discord.com/developers/docs/events/gateway#sharding-max-concurrency"""
        bucket = (application.id, shard.index % self.pace.max_concurrency)
        now = self._world.state.clock.now()
        last = self._identified.get(bucket)
        if last is not None and now - last < timedelta(seconds=self.pace.identify_seconds):
            return False
        self._identified[bucket] = now
        return True

    def _say_ready(self, session: Session) -> None:
        bot = session.application.bot
        guilds = [
            guild
            for guild in self._world.state.guilds.values()
            if bot.id in guild.members and session.shard.has(guild.id)
        ]
        session.dispatch(
            "READY",
            {
                "v": 10,
                "user": shapes.own_user(bot),
                "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
                "session_id": session.id,
                "session_type": "normal",
                "resume_gateway_url": self._url(),
                "shard": [session.shard.index, session.shard.count],
                "application": {"id": str(session.application.id), "flags": session.application.flags},
                "private_channels": [],
                "relationships": [],
                "presences": [],
            },
        )
        if session.intents & bits.Intent.GUILDS:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", self._world.shapes.guild_create(guild, bot.id))

    def _resume(self, connection: Connection, data: JSON) -> None:
        """https://discord.com/developers/docs/events/gateway-events#resume"""
        if connection.session is not None:
            raise Closing(CloseCode.ALREADY_AUTHENTICATED)
        application = self._application(data.get("token"))
        session = self._sessions.get(str(data.get("session_id")))
        after = data.get("seq")
        if session is None or session.application is not application:
            connection.put({"op": _INVALID, "d": False})
            return
        if not isinstance(after, int) or after > session.sequence:
            raise Closing(CloseCode.INVALID_SEQUENCE)
        if not session.can_replay(after):
            self.end(session)
            connection.put({"op": _INVALID, "d": False})
            return
        connection.session = session
        session.replay(after, connection)
        session.dispatch("RESUMED", {})

    def _request_members(self, connection: Connection, data: JSON) -> None:
        """https://discord.com/developers/docs/events/gateway-events#request-guild-members"""
        session = connection.session
        if session is None:
            raise Closing(CloseCode.NOT_AUTHENTICATED)
        guild = self._world.state.guilds.get(int(data["guild_id"]))
        if guild is None or session.application.bot.id not in guild.members:
            return
        everybody = data.get("query") == "" and not data.get("limit")
        if everybody and not session.intents & bits.Intent.GUILD_MEMBERS:
            raise Closing(CloseCode.DISALLOWED_INTENTS)
        for chunk in member_chunks(guild, data):
            session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    @staticmethod
    def _ignore(_connection: Connection, _data: Any) -> None:
        """Presence and voice are of no interest here."""

    def _application(self, token: object) -> Application:
        for application in self._world.state.applications.values():
            if token in (application.token, f"Bot {application.token}"):
                return application
        raise Closing(CloseCode.AUTHENTICATION_FAILED)


def _shard(given: Any) -> Shard:
    index, count = given or (0, 1)
    if not (isinstance(index, int) and isinstance(count, int) and 0 <= index < count):
        raise Closing(CloseCode.INVALID_SHARD)
    return Shard(index, count)
