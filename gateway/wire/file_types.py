"""What a file is, by its content: an image, text in UTF-8, or nothing that a prompt can bring."""

import re

# The images that OpenAI's models take: https://developers.openai.com/api/docs/guides/images-vision
IMAGE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp")
PLAIN_TEXT = "text/plain"
TAKEN = "PNG, JPEG, GIF and WebP images, and text files in UTF-8 (text, Markdown, CSV, JSON, code)"

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
# What senders say who do not know.
_NOTHING_SAID = ("", "application/octet-stream", "binary/octet-stream")
_TEXT_TYPE = re.compile(
    r"text/[\w.+-]+|[\w.-]+/[\w.+-]+\+(json|xml|yaml)"
    r"|application/(x-)?(json|jsonl|ndjson|json-lines|xml|yaml|toml|javascript|ecmascript|typescript|sql|sh|shellscript"
    r"|csh|python|python-code|perl|ruby|php|httpd-php|tex|latex|graphql|rust|go|java|kotlin|lua|diff|patch|subrip)",
    re.ASCII,
)
# No text has these; tab, line ends, form feed and escape it may have.
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class NotText(ValueError):
    """A file that is neither an image nor text in UTF-8.

    `byte` is where it stops being UTF-8, for what may be text in another encoding; None for what is no text at all.
    """

    def __init__(self, byte: int | None = None) -> None:
        super().__init__("neither an image nor text in UTF-8")
        self.byte = byte


def image_type(data: bytes) -> str | None:
    """The content type of an image, by its first bytes (https://mimesniff.spec.whatwg.org/#image-type-pattern-matching-algorithm)."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((content_type for magic, content_type in _MAGIC if data.startswith(magic)), None)


def text_type(said: str) -> str | None:
    """What a text is to be called whose sender says that it is `said`; None where that is no text."""
    said = said.partition(";")[0].strip().lower()
    if said in _NOTHING_SAID:
        return PLAIN_TEXT
    return said if _TEXT_TYPE.fullmatch(said) else None


def read_text(data: bytes) -> str:
    """What a text file says.

    Raises `NotText`.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotText(None if b"\0" in data else error.start) from error
    if _BINARY.search(text):
        raise NotText
    return text
