"""One shard's session: what it is sent, in which order, and what can be sent again.

https://discord.com/developers/docs/events/gateway#resuming
"""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from playground.standin.socket.intents import is_wanted, readable
from playground.standin.socket.protocol import CloseCode, Opcode
from playground.standin.world.entities import JSON, Application
from playground.standin.world.events import Event

KEPT = 1000


@dataclass(frozen=True)
class Shard:
    """Which part of the servers a session has: https://discord.com/developers/docs/events/gateway#sharding"""

    index: int
    count: int

    def has(self, guild_id: int | None) -> bool:
        """Whether a server, or with None what belongs to none, is this shard's."""
        return (0 if guild_id is None else (guild_id >> 22) % self.count) == self.index


@dataclass(frozen=True)
class Dispatched:
    """One event that a shard was sent."""

    shard: Shard
    sequence: int
    name: str
    data: JSON


class Outlet(Protocol):
    """The connection that a session speaks through at the moment."""

    def put(self, frame: JSON) -> None:
        """Send, after what was put before."""
        ...

    def close(self, code: int) -> None:
        """End it, once everything before is sent."""
        ...


class Session:
    """Numbers what it dispatches and keeps the last of it; `watch` is told of each dispatch."""

    def __init__(
        self,
        application: Application,
        shard: Shard,
        intents: int,
        watch: Callable[[Dispatched], None],
        large_threshold: int = 50,
    ) -> None:
        self.id = secrets.token_hex(16)
        self.application = application
        self.shard = shard
        self.intents = intents
        self.large_threshold = large_threshold
        self.outlet: Outlet | None = None
        self.sequence = 0
        self._watch = watch
        self._kept: deque[tuple[int, JSON]] = deque(maxlen=KEPT)

    def offer(self, event: Event) -> None:
        """Dispatch an event, if it is for this session."""
        bot_id = self.application.bot.id
        if self.shard.has(event.guild_id) and is_wanted(event, self.intents, bot_id) and event.sees(bot_id):
            self.dispatch(event.name, readable(event, self.intents, bot_id))

    def dispatch(self, name: str, data: JSON) -> None:
        """Send now, or once the session is resumed."""
        self.sequence += 1
        frame: JSON = {"op": int(Opcode.DISPATCH), "s": self.sequence, "t": name, "d": data}
        self._kept.append((self.sequence, frame))
        if self.outlet is not None:
            self.outlet.put(frame)
        self._watch(Dispatched(self.shard, self.sequence, name, data))

    def can_replay(self, after: int) -> bool:
        """Whether everything since a sequence number is still there."""
        return after <= self.sequence and self.sequence - after <= len(self._kept)

    def replay(self, after: int, outlet: Outlet) -> None:
        """Send what was missed through a new connection, then go on there; the old one, if any is left, ends."""
        if self.outlet is not None:
            self.outlet.close(CloseCode.SESSION_TIMED_OUT)
        for sequence, frame in self._kept:
            if sequence > after:
                outlet.put(frame)
        self.outlet = outlet
