"""Moments: the clock gives seconds since the epoch, the database keeps whole milliseconds, people get UTC."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], float]


def milliseconds(seconds: float) -> int:
    """What the database keeps of a moment given in seconds since the epoch."""
    return round(seconds * 1000)


def moment(at: int) -> datetime:
    """The UTC moment that the database kept as milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC)
