"""Keeps calls apart in time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta


class Spacing:
    """At least `apart` between two calls, whoever makes them. `now` gives aware UTC time, `sleep` takes seconds."""

    def __init__(
        self,
        apart: timedelta,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._apart = apart
        self._now = now
        self._sleep = sleep
        self._lock = asyncio.Lock()
        self._last: datetime | None = None

    async def wait(self) -> None:
        """Return when it is time for the next call."""
        async with self._lock:
            if self._last is not None:
                left = (self._last + self._apart - self._now()).total_seconds()
                # A clock that was set back must not make anybody wait for it to catch up.
                if left > 0:
                    await self._sleep(min(left, self._apart.total_seconds()))
            self._last = self._now()
