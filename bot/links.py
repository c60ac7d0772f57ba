"""Tells the gateway where on Discord its conversations go on, for whoever looks at them elsewhere."""

import asyncio
import logging

import discord

from bot.threads import Held, Threads
from gateway.client import GatewayClient
from gateway.errors import ApiError, NotFound
from storage import StorageError

log = logging.getLogger(__name__)


class Links:
    """Gives conversations the link to their thread. What is left to do is in the store, so that nothing is lost: it is
    done beside whatever goes on, and what a gateway that is away does not hear, the next time or in the sweep.
    """

    def __init__(self, client: discord.Client, threads: Threads, gateway: GatewayClient) -> None:
        self._client = client
        self._threads = threads
        self._gateway = gateway
        self._task: asyncio.Task[None] | None = None
        self._again = False

    def soon(self) -> None:
        """Give those that have none their links, meanwhile."""
        self._again = True
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="links")

    async def mend(self) -> None:
        """Give those that have none their links. Raises `gateway.errors.ApiError` and `storage.StorageError`."""
        for held in await self._threads.unlinked():
            if held.conversation_id is not None:
                try:
                    await self._gateway.link_conversation(held.conversation_id, address_of(self._client, held))
                except NotFound as error:
                    log.info("a conversation that a thread holds is gone: %s", error.code)
                await self._threads.linked(held)

    async def close(self) -> None:
        """Leave what is not done yet to the next run."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        try:
            while self._again:
                self._again = False
                await self.mend()
        except (ApiError, StorageError) as error:
            log.info("the gateway was not told where conversations go on, the sweep will: %s", error)
        finally:
            self._task = None


def address_of(client: discord.Client, held: Held) -> str:
    """Where on Discord that is."""
    guild = "@me" if isinstance(client.get_channel(held.channel_id), discord.DMChannel) else held.guild_id
    return f"https://discord.com/channels/{guild}/{held.channel_id}"
