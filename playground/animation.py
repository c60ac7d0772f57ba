"""Pictures made small, and a moving one of what happens on a page."""

import asyncio
import time
from collections.abc import Coroutine
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Page as Tab

_FRAME_SECONDS = 0.1
_LAST_MS = 2500
_QUALITY = 70  # of 100


def save_small(path: Path) -> None:
    """Give a picture a palette: of an interface, nobody sees the difference."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


async def record(tab: Tab, path: Path, play: Coroutine[Any, Any, None]) -> None:
    """Film a page while something is played on it, and save what changed as a moving WebP."""
    playing = asyncio.create_task(play)
    frames, begun = list[tuple[float, bytes]](), time.perf_counter()
    while not playing.done():
        shot = await tab.screenshot(type="png")
        if not frames or frames[-1][1] != shot:
            frames.append((time.perf_counter() - begun, shot))
        await asyncio.sleep(_FRAME_SECONDS)
    await playing
    ends = [at for at, _ in frames[1:]]
    lasts = [int((end - at) * 1000) for (at, _), end in zip(frames, ends, strict=False)] + [_LAST_MS]
    first, *others = [_picture(shot) for _, shot in frames]
    first.save(path, save_all=True, append_images=others, duration=lasts, loop=0, quality=_QUALITY, method=4)


def _picture(shot: bytes) -> Image.Image:
    with Image.open(BytesIO(shot)) as picture:
        return picture.convert("RGB")
