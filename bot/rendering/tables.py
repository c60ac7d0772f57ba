"""Markdown tables as aligned text. Discord does not render tables; a code block keeps the columns in line.

Which lines are a table is GitHub's rule (https://github.github.com/gfm/#tables-extension-).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from bot.rendering import fences, graphemes

MAX_WIDTH = 72
"""Columns of text that a code block shows on a desktop without wrapping; wider cells are wrapped."""
MAX_BLOCK = 1_700
"""Characters of one code block. A longer table goes on in a next block, which repeats its header."""

_PIPE = re.compile(r"(?<!\\)\|")
_DELIMITER = re.compile(r":?-+:?")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\(<?([^()\s<>]*)>?\)")
_EMPHASIS = re.compile(r"(\*\*|__|~~|(?<!`)`(?!`))(?=\S)(.+?)(?<=\S)\1")
_GAP = " | "
_RULE_GAP = "-+-"
_LEAST_WIDTH = 6


def cells(line: str) -> list[str]:
    """The cells of one row, stripped."""
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith(r"\|"):
        inner = inner[:-1]
    return [cell.strip().replace(r"\|", "|") for cell in _PIPE.split(inner)]


def may_be_row(line: str) -> bool:
    """Whether `line` can be a table's header or one of its rows."""
    return _PIPE.search(line) is not None


def is_delimiter(header: str, line: str) -> bool:
    """Whether `line` under `header` makes the two the head of a table."""
    if not may_be_row(line):
        return False
    marks = cells(line)
    return len(marks) == len(cells(header)) and all(_DELIMITER.fullmatch(mark) for mark in marks)


def display_width(text: str) -> int:
    """Columns that `text` takes in a fixed-width font (https://www.unicode.org/reports/tr11/)."""
    if text.isascii():
        return len(text)
    return sum(map(_cluster_width, graphemes.clusters(text)))


def _cluster_width(cluster: str) -> int:
    """An emoji of several characters takes as much room as one; so does a letter with its accents."""
    if "\ufe0f" in cluster or graphemes.is_flag(cluster):
        return 2
    return max(map(_char_width, cluster))


def _char_width(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.category(char) in {"Mn", "Me", "Cf", "Cc"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def render(header: str, delimiter: str, rows: Sequence[str]) -> str:
    """The table as code blocks, each at most about `MAX_BLOCK` characters and each with the header."""
    titles = cells(header)
    columns = len(titles)
    body = [(cells(row) + [""] * columns)[:columns] for row in rows]
    plain = [[_plain(cell) for cell in row] for row in [titles, *body]]
    widths = _fitted([max(1, *map(display_width, column)) for column in zip(*plain, strict=True)])
    marks = cells(delimiter)
    head = [*_lines(plain[0], widths, marks), _RULE_GAP.join("-" * width for width in widths)]
    blocks = _blocks(head, [_lines(row, widths, marks) for row in plain[1:]])
    return "\n".join("```\n" + "\n".join(block) + "\n```\n" for block in blocks)


def _plain(cell: str) -> str:
    """The cell without markup, which a code block would show as it is written."""
    text = _LINK.sub(lambda link: f"{link[1]} ({link[2]})" if link[1] else link[2], cell)
    text = _EMPHASIS.sub(r"\2", _LINE_BREAK.sub(" ", text))
    return " ".join(fences.defused(text).split())


def _fitted(widths: list[int]) -> list[int]:
    """The widths, the widest made narrower until the row fits."""
    fitted = [min(width, MAX_WIDTH) for width in widths]
    room = MAX_WIDTH - len(_GAP) * (len(fitted) - 1)
    while sum(fitted) > room and max(fitted) > _LEAST_WIDTH:
        fitted[fitted.index(max(fitted))] -= 1
    return fitted


def _lines(row: Sequence[str], widths: Sequence[int], marks: Sequence[str]) -> list[str]:
    wrapped = [list(_wrapped(cell, width)) for cell, width in zip(row, widths, strict=True)]
    return [
        _GAP.join(_aligned(*cell) for cell in zip(line, widths, marks, strict=True)).rstrip()
        for line in zip_longest(*wrapped, fillvalue="")
    ]


def _wrapped(cell: str, width: int) -> Iterator[str]:
    line, used = "", 0
    for word in cell.split(" "):
        for part in _parts(word, width):
            taken = display_width(part)
            if line and used + 1 + taken > width:
                yield line
                line, used = part, taken
            else:
                line, used = (f"{line} {part}", used + 1 + taken) if line else (part, taken)
    yield line


def _parts(word: str, width: int) -> Iterator[str]:
    """The word, torn where it is wider than its column."""
    part, used = "", 0
    for cluster in word if word.isascii() else graphemes.clusters(word):
        taken = 1 if cluster.isascii() else _cluster_width(cluster)
        if part and used + taken > width:
            yield part
            part, used = "", 0
        part, used = part + cluster, used + taken
    yield part


def _aligned(text: str, width: int, mark: str) -> str:
    space = max(width - display_width(text), 0)
    if mark.endswith(":"):
        left = space // 2 if mark.startswith(":") else space
        return " " * left + text + " " * (space - left)
    return text + " " * space


def _blocks(head: list[str], rows: Sequence[list[str]]) -> Iterator[list[str]]:
    block = list(head)
    for row in rows:
        if len(block) > len(head) and sum(len(line) + 1 for line in [*block, *row]) > MAX_BLOCK:
            yield block
            block = list(head)
        block += row
    yield block
