"""What is known of the request that is being worked on, for the log and the figures; it follows the request's tasks."""

import time
from collections.abc import Callable
from contextvars import ContextVar

from gateway.limits import Spent


class RequestTrace:
    """One request's name, its beginning, its first text and what it used. Times are those of `time.perf_counter`."""

    def __init__(self, request_id: str, spent: Callable[[Spent], None]) -> None:
        self.request_id = request_id
        self.began = time.perf_counter()
        self.first_text: float | None = None
        """Seconds until the first text of an answer came."""
        self.spent = spent

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.perf_counter() - self.began


CURRENT: ContextVar[RequestTrace | None] = ContextVar("request_trace", default=None)


def current_request_id() -> str | None:
    """The name of the request that is being worked on, None outside of one."""
    trace = CURRENT.get()
    return None if trace is None else trace.request_id


def note_first_text() -> None:
    """The first text of an answer has come."""
    trace = CURRENT.get()
    if trace is not None and trace.first_text is None:
        trace.first_text = trace.seconds


def note_spent(spent: Spent) -> None:
    """An answer has used this."""
    trace = CURRENT.get()
    if trace is not None:
        trace.spent(spent)
