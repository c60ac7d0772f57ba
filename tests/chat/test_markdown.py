"""Markdown that is still being written, and text of others."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from chat.markdown import split_finished
from chat.sanitising import one_line, printable

TEXT = (
    "# One\n\nTwo\nthree\n\n- four\n\n  five\n- six\n\n```python\nseven\n\neight\n```\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\nnine\n"
)


@given(st.lists(st.integers(1, 12), max_size=60))
def test_blocks_are_finished_in_order_and_nothing_is_lost(sizes: list[int]) -> None:
    parser, growing, printed, rest = MarkdownIt().enable("table"), "", list[str](), TEXT
    for size in [*sizes, len(TEXT)]:
        piece, rest = rest[:size], rest[size:]
        finished, growing = split_finished(growing + piece, parser)
        printed += [finished] if finished else []
    assert "".join(printed) + growing == TEXT
    whole = MarkdownIt().enable("table")
    assert "".join(whole.render(block) for block in [*printed, growing]) == whole.render(TEXT)


@given(st.text())
def test_what_is_printable_commands_no_terminal(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if (c < " " and c not in "\t\n") or "\x7f" <= c <= "\x9f" or "\u202a" <= c <= "\u202e"]
    assert "\n" not in one_line(text)
    assert "".join(c for c in text if c.isalnum()) == "".join(c for c in shown if c.isalnum())
