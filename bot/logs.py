"""How the program logs: one line a record, UTC, on standard error; nothing that looks like a secret gets through."""

import json
import logging
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, TextIO

Level = Literal["debug", "info", "warning", "error"]
RequestId = Callable[[], str | None]
"""Gives the name of the request that is being worked on, None outside of one."""

# Our keys and the providers'; Discord's tokens (https://discord.com/developers/docs/reference#authentication);
# the password in the address of a database; anything sent as a credential.
_SECRETS = re.compile(
    r"\b(?:(?P<kind>[rs]k-)[A-Za-z0-9_-]{8,}"
    r"|[A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,}"
    r"|(?P<address>postgres(?:ql)?://[^\s:/@]*:)[^\s@]+(?=@)"
    r"|(?P<scheme>(?:Bearer|Bot) )[A-Za-z0-9._~+/=-]{16,})"
)


def redact(text: str) -> str:
    """The text with everything that looks like a key or token blotted out. The last line of defence, not the first."""
    return _SECRETS.sub(lambda match: f"{match['kind'] or match['scheme'] or match['address'] or ''}[hidden]", text)


def _nobody() -> None:
    return None


class Formatter(logging.Formatter):
    """`2026-01-31 12:00:00Z info    gateway.server: listening on …`, then the traceback where there is one.

    Within a request its name stands at the end. Line breaks within a message are escaped, so that nobody's text can
    pass for a record of its own.
    """

    converter = time.gmtime

    def __init__(self, request_id: RequestId = _nobody) -> None:
        self._request_id = request_id
        super().__init__("%(asctime)sZ %(level)-7s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Redacts what is about to be written, tracebacks included."""
        return redact(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        """One line, whatever the message says."""
        record.level = record.levelname.lower()
        line = super().formatMessage(record)
        name = self._request_id()
        if name is not None and name not in line:
            line += f" {name}"
        return line.replace("\r", "\\r").replace("\n", "\\n")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, and the fields that the record brings."""

    def __init__(self, request_id: RequestId = _nobody) -> None:
        super().__init__()
        self._request_id = request_id

    def format(self, record: logging.LogRecord) -> str:
        """Redacts every text, tracebacks included."""
        said: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        name = self._request_id()
        if name is not None:
            said["request_id"] = name
        if record.exc_info:
            said["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(said | getattr(record, "fields", {}), ensure_ascii=False)


def set_up_logging(
    level: Level,
    style: Literal["human", "json"] = "human",
    stream: TextIO | None = None,
    *,
    request_id: RequestId = _nobody,
) -> None:
    """Log to `stream` (standard error by default) from `level` up; libraries less than ourselves."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(request_id) if style == "json" else Formatter(request_id))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, least in (
        ("discord", logging.INFO),
        ("discord.http", logging.WARNING),
        ("aiohttp.access", logging.WARNING),
        ("aiosqlite", logging.INFO),
        ("asyncio", logging.INFO),
        ("markdown_it", logging.INFO),
    ):
        logging.getLogger(name).setLevel(max(least, root.level))
