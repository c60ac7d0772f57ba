"""What an uploaded picture is, and how large: Discord tells so of each, whatever the upload said of itself."""

import struct

_PNG = b"\x89PNG\r\n\x1a\n"


def picture_type(data: bytes) -> str | None:
    """The media type of a PNG, GIF, JPEG or WebP, by its first bytes; nothing of other files."""
    if data.startswith(_PNG):
        return "image/png"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "image/gif"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG or GIF; nothing of other files."""
    if data.startswith(_PNG) and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return width, height
    return None
