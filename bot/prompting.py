"""The prompt path's front door: one answer at a time in a thread, and an orderly end when the bot stops or forgets."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

import msgspec

from bot.answering import Answering, Asker, Prompt
from bot.errors import ShuttingDown, UserError
from bot.places import Place

log = logging.getLogger(__name__)
_MARKING_SECONDS = 10.0


class _Running(msgspec.Struct, frozen=True):
    """An answer that is under way, on a guild's access: who asked for it, and whose conversation it is in."""

    answering: Answering
    guild_id: int
    members: frozenset[int]


class _Erasing(msgspec.Struct, frozen=True):
    """A member whose data is being erased; without a guild everywhere."""

    member_id: int
    guild_id: int | None
    over: asyncio.Event

    def concerns(self, running: _Running) -> bool:
        return self.member_id in running.members and self.guild_id in (None, running.guild_id)


class Prompting:
    """Answers prompts; `answering` makes what brings one answer to Discord."""

    def __init__(self, answering: Callable[[], Answering]) -> None:
        self._answering = answering
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._running = dict[asyncio.Task[None], _Running]()
        self._erasing = list[_Erasing]()
        self._closing = False

    @property
    def running(self) -> int:
        """How many answers are under way."""
        return len(self._running)

    def admit(self, text: str) -> str:
        """The prompt, trimmed; refuses what cannot be answered before anything is posted.

        Raises `UserError`.
        """
        self.check_open()
        if not text.strip():
            raise UserError("There is no question in that. Write what you want to know, then send it again.")
        return text.strip()

    def check_open(self) -> None:
        """Raises `ShuttingDown` where nothing can be answered any more."""
        if self._closing:
            raise ShuttingDown("I'm restarting. Ask again in a minute.")

    async def answer(self, asker: Asker, prompt: Prompt, place: Place) -> None:
        """Stream the answer into its place; a failure is said there too.

        Raises `RenderingError` where the place cannot be written to; the answer is stored all the same.
        """
        turn = self._turns.setdefault(place.channel_id, asyncio.Lock()) if place.holds else asyncio.Lock()
        members = frozenset((asker.member_id, prompt.owner_id or asker.member_id))
        running = _Running(self._answering(), asker.guild_id, members)
        while erasing := next((each for each in self._erasing if each.concerns(running)), None):
            await erasing.over.wait()
        task = asyncio.create_task(running.answering.run(asker, prompt, place, turn), name="answer")
        self._running[task] = running
        task.add_done_callback(self._running.pop)
        await asyncio.shield(task)

    @asynccontextmanager
    async def without(self, member_id: int, guild_id: int | None = None) -> AsyncGenerator[None]:
        """End this process's answers to a member and in their conversations, in one guild or in all; while the block
        runs, further ones wait.

        Once the block begins, what was ended notes nothing of them any more, also where Discord takes long.
        """
        erasing = _Erasing(member_id, guild_id, asyncio.Event())
        self._erasing.append(erasing)
        try:
            ended = [task for task, running in self._running.items() if erasing.concerns(running)]
            for task in ended:
                self._running[task].answering.forget()
                task.cancel()
            if ended:
                await asyncio.wait(ended, timeout=_MARKING_SECONDS)
            yield
        finally:
            self._erasing.remove(erasing)
            erasing.over.set()

    async def drain(self, grace_seconds: float) -> None:
        """Admit nothing more, let what runs finish within the grace period, and mark the rest as interrupted."""
        self._closing = True
        if self._running:
            log.info("waiting up to %g s for %d answers to finish", grace_seconds, len(self._running))
            await asyncio.wait(set(self._running), timeout=grace_seconds)
        rest = set(self._running)
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=_MARKING_SECONDS)
