"""While the gateway cannot be reached: whoever asks is kept waiting for a short while, and its return is noticed."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from gateway.client import GatewayClient, GatewayUnreachable, Retries
from gateway.errors import ApiError

log = logging.getLogger(__name__)
_LOOK_EVERY = 0.5  # seconds
T = TypeVar("T")


class Outages:
    """Looks whether the gateway is back, once for all who wait; each waits `patience` seconds at most, 0 is none."""

    def __init__(
        self,
        gateway: GatewayClient,
        patience: float,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._gateway = gateway
        self._patience = patience
        self._sleep = sleep
        self._looking: asyncio.Task[None] | None = None

    async def over(self) -> bool:
        """Wait for the gateway to answer again; False where it did not in time."""
        if not self._patience:
            return False
        if self._looking is None or self._looking.done():
            log.warning("the gateway cannot be reached; prompts wait for it")
            self._looking = asyncio.create_task(self._look(), name="gateway outage")
        done, _ = await asyncio.wait({self._looking}, timeout=self._patience)
        return bool(done)

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    async def _look(self) -> None:
        while True:
            await self._sleep(_LOOK_EVERY)
            try:
                await self._gateway.health()
            except GatewayUnreachable:
                continue
            except ApiError as error:
                log.info("the gateway answers again, with %s", error.code)
            break
        log.warning("the gateway is back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience(Retries):
    """Asks a gateway that cannot be reached again once it is back, where that cannot do a thing twice.

    For commands that have put their answer off: Discord waits for 3 seconds only.
    """

    outages: Outages

    async def run(self, attempt: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """See `Retries.run`."""
        try:
            return await Retries.run(self, attempt, repeatable=repeatable)
        except GatewayUnreachable as error:
            if (error.sent and not repeatable) or not await self.outages.over():
                raise
        return await Retries.run(self, attempt, repeatable=repeatable)
