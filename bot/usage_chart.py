"""A picture of what was used day by day. It has figures but no words, so it is the same in every language."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO

import msgspec
from PIL import Image, ImageDraw, ImageFont

_SIZE = (400, 190)  # points; wider pictures Discord makes smaller, and their figures with them
_SCALE = 3  # for screens that have more pixels than points
_LEFT, _TOP, _RIGHT, _BOTTOM = 48, 18, 14, 32
# A card of its own, so that it is as readable on Discord's light ground as on its dark one. All pairs have a contrast
# of 4.5 or more (https://www.w3.org/TR/WCAG22/#contrast-minimum).
_CARD, _GRID, _TEXT = "#232428", "#3a3c43", "#c7c9d1"
_BAR, _LAST_BAR = "#7c8cf8", "#f2b84b"
_ROUND = 12
_STEPS = 4
_LABEL_APART = 32  # so many points between two days' numbers


class Bar(msgspec.Struct, frozen=True):
    """One day and how many tokens it took."""

    day: date
    tokens: int


def draw(bars: Sequence[Bar]) -> bytes:
    """A PNG with a bar a day, the last one in another colour. Takes some milliseconds, so not on the event loop."""
    width, height = (side * _SCALE for side in _SIZE)
    image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
    canvas = ImageDraw.Draw(image)
    canvas.rounded_rectangle((0, 0, width - 1, height - 1), radius=_ROUND * _SCALE, fill=_CARD)
    font = ImageFont.load_default(size=12 * _SCALE)
    top = _ceiling(max((bar.tokens for bar in bars), default=0))
    _draw_grid(canvas, font, top)
    _draw_bars(canvas, font, bars, top)
    png = BytesIO()
    image.save(png, "PNG", optimize=True)
    return png.getvalue()


def _draw_grid(canvas: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, top: int) -> None:
    for step in range(_STEPS + 1):
        y = _y(top * step / _STEPS, top)
        canvas.line((_LEFT * _SCALE, y, (_SIZE[0] - _RIGHT) * _SCALE, y), fill=_GRID, width=_SCALE)
        label = short(top * step / _STEPS)
        canvas.text(((_LEFT - 8) * _SCALE, y), label, fill=_TEXT, font=font, anchor="rm")


def _draw_bars(
    canvas: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    bars: Sequence[Bar],
    top: int,
) -> None:
    room = (_SIZE[0] - _LEFT - _RIGHT) * _SCALE / max(1, len(bars))
    every = max(1, round(_LABEL_APART * _SCALE / room))
    for index, bar in enumerate(bars):
        left = _LEFT * _SCALE + index * room
        last = index == len(bars) - 1
        if bar.tokens:
            box = (
                left + room * 0.15,
                min(_y(bar.tokens, top), _y(0, top) - 2 * _SCALE),
                left + room * 0.85,
                _y(0, top),
            )
            canvas.rounded_rectangle(
                box, radius=2 * _SCALE, fill=_LAST_BAR if last else _BAR, corners=(True, True, False, False)
            )
        if (len(bars) - 1 - index) % every == 0:
            place = (left + room / 2, (_SIZE[1] - _BOTTOM + 10) * _SCALE)
            colour = _LAST_BAR if last else _TEXT
            canvas.text(place, str(bar.day.day), fill=colour, font=font, anchor="mt")


def _y(tokens: float, top: int) -> float:
    return (_SIZE[1] - _BOTTOM - (_SIZE[1] - _TOP - _BOTTOM) * tokens / top) * _SCALE


def _ceiling(most: int) -> int:
    """The next round figure, which divides well by the steps of the grid."""
    size = 1
    while True:
        for figure in (4, 8, 12, 16, 20, 28, 40, 60):
            if figure * size >= most:
                return figure * size
        size *= 10


def short(tokens: float) -> str:
    """`1500` as 1.5k, `2000000` as 2M."""
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if tokens >= size:
            return f"{tokens / size:.3g}{letter}"
    return f"{tokens:g}"
