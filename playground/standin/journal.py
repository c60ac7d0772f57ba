"""What happened: every request, every dispatch; and waiting for something to be so, without polling."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from playground.standin.rest.routing import Exchange
from playground.standin.socket.session import Dispatched
from playground.standin.world.events import Event

T = TypeVar("T")
_SHOWN = 12


class Journal:
    """Grows with every exchange and dispatch. Whoever waits is looked after once each change is complete."""

    def __init__(self) -> None:
        self.requests: list[Exchange] = []
        self.events: list[Dispatched] = []
        self._waiting: dict[asyncio.Future[Any], Callable[[], Any]] = {}
        self._due = False

    def add_request(self, exchange: Exchange) -> None:
        """Note an exchange."""
        self.requests.append(exchange)
        self.changed()

    def add_event(self, dispatched: Dispatched) -> None:
        """Note a dispatch."""
        self.events.append(dispatched)
        self.changed()

    def on_event(self, _event: Event) -> None:
        """Something happened in the world."""
        self.changed()

    def changed(self) -> None:
        """Look at what is waited for, as soon as the change that is being made is made."""
        if self._waiting and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._look)

    async def until(self, predicate: Callable[[], T | None], timeout: float = 30.0) -> T:  # noqa: ASYNC109  what is waited for stands in the error
        """What `predicate` gives, once that is true. Raises `TimeoutError`, with what happened."""
        if outcome := predicate():
            return outcome
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[future] = predicate
        try:
            return await asyncio.wait_for(future, timeout)
        except TimeoutError:
            raise TimeoutError(f"it did not come true in {timeout} s; what happened last:\n{self._last()}") from None
        finally:
            self._waiting.pop(future, None)

    def _look(self) -> None:
        self._due = False
        for future, predicate in list(self._waiting.items()):
            if future.done():
                continue
            try:
                outcome = predicate()
            except Exception as error:  # noqa: BLE001  it belongs to who waits
                future.set_exception(error)
                continue
            if outcome:
                future.set_result(outcome)

    def _last(self) -> str:
        requests = [f"  {each.method} {each.path} -> {each.status}" for each in self.requests[-_SHOWN:]]
        events = [f"  {each.sequence} {each.name}" for each in self.events[-_SHOWN:]]
        return "\n".join(["requests:", *requests, "events:", *events])
