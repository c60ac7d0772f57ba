"""Figures over time as stacked columns: where each part of a plot stands. What it looks like is the template's.

Across, places are in percent of the plot's width, so that it fits any screen; up and down they are in pixels.
"""

import math
from collections.abc import Sequence
from datetime import date, timedelta

import msgspec

HEIGHT = 220
"""Of the columns' area, in pixels."""
COLOURS = 7
"""So many series are told apart, by colour and pattern; the one after them is for what is left."""

_MOST_COLUMNS = 92
_WEEK = 7
_STEPS = 4
_MARKS = 6
# Of a column's room; the rest is between it and the next one.
_FILLED = 0.78


class Series(msgspec.Struct, frozen=True):
    """One kind of figures and its figure for each column; `name` is None for what is told by no series of its own."""

    name: str | None
    figures: Sequence[float]

    @property
    def total(self) -> float:
        """All of them."""
        return sum(self.figures)


class Piece(msgspec.Struct, frozen=True):
    """A series' part of a column. `look` says which of the colours it has, from 1; 0 is for what is left."""

    look: int
    y: float
    height: float


class Column(msgspec.Struct, frozen=True):
    """The figures of a day, or of the days from `first` to `last`."""

    first: date
    last: date
    room_x: float
    room_width: float
    x: float
    width: float
    pieces: tuple[Piece, ...]


class Line(msgspec.Struct, frozen=True):
    """A height at which a line goes across, and what it stands for."""

    y: float
    figure: float


class Mark(msgspec.Struct, frozen=True):
    """A day below the columns. One that is not `major` has no room on a phone."""

    x: float
    day: date
    major: bool


class Plot(msgspec.Struct, frozen=True):
    """A drawing, and the figures in it."""

    series: tuple[Series, ...]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]

    def look(self, index: int) -> int:
        """Which of the colours a series has."""
        return 0 if self.series[index].name is None else index + 1


def spans(first: date, last: date) -> list[tuple[date, date]]:
    """The columns' days: each by itself, or where those would be too many, weeks from Monday to Sunday."""
    days = (last - first).days + 1
    if days <= _MOST_COLUMNS:
        return [(first + timedelta(days=n), first + timedelta(days=n)) for n in range(days)]
    found, begin = list[tuple[date, date]](), first
    while begin <= last:
        end = min(begin + timedelta(days=_WEEK - 1 - begin.weekday()), last)
        found.append((begin, end))
        begin = end + timedelta(days=1)
    return found


def draw(columns: Sequence[tuple[date, date]], series: Sequence[Series], *, whole: bool = False) -> Plot:
    """Stack the series in their order, the first one at the bottom. Figures that are `whole` have whole lines."""
    sums = [sum(each.figures[n] for each in series) for n in range(len(columns))]
    top, step = _scale(max(sums, default=0), whole=whole)
    plot = Plot(tuple(series), (), tuple(_lines(top, step)), tuple(_marks(columns)))
    return msgspec.structs.replace(
        plot, columns=tuple(_column(plot, n, days, len(columns), top) for n, days in enumerate(columns))
    )


def _column(plot: Plot, n: int, days: tuple[date, date], count: int, top: float) -> Column:
    room = 100 / count
    pieces, y = list[Piece](), float(HEIGHT)
    for index, each in enumerate(plot.series):
        height = each.figures[n] / top * HEIGHT
        if height > 0:
            y -= height
            pieces.append(Piece(plot.look(index), round(y, 2), round(height, 2)))
    return Column(
        first=days[0],
        last=days[1],
        room_x=round(n * room, 4),
        room_width=round(room, 4),
        x=round((n + (1 - _FILLED) / 2) * room, 4),
        width=round(room * _FILLED, 4),
        pieces=tuple(pieces),
    )


def _scale(most: float, *, whole: bool) -> tuple[float, float]:
    """A round figure above all, and the distance of the lines below it: 1, 2, 2.5 or 5 times a power of ten."""
    if most <= 0:
        return 1.0, 1.0
    rough = most / _STEPS
    power = 10.0 ** math.floor(math.log10(rough))
    steps = (power * factor for factor in (1, 2, 2.5, 5, 10))
    step = next(step for step in steps if step >= rough and (not whole or step.is_integer()))
    return step * math.ceil(most / step), step


def _lines(top: float, step: float) -> list[Line]:
    count = round(top / step)
    return [Line(round(HEIGHT - n * HEIGHT / count, 2), round(n * step, 10)) for n in range(count + 1)]


def _marks(columns: Sequence[tuple[date, date]]) -> list[Mark]:
    every = max(1, math.ceil(len(columns) / _MARKS))
    return [
        Mark(round((n + 0.5) * 100 / len(columns), 4), columns[n][0], number % 2 == 0)
        for number, n in enumerate(range(every // 2, len(columns), every))
    ]
