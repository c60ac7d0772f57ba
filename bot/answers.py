"""An answer as its buttons know it, and which answers are being written right now."""

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Protocol

import discord
import msgspec

from bot.errors import UserError
from bot.languages import Language


class AnswerIds(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway calls an answer; `reply_id` is None where it is not sure that anything of it was kept."""

    conversation_id: str
    prompt_id: str | None = None
    reply_id: str | None = None


class AnswerViews(Protocol):
    """Makes the buttons under an answer."""

    def while_written(self, ids: AnswerIds, language: Language) -> discord.ui.View:
        """What can be done about an answer that is being written."""
        ...

    def when_done(
        self, ids: AnswerIds, language: Language, *, cut_short: bool = False, interrupted: bool = False
    ) -> discord.ui.View:
        """What can be done with an answer; `cut_short` where it hit the limit of its length, `interrupted` where
        something broke it off.
        """
        ...

    def ids_under(self, message: discord.Message) -> AnswerIds | None:
        """What the buttons under a message say that it shows; none where it has none."""
        ...

    def to_ask_again(self, promise_id: int, language: Language) -> discord.ui.View:
        """Retry for a question that was kept (`bot.promises`)."""
        ...


class RunningAnswers:
    """The answers that this process writes, so that a press finds the one it is about."""

    def __init__(self) -> None:
        self._conversations = Counter[str]()
        self._stops = dict[str, Callable[[], None]]()

    def check_idle(self, conversation_id: str) -> None:
        """Raises `UserError` where an answer is being written in this conversation."""
        if self._conversations[conversation_id]:
            raise UserError("An answer is being written in this conversation. Stop it, or wait until it is finished.")

    @contextmanager
    def claim(self, conversation_id: str) -> Generator[None]:
        """Meanwhile the conversation is not idle."""
        self._conversations[conversation_id] += 1
        try:
            yield
        finally:
            self._conversations[conversation_id] -= 1
            self._conversations += Counter[str]()  # drops what came to nothing

    @contextmanager
    def stoppable(self, reply_id: str, stop: Callable[[], None]) -> Generator[None]:
        """Meanwhile `stop` ends this answer."""
        self._stops[reply_id] = stop
        try:
            yield
        finally:
            del self._stops[reply_id]

    def stop(self, reply_id: str) -> bool:
        """Stop an answer; False where it is not being written, or not by this process."""
        stop = self._stops.get(reply_id)
        if stop is not None:
            stop()
        return stop is not None
