"""Where answers go: drawn in a terminal, or plain text for pipes and simple terminals."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console

from chat.markdown import MarkdownAnswer
from chat.sanitising import printable


class Shown(Protocol):
    """An answer on its way to somebody's eyes."""

    def add(self, text: str) -> None:
        """The next piece of it."""


Show = Callable[[], AbstractContextManager[Shown]]
"""Begins to show an answer; leaving the context ends it."""


class PlainAnswer:
    """An answer as the model wrote it, but for what terminals take for commands."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._ended = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ended:
            self._out.write("\n")
            self._out.flush()

    def add(self, text: str) -> None:
        """The next piece."""
        text = printable(text)
        if text:
            self._out.write(text)
            self._out.flush()
            self._ended = text.endswith("\n")


class Unshown:
    """Shows nothing: the whole answer is printed afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def add(self, text: str) -> None:
        """The next piece."""


def best_for(console: Console, *, plain: bool = False) -> Show:
    """How to show answers there: drawn only where somebody looks at a terminal that can."""
    if plain or not console.is_terminal or console.is_dumb_terminal:
        return lambda: PlainAnswer(console.file)  # pyright: ignore[reportArgumentType] -- IO[str] is a TextIO
    return lambda: MarkdownAnswer(console)
