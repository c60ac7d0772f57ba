"""The flows' stage on SimCord: inside the process, one action at a time, each until all of its work is done."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import discord
from simcord import ChannelHandle, InteractionResult, MemberActor, SetupError
from simcord.results import ResponseMessage

from bot.app import create_bot
from bot.client import RolekeyBot
from bot.config import Config
from tests.cogs.conftest import MakeWorld, World
from tests.fakes.upstream import FakeUpstream
from tests.flows.stage import Actor, Form, MakeStage, Place, Said


class SimCordPlace:
    def __init__(self, channel: ChannelHandle) -> None:
        self.channel = channel

    @property
    def name(self) -> str:
        return self.channel.name or ""

    @property
    def mention(self) -> str:
        return self.channel.mention


class SimCordActor:
    def __init__(self, world: World, member: MemberActor) -> None:
        self._world = world
        self.member = member

    @property
    def mention(self) -> str:
        return self.member.mention

    async def slash(self, place: Place, command: str, **options: Any) -> Said:
        return _answer(await self.member.slash(_channel(place), command, **options))

    async def complete(self, place: Place, command: str, option: str, value: str, **others: Any) -> Sequence[str]:
        found = await self.member.autocomplete(_channel(place), command, option, value, **others)
        return [choice["name"] for choice in found]

    async def press(self, said: Said, label: str) -> Said | Form:
        result = await self.member.click(said.handle, label=label)
        return Form(result.modal["title"], result) if result.modal is not None else _answer(result)

    async def submit(self, form: Form, **values: str) -> None:
        await self.member.submit_modal(form.handle, values)

    async def send(self, place: Place, text: str) -> None:
        await self.member.send(_channel(place), text)

    async def leave(self) -> None:
        await self._world.leave(self.member)

    def sees(self, place: Place) -> list[Said]:
        channel = _channel(place)
        try:
            return [_said(message) for message in channel.history(viewer=self.member)]
        except SetupError:
            return []


class SimCordStage:
    def __init__(self, world: World) -> None:
        self._world = world
        self.config: Config = world.config
        self.upstream: FakeUpstream = world.upstream
        self.general = SimCordPlace(world.general)
        self.plus_role = world.plus_role.mention
        self.ada, self.paula, self.fred = (SimCordActor(world, each) for each in (world.ada, world.paula, world.fred))
        self.bot: RolekeyBot = world.bot

    async def thread(self, number: int = 1) -> Place:
        await self._world.env.settle()
        return SimCordPlace(self._world.threads()[number - 1])

    def threads(self) -> int:
        return len(self._world.threads())

    async def until(self, condition: Callable[[], bool]) -> None:
        await self._world.env.settle()
        assert condition()

    async def said(self, place: Place, text: str) -> Said:
        await self._world.env.settle()
        assert self._world.bot.user is not None
        mine = [m for m in _channel(place).history() if m.author.id == self._world.bot.user.id]
        return next(_said(message) for message in mine if text in message.content)

    async def give_plus(self, actor: Actor) -> None:
        await self._world.give(_member(actor), self._world.plus_role)

    async def take_plus(self, actor: Actor) -> None:
        await self._world.take(_member(actor), self._world.plus_role)

    async def archive(self, place: Place) -> None:
        metadata = self._world.env.backend.channels[_channel(place).id].thread_metadata
        assert metadata is not None
        metadata.archived = True

    def speaks(self, actor: Actor, locale: str) -> None:
        self._world.speaks(_member(actor), discord.Locale(locale))

    async def stop(self) -> None:
        await self._world.bot.close()

    async def start(self) -> None:
        self.bot = self._world.bot = create_bot(self.config, now=self._world.clock.now)
        await self._world.env.restart_bot(self.bot)
        await self._world.fill_cache()


def _channel(place: Place) -> ChannelHandle:
    assert isinstance(place, SimCordPlace)
    return place.channel


def _member(actor: Actor) -> MemberActor:
    assert isinstance(actor, SimCordActor)
    return actor.member


def _answer(result: InteractionResult) -> Said:
    assert result.response is not None
    return _said(result.response)


def _said(message: discord.Message | ResponseMessage) -> Said:
    embed = message.embeds[0] if message.embeds else None
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return Said(
        text=message.content,
        card=embed.description if embed else None,
        signature=embed.author.name if embed else None,
        buttons=tuple(each.label or "" for row in rows for each in row.children if isinstance(each, discord.Button)),
        private=message.flags.ephemeral,
        handle=message,
    )


def on_simcord(make_world: MakeWorld) -> MakeStage:
    """Stages of this kind."""

    @asynccontextmanager
    async def make(**changes: Any) -> AsyncGenerator[SimCordStage]:
        async with make_world(**changes) as world:
            yield SimCordStage(world)

    return make
