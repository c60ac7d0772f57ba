"""How often a message may be edited: as often as asked for, less often where Discord is slow."""

_SLOWEST = 15.0
_EASING = 0.8


class Pacing:
    """The interval between edits, in seconds, adapted to what Discord bears.

    Rate limits are not to be hard-coded (https://discord.com/developers/docs/topics/rate-limits) and discord.py
    sleeps through them inside the call, so how long a call took says how hard Discord is being pressed.
    """

    def __init__(self, interval: float) -> None:
        if interval < 0:
            raise ValueError(f"the interval must not be negative, but is {interval:g}")
        self._least = interval
        self._most = max(_SLOWEST, interval)
        self.interval = interval
        self._next = 0.0

    def wait(self, now: float) -> float:
        """Seconds from `now` until the next edit is due."""
        return max(self._next - now, 0.0)

    def record(self, began: float, ended: float, *, succeeded: bool) -> None:
        """Take note of an edit, by the clock that `wait` is asked with."""
        wanted = self.interval * (_EASING if succeeded else 2)
        self.interval = min(max(wanted, (ended - began) * 2, self._least), self._most)
        self._next = ended + self.interval
