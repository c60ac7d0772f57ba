"""`python -m benchmarks [gateway|openai|bot|load|full-database] [--quick] [--json FILE]`."""

import asyncio
import os
import platform
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks import bot, crowd, full_database, gateway, openai_api
from benchmarks.figures import Figure, Report

Measure = Callable[[], Coroutine[Any, Any, Report]]

_PARTS: dict[str, dict[str, Measure]] = {
    "gateway": {"full": lambda: gateway.measure(gateway.FULL), "quick": lambda: gateway.measure(gateway.QUICK)},
    "openai": {
        "full": lambda: openai_api.measure(openai_api.FULL),
        "quick": lambda: openai_api.measure(openai_api.QUICK),
    },
    "full-database": {
        "full": lambda: full_database.measure(full_database.FULL),
        "quick": lambda: full_database.measure(full_database.QUICK),
    },
    "load": {"full": lambda: crowd.measure(crowd.FULL), "quick": lambda: crowd.measure(crowd.QUICK)},
    "bot": {"full": lambda: bot.measure(bot.FULL), "quick": lambda: bot.measure(bot.QUICK)},
}


@click.command()
@click.argument("part", type=click.Choice([*_PARTS]), required=False)
@click.option("--quick", is_flag=True, help="Fewer rounds, for a first impression; the figures scatter more.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the figures here too."
)
def main(part: str | None, json_file: Path | None, *, quick: bool) -> None:
    """Measure what Rolekey costs beside a reference in the same run.

    \b
    Examples:
      python -m benchmarks
      python -m benchmarks gateway --quick
      python -m benchmarks --json figures.json
    """
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.platform(terse=True)}"
    console = Console(width=max(Console().width, 110))
    console.print(f"On {machine}. Ratios compare both sides within one run; milliseconds are this machine's.\n")
    reports = list[Report]()
    for name in [part] if part else _PARTS:
        with console.status(f"Measuring: {name}"):
            reports.append(asyncio.run(_PARTS[name]["quick" if quick else "full"]()))
        _show(console, reports[-1])
    if json_file is not None:
        figures = {"machine": machine, "quick": quick, "parts": reports}
        json_file.write_bytes(msgspec.json.format(msgspec.json.encode(figures), indent=2) + b"\n")


def _show(console: Console, report: Report) -> None:
    table = Table(title=report.title, title_justify="left", title_style="bold", box=box.SIMPLE, pad_edge=False)
    table.add_column("", overflow="fold")
    for column in (report.ours, report.reference, "unit", "ratio", "added"):
        table.add_column(column, justify="left" if column == "unit" else "right", no_wrap=True)
    for figure in report.figures:
        table.add_row(*_cells(figure))
    console.print(table)
    for note in report.notes:
        console.print(f"· {note}", highlight=False)
    console.print()


def _cells(figure: Figure) -> list[str]:
    added = "" if figure.added is None or figure.unit == "/s" else f"{figure.added:+.2f}"
    return [
        figure.what,
        _number(figure.ours),
        _number(figure.reference),
        figure.unit,
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        added,
    ]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}"


if __name__ == "__main__":
    main()
