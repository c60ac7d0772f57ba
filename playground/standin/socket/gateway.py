"""The gateway: who identifies or resumes, which sessions there are, and what they are told."""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import cast

from aiohttp import web

from playground.standin.socket import intents as bits
from playground.standin.socket.connection import Connection, Handler
from playground.standin.socket.members import guild_created, member_chunks
from playground.standin.socket.protocol import CloseCode, Closing, Opcode
from playground.standin.socket.session import Dispatched, Session, Shard
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Application, Guild
from playground.standin.world.events import Event
from playground.standin.world.world import World

_INVALID = int(Opcode.INVALID_SESSION)
_DAY = timedelta(hours=24)
_STATUSES = {"online", "dnd", "idle", "invisible", "offline"}


@dataclass(frozen=True)
class Pace:
    """How fast the gateway goes. `identify_seconds` is how long a bucket of identifies is closed after each: Discord's
    is 5; 0 lets a bot start again at once. `shards` is what GET /gateway/bot recommends.
    """

    heartbeat_seconds: float = 41.25
    identify_seconds: float = 0.0
    max_concurrency: int = 1
    shards: int = 1
    session_starts: int = 1000
    """How many identifies an application has in 24 hours."""
    guilds_per_shard: int = 2500
    all_members_seconds: float = 0.0
    """How long a whole member list cannot be asked for again. Discord's is 30; 0 lets tests start bots in a row."""
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
        self._starts: dict[int, deque[datetime]] = {}
        self._listed: dict[tuple[int, int], datetime] = {}
        self.pace = pace
        self.connections: set[Connection] = set()
        self._handlers: dict[Opcode, Handler] = {
            Opcode.IDENTIFY: self._identify,
            Opcode.RESUME: self._resume,
            Opcode.REQUEST_GUILD_MEMBERS: self._request_members,
            Opcode.PRESENCE_UPDATE: self._update_presence,
            Opcode.VOICE_STATE_UPDATE: self._ignore_voice,
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

    def invalidate(self, connection: Connection, *, resumable: bool) -> None:
        """https://discord.com/developers/docs/events/gateway-events#invalid-session"""
        session = connection.session
        if session is not None and not resumable:
            self.end(session)
            connection.session = None
        connection.put({"op": _INVALID, "d": resumable})

    def start_limit(self, application: Application) -> JSON:
        """https://discord.com/developers/docs/events/gateway#session-start-limit-object"""
        starts = self._recent_starts(application)
        ends = (starts[0] + _DAY - self._world.state.clock.now()).total_seconds() if starts else 0
        return {
            "total": self.pace.session_starts,
            "remaining": max(0, self.pace.session_starts - len(starts)),
            "reset_after": int(ends * 1000),
            "max_concurrency": self.pace.max_concurrency,
        }

    def _recent_starts(self, application: Application) -> deque[datetime]:
        starts = self._starts.setdefault(application.id, deque())
        while starts and self._world.state.clock.now() - starts[0] >= _DAY:
            starts.popleft()
        return starts

    def _tell(self, event: Event) -> None:
        guild = self._world.state.guilds.get(event.guild_id or 0)
        if guild is not None and guild.unavailable and event.name != "GUILD_DELETE":
            return
        for session in list(self._sessions.values()):
            hears = event.sees(session.application.bot.id)
            if event.name == "GUILD_CREATE" and guild is not None and hears:
                session.offer(replace(event, data=guild_created(self._world, guild, session)))
            else:
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
        if len(self._guilds_of(application, shard)) > self.pace.guilds_per_shard:
            raise Closing(CloseCode.SHARDING_REQUIRED)
        self._count_start(application)
        if not self._may_identify(application, shard):
            connection.put({"op": _INVALID, "d": False})
            return
        session = Session(application, shard, intents, self._watch, data.get("large_threshold") or 50)
        session.outlet, connection.session = connection, session
        self._sessions[session.id] = session
        self._say_ready(session)
        if data.get("presence") is not None:
            self._update_presence(connection, data["presence"])

    def _guilds_of(self, application: Application, shard: Shard) -> list[Guild]:
        guilds = self._world.state.guilds.values()
        return [guild for guild in guilds if application.bot.id in guild.members and shard.has(guild.id)]

    def _count_start(self, application: Application) -> None:
        """Too many cost the token. https://discord.com/developers/docs/events/gateway#identifying"""
        starts = self._recent_starts(application)
        starts.append(self._world.state.clock.now())
        if len(starts) <= self.pace.session_starts:
            return
        application.token = f"standin.{application.id}.{secrets.token_urlsafe(16)}"
        for connection in self.connections:
            if connection.session is not None and connection.session.application is application:
                self.end(connection.session)
                connection.close(CloseCode.AUTHENTICATION_FAILED)
        raise Closing(CloseCode.AUTHENTICATION_FAILED)

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
        guilds = self._guilds_of(session.application, session.shard)
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
                if not guild.unavailable:
                    session.dispatch("GUILD_CREATE", guild_created(self._world, guild, session))

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
        session = _session(connection)
        guild = self._world.state.guilds.get(_snowflake(data.get("guild_id")))
        if "user_ids" not in data and not isinstance(data.get("query"), str):
            raise Closing(CloseCode.DECODE_ERROR)
        if guild is None or session.application.bot.id not in guild.members:
            return
        everybody = data.get("query") == "" and not data.get("limit")
        if everybody and not session.intents & bits.Intent.GUILD_MEMBERS:
            raise Closing(CloseCode.DISALLOWED_INTENTS)
        if everybody and self._listed_lately(session, guild, data):
            return
        for chunk in member_chunks(guild, data, presences=bool(session.intents & bits.Intent.GUILD_PRESENCES)):
            session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _listed_lately(self, session: Session, guild: Guild, wish: JSON) -> bool:
        """https://discord.com/developers/docs/events/gateway-events#rate-limited"""
        key, now = (session.application.id, guild.id), self._world.state.clock.now()
        ends = self._listed.get(key, now)
        if ends <= now:
            self._listed[key] = now + timedelta(seconds=self.pace.all_members_seconds)
            return False
        meta = {"guild_id": str(guild.id)} | ({"nonce": wish["nonce"]} if wish.get("nonce") is not None else {})
        wait = (ends - now).total_seconds()
        opcode = int(Opcode.REQUEST_GUILD_MEMBERS)
        session.dispatch("RATE_LIMITED", {"opcode": opcode, "retry_after": wait, "meta": meta})
        return True

    def _update_presence(self, connection: Connection, data: JSON) -> None:
        """https://discord.com/developers/docs/events/gateway-events#update-presence"""
        session = _session(connection)
        status, activities = data.get("status"), data.get("activities")
        if status not in _STATUSES or not isinstance(activities, list):
            raise Closing(CloseCode.DECODE_ERROR)
        shown = "offline" if status == "invisible" else status
        for guild in self._guilds_of(session.application, session.shard):
            presence: JSON = {
                "user": {"id": str(session.application.bot.id)},
                "guild_id": str(guild.id),
                "status": shown,
                "activities": activities,
                "client_status": {} if shown == "offline" else {"web": shown},
            }
            members = guild.members
            self._world.state.bus.emit(
                Event("PRESENCE_UPDATE", presence, guild.id, lambda user_id, of=members: user_id in of)
            )

    @staticmethod
    def _ignore_voice(connection: Connection, _data: JSON) -> None:
        """Nobody speaks here."""
        _session(connection)

    def _application(self, token: object) -> Application:
        for application in self._world.state.applications.values():
            if token in (application.token, f"Bot {application.token}"):
                return application
        raise Closing(CloseCode.AUTHENTICATION_FAILED)


def _session(connection: Connection) -> Session:
    if connection.session is None:
        raise Closing(CloseCode.NOT_AUTHENTICATED)
    return connection.session


def _snowflake(given: object) -> int:
    if not isinstance(given, str | int) or not str(given).isdecimal():
        raise Closing(CloseCode.DECODE_ERROR)
    return int(given)


def _shard(given: object) -> Shard:
    """Raises `Closing` 4010."""
    pair: list[object] = cast("list[object]", given) if isinstance(given, list) else []
    index, count = pair if len(pair) == 2 else ((0, 1) if given is None else (0, 0))
    if not (isinstance(index, int) and isinstance(count, int) and 0 <= index < count):
        raise Closing(CloseCode.INVALID_SHARD)
    return Shard(index, count)
