"""Two processes that share one bot's shards, one PostgreSQL and one gateway."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from bot.app import create_bot
from bot.client import RolekeyBot
from bot.config import Config, Discord, Keys
from bot.rendering.live_message import CURSOR
from bot.sweep import SweepReport
from cogs.lifecycle import LifecycleCog
from gateway.bootstrap import ensure_client_key
from gateway.config import Gateway
from gateway.server import GatewayServer
from playground.standin.person import Person
from playground.standin.server import StandIn
from playground.standin.socket.gateway import Pace
from playground.standin.world.entities import Channel, Guild, Message
from tests.clock import Clock
from tests.cogs.conftest import settings
from tests.fakes.upstream import Answer, FakeUpstream
from tests.playground.standin.conftest import MakeStandIn, running
from tests.playground.standin.test_process import INTERRUPTED, Program
from tests.postgres import PostgresServer

HELLO = "Hello from the fake upstream."


class Fleet:
    """A stand-in, a gateway and a database; north is a server on shard 0, south one on shard 1."""

    def __init__(self, standin: StandIn, upstream: FakeUpstream, config: Config, folder: Path) -> None:
        self.standin, self.control, self.upstream = standin, standin.control, upstream
        self.config = config
        self._folder = folder
        self.programs = list[Program]()
        self.north, self.south = (self._server(shard) for shard in (0, 1))

    def _server(self, shard: int) -> Channel:
        """Servers are made until one is on that shard."""
        guild: Guild | None = None
        while guild is None or (guild.id >> 22) % 2 != shard:
            guild = self.control.create_guild("Academy")
        return self.control.create_channel(guild, "general")

    def person(self, name: str, channel: Channel) -> Person:
        guild = self.standin.world.state.guild(channel.guild_id or 0)
        return self.control.add_member(guild, self.control.create_user(name))

    def config_of(self, shards: str) -> Config:
        return msgspec.structs.replace(
            self.config,
            discord=msgspec.structs.replace(self.config.discord, shards=shards),
            data_dir=self._folder / shards[0],
        )

    async def start(self, shards: str) -> Program:
        """`rolekey run` with these shards, ready."""
        config = self.config_of(shards)
        config.data_dir.mkdir(exist_ok=True)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ROLEKEY")},
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "DISCORD_TOKEN": self.standin.application.token,
            "ROLEKEY_CLIENT_KEY": config.secrets.client_key,
            "ROLEKEY_SECRET": config.secrets.secret,
            "ROLEKEY__STORAGE": config.storage,
            "ROLEKEY__GATEWAY__URL": config.gateway.url,
            "ROLEKEY__DISCORD__API_URL": config.discord.api_url,
            "ROLEKEY__DISCORD__CDN_URL": config.discord.cdn_url,
            "ROLEKEY__DISCORD__SHARDS": shards,
            "ROLEKEY__ANSWERS__EDIT_INTERVAL_SECONDS": "0.05",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run"),
            cwd=config.data_dir,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        program = Program(process)
        self.programs.append(program)
        await program.logs("ready as")
        return program

    def mine(self, channel_id: int) -> list[Message]:
        """The bot's messages in a channel that say something."""
        messages = self.standin.world.state.messages.get(channel_id, {}).values()
        return [each for each in messages if each.author is self.standin.application.bot and each.content]

    def texts(self, channel_id: int) -> list[str]:
        return [each.content for each in self.mine(channel_id)]

    async def said(self, channel_id: int, words: str) -> Message:
        """The bot's message there with these words, once it is there."""
        return (await self.control.until(lambda: [each for each in self.mine(channel_id) if words in each.content]))[0]

    async def growing(self, who: Person, channel: Channel) -> Message:
        """An answer that has begun and goes no further."""
        self.upstream.paused.clear()
        self.upstream.play(Answer(text="One two three", pause_at=2))
        card = await (await who.slash(channel, "ask", prompt="Count")).message()
        await self.upstream.paused.wait()
        return await self.said(card.id, "One")

    def prompts(self) -> Counter[str]:
        """What the provider was asked, without the titles."""
        asked = [request for request in self.upstream.requests if request.body.get("stream")]
        return Counter(request.messages[-1][1] for request in asked)


@pytest.fixture
async def fleet(
    tmp_path: Path, upstream: FakeUpstream, make_standin: MakeStandIn, postgres: PostgresServer
) -> AsyncGenerator[Fleet]:
    url = postgres.empty_database()
    gateway = settings(tmp_path / "gateway", upstream)
    async with make_standin(pace=Pace(shards=2)) as standin, GatewayServer(gateway) as server:
        client_key = await ensure_client_key(gateway)
        config = msgspec.structs.replace(
            gateway,
            discord=Discord(api_url=standin.api_url, cdn_url=standin.cdn_url, message_content=True, guild_members=True),
            storage=url,
            gateway=Gateway(url=server.url),
            secrets=msgspec.structs.replace(gateway.secrets, client_key=client_key),
        )
        fleet = Fleet(standin, upstream, config, tmp_path)
        try:
            yield fleet
        finally:
            for program in fleet.programs:
                await program.end(signal.SIGKILL)
    postgres.put_back(url)


async def test_each_command_is_answered_once_also_while_and_after_a_process_was_killed(fleet: Fleet) -> None:
    _, second = await asyncio.gather(fleet.start("0/2"), fleet.start("1/2"))
    people = [(fleet.person(f"{n}", channel), channel) for channel in (fleet.north, fleet.south) for n in range(10)]
    asked = await asyncio.gather(*(who.slash(channel, "ask", prompt=f"I am {who.id}") for who, channel in people))
    threads = [(await invocation.message(timeout=30)).id for invocation in asked]
    await fleet.control.until(lambda: all(fleet.texts(thread).count(HELLO) == 1 for thread in threads), timeout=30)
    assert fleet.prompts() == Counter({f"I am {who.id}": 1 for who, _ in people})

    # Direct messages are on shard 0, and this member's server and key on shard 1.
    sue = people[-1][0].user
    await (await fleet.control.user(sue).slash(fleet.control.direct_messages(sue), "ask", prompt="Privately")).message()
    await fleet.said(fleet.control.direct_messages(sue).id, HELLO)

    north = await fleet.growing(fleet.person("nora", fleet.north), fleet.north)
    lost = fleet.person("sam", fleet.south)
    south = await fleet.growing(lost, fleet.south)
    await second.end(signal.SIGKILL)
    fleet.upstream.reply = "Still here."
    card = await (await people[0][0].slash(fleet.north, "ask", prompt="And you?")).message()
    await fleet.said(card.id, "Still here.")
    await fleet.start("1/2")
    await fleet.said(south.channel_id, INTERRUPTED)
    assert CURSOR not in south.content
    assert INTERRUPTED not in north.content
    fleet.upstream.release.set()
    await fleet.control.until(lambda: north.content == "One two three")
    fleet.upstream.reply = "Back again."
    card = await (await lost.slash(fleet.south, "ask", prompt="Anybody there?")).message()
    await fleet.said(card.id, "Back again.")
    assert all(fleet.texts(thread).count(HELLO) == 1 for thread in threads)
    counted = fleet.prompts()
    assert counted.pop("Count") == 2
    assert set(counted.values()) == {1}


async def test_keys_and_the_gateway_are_compared_once_for_all_processes(fleet: Fleet) -> None:
    """And what is on one process's servers is looked at by that process."""

    async def sweep(bot: RolekeyBot) -> SweepReport:
        cog = bot.get_cog("LifecycleCog")
        assert isinstance(cog, LifecycleCog)
        return await cog._sweep.run()

    clock, every = Clock(), Keys().sweep_minutes
    async with AsyncExitStack() as stack:
        bots = [create_bot(fleet.config_of(shards), now=clock.now) for shards in ("0/2", "1/2")]
        for bot in bots:
            bot._connection.guild_ready_timeout = 0.05
            await stack.enter_async_context(running(fleet.standin, bot))
            cog = bot.get_cog("LifecycleCog")
            assert isinstance(cog, LifecycleCog)
            await cog.stop_sweeping()
        for channel in (fleet.north, fleet.south):
            card = await (await fleet.person("fred", channel).slash(channel, "ask", prompt="Hi")).message()
            await fleet.said(card.id, HELLO)
        clock.ahead += timedelta(minutes=every)
        first, second = [await sweep(bot) for bot in bots]
        assert first.compared is not None
        assert (first.compared.users, first.compared.revoked) == (2, 0)
        assert second.compared is None
        assert (first.tally.checked, second.tally.checked) == (1, 1)
        assert (first.guilds_left, second.guilds_left) == (0, 0)
        clock.ahead += timedelta(minutes=every)
        second, first = [await sweep(bot) for bot in reversed(bots)]
        assert second.compared is not None
        assert first.compared is None
