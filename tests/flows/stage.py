"""What the bot's flows are told in, whichever Discord they happen on: people, places, and what is said there."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from bot.client import RolekeyBot
from bot.config import Config
from cogs.keys import KeysCog
from gateway.bootstrap import ensure_client_key
from gateway.client import GatewayClient
from gateway.errors import ApiError
from tests.fakes.upstream import FakeUpstream


@dataclass(frozen=True)
class Said:
    """A message as people see it; `handle` is that of the Discord it is on."""

    text: str
    card: str | None
    """The description of its embed."""
    signature: str | None
    """The embed's author line."""
    buttons: tuple[str, ...]
    private: bool
    """Whether one person alone sees it."""
    handle: Any


@dataclass(frozen=True)
class Form:
    """A form that opened."""

    title: str
    handle: Any


class Place(Protocol):
    """A channel or a thread."""

    @property
    def name(self) -> str: ...
    @property
    def mention(self) -> str: ...


class Actor(Protocol):
    """A member of the server. What they do returns once the bot has answered it."""

    @property
    def mention(self) -> str: ...
    async def slash(self, place: Place, command: str, **options: Any) -> Said: ...
    async def complete(self, place: Place, command: str, option: str, value: str, **others: Any) -> Sequence[str]: ...
    async def press(self, said: Said, label: str) -> Said | Form: ...
    async def submit(self, form: Form, **values: str) -> None: ...
    async def send(self, place: Place, text: str) -> None: ...
    async def leave(self) -> None: ...
    def sees(self, place: Place) -> list[Said]:
        """What they see there, oldest first; nothing where they are not let in."""
        ...


class Stage(Protocol):
    """A server with an admin, a plus member and a free one, the bot, its gateway and a provider."""

    bot: RolekeyBot
    config: Config

    @property
    def upstream(self) -> FakeUpstream: ...
    @property
    def general(self) -> Place: ...
    @property
    def plus_role(self) -> str:
        """The mention of the role that gives plus."""
        ...

    @property
    def ada(self) -> Actor: ...
    @property
    def paula(self) -> Actor: ...
    @property
    def fred(self) -> Actor: ...
    async def thread(self, number: int = 1) -> Place:
        """The first thread of #general, or another, once there are so many."""
        ...

    def threads(self) -> int: ...
    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to be so."""
        ...

    async def said(self, place: Place, text: str) -> Said:
        """The bot's message there that has this text, once it is there with all of its buttons."""
        ...

    async def give_plus(self, actor: Actor) -> None: ...
    async def take_plus(self, actor: Actor) -> None: ...
    async def archive(self, place: Place) -> None:
        """As time does."""
        ...

    def speaks(self, actor: Actor, locale: str) -> None: ...
    async def stop(self) -> None:
        """Stop the bot as SIGTERM does."""
        ...

    async def start(self) -> None:
        """Start another on the same data."""
        ...


class MakeStage(Protocol):
    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[Stage]: ...


async def refusal(stage: Stage, key: str) -> str | None:
    """Why the gateway does not take a key, or none where it does."""
    cog = stage.bot.get_cog("KeysCog")
    assert isinstance(cog, KeysCog)
    async with GatewayClient(cog._address, await ensure_client_key(stage.config)) as client:
        try:
            await client.acting_with(key).whoami()
        except ApiError as error:
            return error.code
    return None
