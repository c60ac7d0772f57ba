"""A person at a terminal, and a program in a pipe: `rolekey chat` as a process of its own."""

import asyncio
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pyte

ROOT = Path(__file__).parents[2]
_COLUMNS = 80
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[=>78])|\r")


class Ended(NamedTuple):
    """What a program said, and its exit code."""

    code: int
    out: str
    err: str


class Terminal:
    """What the program wrote, and a keyboard."""

    def __init__(self, controller: int, process: asyncio.subprocess.Process, rows: int) -> None:
        self.process = process
        self.rows = rows
        self.written = b""
        self._controller = controller
        self._read_to = 0
        self._more = asyncio.Event()
        asyncio.get_running_loop().add_reader(controller, self._read)

    @property
    def text(self) -> str:
        """Everything that was written, without what moves the cursor or colours."""
        return _ESCAPES.sub("", self.written.decode(errors="replace"))

    @property
    def lines(self) -> list[str]:
        """What a person sees who scrolls back to the beginning: every line, without the spaces at its end."""
        screen = pyte.HistoryScreen(_COLUMNS, self.rows, history=10_000)
        pyte.ByteStream(screen).feed(self.written)
        above = ["".join(line[column].data for column in range(_COLUMNS)) for line in screen.history.top]
        return [line.rstrip() for line in (*above, *screen.display)]

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._controller, keys.encode())

    async def says(self, words: str) -> None:
        """Wait until the program writes this after what it was waited for before."""
        while (found := self.text.find(words, self._read_to)) < 0:
            self._more.clear()
            await self._more.wait()
        self._read_to = found + len(words)

    async def enters(self, line: str) -> None:
        """Wait for the prompt, and enter a line."""
        await self.says("›")
        self.type(f"{line}\r")

    def close(self) -> None:
        """Turn the terminal off."""
        asyncio.get_running_loop().remove_reader(self._controller)
        os.close(self._controller)

    def _read(self) -> None:
        try:
            self.written += os.read(self._controller, 65536)
        except OSError:  # the program has gone
            asyncio.get_running_loop().remove_reader(self._controller)
        self._more.set()


def environment(**more: str) -> dict[str, str]:
    """Nothing of who runs the tests but where programs are."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        **more,
    }


@asynccontextmanager
async def terminal(folder: Path, environ: dict[str, str], *arguments: str, rows: int = 24) -> AsyncGenerator[Terminal]:
    """`rolekey chat` in a terminal of 80 columns."""
    controller, worker = pty.openpty()
    termios.tcsetwinsize(worker, (rows, _COLUMNS))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "chat", *arguments),
        cwd=folder,
        env=environment(XDG_CONFIG_HOME=str(folder), **environ),
        preexec_fn=lambda: os.login_tty(worker),
    )
    os.close(worker)
    shown = Terminal(controller, process, rows)
    try:
        yield shown
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        shown.close()


async def piped(folder: Path, *arguments: str, given: str = "", **environ: str) -> Ended:
    """`rolekey chat` among pipes."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "chat", *arguments),
        cwd=folder,
        env=environment(**environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = await process.communicate(given.encode())
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())
