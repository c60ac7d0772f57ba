"""Files that come with a prompt: which are taken, and how a model is shown them.

What a file is decides its content, not what its sender calls it: an image by its first bytes, anything else is text in
UTF-8 or it is refused.
"""

import binascii
import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.config import Gateway
from gateway.errors import InvalidRequest, TooLarge
from gateway.tokens import estimate_tokens
from gateway.wire import Attachment, NewAttachment
from gateway.wire.file_types import IMAGE_TYPES, TAKEN, NotText, image_type, read_text, text_type

_BACKTICKS = re.compile("`{3,}")
# The header and the fence around a text.
_FRAME_TOKENS = 16


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a prompt's. `hash` is its SHA-256 in hex, `size` in bytes, `tokens` about what it takes up.

    The database keeps no tokens of an image, which depend on the model; `data` is empty until it is needed.
    """

    name: str
    content_type: str
    hash: str
    size: int
    tokens: int
    data: bytes = b""

    def __repr__(self) -> str:
        return f"File({self.content_type}, {self.size} bytes)"

    @classmethod
    def from_row(cls, row: Any) -> "File":
        """A row without its data."""
        return cls(**{name: row[name] for name in ("name", "content_type", "hash", "size", "tokens")})

    @property
    def is_image(self) -> bool:
        """Whether a model sees it rather than reads it."""
        return self.content_type in IMAGE_TYPES

    @property
    def text(self) -> str:
        """What a text file says."""
        return self.data.decode("utf-8-sig")

    def to_wire(self) -> Attachment:
        """The file as readers of the conversation see it."""
        return Attachment(name=self.name, content_type=self.content_type, size=self.size, hash=self.hash)


def take(attachments: Sequence[NewAttachment], settings: Gateway) -> tuple[File, ...]:
    """The files that came with a prompt, looked at.

    Raises `InvalidRequest` with code `too_many_attachments`, `attachment_encoding` or `attachment_type`, and `TooLarge`
    with code `attachment_too_large`.
    """
    if len(attachments) > settings.max_attachments:
        most = settings.max_attachments
        words = f"at most {most} are taken" if most else "this gateway takes none"
        raise InvalidRequest(
            f"The prompt has {len(attachments)} attachments; {words}. Send fewer.", code="too_many_attachments"
        )
    return tuple(_taken(attachment, settings.max_attachment_bytes) for attachment in attachments)


def as_text(file: File) -> str:
    """A text file as a model reads it: what it is called, then its words within a fence that none of them ends."""
    text = file.text
    longest = max(map(len, _BACKTICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    end = "" if text.endswith("\n") else "\n"
    return f"Attached file {file.name} ({file.content_type}):\n{fence}\n{text}{end}{fence}"


def image_part(file: File) -> dict[str, Any]:
    """An image as OpenAI's endpoints take it, for answers and for moderation alike."""
    encoded = b64encode(file.data).decode("ascii")
    return {"type": "image_url", "image_url": {"url": f"data:{file.content_type};base64,{encoded}"}}


def _taken(attachment: NewAttachment, most: int) -> File:
    name = attachment.name
    # Some encoders break lines.
    encoded = attachment.data.replace("\r", "").replace("\n", "")
    if len(encoded) // 4 * 3 - 2 > most:
        raise _too_large(name, most)
    try:
        data = binascii.a2b_base64(encoded, strict_mode=True)
    except ValueError as error:
        raise InvalidRequest(
            f"The data of the attachment {name} is not base64. Encode the file's bytes as base64 with padding.",
            code="attachment_encoding",
        ) from error
    if len(data) > most:
        raise _too_large(name, most)
    content_type = image_type(data) or text_type(attachment.content_type)
    if content_type is None:
        raise _not_taken(name)
    return File(
        name=name,
        content_type=content_type,
        hash=hashlib.sha256(data).hexdigest(),
        size=len(data),
        tokens=0 if content_type in IMAGE_TYPES else _tokens_of_text(name, data),
        data=data,
    )


def _tokens_of_text(name: str, data: bytes) -> int:
    try:
        return estimate_tokens(read_text(data)) + _FRAME_TOKENS
    except NotText as error:
        if error.byte is None:
            raise _not_taken(name) from error
        raise InvalidRequest(
            f"The attachment {name} is not UTF-8: byte {error.byte}. "
            f"Save it as UTF-8 where it is text. Taken are {TAKEN}.",
            code="attachment_encoding",
        ) from error


def _not_taken(name: str) -> InvalidRequest:
    return InvalidRequest(
        f"The attachment {name} is of a type that is not taken. Send {TAKEN}.", code="attachment_type"
    )


def _too_large(name: str, most: int) -> TooLarge:
    return TooLarge(
        f"The attachment {name} is larger than {most:,} bytes. Send a smaller one.", code="attachment_too_large"
    )
