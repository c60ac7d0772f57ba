"""What Discord says of its limits on editing messages, channel by channel.

Limits are not to be hard-coded (https://discord.com/developers/docs/topics/rate-limits): each response says how many
more calls its route takes in its channel, and when it takes more. discord.py obeys that but tells nobody; what it
offers for listening is aiohttp's tracing.
"""

import re
import time
from collections.abc import Callable, Mapping
from types import SimpleNamespace

import aiohttp
import msgspec

_EDIT = re.compile(r"/channels/(\d+)/messages/\d+\Z")
_MOST_CHANNELS = 1_000


class Window(msgspec.Struct, frozen=True):
    """What Discord last said of editing messages in one channel."""

    limit: int
    """Calls in a window."""
    remaining: int
    """Calls left of this one."""
    resets_at: float
    """When the next one begins, in seconds by the clock of `RateLimits`."""
    seconds: float
    """The longest wait for a next window that was announced: about the length of one."""


class RateLimits:
    """Listens to Discord's responses and keeps the last word on each channel."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._windows: dict[int, Window] = {}

    def trace(self) -> aiohttp.TraceConfig:
        """What lets this listen: the `http_trace` of a `discord.Client`."""
        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(self._on_request_end)
        return trace

    def window(self, channel_id: int) -> Window | None:
        """What is known of a channel."""
        return self._windows.get(channel_id)

    async def _on_request_end(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestEndParams
    ) -> None:
        edit = _EDIT.search(request.url.path)
        if edit and request.method == "PATCH":
            self._note(int(edit[1]), request.response.headers)

    def _note(self, channel_id: int, headers: Mapping[str, str]) -> None:
        try:
            limit = int(headers["X-RateLimit-Limit"])
            remaining = int(headers["X-RateLimit-Remaining"])
            wait = float(headers["X-RateLimit-Reset-After"])
        except (KeyError, ValueError):  # a proxy that keeps to the limits itself need not pass them on
            return
        known = self._windows.pop(channel_id, None)
        seconds = max(wait, known.seconds) if known and known.limit == limit else wait
        self._windows[channel_id] = Window(limit, remaining, self._clock() + wait, seconds)
        while len(self._windows) > _MOST_CHANNELS:
            del self._windows[next(iter(self._windows))]  # the one not heard of for longest
