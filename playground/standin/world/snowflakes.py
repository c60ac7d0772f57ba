"""Discord's ids. https://discord.com/developers/docs/reference#snowflakes"""

from datetime import UTC, datetime

from playground.standin.world.clock import Clock

_EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """Gives out ids that tell when they were made; each is greater than the one before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def make(self) -> int:
        """A new id."""
        now = int(self._clock.now().timestamp() * 1000) - _EPOCH_MS
        self._last = max(now << 22, self._last + 1)
        return self._last


def made_at(snowflake: int) -> datetime:
    """When an id was made."""
    return datetime.fromtimestamp(((snowflake >> 22) + _EPOCH_MS) / 1000, UTC)
