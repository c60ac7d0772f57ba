"""Bodies that arrive piece by piece."""

from collections.abc import AsyncGenerator

import aiohttp


async def lines(content: aiohttp.StreamReader) -> AsyncGenerator[bytes]:
    """Lines of any length; aiohttp's own are limited."""
    buffer = b""
    async for chunk in content.iter_any():
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            yield line


async def events(content: aiohttp.StreamReader) -> AsyncGenerator[tuple[str, bytes]]:
    """Server-sent events as they come (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    buffer = b""
    async for chunk in content.iter_any():
        *blocks, buffer = (buffer + chunk).split(b"\n\n")
        for block in blocks:
            fields = dict[bytes, bytes]()
            for line in block.split(b"\n"):
                field, _, value = line.partition(b":")
                if field:
                    fields[field] = fields[field] + b"\n" + value.lstrip() if field in fields else value.lstrip()
            if b"data" in fields:
                yield fields.get(b"event", b"message").decode(), fields[b"data"]
