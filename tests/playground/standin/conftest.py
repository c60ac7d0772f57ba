"""A stand-in of its own for each test, and a town: the real bot in it, with its gateway and a provider."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import discord
import msgspec
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.app import create_bot
from bot.client import RolekeyBot
from bot.config import Config, Discord
from playground.standin.control import Control
from playground.standin.person import Person
from playground.standin.server import StandIn
from playground.standin.world.entities import Channel, Guild, Message, Role
from playground.standin.world.permissions import Permission
from tests.cogs.conftest import settings
from tests.discord_openapi import exchange_violations
from tests.fakes.upstream import FakeUpstream


@pytest.fixture(autouse=True)
def discord_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py keeps its addresses on its classes; other tests must find them as they were."""
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    monkeypatch.setattr(discord.Asset, "BASE", discord.Asset.BASE)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", DiscordWebSocket.DEFAULT_GATEWAY)


class MakeStandIn(Protocol):
    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[StandIn]: ...


@pytest.fixture
def make_standin() -> MakeStandIn:
    """A stand-in whose every exchange is held against Discord's published description."""

    @asynccontextmanager
    async def make(**changes: Any) -> AsyncGenerator[StandIn]:
        async with StandIn(**changes) as standin:
            yield standin
        assert exchange_violations(standin.control.requests) == []
        assert [each for each in standin.control.requests if each.status == 500 and not standin.control.faults.used] == []

    return make


@pytest.fixture
async def standin(make_standin: MakeStandIn) -> AsyncGenerator[StandIn]:
    async with make_standin() as standin:
        yield standin


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
            where = Discord(
                api_url=place.api_url,
                cdn_url=place.cdn_url,
                message_content=config.discord.message_content,
                guild_members=config.discord.guild_members,
            )
            config = msgspec.structs.replace(config, discord=where)
            control = place.control
            guild = control.create_guild("Academy")
            general = control.create_channel(guild, "general")
            admin = control.create_role(guild, "Admin", Permission.MANAGE_GUILD)
            plus = control.create_role(guild, "Plus")
            bot = create_bot(config)
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
