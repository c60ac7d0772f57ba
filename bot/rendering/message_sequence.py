"""The messages that show one answer, first to last, and how each reaches Discord."""

import io
import logging
from collections.abc import Awaitable, Callable, Sequence

import discord
import msgspec

from bot.languages import Phrase
from bot.rendering.errors import (
    TRANSIENT,
    DeliveryFailed,
    SurfaceGone,
    is_passing,
    needs_new_message,
    surface_gone,
    was_deleted,
)
from bot.rendering.surfaces import Posted, Surface

_log = logging.getLogger(__name__)

# Seconds. discord.py tries again by itself after most answers of 500 and up, and never after a lost connection.
_BACKOFF = (0.5, 2.0, 5.0, 10.0, 20.0)


class Attachment(msgspec.Struct, frozen=True):
    """A file to attach. `discord.File` is used up by one attempt, so each attempt makes its own."""

    name: str
    data: bytes

    def to_file(self) -> discord.File:
        """A fresh file to send."""
        return discord.File(io.BytesIO(self.data), self.name)


class _Page(msgspec.Struct):
    posted: Posted
    shown: str
    view: discord.ui.View | None


class MessageSequence:
    """Keeps what Discord shows equal to a list of pages, touching only the messages that differ.

    A message that somebody deleted is sent again once. Whoever deletes again does not want the answer there.
    """

    def __init__(
        self,
        surface: Surface,
        *,
        sleep: Callable[[float], Awaitable[None]],
        backoff: Sequence[float] = _BACKOFF,
    ) -> None:
        self._surface = surface
        self._sleep = sleep
        self._backoff = backoff
        self._pages: list[_Page] = []
        self._deleted = False

    async def show(self, pages: Sequence[str], *, view: discord.ui.View | None = None) -> None:
        """Try once to show `pages`, the view on the last.

        Raises `errors.TRANSIENT` as it comes, SurfaceGone where it was deleted twice.
        """
        last = len(pages) - 1
        for index, content in enumerate(pages):
            await self._put(index, content, view=view if index == last else None)

    async def land(
        self, pages: Sequence[str], *, view: discord.ui.View | None = None, attachment: Attachment | None = None
    ) -> list[Posted]:
        """Show `pages` for good, the view and the attachment on the last; the messages.

        What cannot be edited is sent anew. Raises SurfaceGone where nothing can be sent, DeliveryFailed where
        Discord keeps failing.
        """
        last = len(pages) - 1
        for index, content in enumerate(pages):
            if index == last:
                await self._put_surely(index, content, view=view, attachment=attachment)
            else:
                await self._put_surely(index, content)
        surplus = [page.posted for page in self._pages[len(pages) :]]
        del self._pages[len(pages) :]
        for posted in surplus:
            await _discard(posted)
        return [page.posted for page in self._pages]

    async def _put_surely(
        self,
        index: int,
        content: str,
        *,
        view: discord.ui.View | None = None,
        attachment: Attachment | None = None,
    ) -> None:
        for attempt, delay in enumerate([*self._backoff, None]):
            try:
                # A last edit that keeps failing may be due to the message: the last attempt sends a new one.
                await self._put(index, content, view=view, attachment=attachment, anew=delay is None)
            except TRANSIENT as error:
                gone = surface_gone(error)
                if gone:
                    raise gone from error
                _log.warning("attempt %d to deliver an answer failed: %s", attempt + 1, describe(error))
                if delay is None:
                    raise DeliveryFailed(Phrase("Discord did not take the answer.")) from error
                if is_passing(error):
                    await self._sleep(delay)
            else:
                return

    async def _put(
        self,
        index: int,
        content: str,
        *,
        view: discord.ui.View | None = None,
        attachment: Attachment | None = None,
        anew: bool = False,
    ) -> None:
        page = self._pages[index] if index < len(self._pages) else None
        if page and page.shown == content and page.view is view and attachment is None:
            return
        if page and not anew:
            try:
                await page.posted.edit(content, view=_change(page.view, view), files=_files(attachment))
            except TRANSIENT as error:
                if not needs_new_message(error):
                    raise
                if was_deleted(error):
                    if self._deleted:
                        raise SurfaceGone(Phrase("The answer was deleted, so I stopped showing it.")) from error
                    self._deleted = True
            else:
                page.shown, page.view = content, view
                return
        posted = await self._surface.send(content, view=view, files=_files(attachment))
        if page is None:
            self._pages.append(_Page(posted, content, view))
            return
        stale, page.posted, page.shown, page.view = page.posted, posted, content, view
        await _discard(stale)


def _change(shown: discord.ui.View | None, wanted: discord.ui.View | None) -> discord.ui.View | None:
    """What an edit has to say of the view: nothing where it stays, an empty one where it goes."""
    if shown is wanted:
        return None
    return wanted or discord.ui.View(timeout=None)


def _files(attachment: Attachment | None) -> list[discord.File]:
    return [attachment.to_file()] if attachment else []


async def _discard(posted: Posted) -> None:
    """Delete a message that another replaced; where that fails it stays, which harms nobody."""
    try:
        await posted.delete()
    except TRANSIENT as error:
        _log.debug("a replaced message stays: %s", describe(error))


def describe(error: BaseException) -> str:
    """The error's kind and numbers for a log line, without what Discord says of the content."""
    if isinstance(error, discord.HTTPException):
        return f"{type(error).__name__} {error.status}, code {error.code}"
    return type(error).__name__
