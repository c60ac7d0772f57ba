"""Markdown that is still being written, and text of others."""

import asyncio
import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from chat.markdown import Blocks, MarkdownAnswer, markdown_parser, split_finished
from chat.sanitising import one_line, printable

TEXT = (
    "# One\n\nTwo\nthree\n\n- four\n\n  five\n- six\n\n```python\nseven\n\neight\n```\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n> nine\n\n---\n\n## ten\neleven <b>twelve</b>\n\n<div>thirteen</div>\n"
)


@given(st.lists(st.integers(1, 12), max_size=60))
def test_blocks_are_finished_in_order_and_nothing_is_lost(sizes: list[int]) -> None:
    parser, growing, printed, rest = markdown_parser(), "", list[str](), TEXT
    for size in [*sizes, len(TEXT)]:
        piece, rest = rest[:size], rest[size:]
        finished, growing = split_finished(growing + piece, parser)
        printed += [finished] if finished else []
    assert "".join(printed) + growing == TEXT
    whole = markdown_parser()
    assert "".join(whole.render(block) for block in [*printed, growing]) == whole.render(TEXT)


@given(st.lists(st.integers(1, 12), max_size=60))
def test_what_is_printed_piece_by_piece_is_the_same_as_the_whole_with_one_blank_line_between_blocks(
    sizes: list[int],
) -> None:
    async def answer(console: Console) -> None:
        rest = TEXT
        with MarkdownAnswer(console) as shown:
            for size in [*sizes, len(TEXT)]:
                shown.add(rest[:size])
                rest = rest[size:]

    console, whole = (Console(file=io.StringIO(), width=40, color_system=None) for _ in range(2))
    asyncio.run(answer(console))
    whole.print(Blocks(TEXT), end="")
    printed = whole_text(whole)
    assert whole_text(console) == printed
    assert "\n\n\n" not in printed
    assert not [line for line in printed.splitlines() if line != line.rstrip()]
    assert "eleven <b>twelve</b>\n\n<div>thirteen</div>\n" in printed


def whole_text(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@given(st.text())
def test_what_is_printable_commands_no_terminal(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if (c < " " and c not in "\t\n") or "\x7f" <= c <= "\x9f" or "\u202a" <= c <= "\u202e"]
    assert "\n" not in one_line(text)
    assert "".join(c for c in text if c.isalnum()) == "".join(c for c in shown if c.isalnum())
