"""Messages of every kind, to be looked at."""

import base64
import struct
import time
import zlib
from typing import Any

from tests.playground.web.scripted_world import ADA, BOT, FRED, PAULA, PLUS, SCRIPT, SHOWCASE, USERS, ScriptedWorld

Json = dict[str, Any]

MARKDOWN = f"""# A heading
## A smaller one
### And a small one
**bold**, *italic*, __underlined__, ~~struck~~, ***both***, ||a spoiler||, `code`
> A quote
> of two lines
- one
- two
  - deeper
1. first
2. second
A [masked link](https://example.com/path_(x)) and https://example.com/a_b_c
<@{FRED}>, <@&{PLUS}>, <#{SHOWCASE}>, </ask:700000000000000001>
<t:{int(time.time()) - 7200}:R>, snake_case_name, 2 * 3 * 4, \\*not italic\\* 💬 ⭐
-# ⚠️ Small print"""

CODE = """```python
def greet(name: str, times: int = 2) -> str:
    \"\"\"Say hello.\"\"\"
    return f"Hello, {name}! " * times  # twice
```"""


def picture() -> bytes:
    """A gradient as PNG."""
    rows = b"".join(
        b"\0" + bytes(value for x in range(320) for value in (88 + y // 2, 101, 242 - x // 2)) for y in range(180)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 320, 180, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PICTURE = base64.b64encode(picture()).decode()
BUTTONS: Json = {
    "type": 1,
    "components": [
        {"type": 2, "style": 1, "label": "Primary", "custom_id": "primary"},
        {"type": 2, "style": 2, "label": "Follow up", "custom_id": "form", "emoji": {"name": "💬"}},
        {"type": 2, "style": 3, "label": "Success", "custom_id": "success"},
        {"type": 2, "style": 4, "label": "Fails", "custom_id": "fails"},
        {"type": 2, "style": 5, "label": "Link", "url": "https://example.com"},
    ],
}
COLOURS: Json = {
    "type": 1,
    "components": [
        {
            "type": 3,
            "custom_id": "colours",
            "placeholder": "Choose two colours",
            "min_values": 1,
            "max_values": 2,
            "options": [
                {"label": name, "value": name.lower(), "description": f"The colour {name.lower()}"}
                for name in ("Red", "Green", "Blue")
            ],
        }
    ],
}
ROLES: Json = {"type": 1, "components": [{"type": 6, "custom_id": "role", "placeholder": "Choose a role"}]}
CONTAINER: Json = {
    "type": 17,
    "accent_color": 0x5865F2,
    "components": [
        {
            "type": 9,
            "components": [{"type": 10, "content": "### Your key\nTier **plus**, renewed every day."}],
            "accessory": {"type": 2, "style": 2, "label": "Rotate", "custom_id": "rotate"},
        },
        {"type": 14, "divider": True, "spacing": 1},
        {"type": 10, "content": "-# Components V2"},
    ],
}


def fill(world: ScriptedWorld, file_url: str) -> None:
    """Put one message of each kind into the showcase."""
    world.post(SHOWCASE, ADA, MARKDOWN)
    world.post(SHOWCASE, ADA, CODE)
    first = world.post(SHOWCASE, PAULA, f"Script stays text: {SCRIPT}")
    reference = {"channel_id": SHOWCASE, "message_id": first["id"]}
    world.post(SHOWCASE, FRED, "I see.", type=19, message_reference=reference, referenced_message=first)
    embed = {
        "title": SCRIPT,
        "url": "javascript:alert(1)",
        "description": "An embed with **Markdown**, fields and a footer.",
        "color": 0xE0A526,
        "author": {"name": "Fred asks", "icon_url": "https://cdn.discordapp.com/embed/avatars/3.png"},
        "fields": [{"name": name, "value": "value", "inline": True} for name in ("One", "Two", "Three")],
        "footer": {"text": "plus"},
        "image": {"url": "https://elsewhere.example/picture.png"},
    }
    world.post(SHOWCASE, BOT, embeds=[embed], components=[BUTTONS, COLOURS, ROLES], mentions=[USERS[FRED]])
    files = [
        {
            "id": "1",
            "filename": "gradient.png",
            "content_type": "image/png",
            "size": 4096,
            "url": file_url,
            "width": 320,
            "height": 180,
        },
        {"id": "2", "filename": "conversation.md", "content_type": "text/markdown", "size": 18_337, "url": file_url},
    ]
    world.post(
        SHOWCASE, PAULA, "Two files", attachments=files, reactions=[{"emoji": {"name": "👍"}, "count": 2, "me": False}]
    )
    world.post(SHOWCASE, BOT, flags=1 << 15, components=[CONTAINER])
