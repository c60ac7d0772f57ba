"""Asks after accounts that are out of use, without spending a token: `GET /models`.

https://developers.openai.com/api/reference/resources/models/methods/list
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gateway.accounts.pool import AccountPool
from gateway.accounts.pooled import PooledAccount
from gateway.errors import ApiError
from gateway.upstreams.base import Endpoint

log = logging.getLogger(__name__)

# A provider that does not say at once which models it has is not well.
_PATIENCE_SECONDS = 10.0


class Probing:
    """Probes the accounts of a pool in the background until it is stopped.

    `seconds` gives the pause between two rounds, `random` a number between 0 and 1, so that gateways that were started
    together do not probe together; `sleep` waits.
    """

    def __init__(
        self,
        pool: AccountPool,
        seconds: Callable[[], float],
        *,
        random: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._pool = pool
        self._seconds = seconds
        self._random = random
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in a task of its own."""
        self._task = asyncio.create_task(self._run(), name="probing of accounts")

    async def stop(self) -> None:
        """Stop, also in the middle of a probe."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def probe(self) -> None:
        """Ask once after every account whose breaker is open or whose key was refused."""
        await asyncio.gather(
            *(self._ask(pooled) for pooled in self._pool.accounts if pooled.state in ("open", "disabled"))
        )

    async def _run(self) -> None:
        while True:
            await self._sleep(self._seconds() * (0.75 + 0.5 * self._random()))
            await self.probe()

    async def _ask(self, pooled: PooledAccount) -> None:
        if pooled.breaker is None or not isinstance(pooled.upstream, Endpoint):
            return
        name, state = pooled.account.name, pooled.state
        with self._pool.hold(pooled):
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await pooled.upstream.call("models")
            except (ApiError, TimeoutError) as error:
                log.debug("account %s is still %s: %s", name, state, getattr(error, "code", "timeout"))
                return
        log.info("account %s was %s and answers again", name, state)
        pooled.breaker.probed()
