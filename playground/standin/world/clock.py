"""Time, as it is handed to the world."""

import asyncio
import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Protocol


class Timer(Protocol):
    """Something that will happen unless it is cancelled."""

    def cancel(self) -> None:
        """Let it not happen."""
        ...


class Clock(Protocol):
    """What time it is, and what happens later. `seconds` are seconds from now."""

    def now(self) -> datetime:
        """The time, in UTC."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call once, so much later."""
        ...


class SystemClock:
    """The time of day and the running event loop's timers."""

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call once, so much later."""
        return asyncio.get_running_loop().call_later(seconds, callback)


class ManualClock:
    """Stands still until it is put forward, so that fifteen minutes pass at once."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime.now(UTC)
        self._order = count()
        self._timers: list[tuple[datetime, int, _ManualTimer]] = []

    def now(self) -> datetime:
        """The time, in UTC."""
        return self._now

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Call once the clock was put forward so far."""
        timer = _ManualTimer(callback)
        heapq.heappush(self._timers, (self._now + timedelta(seconds=seconds), next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Put the clock forward; what is due happens in its order and at its time."""
        until = self._now + timedelta(seconds=seconds)
        while self._timers and self._timers[0][0] <= until:
            self._now, _, timer = heapq.heappop(self._timers)
            timer.fire()
        self._now = until


class _ManualTimer:
    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def fire(self) -> None:
        if self._callback is not None:
            self._callback()
