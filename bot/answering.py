"""One answer on its way: the member's key, the gateway's stream, the messages, and what holds the conversation."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import ExitStack, aclosing

import discord
import msgspec

from bot.access import Tier
from bot.answers import AnswerIds, AnswerViews, RunningAnswers
from bot.config import Answers
from bot.errors import explain
from bot.keys import MemberKeys
from bot.languages import ENGLISH, Language, Phrase
from bot.offers import offer
from bot.outages import Outages
from bot.places import Place
from bot.rendering.errors import RenderingError
from bot.rendering.live_message import LiveMessage
from bot.rendering.pacing import Paces
from bot.rendering.surfaces import ChannelSurface, Posted, Surface
from bot.threads import Held, Threads
from gateway.client import BrokenAnswer, ChatEvent, GatewayClient, GatewayUnreachable
from gateway.errors import ApiError, Unauthenticated
from gateway.wire import ChatAnswer, ChatRequest, Delta, NewAttachment, PlusWish, Start
from storage import StorageError

log = logging.getLogger(__name__)

# Seconds between looks at whether a stopped answer is stored; a gateway does it within milliseconds.
_STORED_BY = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)

STOPPED = Phrase("Stopped. What had arrived is kept.")
RESTARTED = Phrase("I was restarted. What had arrived is kept; follow up to go on.")
FORGOTTEN = Phrase("Stopped. Nothing of it is kept.")


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
    what a new conversation begins with and keeps; without one it is the gateway's. `owner_id` is the member whose
    conversation it is, where that is not whoever asks. `parent_id` and `regenerate_id` are those of
    `gateway.wire.ChatRequest`.
    """

    text: str
    plus: PlusWish = "any"
    conversation_id: str | None = None
    follows: bool = False
    system_prompt: str = ""
    owner_id: int | None = None
    parent_id: str | None = None
    regenerate_id: str | None = None
    attachments: Sequence[NewAttachment] = ()


class Answering:
    """Brings one answer from the gateway to Discord. Used once.

    `footer` makes the small print; `skus` are offered where the gateway refuses plus.
    """

    def __init__(
        self,
        keys: MemberKeys,
        gateway: GatewayClient,
        threads: Threads,
        answers: Answers,
        views: AnswerViews,
        paces: Paces,
        footer: Callable[[ChatAnswer, Asker], Awaitable[str]],
        running: RunningAnswers,
        outages: Outages,
        skus: Sequence[int] = (),
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._keys = keys
        self._gateway = gateway
        self._threads = threads
        self._answers = answers
        self._views = views
        self._paces = paces
        self._skus = skus
        self._footer = footer
        self._running = running
        self._outages = outages
        self._sleep = sleep
        self._conversation_id: str | None = None
        self._owner_id: int | None = None
        self._start: Start | None = None
        self._kept = False  # the gateway has said that the reply, or what had arrived of it, is stored
        self._forgotten = False

    async def run(self, asker: Asker, prompt: Prompt, place: Place, turn: asyncio.Lock) -> None:
        """Wait for the turn, stream the answer, say every failure.

        Raises `RenderingError` where the place cannot be written to.
        """

        async def remember(message_id: int) -> None:
            await self._remember(message_id, asker, place)

        surface = _WatchedSurface(place, self._threads, remember)
        by_messages = isinstance(place.surface, ChannelSurface)
        pacing = self._paces.in_channel(place.channel_id) if by_messages else self._paces.alone()
        live = LiveMessage(surface, pacing=pacing, max_messages=self._answers.max_messages, language=asker.language)
        self._conversation_id, self._owner_id = prompt.conversation_id, prompt.owner_id
        try:
            async with live:
                try:
                    await self._say(live, asker, prompt, place, turn)
                except asyncio.CancelledError:
                    # Within, since a call to Discord that is cut off may have sent a message nobody knows of.
                    await self._say_ended(live, asker)
        finally:
            await surface.settle()

    def forget(self) -> None:
        """Note nothing any more, since what is noted of the member is being erased; whoever says so cancels `run`."""
        self._forgotten = True

    async def _say(self, live: LiveMessage, asker: Asker, prompt: Prompt, place: Place, turn: asyncio.Lock) -> None:
        try:
            # Before the turn: what happens to the member's access while they wait must count.
            key = await self._keys.ensure(asker.guild_id, asker.member_id, asker.name, asker.tier)
            async with turn:
                answer = await self._read_until_stopped(live, asker, prompt, place, key)
                if answer is None:
                    title = await self._title_once_stored(key)
                    await live.finish(view=self._view(asker), footer=asker.language.say(STOPPED))
                else:
                    title = answer.conversation_title
                    view = self._view(asker, cut_short=answer.finish_reason == "length")
                    await live.finish(view=view, footer=await self._footer(answer, asker))
        except RenderingError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it was, it is logged and the member is told
            await self._say_failure(live, asker, error)
        else:
            await _rename(place, title, self._threads)

    async def _read_until_stopped(
        self, live: LiveMessage, asker: Asker, prompt: Prompt, place: Place, key: str
    ) -> ChatAnswer | None:
        """The answer, None where somebody stopped it: then the gateway was hung up on, and keeps what had arrived."""
        loop = asyncio.get_running_loop()
        until = asyncio.timeout(None)
        with ExitStack() as claims:
            try:
                async with until:

                    def begun(start: Start) -> None:
                        claims.enter_context(self._running.claim(start.conversation_id))
                        stop = self._running.stoppable(start.message_id, lambda: until.reschedule(loop.time()))
                        claims.enter_context(stop)

                    answer = await self._read(live, asker, prompt, place, key, begun)
            except TimeoutError:
                if not until.expired():
                    raise
                return None
        self._kept = True
        return answer

    async def _title_once_stored(self, key: str) -> str:
        """The title of a stopped answer's conversation, once what had arrived is stored: follow-ups must find it."""
        start = self._start
        if start is None:  # not before there is something to press
            return ""
        gateway = self._gateway.acting_with(key)
        try:
            for pause in _STORED_BY:
                await self._sleep(pause)
                read = await gateway.get_conversation(start.conversation_id)
                if any(message.id == start.message_id for message in read.messages):
                    self._kept = True
                    return read.conversation.title
        except ApiError as error:
            log.info("could not look whether a stopped answer is stored: %s", error.code)
        return ""

    async def _read(
        self,
        live: LiveMessage,
        asker: Asker,
        prompt: Prompt,
        place: Place,
        key: str,
        begun: Callable[[Start], None],
    ) -> ChatAnswer:
        if prompt.follows and self._conversation_id is None:
            held = await self._threads.in_channel(place.channel_id)
            self._conversation_id = held.conversation_id if held else None
        await self._hold(asker, place)
        # A conversation keeps the system prompt that it began with, whatever admins write later.
        system = prompt.system_prompt or None if self._conversation_id is None else None
        request = ChatRequest(
            prompt=prompt.text,
            conversation_id=self._conversation_id,
            parent_id=prompt.parent_id,
            regenerate_id=prompt.regenerate_id,
            plus=prompt.plus,
            system=system,
            attachments=list(prompt.attachments),
        )
        async with aclosing(self._events_in_spite_of_outages(asker, request, key)) as events:
            async for event in events:
                if isinstance(event, Delta):
                    await live.feed(event.text)
                elif isinstance(event, Start):
                    begun(event)
                    await self._begin(event, live, asker, place)
                else:
                    return event
        raise AssertionError("the gateway client ends a chat with its answer or an error")

    async def _begin(self, start: Start, live: LiveMessage, asker: Asker, place: Place) -> None:
        new = self._conversation_id is None
        self._start, self._conversation_id = start, start.conversation_id
        ids = _ids_of(start)
        live.carry(self._views.while_written(ids, asker.language))
        if new:
            await self._hold(asker, place)
        if place.card_id is not None and not place.ephemeral and not self._forgotten:
            shown = msgspec.structs.replace(ids, reply_id=None)
            held = msgspec.structs.replace(self._held(asker, place), channel_id=place.card_channel_id)
            await self._threads.remember_answer(place.card_id, held, shown)

    async def _events_in_spite_of_outages(
        self, asker: Asker, request: ChatRequest, key: str
    ) -> AsyncGenerator[ChatEvent]:
        """The gateway's events; where it is away before the first of them it is waited for once."""
        begun = False
        try:
            async with aclosing(self._events(asker, request, key)) as events:
                async for event in events:
                    begun = True
                    yield event
            return
        except GatewayUnreachable:
            if begun or not await self._outages.over():
                raise
        async with aclosing(self._events(asker, request, key)) as events:
            async for event in events:
                yield event

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

    async def _say_failure(self, live: LiveMessage, asker: Asker, error: Exception) -> None:
        phrase = explain(error)
        live.carry(None)
        if isinstance(error, BrokenAnswer):
            self._conversation_id = error.conversation_id or self._conversation_id
            self._kept = error.message_id is not None
        if live.text:
            await live.interrupt(phrase, self._view(asker, interrupted=True))
            return
        await live.feed(f"⚠️ {asker.language.say(phrase)}")
        view = self._view(asker, interrupted=True) if self._start else offer(error, self._skus)
        await live.finish(view=view)

    async def _say_ended(self, live: LiveMessage, asker: Asker) -> None:
        try:
            if self._forgotten:
                await live.finish(footer=asker.language.say(FORGOTTEN))
            else:
                await live.interrupt(RESTARTED, self._view(asker, interrupted=True))
        except RenderingError as error:
            log.warning("an interrupted answer could not be marked: %s", error.reason)

    def _ids(self) -> AnswerIds | None:
        if self._start is not None:
            return _ids_of(self._start)
        return AnswerIds(conversation_id=self._conversation_id) if self._conversation_id else None

    def _view(self, asker: Asker, *, cut_short: bool = False, interrupted: bool = False) -> discord.ui.View | None:
        ids = self._ids()
        if ids is None:
            return None
        if not self._kept:
            ids = msgspec.structs.replace(ids, reply_id=None)
        return self._views.when_done(ids, asker.language, cut_short=cut_short, interrupted=interrupted)

    def _held(self, asker: Asker, place: Place) -> Held:
        return Held(
            channel_id=place.channel_id,
            guild_id=asker.guild_id,
            owner_id=self._owner_id or asker.member_id,
            conversation_id=self._conversation_id,
        )

    async def _hold(self, asker: Asker, place: Place) -> None:
        if place.holds and not self._forgotten:
            await self._threads.hold(self._held(asker, place))

    async def _remember(self, message_id: int, asker: Asker, place: Place) -> None:
        ids = self._ids()
        if ids is not None and not self._forgotten:
            await self._threads.remember_answer(message_id, self._held(asker, place), ids)


def _ids_of(start: Start) -> AnswerIds:
    return AnswerIds(conversation_id=start.conversation_id, prompt_id=start.parent_id, reply_id=start.message_id)


async def _rename(place: Place, title: str, threads: Threads) -> None:
    if place.thread is None or not title:
        return
    try:
        await place.thread.edit(name=title[:100], reason="The conversation has a title now")
        await threads.renamed(place.channel_id)
    except discord.HTTPException as error:
        log.info("a thread kept its first name: %s", error)


class _WatchedSurface:
    """A place that remembers, on disk, what its messages show and which of them is still growing.

    `remember` notes what a message shows.
    """

    def __init__(self, place: Place, threads: Threads, remember: Callable[[int], Awaitable[None]]) -> None:
        self._inner: Surface = place.surface
        self._channel_id = place.channel_id
        self._threads = threads
        self._remember = remember
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
                await self._remember(message_id)
                await self._threads.growing(message_id, self._channel_id)
            if previous is not None:
                await self._threads.grown(previous)
        except StorageError as error:
            # The answer itself is the gateway's to keep; only the mark after a crash, or a reply's way to it, is lost.
            log.warning("could not note a growing message: %s", error)

    async def settle(self) -> None:
        """No message grows any more."""
        await self._record(None)
