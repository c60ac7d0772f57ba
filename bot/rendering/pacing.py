"""How often an answer's messages are edited: often at its beginning, and no more than Discord bears.

What Discord bears is heard from its responses (`bot.rendering.rate_limits`), and felt: discord.py sleeps through what
is over a limit inside the call, so a call that takes long says that the channel is pressed, also where no header does.
Answers in one channel share what it bears; each thread is a channel of its own.
"""

from weakref import WeakSet, WeakValueDictionary

from bot.rendering.rate_limits import RateLimits, Window

_FIRST = 0.5  # of the usual interval: the first words of an answer are waited for
_GROWTH = 1.2  # from edit to edit: who has a page to read needs the next words less urgently
_LATEST = 2.5  # of the usual interval
_SLOWEST = 15.0
_EASING = 0.8
_SLOW_CALL = 1.0  # seconds; an edit takes a tenth of that where nothing holds it back
_KEPT_FREE = 1  # calls of each window, so that an answer that ends need not wait behind one that goes on


class ChannelPace:
    """What all answers that are being written in one channel know of it."""

    def __init__(self) -> None:
        self._held_back = 0.0
        self._last = float("-inf")
        self._under_way = 0
        self.answers: WeakSet[Pacing] = WeakSet()
        """Those that have begun."""

    def wait(self, now: float, window: Window | None) -> float:
        """Seconds until the channel bears another edit; zero or less where it does now."""
        apart = self._held_back
        if window:
            # Several answers must not come in one burst before Discord has said what is left.
            apart = max(apart, window.seconds / (2 * max(window.limit, 1)))
            running = now < window.resets_at
            left = (window.remaining if running else window.limit) - self._under_way
            if left <= min(_KEPT_FREE, window.limit - 1):
                return window.resets_at - now if running else apart
        return self._last + apart - now

    def begin(self, now: float) -> None:
        """Take note that an edit is on its way."""
        self._last = now
        self._under_way += 1

    def record(self, seconds: float, *, succeeded: bool) -> None:
        """Take note of the end of an edit, and of how long it took."""
        self._under_way -= 1
        eased = self._held_back * _EASING if succeeded else max(self._held_back * 2, _SLOW_CALL)
        pressed = seconds if seconds > _SLOW_CALL else 0.0
        self._held_back = min(max(eased, pressed), _SLOWEST) if max(eased, pressed) > 0.1 else 0.0


class Pacing:
    """The pace of one answer. All times are seconds by one clock, that of `limits`."""

    def __init__(
        self,
        interval: float,
        *,
        channel: ChannelPace | None = None,
        channel_id: int = 0,
        limits: RateLimits | None = None,
    ) -> None:
        if interval < 0:
            raise ValueError(f"the interval must not be negative, but is {interval:g}")
        self._channel = channel or ChannelPace()
        self._channel_id = channel_id
        self._limits = limits
        self._interval = interval * _FIRST
        self._latest = interval * _LATEST
        self._next: float | None = None
        self._began = 0.0
        self._ended = 0.0

    def wait(self, now: float) -> float:
        """Seconds from `now` until this answer may be edited, as far as is known; other answers may come first.

        The first time is at once: it sends a message, for which Discord has another limit.
        """
        if self._next is None:
            return 0.0
        window = self._limits.window(self._channel_id) if self._limits else None
        return max(self._next - now, self._turn(window) - now, self._channel.wait(now, window), 0.0)

    def _turn(self, window: Window | None) -> float:
        """When this answer's turn is, where answers in one channel take turns at all that Discord announced."""
        share = window.seconds / max(window.limit - _KEPT_FREE, 1) if window else 0.0
        return self._ended + share * (len(self._channel.answers) - 1)

    def begin(self, now: float) -> None:
        """Take note that an edit begins, which `record` must follow."""
        self._began = now
        self._channel.answers.add(self)
        self._channel.begin(now)

    def record(self, now: float, *, succeeded: bool) -> None:
        """Take note that the edit is over."""
        self._channel.record(now - self._began, succeeded=succeeded)
        self._ended = now
        self._next = now + self._interval
        self._interval = min(self._interval * _GROWTH, self._latest)


class Paces:
    """Hands out the pace of each answer, so that those in one channel share it.

    `interval` is about the time in seconds between an answer's edits: the first come sooner, later ones less often.
    """

    def __init__(self, interval: float, limits: RateLimits) -> None:
        self._interval = interval
        self._limits = limits
        self._channels: WeakValueDictionary[int, ChannelPace] = WeakValueDictionary()

    def in_channel(self, channel_id: int) -> Pacing:
        """For an answer by messages in a channel or a thread."""
        channel = self._channels.get(channel_id)
        if channel is None:
            channel = self._channels[channel_id] = ChannelPace()
        return Pacing(self._interval, channel=channel, channel_id=channel_id, limits=self._limits)

    def alone(self) -> Pacing:
        """For an answer by an interaction's follow-ups, which have a limit of their own."""
        return Pacing(self._interval)
