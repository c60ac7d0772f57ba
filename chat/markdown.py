"""Markdown in a terminal, while it is being written.

What is finished is printed once and scrolls away like any text; only the block that still grows is drawn again. So
nothing flickers, however long the answer, and scrolling back shows it whole.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.segment import Segment
from rich.text import Text

from chat.sanitising import printable

_REDRAW_SECONDS = 0.06
# The line under the growing block, and one to spare.
_LINES_BELOW = 2


def markdown_parser() -> MarkdownIt:
    """What models write. HTML is text here: a terminal shows none, and nothing of an answer may be missing."""
    return MarkdownIt(options_update={"html": False}).enable(["table", "strikethrough"])


class Blocks:
    """Markdown to print, a blank line between its blocks and, with `goes_on`, before the first.

    rich puts one, two or none between them, depending on their kind, and a block printed by itself has others than the
    same one within a whole. Links show where they lead, and are no terminal links, whose target nobody sees.
    """

    def __init__(self, text: str, *, goes_on: bool = False) -> None:
        self._blocks = _blocks(markdown_parser().parse(text))
        self._goes_on = goes_on

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        separate = self._goes_on
        for block in self._blocks:
            markdown = Markdown("", code_theme="ansi_dark", hyperlinks=False)
            markdown.parsed = block
            lines = console.render_lines(markdown, options.update(height=None), pad=False)
            lines = _without_margins([_without_padding(line) for line in lines])
            if lines and separate:
                yield Segment.line()
            for line in lines:
                yield from line
                yield Segment.line()
            separate = separate or bool(lines)


def _blocks(tokens: Sequence[Token]) -> list[list[Token]]:
    blocks = list[list[Token]]()
    for token in tokens:
        if token.level == 0 and token.nesting >= 0:
            blocks.append([])
        blocks[-1].append(token)
    return blocks


def _without_padding(line: list[Segment]) -> list[Segment]:
    """A line without the spaces at its end, which would be copied along; those that have a colour stay."""
    kept = list(line)
    while kept and not (kept[-1].style and kept[-1].style.bgcolor):
        text = kept[-1].text.rstrip(" ")
        if text:
            kept[-1] = Segment(text, kept[-1].style)
            break
        kept.pop()
    return kept


def _without_margins(lines: list[list[Segment]]) -> list[list[Segment]]:
    """The lines from the first to the last on which something stands."""
    written = [number for number, line in enumerate(lines) if any(segment.text.strip() for segment in line)]
    return lines[written[0] : written[-1] + 1] if written else []


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
    """The last lines of the blocks that still grow, as many as fit below each other on the screen."""

    def __init__(self, text: str, *, goes_on: bool) -> None:
        self._text = text
        self._goes_on = goes_on

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        shown = Blocks(self._text, goes_on=self._goes_on) if self._text.strip() else Text("…", style="dim")
        lines = console.render_lines(shown, options.update(height=None), pad=False)
        for line in lines[-max(1, console.size.height - _LINES_BELOW) :]:
            yield from line
            yield Segment.line()


class MarkdownAnswer:
    """An answer that is drawn while it arrives."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._parser = markdown_parser()
        self._growing = ""
        self._begun = False
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
                self._console.print(Blocks(self._growing, goes_on=self._begun), end="")

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
                self._console.print(Blocks(finished, goes_on=self._begun), end="")
                self._begun = True
                self._redraw()
        elif self._redrawing is None:
            self._redrawing = asyncio.get_running_loop().call_later(_REDRAW_SECONDS, self._redraw)

    def _redraw(self) -> None:
        if self._redrawing is not None:
            self._redrawing.cancel()
            self._redrawing = None
        self._live.update(_Tail(self._growing, goes_on=self._begun), refresh=True)
