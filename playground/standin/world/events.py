"""Everything that happens is said here, once, to whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass, field

from playground.standin.world.entities import JSON, Message

Sees = Callable[[int], bool]
Listener = Callable[["Event"], None]


def everyone(_user_id: int) -> bool:
    """Nobody is left out."""
    return True


@dataclass(frozen=True, eq=False)
class Event:
    """One of Discord's dispatches.

    `name` is Discord's name, `data` its payload as it is now. `guild_id` decides the shard. `sees` tells of a user's
    id whether that user is told. `message` is set where the payload is a message, whose content not every application
    may read.
    """

    name: str
    data: JSON
    guild_id: int | None = None
    sees: Sees = field(default=everyone)
    message: Message | None = None


class Bus:
    """Hands each event to each listener, in order, before the change that caused it is over."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Be told of everything from now on; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def emit(self, event: Event) -> None:
        """Tell everybody."""
        for listener in list(self._listeners):
            listener(event)
