"""How the program logs: one line a record, UTC, on standard error; nothing that looks like a secret gets through."""

import logging
import re
import sys
import time
from typing import Literal, TextIO

Level = Literal["debug", "info", "warning", "error"]

# Our keys and the providers'; Discord's tokens (https://discord.com/developers/docs/reference#authentication);
# the password in the address of a database; anything sent as a credential.
_SECRETS = re.compile(
    r"(?P<kind>\b[rs]k-)[A-Za-z0-9_-]{8,}"
    r"|\b[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}"
    r"|(?P<address>\bpostgres(?:ql)?://[^\s:/@]*:)[^\s@]+(?=@)"
    r"|(?P<scheme>\b(?:Bearer|Bot) )[A-Za-z0-9._~+/=-]{16,}"
)


def redact(text: str) -> str:
    """The text with everything that looks like a key or token blotted out. The last line of defence, not the first."""
    return _SECRETS.sub(lambda match: f"{match['kind'] or match['scheme'] or match['address'] or ''}[hidden]", text)


class Formatter(logging.Formatter):
    """`2026-01-31 12:00:00Z info    gateway.server: listening on …`, then the traceback where there is one.

    Line breaks within a message are escaped, so that nobody's text can pass for a record of its own.
    """

    converter = time.gmtime

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(level)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Redacts what is about to be written, tracebacks included."""
        return redact(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """One line, whatever the message says."""
        record.level = record.levelname.lower()
        return super().formatMessage(record).replace("\r", "\\r").replace("\n", "\\n")


def set_up_logging(level: Level, stream: TextIO | None = None) -> None:
    """Log to `stream` (standard error by default) from `level` up; libraries less than ourselves."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(Formatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in (
        ("discord", logging.INFO),
        ("discord.http", logging.WARNING),
        ("aiohttp.access", logging.WARNING),
        ("aiosqlite", logging.INFO),
        ("asyncio", logging.INFO),
    ):
        logging.getLogger(name).setLevel(max(least, root.level))
