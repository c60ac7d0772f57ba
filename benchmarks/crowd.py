"""A crowd that asks at once, over the wire: the stand-in for Discord, the bot with its gateway in one process on one
core, and a provider. How long Discord waits for each interaction, whether every answer comes, and how memory grows.
"""

import asyncio
import math
import os
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, Report
from benchmarks.serving import Server
from benchmarks.upstream import CHUNKS, tokens
from playground.standin.invocation import Invocation, NoAnswer
from playground.standin.person import Person
from playground.standin.server import StandIn
from playground.standin.world.entities import Channel

_CONFIG = """\
data_dir = "{folder}/data"
[discord]
api_url = "{standin.api_url}"
cdn_url = "{standin.cdn_url}"
guild_members = false
[gateway]
port = 0
[gateway.limits.free]
requests_per_minute = 0
tokens_per_day = 0
concurrent = 0
[[gateway.accounts]]
name = "free"
tier = "free"
model = "bench"
base_url = "{upstream}/v1"
input_usd_per_mtok = 1.0
output_usd_per_mtok = 1.0
"""
_CHANNELS, _ROLES = 20, 10
"""What is in each server. Its members are not in the bot's memory without the Server Members intent."""
_LOOK_SECONDS = 0.05
_PATIENCE_SECONDS = 120.0
_ANSWER = "".join(tokens(CHUNKS)).strip()


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """The bot is invited to `more_guilds`; then `members` of `guilds` others ask at once, `waves` times."""

    guilds: int
    members: int
    waves: int
    more_guilds: int


FULL = Scale(guilds=50, members=200, waves=6, more_guilds=1000)
QUICK = Scale(guilds=50, members=200, waves=2, more_guilds=200)


class Wave(msgspec.Struct, frozen=True):
    """What came of one wave: seconds until each interaction was acknowledged, its first words shown, and all of its
    answer; how many answers never came; and the bot's memory afterwards, in MB.
    """

    acknowledged: Sequence[float]
    begun: Sequence[float]
    ended: Sequence[float]
    lost: int
    memory_mb: float


class Crowd:
    """The people, where they are, and the bot they ask."""

    def __init__(self, standin: StandIn, bot: Server, scale: Scale) -> None:
        self._standin = standin
        self._bot = bot
        self._people = list[tuple[Person, Channel]]()
        self._threads = 0
        for number in range(scale.guilds):
            channel = self._server(f"Server {number}")
            for who in range(number, scale.members, scale.guilds):
                self._people.append((self._join(channel, f"member{who}"), channel))

    def _server(self, name: str) -> Channel:
        control = self._standin.control
        guild = control.create_guild(name)
        for number in range(_ROLES):
            control.create_role(guild, f"Role {number}")
        for number in range(1, _CHANNELS):
            control.create_channel(guild, f"channel-{number}")
        return control.create_channel(guild, "general")

    def _join(self, channel: Channel, name: str) -> Person:
        guild = self._standin.world.state.guild(channel.guild_id or 0)
        return self._standin.control.add_member(guild, self._standin.control.create_user(name))

    async def wave(self) -> Wave:
        """Everybody asks; returns once everybody is answered, or has waited for `_PATIENCE_SECONDS`."""
        del self._standin.control.requests[:]
        asked = dict[int, tuple[Invocation, datetime]]()
        for person, channel in self._people:
            invocation = await person.slash(channel, "ask", prompt=f"What does {person.user.username} see?")
            asked[invocation.interaction.id] = (invocation, datetime.now(UTC))
        waiting = {invocation for invocation, _ in asked.values()}
        deadline = datetime.now(UTC).timestamp() + _PATIENCE_SECONDS
        while waiting and datetime.now(UTC).timestamp() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
            waiting = {invocation for invocation in waiting if not self._answered(invocation)}
        acknowledged, begun, ended = list[float](), list[float](), list[float]()
        places = {
            invocation.interaction.original.id: at
            for invocation, at in asked.values()
            if invocation.interaction.original
        }
        first, last = dict[int, datetime](), dict[int, datetime]()
        for each in self._standin.control.requests:
            _, kind, place, *rest = each.path.split("/")
            if kind == "interactions" and int(place) in asked and rest[-1] == "callback":
                acknowledged.append((each.at - asked[int(place)][1]).total_seconds())
            elif kind == "channels" and int(place) in places and "messages" in rest:
                first.setdefault(int(place), each.at)
                last[int(place)] = each.at
        begun = [(first[place] - at).total_seconds() for place, at in places.items() if place in first]
        ended = [(last[place] - at).total_seconds() for place, at in places.items() if place in last]
        self._threads += len(places)
        return Wave(acknowledged, begun, ended, len(waiting), self._bot.memory_mb())

    async def settle(self) -> None:
        """Return once the bot has taken in everything that it was sent, which may take longer than Discord waits."""
        person, channel = self._people[-1]
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                with suppress(NoAnswer):
                    await (await person.slash(channel, "about")).acknowledged()
                    return

    async def invite(self, guilds: int) -> float:
        """Invite the bot to more servers; by how many MB its memory grew."""
        await self.settle()
        before = self._bot.memory_mb()
        channels = [self._server(f"Another {number}") for number in range(guilds)]
        self._people.append((self._join(channels[-1], "the last one"), channels[-1]))
        await self.settle()
        self._people.pop()
        return self._bot.memory_mb() - before

    def _answered(self, invocation: Invocation) -> bool:
        card = invocation.interaction.original
        said = self._standin.world.state.messages.get(card.id, {}) if card is not None else {}
        return any(message.content.strip() == _ANSWER for message in said.values())


async def measure(scale: Scale) -> Report:
    """All of it."""
    async with _crowd(scale) as crowd:
        per_guild = await crowd.invite(scale.more_guilds) * 1024 / scale.more_guilds
        await crowd.wave()  # the keys, connections, caches
        waves = [await crowd.wave() for _ in range(scale.waves)]
    threads = scale.members * (scale.waves - 1)
    per_thread = (waves[-1].memory_mb - waves[0].memory_mb) * 1024 / max(threads, 1)
    columns = {
        "acknowledged": [each for wave in waves for each in wave.acknowledged],
        "first words": [each for wave in waves for each in wave.begun],
        "whole answer, thread renamed": [each for wave in waves for each in wave.ended],
    }
    return Report(
        title=f"Load: {scale.members} members ask at once in {scale.guilds} servers, bot and gateway on one core",
        ours="bot",
        reference="Discord allows",
        figures=[
            *(
                Figure(
                    what=f"{what}: {name}",
                    unit="ms",
                    ours=1000 * quantile(seconds, share),
                    reference=3000.0 if what == "acknowledged" else None,
                )
                for what, seconds in columns.items()
                for name, share in (("median", 0.5), ("99th percentile", 0.99), ("slowest", 1.0))
            ),
            Figure(what="answers lost", unit="", ours=sum(wave.lost for wave in waves)),
            Figure(what="memory, after the first wave", unit="MB", ours=waves[0].memory_mb),
            Figure(what="memory, each server more", unit="KB", ours=per_guild),
            Figure(what="memory, each open thread more", unit="KB", ours=per_thread),
        ],
        notes=[
            f"{scale.waves} waves, after one that makes the keys. Stand-in and provider run in processes of their own.",
            f"An answer has {CHUNKS} tokens, a server {_CHANNELS} channels and {_ROLES} roles; no member is in memory.",
        ],
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share of them does not exceed."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


@asynccontextmanager
async def _crowd(scale: Scale) -> AsyncGenerator[Crowd]:
    with tempfile.TemporaryDirectory(prefix="rolekey-bench-") as name:
        folder = Path(name)
        async with StandIn() as standin, Server(folder, "benchmarks.upstream", "100") as upstream:
            (folder / "config.toml").write_text(
                _CONFIG.format(folder=folder, standin=standin, upstream=upstream.url), encoding="utf-8"
            )
            environ = {"DISCORD_TOKEN": standin.application.token, "OPENAI_API_KEY": "sk-of-nobody"}
            bot = Server(folder, "bot", "run", "--config", "config.toml", environ=environ)
            crowd = Crowd(standin, bot, scale)
            cores = sorted(os.sched_getaffinity(0))
            async with bot:
                bot.pin({cores[0]})
                await bot.says("ready as")
                yield crowd
