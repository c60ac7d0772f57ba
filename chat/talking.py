"""Talking with the gateway until somebody leaves, or asking it one thing."""

import json
from pathlib import Path
from typing import TextIO

import msgspec
from rich.console import Console
from rich.text import Text

from chat.commands import CannotDo, Commands, Leave
from chat.conversing import Conversing
from chat.reading import Reader
from chat.sanitising import one_line
from chat.showing import Show, Unshown, best_for
from chat.stopping import Stopped, stoppable
from chat.tables import footer
from chat.words import INTERRUPTED, exit_code_of, words_for
from gateway.client import ApiError
from gateway.wire import ChatAnswer, NewAttachment


class Talk:
    """A conversation at a terminal."""

    def __init__(self, conversing: Conversing, console: Console, *, history: Path | None, brief: bool = False) -> None:
        self._conversing = conversing
        self._console = console
        self._show = best_for(console)
        self._commands = Commands(conversing, console)
        self._reader = Reader(self._commands, history)
        self._brief = brief

    async def run(self) -> int:
        """Read and answer until Ctrl-D; the exit code.

        Raises `ApiError` where the gateway cannot be talked to at all.
        """
        who = await self._conversing.client.whoami()
        if not self._brief:
            self._say(f"{one_line(who.name)} at {self._conversing.client.url}. /help says what you can do here.")
            self._console.print()
        while True:
            try:
                line = await self._reader.read()
            except KeyboardInterrupt:
                self._say("Ctrl-D leaves.")
                continue
            except EOFError:
                return 0
            if not line.strip():
                continue
            try:
                await self._do(line)
            except Leave:
                return 0
            except CannotDo as error:
                self._warn(str(error))
            except ApiError as error:
                self._warn(words_for(error, self._conversing.client.url))
            self._console.print()

    async def _do(self, line: str) -> None:
        """Act on a line until it is done or Ctrl-C stops it."""
        try:
            await stoppable(self._act(line))
        except Stopped:
            await self._conversing.settle()
            self._console.print()
            self._say("Stopped. What arrived is kept; write on to follow up.")

    async def _act(self, line: str) -> None:
        if line.startswith("/") and not line.startswith("//"):
            await self._commands.run(line.strip())
            return
        prompt = line[1:] if line.startswith("//") else line
        self._console.print()
        answer = await self._conversing.ask(prompt, self._show)
        if not self._brief:
            self._console.print()
            self._say(footer(answer))

    def _say(self, words: str) -> None:
        self._console.print(Text(words, style="dim"))

    def _warn(self, words: str) -> None:
        self._console.print(Text(words, style="red"))


class Question:
    """One prompt and its answer, for the command line and for pipes. What is not the answer goes to `notes`."""

    def __init__(
        self, conversing: Conversing, out: Console, notes: Console, *, reply_only: bool, as_json: bool
    ) -> None:
        self._conversing = conversing
        self._out = out
        self._notes = notes
        self._as_json = as_json
        self._quiet = reply_only or as_json or not out.is_terminal
        self._show: Show = Unshown if as_json else best_for(out, plain=reply_only)

    async def run(self, prompt: str, files: list[NewAttachment]) -> int:
        """Ask; the exit code."""
        try:
            answer = await stoppable(self._conversing.ask(prompt, self._show, files))
        except Stopped:
            self._note("Stopped. What arrived is kept.")
            return INTERRUPTED
        except ApiError as error:
            self._fail(error)
            return exit_code_of(error)
        if self._as_json:
            write_json(self._out.file, answer)  # pyright: ignore[reportArgumentType] -- IO[str] is a TextIO
        elif not self._quiet:
            self._notes.print(Text(footer(answer), style="dim"))
            self._note(f"Follow up with: rolekey chat --conversation {answer.conversation_id} PROMPT")
        return 0

    def _fail(self, error: ApiError) -> None:
        words = words_for(error, self._conversing.client.url)
        if self._as_json:
            body = {"status": "error", "error": {"code": error.code, "message": words}, "message": words}
            kept = {"conversation_id": error.conversation_id} if error.conversation_id else {}
            self._out.file.write(json.dumps(body | kept) + "\n")
        else:
            self._notes.print(Text(f"Error: {words}", style="red"), soft_wrap=not self._notes.is_terminal)

    def _note(self, words: str) -> None:
        if not self._as_json:
            self._notes.print(Text(words, style="dim"), soft_wrap=not self._notes.is_terminal)


def write_json(out: TextIO, answer: ChatAnswer) -> None:
    """An answer as one line. Pure ASCII: no character of the model's reaches a terminal as itself."""
    out.write(json.dumps(msgspec.to_builtins(answer)) + "\n")
    out.flush()
