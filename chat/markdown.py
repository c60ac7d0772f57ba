"""Markdown in a terminal, while it is being written.

What is finished is printed once and scrolls away like any text; only the block that still grows is drawn again. So
nothing flickers, however long the answer, and scrolling back shows it whole.
"""

import asyncio
from types import TracebackType
from typing import Self

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.text import Text

from chat.sanitising import printable

_REDRAW_SECONDS = 0.06
# The line under the growing block, and one to spare.
_LINES_BELOW = 2


def rendered(text: str) -> Markdown:
    """Markdown to print. Links show where they lead, and are no terminal links, whose target nobody sees."""
    return Markdown(text, code_theme="ansi_dark", hyperlinks=False)


def split_finished(text: str, parser: MarkdownIt) -> tuple[str, str]:
    """The blocks that what follows can no longer change, and the rest, which begins with the last block.

    Only whole lines count: `2` may become `2.`, the next item of a list.
    """
    whole, end, partial = text.rpartition("\n")
    starts = [
        token.map[0] for token in parser.parse(whole + end) if not token.level and token.map and token.nesting >= 0
    ]
    if len(starts) < 2:
        return "", text
    lines = whole.split("\n")
    return "\n".join([*lines[: starts[-1]], ""]), "\n".join([*lines[starts[-1] :], partial])


class _Tail:
    """The last lines of a block that fit below each other on the screen."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = rendered(self._text) if self._text.strip() else Text("…", style="dim")
        lines = console.render_lines(shown, options.update(height=None), pad=False)
        for line in lines[-max(1, console.size.height - _LINES_BELOW) :]:
            yield from line
            yield Segment.line()


class MarkdownAnswer:
    """An answer that is drawn while it arrives."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._parser = MarkdownIt().enable(["table", "strikethrough"])
        self._growing = ""
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._redrawing: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._live.start()
        self._redraw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._redrawing is not None:
            self._redrawing.cancel()
        self._live.update(Text(""))
        with self._console:
            self._live.stop()
            if self._growing.strip():
                self._console.print(rendered(self._growing))

    def add(self, text: str) -> None:
        """The next piece."""
        text = printable(text)
        self._growing += text
        finished = ""
        if "\n" in text:
            finished, self._growing = split_finished(self._growing, self._parser)
        if finished.strip():
            # In one write, so that the block is never seen twice or not at all.
            with self._console:
                self._console.print(rendered(finished))
                self._console.print()
                self._redraw()
        elif self._redrawing is None:
            self._redrawing = asyncio.get_running_loop().call_later(_REDRAW_SECONDS, self._redraw)

    def _redraw(self) -> None:
        if self._redrawing is not None:
            self._redrawing.cancel()
            self._redrawing = None
        self._live.update(_Tail(self._growing), refresh=True)
