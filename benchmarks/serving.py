"""Servers in processes of their own, and what they cost by the kernel's books (Linux only, see proc(5))."""

import asyncio
import importlib.util
import os
import re
import sys
import time
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.02
_LISTENING = re.compile(r"listening on (http://\S+)")


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a server until it is ended, on the event loop that production uses: uvloop where it exists."""
    loop_factory = None
    if importlib.util.find_spec("uvloop"):
        import uvloop

        loop_factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main)


def announce(port: int) -> None:
    """Say where this process listens, as the gateway does."""
    print(f"listening on http://127.0.0.1:{port}", file=sys.stderr, flush=True)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without settings of a Rolekey that lives here."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ROLEKEY") and name not in ("DISCORD_TOKEN", "OPENAI_API_KEY")
    }
    return {**kept, "PYTHONPATH": str(ROOT), **extra}


class Server:
    """`python -m ARGUMENTS` while it is entered; `url` is where it listens. Its log goes to a file in `folder`."""

    def __init__(self, folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._arguments = arguments
        self._environ = environ or {}
        self._log = folder / f"{arguments[0]}.log"
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *self._arguments,
                cwd=self._folder,
                env=environment(self._environ),
                stdout=asyncio.subprocess.DEVNULL,
                stderr=log,
            )
        try:
            async with asyncio.timeout(_START_SECONDS):
                self.url = await self._listening(self._process)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _listening(self, process: asyncio.subprocess.Process) -> str:
        while True:
            said = self._log.read_text()
            found = _LISTENING.search(said)
            if found is not None:
                return found[1]
            if process.returncode is not None:
                raise RuntimeError(f"{self._arguments[0]} did not start: {said[-2000:]}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def says(self, words: str) -> None:
        """Wait until it logged this. Raises `TimeoutError`."""
        async with asyncio.timeout(_START_SECONDS):
            while words not in self._log.read_text():  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(_LOOK_SECONDS)

    def pin(self, cores: set[int]) -> None:
        """From now on all of its threads run on these cores only."""
        for thread in Path(f"/proc/{self._pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)

    def cpu_seconds(self) -> float:
        """The processor time it has used, all threads, in user and system mode."""
        # The process's own clock has nanoseconds, /proc only ticks: clock_getcpuclockid(3).
        return time.clock_gettime((~self._pid << 3) | 2)

    def memory_mb(self) -> float:
        """What it holds in memory now, in megabytes of 2^20 bytes."""
        return self._status("VmRSS")

    def peak_memory_mb(self) -> float:
        """The most it ever held."""
        return self._status("VmHWM")

    def _status(self, field: str) -> float:
        status = Path(f"/proc/{self._pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(f"{field}:"))
        return int(line.split()[1]) / 1024

    @property
    def _pid(self) -> int:
        assert self._process is not None
        return self._process.pid
