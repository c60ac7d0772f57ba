"""The flows' stage on the stand-in: over real HTTP and a real WebSocket."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from bot.app import create_bot
from bot.client import RolekeyBot
from bot.config import Config
from playground.standin.invocation import Modal
from playground.standin.person import Person
from playground.standin.world.components import BUTTON, nested_components
from playground.standin.world.entities import Channel, Message
from tests.fakes.upstream import FakeUpstream
from tests.flows.stage import Actor, Form, MakeStage, Place, Said
from tests.playground.standin.conftest import MakeTown, Town, running


class StandInPlace:
    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @property
    def name(self) -> str:
        return self.channel.name

    @property
    def mention(self) -> str:
        return f"<#{self.channel.id}>"


class StandInActor:
    def __init__(self, person: Person) -> None:
        self.person = person

    @property
    def mention(self) -> str:
        return f"<@{self.person.id}>"

    async def slash(self, place: Place, command: str, **options: Any) -> Said:
        invocation = await self.person.slash(_channel(place), command, **options)
        return _said(await invocation.message())

    async def complete(self, place: Place, command: str, option: str, value: str, **others: Any) -> Sequence[str]:
        found = await self.person.autocomplete(_channel(place), command, option=option, value=value, **others)
        return [choice["name"] for choice in found]

    async def press(self, said: Said, label: str) -> Said | Form:
        answer = await (await self.person.press(said.handle, label=label)).answer()
        return Form(answer.title, answer) if isinstance(answer, Modal) else _said(answer)

    async def submit(self, form: Form, **values: str) -> None:
        await (await self.person.submit(form.handle, **values)).acknowledged()

    async def send(self, place: Place, text: str) -> None:
        await self.person.send(_channel(place), text)

    async def leave(self) -> None:
        await self.person.leave()

    def sees(self, place: Place) -> list[Said]:
        channel = _channel(place)
        return [_said(message) for message in self.person.messages(channel)] if self.person.sees(channel) else []


class StandInStage:
    def __init__(self, town: Town, bots: AsyncExitStack) -> None:
        self._town = town
        self._bots = bots
        self.bot: RolekeyBot = town.bot
        self.config: Config = town.config
        self.upstream: FakeUpstream = town.upstream
        self.general = StandInPlace(town.general)
        self.plus_role = f"<@&{town.plus_role.id}>"
        self.ada, self.paula, self.fred = map(StandInActor, (town.ada, town.paula, town.fred))

    async def thread(self, number: int = 1) -> Place:
        control, general = self._town.control, self._town.general
        await control.until(lambda: len(control.threads(general)) >= number)
        return StandInPlace(control.threads(general)[number - 1])

    def threads(self) -> int:
        return len(self._town.control.threads(self._town.general))

    async def until(self, condition: Callable[[], bool]) -> None:
        await self._town.control.until(condition)

    async def said(self, place: Place, text: str) -> Said:
        message = await self._town.said(_channel(place), text)
        await self._town.control.until(lambda: text not in message.content or len(_said(message).buttons) > 1)
        return _said(message)

    async def give_plus(self, actor: Actor) -> None:
        await self._changed(lambda: self._town.control.give_role(_person(actor), self._town.plus_role))

    async def take_plus(self, actor: Actor) -> None:
        await self._changed(lambda: self._town.control.take_role(_person(actor), self._town.plus_role))

    async def _changed(self, change: Callable[[], None]) -> None:
        control, before = self._town.control, len(self._town.control.events)
        change()
        await control.until(lambda: any(each.name == "GUILD_MEMBER_UPDATE" for each in control.events[before:]))

    async def archive(self, place: Place) -> None:
        self._town.control.archive(_channel(place))

    def speaks(self, actor: Actor, locale: str) -> None:
        _person(actor).user.locale = locale

    async def stop(self) -> None:
        await self.bot.close()

    async def start(self) -> None:
        self.bot = create_bot(self.config)
        self.bot._connection.guild_ready_timeout = 0.05
        await self._bots.enter_async_context(running(self._town.standin, self.bot))


def _channel(place: Place) -> Channel:
    assert isinstance(place, StandInPlace)
    return place.channel


def _person(actor: Actor) -> Person:
    assert isinstance(actor, StandInActor)
    return actor.person


def _said(message: Message) -> Said:
    embed: dict[str, Any] = message.embeds[0] if message.embeds else {}
    author: dict[str, Any] = embed.get("author") or {}
    buttons = [each["label"] for each in nested_components(message.components) if each["type"] == BUTTON]
    return Said(
        text=message.content,
        card=embed.get("description"),
        signature=author.get("name"),
        buttons=tuple(buttons),
        private=message.ephemeral_to is not None,
        handle=message,
    )


def on_standin(make_town: MakeTown) -> MakeStage:
    """Stages of this kind."""

    @asynccontextmanager
    async def make(**changes: Any) -> AsyncGenerator[StandInStage]:
        async with make_town(**changes) as town, AsyncExitStack() as bots:
            yield StandInStage(town, bots)

    return make
