"""An answer that appears in Discord while it is being written."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

import discord

from bot.languages import ENGLISH, Language, Phrase
from bot.rendering.errors import TRANSIENT, RenderingError, SurfaceGone, surface_gone
from bot.rendering.message_sequence import Attachment, MessageSequence, describe
from bot.rendering.pacing import Pacing
from bot.rendering.pages import Pages
from bot.rendering.splitter import MESSAGE_LIMIT, split
from bot.rendering.surfaces import Posted, Surface

_log = logging.getLogger(__name__)

CURSOR = " ▌"
EMPTY = Phrase("The answer is empty. Ask again, or put the question in other words.")
ATTACHED = Phrase("The answer is longer than this; the whole of it is in the attached file.")
NOT_ATTACHED = Phrase("The answer is longer than this, but I could not attach it as a file here.")
_LONGEST_NOTE = 500


class LiveMessage:
    """Streams one answer into Discord by edits.

    `feed` takes the text as it comes and never waits for Discord; a task of its own, which lives only while
    there is something to show, brings the messages up to date. `finish` or `interrupt` ends the answer: only then
    is it certain to be there. Use it as a context manager, or call `aclose`, so that the task cannot outlive it.

    `pacing` says when an edit is due, by the same `clock`. An answer longer than `max_messages` messages is attached to
    the last of them as a file. Notes under it are in `language`.
    """

    def __init__(
        self,
        surface: Surface,
        *,
        pacing: Pacing,
        max_messages: int,
        language: Language = ENGLISH,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if max_messages < 1:
            raise ValueError(f"max_messages must be at least 1, but is {max_messages}")
        self._max_messages = max_messages
        self._language = language
        self._clock = clock
        self._sleep = sleep
        self._pacing = pacing
        self._messages = MessageSequence(surface, sleep=sleep)
        self._pages = Pages()
        self._chunks: list[str] = []
        self._view: discord.ui.View | None = None
        self._task: asyncio.Task[None] | None = None
        self._stale = False  # Discord shows less than has arrived
        self._calling = False  # the task is in a call to Discord, not in its pause
        self._ended = False
        self._gone: SurfaceGone | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def text(self) -> str:
        """All that was fed, as the model wrote it."""
        return "".join(self._chunks)

    @property
    def gone(self) -> SurfaceGone | None:
        """Why nothing can be shown any more, once that is known; `finish` raises it."""
        return self._gone

    def carry(self, view: discord.ui.View | None) -> None:
        """Put `view` on the message that grows, with its next edit, until the answer ends."""
        self._view = view

    async def feed(self, text: str) -> None:
        """Append `text`. Never waits for Discord and never fails because of it."""
        if self._ended:
            raise RuntimeError("the answer has ended")
        if not text:
            return
        self._chunks.append(text)
        self._pages.feed(text)
        self._stale = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_up(), name="live-message")
            await asyncio.sleep(0)  # lets the first words leave before the next ones are read

    async def finish(self, *, view: discord.ui.View | None = None, footer: str = "") -> list[Posted]:
        """Show the whole answer, `footer` in small print below it and `view` on the last message; the messages.

        Raises SurfaceGone where the place is gone, DeliveryFailed where Discord keeps failing; `text` has all of
        it then.
        """
        return await self._end(_small_print(footer), view)

    async def interrupt(self, note: Phrase, view: discord.ui.View | None = None) -> list[Posted]:
        """As `finish`, for an answer that broke off: shows what has arrived and `note`, which says why.

        A `finish` that was cancelled halfway can still be followed by this.
        """
        return await self._end(self._note(Phrase("⚠️ Interrupted: {reason}", reason=note)), view)

    async def aclose(self) -> None:
        """Stop showing. What Discord shows stays as it is. Safe to call at any time and more than once."""
        self._end_text()
        await self._stop(wait_for_call=False)

    async def _keep_up(self) -> None:
        while self._stale and self._gone is None:
            while (pause := self._pacing.wait(self._clock())) > 0:
                await self._sleep(pause)
            self._stale = False
            pages = self._pages_so_far()
            if not pages:
                continue
            succeeded = False
            self._calling = True
            self._pacing.begin(self._clock())
            try:
                succeeded = await self._try_to_show(pages)
            finally:
                self._calling = False
                self._pacing.record(self._clock(), succeeded=succeeded)

    async def _try_to_show(self, pages: list[str]) -> bool:
        try:
            await self._messages.show(pages, view=self._view)
        except SurfaceGone as error:
            self._gone = error
            return False
        except TRANSIENT as error:
            _log.info("an edit of a running answer failed: %s", describe(error))
            self._gone = surface_gone(error)
            return False
        return True

    def _pages_so_far(self) -> list[str]:
        pages = self._pages.complete[: self._max_messages]
        growing = self._pages.growing(CURSOR) if len(pages) < self._max_messages else ""
        return [*pages, growing] if growing else pages

    def _end_text(self) -> None:
        if not self._ended:
            self._ended = True
            self._pages.finish()

    async def _end(self, note: str, view: discord.ui.View | None) -> list[Posted]:
        self._end_text()
        await self._stop(wait_for_call=True)
        if self._gone:
            raise self._gone
        pages = self._pages.complete
        whole = _with_note(pages or [self._note(EMPTY)] * (not note), note)
        if len(whole) <= self._max_messages:
            return await self._messages.land(whole, view=view)
        return await self._land_shortened(pages, note, view)

    async def _land_shortened(self, pages: list[str], note: str, view: discord.ui.View | None) -> list[Posted]:
        """Show the first pages and attach the whole, or say so where attaching is refused."""
        attachment = Attachment("answer.md", self.text.encode(errors="replace"))
        try:
            shown = self._shortened(pages, self._note(ATTACHED), note)
            return await self._messages.land(shown, view=view, attachment=attachment)
        except RenderingError:
            _log.warning("the whole of a long answer could not be attached")
        return await self._messages.land(self._shortened(pages, self._note(NOT_ATTACHED), note), view=view)

    def _shortened(self, pages: list[str], *notes: str) -> list[str]:
        note = "\n".join(filter(None, notes))
        shown = pages[: self._max_messages]
        shown[-1] = split(shown[-1], MESSAGE_LIMIT - len(note) - 1)[0].text
        return _with_note(shown, note)

    def _note(self, phrase: Phrase) -> str:
        return _small_print(self._language.say(phrase))

    async def _stop(self, *, wait_for_call: bool) -> None:
        """End the task: at once in its pause, and after the running call to Discord if that is waited for."""
        task, self._stale = self._task, False
        if task is None:
            return
        if not (wait_for_call and self._calling):
            task.cancel()
        await asyncio.wait({task})
        if not task.cancelled() and task.exception():
            _log.error("showing a running answer failed", exc_info=task.exception())
        self._task = None


def _small_print(text: str) -> str:
    line = " ".join(text.split())
    if not line:
        return ""
    return f"-# {line}" if len(line) <= _LONGEST_NOTE else f"-# {line[:_LONGEST_NOTE]}…"


def _with_note(pages: list[str], note: str) -> list[str]:
    """The pages with `note` below the last, or on a page of its own where the last is full."""
    if not note:
        return pages
    if pages and len(pages[-1]) + 1 + len(note) <= MESSAGE_LIMIT:
        return [*pages[:-1], f"{pages[-1]}\n{note}"]
    return [*pages, note]
