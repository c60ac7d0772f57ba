"""Files: what was uploaded, and everybody's pictures. https://discord.com/developers/docs/reference#image-formatting"""

import struct
import zlib

from aiohttp import web

from playground.standin.world.world import World

_COLOURS = (0x5865F2, 0x757E8A, 0x3BA55C, 0xFAA61A, 0xED4245, 0xEB459F)
_SIDE = 64


def cdn(world: World) -> list[web.RouteDef]:
    """The CDN's routes; they need no token, as Discord's do not."""

    async def attachment(request: web.Request) -> web.Response:
        path = request.match_info
        channel_id, held = world.state.attachments.get(int(path["attachment_id"]), (0, None))
        if held is None or channel_id != int(path["channel_id"]) or held.filename != path["filename"]:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=held.data, headers={"Content-Type": held.content_type})

    async def default_avatar(request: web.Request) -> web.Response:
        index = int(request.match_info["index"]) % len(_COLOURS)
        return web.Response(body=_square(_COLOURS[index]), content_type="image/png")

    number = r"{%s:\d+}"
    file = f"/{number % 'channel_id'}/{number % 'attachment_id'}/{{filename}}"
    return [
        web.get("/cdn/attachments" + file, attachment),
        web.get("/cdn/ephemeral-attachments" + file, attachment),
        web.get(f"/cdn/embed/avatars/{number % 'index'}.png", default_avatar),
    ]


def _square(colour: int) -> bytes:
    """A PNG of one colour, for those without a picture."""
    row = b"\0" + colour.to_bytes(3, "big") * _SIDE
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * _SIDE)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
