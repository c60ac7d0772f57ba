"""Files that come with a prompt."""

from base64 import b64encode
from typing import Annotated

import msgspec

from gateway.wire.base import PRINTED_WORDS, Request

FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=PRINTED_WORDS)]


class NewAttachment(Request, frozen=True, kw_only=True):
    """A file that comes with a prompt: an image, or text in UTF-8. `data` is its bytes in base64.

    What it is decides its content; `content_type` only names the kind of a text.
    """

    name: FileName
    content_type: Annotated[str, msgspec.Meta(max_length=200)] = ""
    data: Annotated[str, msgspec.Meta(extra_json_schema={"contentEncoding": "base64"})]

    def __repr__(self) -> str:
        return f"NewAttachment({len(self.data)} characters)"

    @classmethod
    def of(cls, name: str, data: bytes, content_type: str = "") -> "NewAttachment":
        """The file of these bytes."""
        return cls(name=name, content_type=content_type, data=b64encode(data).decode("ascii"))


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with a prompt. `size` is in bytes; `hash` is its SHA-256 in hex, which it is found by at
    `GET /api/conversations/{id}/attachments/{hash}`.
    """

    name: str
    content_type: str
    size: int
    hash: str
