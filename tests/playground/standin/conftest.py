"""A stand-in of its own for each test, and a town: the real bot in it, with its gateway and a provider."""

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import msgspec
import pytest

from bot.app import create_bot
from bot.client import RolekeyBot
from bot.config import Config
from playground.standin.control import Control
from playground.standin.person import Person
from playground.standin.server import StandIn
from playground.standin.world.entities import Channel, Guild, Message, Role
from playground.standin.world.permissions import Permission
from tests.cogs.conftest import settings
from tests.discord_openapi import exchange_violations
from tests.fakes.upstream import FakeUpstream
from tests.playground.standin.places import Place, place_in


class MakeStandIn(Protocol):
    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[StandIn]: ...


@pytest.fixture
def make_standin() -> MakeStandIn:
    """A stand-in whose every exchange is held against Discord's published description."""

    @asynccontextmanager
    async def make(**changes: Any) -> AsyncGenerator[StandIn]:
        async with StandIn(**changes) as standin:
            yield standin
        broken = exchange_violations(standin.control.requests)
        assert not broken, "\n".join(broken)
        assert [
            each for each in standin.control.requests if each.status == 500 and not standin.control.faults.used
        ] == []

    return make


@pytest.fixture
async def standin(make_standin: MakeStandIn) -> AsyncGenerator[StandIn]:
    async with make_standin() as standin:
        yield standin


@pytest.fixture
def place(standin: StandIn) -> Place:
    return place_in(standin)


@dataclass
class Town:
    """A server with an admin, a plus member and a free one, and the bot running."""

    standin: StandIn
    bot: RolekeyBot
    config: Config
    upstream: FakeUpstream
    guild: Guild
    general: Channel
    plus_role: Role
    ada: Person
    paula: Person
    fred: Person

    @property
    def control(self) -> Control:
        """What acts on the stand-in."""
        return self.standin.control

    async def thread_of(self, message: Message) -> Channel:
        """The thread that is opened from a message."""
        channels = self.standin.world.state.channels
        return await self.control.until(lambda: channels.get(message.id))

    async def said(self, channel: Channel, text: str) -> Message:
        """The bot's message in a channel that has this text, once it has."""

        def find() -> Message | None:
            messages = self.standin.world.state.messages.get(channel.id, {}).values()
            mine = (message for message in messages if message.author is self.standin.application.bot)
            return next((message for message in mine if text in message.content), None)

        return await self.control.until(find)


class MakeTown(Protocol):
    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[Town]: ...


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        yield upstream


@asynccontextmanager
async def running(standin: StandIn, bot: RolekeyBot) -> AsyncGenerator[None]:
    """The bot, from its login until it has closed; what it fails with is raised."""
    task = asyncio.create_task(bot.start(standin.application.token))
    ready = asyncio.create_task(bot.wait_until_ready())
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        await ready
        yield
    finally:
        ready.cancel()
        await bot.close()
        await asyncio.wait({task, ready})
    await task


@pytest.fixture
def make_town(tmp_path: Path, upstream: FakeUpstream, make_standin: MakeStandIn) -> MakeTown:
    """Towns; `standin` is what the stand-in is made with, the rest replaces sections of the bot's settings."""

    @asynccontextmanager
    async def make(*, standin: dict[str, Any] | None = None, **changes: Any) -> AsyncGenerator[Town]:
        async with make_standin(**(standin or {})) as place:
            config = settings(tmp_path, upstream, **changes)
            where = msgspec.structs.replace(config.discord, api_url=place.api_url, cdn_url=place.cdn_url)
            config = msgspec.structs.replace(config, discord=where)
            control = place.control
            guild = control.create_guild("Academy")
            general = control.create_channel(guild, "general")
            admin = control.create_role(guild, "Admin", Permission.MANAGE_GUILD)
            plus = control.create_role(guild, "Plus")
            bot = create_bot(config)
            bot._connection.guild_ready_timeout = 0.05  # how long discord.py waits for one more server, or else 2 s
            town = Town(
                standin=place,
                bot=bot,
                config=config,
                upstream=upstream,
                guild=guild,
                general=general,
                plus_role=plus,
                ada=control.add_member(guild, control.create_user("ada"), [admin]),
                paula=control.add_member(guild, control.create_user("paula"), [plus]),
                fred=control.add_member(guild, control.create_user("fred")),
            )
            async with running(place, bot):
                yield town

    return make


@pytest.fixture
async def town(make_town: MakeTown) -> AsyncGenerator[Town]:
    async with make_town() as town:
        yield town


class Api:
    """Discord's REST API as a bot's HTTP client uses it: answers are status and JSON."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url
        self.headers = {"Authorization": f"Bot {token}"}

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        if body is not None:
            more["json"] = body
        async with self._session.request(method, self._url + path, headers=self.headers, **more) as response:
            return response.status, await response.json() if response.content_type == "application/json" else None

    async def get_file(self, url: str) -> tuple[int, bytes]:
        """A file of the CDN, for which no token is needed."""
        async with self._session.get(url) as response:
            return response.status, await response.read()


class Socket:
    """The gateway as a client sees it that knows nothing of Discord."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, *, compressed: bool = False) -> None:
        self.ws = ws
        self._inflate = zlib.decompressobj() if compressed else None

    async def receive(self) -> dict[str, Any]:
        """The next frame."""
        message = await self.ws.receive(timeout=30)
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
        return json.loads(self._inflate.decompress(message.data) if self._inflate else message.data)

    async def send(self, opcode: int, data: Any) -> None:
        await self.ws.send_json({"op": opcode, "d": data})

    async def closed(self) -> int | None:
        """With which code the other side ends it; frames before that are passed over."""
        async for _ in self.ws:
            pass
        return self.ws.close_code

    async def identify(self, token: str, intents: int, **more: Any) -> dict[str, Any]:
        """READY's data."""
        assert (await self.receive())["op"] == 10
        await self.send(2, {"token": token, "intents": intents, "properties": {}, **more})
        ready = await self.receive()
        assert ready["t"] == "READY", ready
        return ready["d"]

    async def until(self, name: str) -> dict[str, Any]:
        """The next event of that name; others are passed over."""
        while (frame := await self.receive())["t"] != name:
            pass
        return frame


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def api(standin: StandIn, session: aiohttp.ClientSession) -> Api:
    return Api(session, standin.api_url, standin.application.token)


class Connect(Protocol):
    async def __call__(self, standin: StandIn, *, compress: bool = False) -> Socket: ...


@pytest.fixture
def connect(session: aiohttp.ClientSession) -> Connect:
    async def connect(standin: StandIn, *, compress: bool = False) -> Socket:
        query = "?v=10&encoding=json" + ("&compress=zlib-stream" if compress else "")
        return Socket(await session.ws_connect(standin.gateway_url + query), compressed=compress)

    return connect
