"""What members asked and are waiting for, on disk before Discord is told anything: after a crash it is looked after."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import discord
import msgspec

from bot.shards import Shards
from storage import StorageError, Store

log = logging.getLogger(__name__)


class Promise(msgspec.Struct, frozen=True):
    """Something asked in a channel: by the interaction of this id or, with `by_message`, the message."""

    id: int
    channel_id: int
    by_message: bool


class _Row(Promise, frozen=True):
    shards: str


class Promises:
    """Those that are open, kept in the store. `shards` are those of this process."""

    def __init__(self, store: Store, shards: Shards | None = None) -> None:
        self._store = store
        self._shards = shards or Shards()

    @asynccontextmanager
    async def kept(self, asked: discord.Interaction[Any] | discord.Message) -> AsyncGenerator[None]:
        """Meanwhile it is open; afterwards it is not, since whoever asked has been answered or told why not.

        Raises `storage.StorageError` where it cannot be written down, before anything is promised.
        """
        promise = _promise(asked)
        await self._store.run("put_promise", **msgspec.structs.asdict(promise), shards=str(self._shards))
        try:
            yield
        finally:
            try:
                await self.forget(asked.id)
            except StorageError as error:
                log.warning("an answered question is still noted as open, which does no harm: %s", error)

    async def forget(self, promise_id: int) -> None:
        """It is open no more."""
        await self._store.run("delete_promise", id=promise_id)

    async def open(self) -> list[Promise]:
        """What was open when the process died, in the order it was asked; not what one beside this one has promised."""
        rows = await self._store.all("all_promises", _Row)
        return [
            Promise(row.id, row.channel_id, row.by_message)
            for row in rows
            if not self._shards.apart_from(Shards.parse(row.shards))
        ]


def _promise(asked: discord.Interaction[Any] | discord.Message) -> Promise:
    if isinstance(asked, discord.Interaction):
        return Promise(asked.id, asked.channel_id or 0, by_message=False)
    return Promise(asked.id, asked.channel.id, by_message=True)
