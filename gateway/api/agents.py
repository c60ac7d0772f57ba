"""Where agents dial in, and who is there."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Annotated
from uuid import uuid4

import msgspec
from aiohttp import web

from gateway.agents.connection import PING_SECONDS, Line, text_of
from gateway.agents.errors import ProtocolBroken
from gateway.agents.messages import MAX_FRAME_BYTES, PROTOCOL, PROTOCOL_BROKEN, Hello, Welcome, to_text
from gateway.agents.original import OriginalConnection, shake_hands
from gateway.agents.registry import names
from gateway.agents.tunnel import TunnelConnection
from gateway.api.arguments import read_arguments
from gateway.api.bodies import json_response
from gateway.app_keys import ACCOUNTS, AGENTS, AUTHENTICATOR, CONFIG, PLACES, PRINCIPAL, TIMING
from gateway.authorisation import bearer
from gateway.compatibility_go import AdminArguments, PlainFailure
from gateway.config import Gateway
from gateway.errors import InvalidRequest, PermissionDenied, Unauthenticated
from gateway.principals import Principal
from gateway.routing import Routes, Success
from gateway.wire import ConnectedAgent

# Go's zero time, which ChatGPT-API-server tells of an agent that has not been asked yet.
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """An agent, by ChatGPT-API-server's names: when it was last heard of, and last asked."""

    id: str = msgspec.field(name="Id")
    ws: dict[str, str] = msgspec.field(name="Ws", default_factory=dict[str, str])
    heartbeat: Annotated[datetime, msgspec.Meta(tz=True)] = msgspec.field(name="Heartbeat")
    last_message_time: Annotated[datetime, msgspec.Meta(tz=True)] = msgspec.field(name="LastMessageTime")


class ConnectionList(msgspec.Struct, frozen=True, kw_only=True):
    """All agents that are connected."""

    connections: list[Connection]


def add_routes(routes: Routes, settings: Gateway) -> None:
    """Add the routes of this module. Without a key agents come in where an account's settings say so."""
    keyless = any(account.keyless_agents for account in settings.accounts)
    routes.add(
        "GET",  # a WebSocket is no answer to a HEAD
        settings.paths.agents,
        register,
        roles="anyone" if keyless else ("agent",),
        answers=Success(None, status=101, description="A WebSocket."),
        errors=(401, 403),
    )
    routes.get(
        settings.paths.connections,
        list_connections,
        roles=("admin",),
        failure=PlainFailure,
        bare_key=True,
        key_arguments={"admin_key": "admin"},
        query=AdminArguments,
        answers=ConnectionList,
    )


async def list_connections(request: web.Request) -> web.Response:
    """`GET /api/connections`: the agents that are connected, as ChatGPT-API-server tells it.

    `GET /api/accounts` tells more of them.
    """
    await read_arguments(request, AdminArguments)
    found = [_told(connection.to_wire()) for connection in request.app[AGENTS].connections]
    return json_response(ConnectionList(connections=found))


async def register(request: web.Request) -> web.StreamResponse:
    """`GET /client/register`: an agent dials in, by WebSocket.

    With a key of the role agent it speaks Rolekey's protocol (`rolekey agent`), without one that of
    ChatGPT-API-server's agents, where an account's `keyless_agents` lets these in.
    """
    agent = await _agent(request)
    _check_named(request, agent)
    socket = web.WebSocketResponse(max_msg_size=MAX_FRAME_BYTES, compress=False)
    if not socket.can_prepare(request):
        raise InvalidRequest("This route takes a WebSocket. Use rolekey agent to connect.", code="no_websocket")
    await socket.prepare(request)
    line = Line(socket, partial(_abort, request))
    try:
        async with asyncio.timeout(request.app[CONFIG].gateway.request_timeout_seconds):
            connection = await (_original(request, line) if agent is None else _tunnel(request, line, agent))
    except ProtocolBroken as error:
        await socket.close(code=PROTOCOL_BROKEN, message=str(error).encode())
        return socket
    except TimeoutError:
        await socket.close(code=PROTOCOL_BROKEN, message=b"no greeting in time")
        return socket
    await request.app[AGENTS].serve(connection)
    return socket


async def _agent(request: web.Request) -> Principal | None:
    """Who dials in; None without a key, where that is allowed."""
    if PRINCIPAL in request:
        return request[PRINCIPAL]
    key = bearer(request)
    if key is None:
        return None
    holder = await request.app[AUTHENTICATOR].authenticate(key)
    if holder.role != "agent":
        raise PermissionDenied(f"A key with the role {holder.role} may not do this; it takes agent.")
    return holder


def _check_named(request: web.Request, agent: Principal | None) -> None:
    name = None if agent is None else agent.name
    if any(names(account, name) for account in request.app[ACCOUNTS].configured):
        return
    if name is None:
        raise Unauthenticated("Send the agent's key with the request: Authorization: Bearer rk-…", code="missing_key")
    raise PermissionDenied(
        f'No account takes the agent {name}. An admin must name it in the agents of one with kind = "agent" in '
        "[[gateway.accounts]].",
        code="agent_not_named",
    )


async def _tunnel(request: web.Request, line: Line, agent: Principal) -> TunnelConnection:
    text = text_of(await line.socket.receive())
    try:
        hello = msgspec.json.decode(text or "", type=Hello)
    except msgspec.MsgspecError as error:
        raise ProtocolBroken("the first frame is no hello") from error
    if hello.protocol != PROTOCOL:
        raise ProtocolBroken(f"this gateway speaks version {PROTOCOL} of the protocol; update the older of both")
    accounts = [account for account in request.app[ACCOUNTS].configured if names(account, agent.name)]
    lent = [account.name for account in accounts if account.model in hello.models]
    if not lent:
        wanted = ", ".join(sorted({account.model for account in accounts}))
        raise ProtocolBroken(f"none of the models is wanted here; this agent's accounts want {wanted}")
    connection = TunnelConnection(
        line, hello, name=agent.name, timing=request.app[TIMING], check_key=_key_check(request)
    )
    welcome = Welcome(connection=connection.session, accounts=lent, ping_seconds=PING_SECONDS)
    await line.socket.send_str(to_text(welcome))
    return connection


async def _original(request: web.Request, line: Line) -> OriginalConnection:
    return OriginalConnection(
        line,
        session=await shake_hands(line.socket, str(uuid4())),
        timing=request.app[TIMING],
        check_key=_no_key,
        new_id=lambda: str(uuid4()),
        places=request.app[PLACES],
    )


def _key_check(request: web.Request) -> Callable[[], Awaitable[object]]:
    """Looks again at the key that the connection was opened with."""

    async def check() -> None:
        await request.app[AUTHENTICATOR].authenticate(bearer(request) or "")

    return check


async def _no_key() -> None:
    """There is none that could be revoked."""


def _abort(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _told(agent: ConnectedAgent) -> Connection:
    return Connection(id=agent.connection, heartbeat=agent.heard_at, last_message_time=agent.asked_at or _NEVER)
