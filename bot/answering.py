"""One answer on its way: the member's key, the gateway's stream, the messages, and what holds the conversation."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

import discord
import msgspec

from bot.access import Tier
from bot.config import Answers
from bot.errors import explain
from bot.keys import MemberKeys
from bot.languages import ENGLISH, Language, Phrase
from bot.offers import offer
from bot.places import Place
from bot.rendering.errors import RenderingError
from bot.rendering.live_message import LiveMessage
from bot.rendering.pacing import Paces
from bot.rendering.surfaces import ChannelSurface, Posted, Surface
from bot.threads import Held, Threads
from gateway.client import BrokenAnswer, ChatEvent, GatewayClient
from gateway.errors import Unauthenticated
from gateway.wire import ChatAnswer, ChatRequest, Delta, PlusWish, Start
from storage import StorageError

log = logging.getLogger(__name__)

RESTARTED = Phrase("I was restarted. What had arrived is kept; follow up to go on.")


class Asker(msgspec.Struct, frozen=True):
    """Who asks, on which guild's access, and in which language the bot speaks to them."""

    guild_id: int
    member_id: int
    name: str
    tier: Tier
    language: Language = ENGLISH


class Prompt(msgspec.Struct, frozen=True):
    """What is asked; without `conversation_id` a new conversation begins.

    `follows` says that it goes on with whatever its place holds, also where that has not begun yet. `system_prompt` is
    what a new conversation begins with and keeps; without one it is the gateway's.
    `owner_id` is the member whose conversation it is, where that is not whoever asks.
    """

    text: str
    plus: PlusWish = "any"
    conversation_id: str | None = None
    follows: bool = False
    system_prompt: str = ""
    owner_id: int | None = None


class Answering:
    """Brings one answer from the gateway to Discord. Used once.

    `view_for` makes the buttons under an answer from its conversation's id, in the asker's language, `footer` the small
    print. `skus` are offered where the gateway refuses plus.
    """

    def __init__(
        self,
        keys: MemberKeys,
        gateway: GatewayClient,
        threads: Threads,
        answers: Answers,
        view_for: Callable[[str, Language], discord.ui.View],
        paces: Paces,
        footer: Callable[[ChatAnswer, Asker], Awaitable[str]],
        skus: Sequence[int] = (),
    ) -> None:
        self._keys = keys
        self._gateway = gateway
        self._threads = threads
        self._answers = answers
        self._view_for = view_for
        self._paces = paces
        self._skus = skus
        self._footer = footer
        self._conversation_id: str | None = None
        self._owner_id: int | None = None

    async def run(self, asker: Asker, prompt: Prompt, place: Place, turn: asyncio.Lock) -> None:
        """Wait for the turn, stream the answer, say every failure.

        Raises `RenderingError` where the place cannot be written to.
        """
        surface = _WatchedSurface(place, self._threads)
        by_messages = isinstance(place.surface, ChannelSurface)
        pacing = self._paces.in_channel(place.channel_id) if by_messages else self._paces.alone()
        live = LiveMessage(surface, pacing=pacing, max_messages=self._answers.max_messages, language=asker.language)
        self._conversation_id, self._owner_id = prompt.conversation_id, prompt.owner_id
        try:
            async with live:
                posted = await self._say(live, asker, prompt, place, turn)
            await self._remember(posted, asker, place)
        except asyncio.CancelledError:
            await self._say_restarted(live, asker)
        finally:
            await surface.settle()

    async def _say(
        self, live: LiveMessage, asker: Asker, prompt: Prompt, place: Place, turn: asyncio.Lock
    ) -> list[Posted]:
        try:
            # Before the turn: what happens to the member's access while they wait must count.
            key = await self._keys.ensure(asker.guild_id, asker.member_id, asker.name, asker.tier)
            async with turn:
                answer = await self._read(live, asker, prompt, place, key)
                footer = await self._footer(answer, asker)
                posted = await live.finish(view=self._view(asker), footer=footer)
        except RenderingError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it was, it is logged and the member is told
            return await self._say_failure(live, asker, error)
        await _rename(place, answer.conversation_title, self._threads)
        return posted

    async def _read(self, live: LiveMessage, asker: Asker, prompt: Prompt, place: Place, key: str) -> ChatAnswer:
        if prompt.follows and self._conversation_id is None:
            held = await self._threads.in_channel(place.channel_id)
            self._conversation_id = held.conversation_id if held else None
        await self._hold(asker, place)
        # A conversation keeps the system prompt that it began with, whatever admins write later.
        system = prompt.system_prompt or None if self._conversation_id is None else None
        request = ChatRequest(
            prompt=prompt.text, conversation_id=self._conversation_id, plus=prompt.plus, system=system
        )
        async with aclosing(self._events(asker, request, key)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    await live.feed(event.text)
                elif isinstance(event, Start):
                    if self._conversation_id is None:
                        self._conversation_id = event.conversation_id
                        await self._hold(asker, place)
                else:
                    return event
        raise AssertionError("the gateway client ends a chat with its answer or an error")

    async def _events(self, asker: Asker, request: ChatRequest, key: str) -> AsyncGenerator[ChatEvent]:
        """The gateway's events; a key that it no longer takes is replaced once."""
        who = (asker.guild_id, asker.member_id, asker.name, asker.tier)
        try:
            async with aclosing(self._gateway.acting_with(key).chat(request)) as events:
                async for event in events:
                    yield event
            return
        except Unauthenticated as error:
            log.info("the gateway refused a member's key (%s); replacing it", error.code)
        key = await self._keys.replace(*who, refused=key)
        async with aclosing(self._gateway.acting_with(key).chat(request)) as events:
            async for event in events:
                yield event

    async def _say_failure(self, live: LiveMessage, asker: Asker, error: Exception) -> list[Posted]:
        phrase = explain(error)
        if isinstance(error, BrokenAnswer):
            self._conversation_id = error.conversation_id or self._conversation_id
        if live.text:
            return await live.interrupt(phrase, self._view(asker))
        await live.feed(f"⚠️ {asker.language.say(phrase)}")
        return await live.finish(view=offer(error, self._skus))

    async def _say_restarted(self, live: LiveMessage, asker: Asker) -> None:
        try:
            await live.interrupt(RESTARTED, self._view(asker))
        except RenderingError as error:
            log.warning("an interrupted answer could not be marked: %s", error.reason)

    def _view(self, asker: Asker) -> discord.ui.View | None:
        return self._view_for(self._conversation_id, asker.language) if self._conversation_id else None

    def _held(self, asker: Asker, place: Place) -> Held:
        return Held(
            channel_id=place.channel_id,
            guild_id=asker.guild_id,
            owner_id=self._owner_id or asker.member_id,
            conversation_id=self._conversation_id,
        )

    async def _hold(self, asker: Asker, place: Place) -> None:
        if place.holds:
            await self._threads.hold(self._held(asker, place))

    async def _remember(self, posted: list[Posted], asker: Asker, place: Place) -> None:
        if place.holds or place.ephemeral or self._conversation_id is None:
            return
        for message in posted:
            await self._threads.remember_answer(message.id, self._held(asker, place))


async def _rename(place: Place, title: str, threads: Threads) -> None:
    if place.thread is None or not title:
        return
    try:
        await place.thread.edit(name=title[:100], reason="The conversation has a title now")
        await threads.renamed(place.channel_id)
    except discord.HTTPException as error:
        log.info("a thread kept its first name: %s", error)


class _WatchedSurface:
    """A place that remembers, on disk, which of its messages is still growing."""

    def __init__(self, place: Place, threads: Threads) -> None:
        self._inner: Surface = place.surface
        self._channel_id = place.channel_id
        self._threads = threads
        self._recorded = not place.ephemeral
        self._growing: int | None = None

    async def send(
        self, content: str, *, view: discord.ui.View | None = None, files: Sequence[discord.File] = ()
    ) -> Posted:
        """Send a message; from now on it is the one that grows."""
        posted = await self._inner.send(content, view=view, files=files)
        if self._recorded:
            await self._record(posted.id)
        return posted

    async def _record(self, message_id: int | None) -> None:
        previous, self._growing = self._growing, message_id
        try:
            if message_id is not None:
                await self._threads.growing(message_id, self._channel_id)
            if previous is not None:
                await self._threads.grown(previous)
        except StorageError as error:
            # The answer itself is the gateway's to keep; only the mark after a crash is lost.
            log.warning("could not note a growing message: %s", error)

    async def settle(self) -> None:
        """No message grows any more."""
        await self._record(None)
