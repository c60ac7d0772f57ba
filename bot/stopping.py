"""When to stop: Ctrl-C, or the signal that service managers send."""

import asyncio
import signal


def stop_signal() -> asyncio.Event:
    """Set by SIGINT and SIGTERM from now on; belongs to the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop
