"""The prompt path's front door: one answer at a time in a thread, and an orderly end when the bot stops."""

import asyncio
import logging
from collections.abc import Callable
from weakref import WeakValueDictionary

from bot.answering import Answering, Asker, Prompt
from bot.errors import ShuttingDown, UserError
from bot.places import Place

log = logging.getLogger(__name__)
_MARKING_SECONDS = 10.0


class Prompting:
    """Answers prompts; `answering` makes what brings one answer to Discord."""

    def __init__(self, answering: Callable[[], Answering]) -> None:
        self._answering = answering
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._running: set[asyncio.Task[None]] = set()
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
        task = asyncio.create_task(self._answering().run(asker, prompt, place, turn), name="answer")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)

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
