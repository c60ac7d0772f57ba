"""What members asked and are waiting for, on disk before Discord is told anything: after a crash it is looked after.

With it, sealed, stands what was asked, so that Retry can ask it where the gateway never got it; and the token by which
Discord takes an answer to an interaction. Both go with the promise, or a day after a crash.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Literal

import discord
import msgspec

from bot.shards import Shards
from storage import Sealer, StorageError, Store

log = logging.getLogger(__name__)

OPEN_QUESTIONS = b"rolekey bot: open questions"
"""What the sealer of these questions is for."""
KEPT = timedelta(days=1)
"""How long a question that a crash left unasked is kept, from the start that found it."""
_TOKEN_LIVES = timedelta(minutes=15)  # https://discord.com/developers/docs/interactions/receiving-and-responding


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked, as far as it can be asked again. `follows` says that it goes on with `conversation`, an id or a
    title, else with what its place holds. Files are not kept, and what came with some is no question.
    """

    text: str
    wish: Literal["free", "plus"] | None = None
    follows: bool = False
    conversation: str | None = None
    parent_id: str | None = None


class _Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    question: Question | None = None
    token: str | None = None


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a member asked in a channel: by the interaction of this id or, with `by_message`, the message.

    `card_id` is the message that shows it, where that is not what answered the interaction; `token` Discord takes as
    long as it `lives`.
    """

    id: int
    channel_id: int
    by_message: bool
    member_id: int
    card_id: int | None = None
    question: Question | None = None
    token: str | None = None

    def lives(self, now: datetime) -> bool:
        """Whether Discord still takes an answer to the interaction."""
        return self.token is not None and now < discord.utils.snowflake_time(self.id) + _TOKEN_LIVES


class _Row(msgspec.Struct, frozen=True):
    id: int
    channel_id: int
    by_message: bool
    shards: str
    member_id: int
    card_id: int | None
    asked: bytes | None


class Promises:
    """Those that are open, kept in the store. `shards` are those of this process; `now` gives aware UTC time."""

    def __init__(
        self, store: Store, sealer: Sealer, shards: Shards | None = None, *, now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._sealer = sealer
        self._shards = shards or Shards()
        self._now = now

    @asynccontextmanager
    async def kept(
        self, asked: discord.Interaction[Any] | discord.Message, question: Question | None
    ) -> AsyncGenerator[None]:
        """Meanwhile it is open; afterwards it is not, since whoever asked has been answered or told why not.

        Raises `storage.StorageError` where it cannot be written down, before anything is promised.
        """
        if isinstance(asked, discord.Interaction):
            by_message, member_id, channel_id, token = False, asked.user.id, asked.channel_id or 0, asked.token
        else:
            by_message, member_id, channel_id, token = True, asked.author.id, asked.channel.id, None
        sealed = self._sealer.seal(msgspec.json.encode(_Asked(question, token)).decode())
        await self._store.run(
            "put_promise",
            id=asked.id,
            channel_id=channel_id,
            by_message=by_message,
            shards=str(self._shards),
            member_id=member_id,
            asked=sealed,
        )
        try:
            yield
        finally:
            try:
                await self.forget(asked.id)
            except StorageError as error:
                log.warning("an answered question is still noted as open, which does no harm: %s", error)

    async def moved(self, promise_id: int, channel_id: int, card_id: int) -> None:
        """It is answered in another channel than it was asked in, under this message."""
        await self._store.run("move_promise", id=promise_id, channel_id=channel_id, card_id=card_id)

    async def forget(self, promise_id: int) -> None:
        """It is open no more."""
        await self._store.run("delete_promise", id=promise_id)

    async def open(self) -> list[Promise]:
        """What was open when the process died, in the order it was asked; not what one beside this one has promised."""
        rows = await self._store.all("all_promises", _Row)
        return [self._promise(row) for row in rows if not self._shards.apart_from(Shards.parse(row.shards))]

    async def keep(self, promise_id: int) -> None:
        """It is open no more, but its question is kept for `KEPT`, for Retry."""
        until = int((self._now() + KEPT).timestamp())
        await self._store.run("keep_question", id=promise_id, kept_until=until)

    async def question(self, promise_id: int) -> Promise | None:
        """What is kept for Retry; None once it is there no more."""
        now = int(self._now().timestamp())
        row = await self._store.one("kept_question", _Row, id=promise_id, now=now)
        return None if row is None else self._promise(row)

    async def tidy(self) -> None:
        """Erase what was kept for long enough."""
        await self._store.run("delete_old_questions", now=int(self._now().timestamp()))

    def text_of(self, sealed: bytes) -> str | None:
        """The question in a row's column `asked`, for the member whose it is."""
        question = self._asked(sealed).question
        return None if question is None else question.text

    def _promise(self, row: _Row) -> Promise:
        asked = self._asked(row.asked)
        return Promise(
            id=row.id,
            channel_id=row.channel_id,
            by_message=row.by_message,
            member_id=row.member_id,
            card_id=row.card_id,
            question=asked.question,
            token=asked.token,
        )

    def _asked(self, sealed: bytes | None) -> _Asked:
        opened = None if sealed is None else self._sealer.open(sealed)
        return _Asked() if opened is None else msgspec.json.decode(opened, type=_Asked)
