"""Ctrl-C stops what is being done, not the program."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

T = TypeVar("T")


class Stopped(Exception):
    """Somebody pressed Ctrl-C."""


async def stoppable(work: Coroutine[Any, Any, T]) -> T:
    """Do it, unless Ctrl-C stops it.

    Raises `Stopped` after the work has cleaned up.
    """
    task = asyncio.create_task(work)
    with _interrupted(task.cancel):
        await asyncio.wait({task})
    if task.cancelled():
        raise Stopped
    return task.result()


@contextmanager
def _interrupted(call: Callable[[], object]) -> Generator[None]:
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, call)
    except NotImplementedError:  # Windows
        signal.signal(signal.SIGINT, lambda _number, _frame: loop.call_soon_threadsafe(call))
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
