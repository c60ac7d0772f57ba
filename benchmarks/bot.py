"""What a `/ask` costs the bot, and how often it calls Discord for a long answer: in SimCord, over a real gateway."""

import asyncio
import contextvars
import logging
import re
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from unittest.mock import patch

import discord
import msgspec
import simcord
from discord import app_commands
from discord.ext import commands

from benchmarks.figures import Figure, Report, compared
from benchmarks.running_gateway import running_gateway
from benchmarks.serving import Server
from benchmarks.upstream import CHUNKS, LONG_TOKENS
from bot import answering
from bot.app import create_bot
from bot.config import Access, Answers, Config, Discord
from bot.rendering.live_message import LiveMessage
from gateway.config import Gateway, Secrets

_EMPTY = "empty"
# Longer than any answer here, shorter than the least housekeeping timer, for which SimCord would otherwise wait too.
_SETTLE_SECONDS = 12.0
_PROMPT = "What does a reverse proxy do?"
_NUMBER = re.compile(r"/\d+")
_TOKEN = re.compile(r"/(interactions|webhooks)/\{id\}/[^/]+")


async def _sleep(seconds: float) -> None:
    """Real seconds. SimCord would hold the bot's timers back for as long as anything else goes on."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    contextvars.Context().run(loop.call_later, seconds, over.set)
    await over.wait()


_RealTime = partial(LiveMessage, clock=perf_counter, sleep=_sleep)


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds of commands, commands in each, and how much faster than life the long answer is written.

    The bot's least time between edits shrinks by the same factor, so that the number of edits stays the same.
    """

    rounds: int
    commands: int
    haste: float


FULL = Scale(rounds=5, commands=20, haste=2.5)
QUICK = Scale(rounds=3, commands=6, haste=5.0)
TOKENS_PER_SECOND = 100.0


class Nothing(commands.Cog):
    """The reference: what discord.py and SimCord cost by themselves."""

    @app_commands.command(name=_EMPTY, description="Answers at once")
    async def empty(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Done")


class World(msgspec.Struct, frozen=True):
    """A server with one free member, who is answered briefly, and one plus member, who is answered at length."""

    env: simcord.Env
    channel: simcord.ChannelHandle
    free: simcord.MemberActor
    plus: simcord.MemberActor


async def measure(scale: Scale) -> Report:
    """All of it."""
    async with _world(scale) as world:
        ask = partial(world.free.slash, world.channel, "ask", prompt=_PROMPT)
        nothing = partial(world.free.slash, world.channel, _EMPTY)
        await _cpu_milliseconds(ask, 3)  # the key, connections, caches
        await _cpu_milliseconds(nothing, 3)
        ours, reference = list[float](), list[float]()
        for _ in range(scale.rounds):
            reference.append(await _cpu_milliseconds(nothing, scale.commands))
            ours.append(await _cpu_milliseconds(ask, scale.commands))
        short = await _calls(world, world.free)
        began, cpu = perf_counter(), process_time()
        calls = await _calls(world, world.plus)
        cpu, took = process_time() - cpu, perf_counter() - began
    seconds = took * scale.haste
    return Report(
        title="Bot",
        ours="/ask",
        reference="empty command",
        figures=[
            compared(f"CPU a command, answer of {CHUNKS} tokens", "ms", ours, reference),
            Figure(what=f"Discord calls, answer of {CHUNKS} tokens", unit="calls", ours=short.total()),
            Figure(what=f"CPU, answer of {LONG_TOKENS:,} tokens", unit="ms", ours=1000 * cpu),
            Figure(what=f"Discord calls, answer of {LONG_TOKENS:,} tokens", unit="calls", ours=calls.total()),
            *(Figure(what=f"  {what}", unit="calls", ours=count) for what, count in calls.most_common()),
        ],
        notes=[
            "CPU is that of the bot's process, SimCord and discord.py included; gateway and provider run in others.",
            f"The long answer came at {TOKENS_PER_SECOND:.0f} tokens a second, in {seconds:.0f} s"
            + (f" (written {scale.haste:g} times as fast, with edits as much closer)." if scale.haste != 1 else ".")
            + " SimCord answers at once; a slower Discord means fewer edits.",
        ],
    )


async def _cpu_milliseconds(command: Callable[[], Awaitable[object]], times: int) -> float:
    began = process_time()
    for _ in range(times):
        await command()
    return (process_time() - began) * 1000 / times


async def _calls(world: World, member: simcord.MemberActor) -> Counter[str]:
    """The REST calls of one answer by kind."""
    seen = len(world.env.http_requests)
    await member.slash(world.channel, "ask", prompt=_PROMPT)
    return Counter(_kind(request.method, request.path) for request in world.env.http_requests[seen:])


def _kind(method: str, path: str) -> str:
    path = _TOKEN.sub(r"/\1/{id}/{token}", _NUMBER.sub("/{id}", path))
    return f"{method} {path}"


@asynccontextmanager
async def _world(scale: Scale) -> AsyncGenerator[World]:
    logging.getLogger("discord").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="rolekey-bench-") as name:
        folder = Path(name)
        async with (
            Server(folder, "benchmarks.upstream", str(TOKENS_PER_SECOND * scale.haste)) as upstream,
            running_gateway(folder, upstream.url, plus_path="/paced/v1") as (gateway, client_key),
        ):
            made = create_bot(_config(folder / "bot", gateway.url, client_key, scale))
            await made.add_cog(Nothing())
            env = simcord.Env(made, shard_count=1, settle_timeout=_SETTLE_SECONDS)
            guild = env.create_guild("Academy")
            channel = guild.create_text_channel("general")
            role = guild.create_role("Plus")
            free = guild.add_member(env.create_user("fred"))
            plus = guild.add_member(env.create_user("paula"), roles=[role])
            await env.start()
            try:
                with env.time_context(), patch.object(answering, "LiveMessage", _RealTime):
                    yield World(env, channel, free, plus)
            finally:
                await env.shutdown()
                await made.close()


def _config(folder: Path, gateway_url: str, client_key: str, scale: Scale) -> Config:
    return Config(
        data_dir=folder,
        discord=Discord(message_content=True, guild_members=False),
        access=Access(plus_roles=["Plus"]),
        answers=Answers(edit_interval_seconds=Answers().edit_interval_seconds / scale.haste),
        gateway=Gateway(url=gateway_url),
        secrets=Secrets(secret="a secret of the benchmarks", client_key=client_key),
    )
