"""The failures that were nobody's to mend, as many as fit in memory: for admins to see without reading logs."""

import logging
from collections import deque

import msgspec

_KEPT = 20


class Fault(msgspec.Struct, frozen=True):
    """A failure that was logged with a reference. `at` is in seconds since 1970, UTC; `kind` the exception's name."""

    at: float
    reference: str
    kind: str


class Faults(logging.Handler):
    """Hears what `bot.errors.log_fault` logs, and keeps of it what is safe to show."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.count = 0
        self._last: deque[Fault] = deque(maxlen=_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        if isinstance(record.args, tuple) and len(record.args) == 2:
            reference, kind = record.args
            self.count += 1
            self._last.append(Fault(record.created, str(reference), str(kind)))

    def last(self, most: int) -> list[Fault]:
        """The newest, newest first."""
        return [*reversed(self._last)][:most]
