"""Tables for people to read. Commands import this as they print: what runs for months needs none of it in memory."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

# What a check found, by `Finding.result`.
MARKS = {"ok": "[green]✓[/]", "failed": "[red]✗[/]", "absent": "[dim]–[/]"}


def print_table(*columns: str, rows: Iterable[Iterable[str | Text]], on_stderr: bool = False) -> None:
    """Print a table without lines, which wraps what is too long. Strings are rich's markup, `Text` is as it is."""
    table = Table(box=box.SIMPLE, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(stderr=on_stderr).print(table)
