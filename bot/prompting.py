"""The prompt path's front door: one answer at a time in a thread, and an orderly end when the bot stops."""

import asyncio
import logging
from collections.abc import Callable
from weakref import WeakValueDictionary

import discord

from bot.answering import Answering, Asker, Prompt
from bot.config import Answers
from bot.errors import ShuttingDown, UserError
from bot.keys import MemberKeys
from bot.places import Place
from bot.threads import Threads
from gateway.client import GatewayClient

log = logging.getLogger(__name__)
_MARKING_SECONDS = 10.0


class Prompting:
    """Answers prompts.

    `view_for` makes the buttons under an answer from its conversation's id.
    """

    def __init__(
        self,
        keys: MemberKeys,
        gateway: GatewayClient,
        threads: Threads,
        answers: Answers,
        view_for: Callable[[str], discord.ui.View],
    ) -> None:
        self._keys = keys
        self._gateway = gateway
        self._threads = threads
        self._answers = answers
        self._view_for = view_for
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._running: set[asyncio.Task[None]] = set()
        self._closing = False

    def admit(self, text: str) -> str:
        """The prompt, trimmed; refuses what cannot be answered before anything is posted.

        Raises `UserError`.
        """
        if self._closing:
            raise ShuttingDown("I'm restarting. Ask again in a minute.")
        if not text.strip():
            raise UserError("There is no question in that. Write what you want to know, then send it again.")
        return text.strip()

    async def answer(self, asker: Asker, prompt: Prompt, place: Place) -> None:
        """Stream the answer into its place; a failure is said there too.

        Raises `RenderingError` where the place cannot be written to; the answer is stored all the same.
        """
        answering = Answering(self._keys, self._gateway, self._threads, self._answers, self._view_for)
        turn = self._turns.setdefault(place.channel_id, asyncio.Lock()) if place.holds else asyncio.Lock()
        task = asyncio.create_task(answering.run(asker, prompt, place, turn), name="answer")
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
