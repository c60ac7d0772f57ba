"""Files from Discord that go along with a prompt: looked at and fetched before anything is posted or sent."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import discord

from bot.errors import UserError
from bot.languages import Phrase
from bot.rendering.errors import TRANSIENT
from gateway.wire import NewAttachment
from gateway.wire.file_types import IMAGE_TYPES, NotText, image_type, read_text, text_type

_MEBIBYTE = 1024 * 1024  # what Discord calls a megabyte
_NAME_LIMIT = 255  # of `gateway.wire.attachments.FileName`
_UNPRINTED = re.compile(r"[\x00-\x1f\x7f]")
_NEVER_TEXT = re.compile(r"(image|audio|video|font)/.+|application/(pdf|zip|gzip|x-.*(zip|tar|rar|compressed).*)")
_MISTAKEN = {"video/mp2t"}  # by its ending, TypeScript is a television stream to Discord


class Unusable(UserError):
    """A file that no prompt can bring."""


class Fetched(NamedTuple):
    """What goes along, and the names of what does not."""

    files: list[NewAttachment]
    left_out: list[str]


class Attachments:
    """Takes what the gateway takes: at most `most` files of `most_bytes` bytes each, images or text by their content.

    Discord's own word for a file's type goes by its name alone, so it only tells what need not be fetched.
    """

    def __init__(self, *, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes

    def check(self, attachments: Sequence[discord.Attachment]) -> None:
        """Look at what Discord says of the files.

        Raises `Unusable`.
        """
        if len(attachments) > self._most:
            raise Unusable(
                "That is more files than one question can have: {count}, where {most} are taken. Send fewer.",
                count=len(attachments),
                most=self._most,
            )
        for attachment in attachments:
            self._check(attachment)

    async def fetch(self, attachments: Sequence[discord.Attachment]) -> list[NewAttachment]:
        """The files, all of them, looked at before and after they are fetched.

        Raises `Unusable`.
        """
        self.check(attachments)
        return [await self._fetch(attachment) for attachment in attachments]

    async def fetch_usable(self, attachments: Sequence[discord.Attachment]) -> Fetched:
        """What can be used among files that whoever asks cannot change; what comes first goes first."""
        fetched = Fetched([], [])
        for attachment in attachments:
            try:
                if len(fetched.files) < self._most:
                    self._check(attachment)
                    fetched.files.append(await self._fetch(attachment))
                    continue
            except Unusable:
                pass
            fetched.left_out.append(attachment.filename)
        return fetched

    def _check(self, attachment: discord.Attachment) -> None:
        if attachment.size > self._most_bytes:
            raise Unusable(
                "{file} has {size} MB; at most {most} MB are taken. Send a smaller file.",
                file=in_code(attachment.filename),
                size=_megabytes(attachment.size),
                most=_megabytes(self._most_bytes),
            )
        said = _said(attachment)
        is_text = text_type(said) is not None or said in _MISTAKEN
        if said not in IMAGE_TYPES and not is_text and _NEVER_TEXT.fullmatch(said):
            raise _wrong_type(attachment)

    async def _fetch(self, attachment: discord.Attachment) -> NewAttachment:
        try:
            data = await attachment.read()
        except TRANSIENT as error:
            raise Unusable(
                "I could not fetch {file} from Discord. Attach it once more and try again.",
                file=in_code(attachment.filename),
            ) from error
        name = _UNPRINTED.sub("", attachment.filename)[:_NAME_LIMIT].strip() or "file"
        if image_type(data):
            return NewAttachment.of(name, data)
        try:
            read_text(data)
        except NotText as error:
            if error.byte is None or _NEVER_TEXT.fullmatch(_said(attachment)):
                raise _wrong_type(attachment) from error
            raise Unusable(
                "{file} can't be read: it is no image, and no text in UTF-8. Save it as UTF-8 if it is text.",
                file=in_code(attachment.filename),
            ) from error
        return NewAttachment.of(name, data, text_type(_said(attachment)) or "")


def names_of(attachments: Sequence[discord.Attachment]) -> list[str]:
    """What the files are called, for words that name them."""
    return [attachment.filename for attachment in attachments]


def _said(attachment: discord.Attachment) -> str:
    return (attachment.content_type or "").partition(";")[0].strip().lower()


def in_code(name: str) -> str:
    """A file's name as Discord shows it letter by letter."""
    return "`" + name.replace("`", "'") + "`"


def _wrong_type(attachment: discord.Attachment) -> Unusable:
    return Unusable(
        "{file} is of a type that I don't take. Send {kinds}.",
        file=in_code(attachment.filename),
        kinds=Phrase("PNG, JPEG, GIF or WebP images, or text files (text, Markdown, CSV, JSON, code)"),
    )


def _megabytes(size: int) -> float:
    """Rounded up to a tenth, so that what is too large never looks as if it were not."""
    return -(-size * 10 // _MEBIBYTE) / 10
