"""Whether an account may be asked: circuit breaking, cooling down, and being switched off by the provider."""

from collections.abc import Callable

from gateway.config import Recovery
from gateway.errors import ApiError
from gateway.wire import AccountState

Monotonic = Callable[[], float]

# A budget that is used up is not raised within seconds.
_QUOTA_SECONDS = 300.0


class Breaker:
    """What an account's failures have led to. `monotonic` gives seconds from any start.

    closed: asked. cooling: not asked until its provider's rate limit resets. open: not asked for a while, after
    `failures` in a row. half_open: one prompt at a time is let through; it closes the breaker or opens it again.
    disabled: the provider refused its key; not asked until a probe succeeds or the settings are read again.
    """

    def __init__(self, settings: Recovery, monotonic: Monotonic) -> None:
        self.settings = settings
        self.consecutive_failures = 0
        self._monotonic = monotonic
        self._resting_until = float("-inf")
        self._tripped = False
        self._disabled = False

    @property
    def state(self) -> AccountState:
        """What it is now."""
        if self._disabled:
            return "disabled"
        if self.seconds_left > 0:
            return "open" if self._tripped else "cooling"
        return "half_open" if self._tripped else "closed"

    @property
    def seconds_left(self) -> float:
        """How long it is not asked for, as far as that is known."""
        return max(0.0, self._resting_until - self._monotonic())

    def succeeded(self) -> None:
        """An answer came to its end."""
        self.consecutive_failures = 0
        self._tripped = self._disabled = False

    def probed(self) -> None:
        """The provider takes the key again and answers: the next prompt shows whether it answers prompts too."""
        if self._disabled or self._tripped:
            self._disabled, self._tripped = False, True
            self._resting_until = float("-inf")

    def failed(self, error: ApiError) -> None:
        """An answer ended in the upstream's `ApiError`."""
        if error.code == "upstream_authentication":
            self.consecutive_failures += 1
            self._disabled = True
        elif error.code in ("upstream_rate_limited", "upstream_quota"):
            guess = _QUOTA_SECONDS if error.code == "upstream_quota" else self.settings.cool_down_seconds
            self._rest(guess if error.retry_after is None else error.retry_after)
        else:
            self.consecutive_failures += 1
            if self._tripped or self.consecutive_failures >= self.settings.failures:
                self._tripped = True
                self._rest(self.settings.open_seconds)

    def _rest(self, seconds: float) -> None:
        self._resting_until = max(self._resting_until, self._monotonic() + seconds)
