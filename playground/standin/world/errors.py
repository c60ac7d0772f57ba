"""What Discord refuses, and how it says so.

https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

from enum import IntEnum
from typing import Any


class Code(IntEnum):
    """Discord's JSON error codes, as far as the stand-in gives them."""

    GENERAL = 0
    UNKNOWN_APPLICATION = 10002
    UNKNOWN_CHANNEL = 10003
    UNKNOWN_GUILD = 10004
    UNKNOWN_MEMBER = 10007
    UNKNOWN_MESSAGE = 10008
    UNKNOWN_ROLE = 10011
    UNKNOWN_USER = 10013
    UNKNOWN_EMOJI = 10014
    UNKNOWN_WEBHOOK = 10015
    UNKNOWN_BAN = 10026
    UNKNOWN_SKU = 10027
    UNKNOWN_ENTITLEMENT = 10029
    UNKNOWN_INTERACTION = 10062
    UNKNOWN_COMMAND = 10063
    UNKNOWN_COMMAND_PERMISSIONS = 10066
    TOO_LARGE = 40005
    ALREADY_ACKNOWLEDGED = 40060
    MISSING_ACCESS = 50001
    NOT_IN_DIRECT_MESSAGES = 50003
    ANOTHERS_MESSAGE = 50005
    EMPTY_MESSAGE = 50006
    CANNOT_MESSAGE_USER = 50007
    MISSING_PERMISSIONS = 50013
    INVALID_TOKEN = 50014
    SYSTEM_MESSAGE = 50021
    WRONG_CHANNEL_TYPE = 50024
    INVALID_WEBHOOK_TOKEN = 50027
    INVALID_ROLE = 50028
    INVALID_FORM = 50035
    ARCHIVED_THREAD = 50083
    TOO_MANY_PINS = 30003
    TOO_MANY_OLD_EDITS = 30046
    THREAD_EXISTS = 160004
    LOCKED_THREAD = 160005
    TOO_MANY_THREADS = 160006


_MEANINGS: dict[Code, tuple[int, str]] = {
    Code.GENERAL: (404, "404: Not Found"),
    Code.UNKNOWN_APPLICATION: (404, "Unknown Application"),
    Code.UNKNOWN_CHANNEL: (404, "Unknown Channel"),
    Code.UNKNOWN_GUILD: (404, "Unknown Guild"),
    Code.UNKNOWN_MEMBER: (404, "Unknown Member"),
    Code.UNKNOWN_MESSAGE: (404, "Unknown Message"),
    Code.UNKNOWN_ROLE: (404, "Unknown Role"),
    Code.UNKNOWN_USER: (404, "Unknown User"),
    Code.UNKNOWN_EMOJI: (400, "Unknown Emoji"),
    Code.UNKNOWN_WEBHOOK: (404, "Unknown Webhook"),
    Code.UNKNOWN_BAN: (404, "Unknown Ban"),
    Code.UNKNOWN_SKU: (404, "Unknown SKU"),
    Code.UNKNOWN_ENTITLEMENT: (404, "Unknown Entitlement"),
    Code.UNKNOWN_INTERACTION: (404, "Unknown interaction"),
    Code.UNKNOWN_COMMAND: (404, "Unknown application command"),
    Code.UNKNOWN_COMMAND_PERMISSIONS: (404, "Unknown application command permissions"),
    Code.TOO_LARGE: (413, "Request entity too large"),
    Code.ALREADY_ACKNOWLEDGED: (400, "Interaction has already been acknowledged."),
    Code.MISSING_ACCESS: (403, "Missing Access"),
    Code.NOT_IN_DIRECT_MESSAGES: (403, "Cannot execute action on a DM channel"),
    Code.ANOTHERS_MESSAGE: (403, "Cannot edit a message authored by another user"),
    Code.EMPTY_MESSAGE: (400, "Cannot send an empty message"),
    Code.CANNOT_MESSAGE_USER: (403, "Cannot send messages to this user"),
    Code.MISSING_PERMISSIONS: (403, "Missing Permissions"),
    Code.INVALID_TOKEN: (401, "Invalid authentication token provided"),
    Code.SYSTEM_MESSAGE: (403, "Cannot execute action on a system message"),
    Code.WRONG_CHANNEL_TYPE: (400, "Cannot execute action on this channel type"),
    Code.INVALID_WEBHOOK_TOKEN: (401, "Invalid Webhook Token"),
    Code.INVALID_ROLE: (400, "Invalid role"),
    Code.INVALID_FORM: (400, "Invalid Form Body"),
    Code.ARCHIVED_THREAD: (400, "Thread is archived"),
    Code.TOO_MANY_PINS: (400, "Maximum number of pins reached for the channel (250)"),
    Code.TOO_MANY_OLD_EDITS: (
        400,
        "Maximum number of edits to messages older than 1 hour reached. Try again later.",
    ),
    Code.THREAD_EXISTS: (400, "A thread has already been created for this message"),
    Code.LOCKED_THREAD: (403, "Thread is locked"),
    Code.TOO_MANY_THREADS: (400, "Maximum number of active threads reached"),
}


class Refused(Exception):
    """Discord's answer is an error: HTTP `status`, JSON `code`, `message`, and by field `errors`.

    `retry_after` are the seconds after which it may be tried again, of a 429.
    """

    def __init__(
        self,
        code: Code,
        *,
        status: int | None = None,
        errors: dict[str, Any] | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.retry_after = retry_after
        self.code = code
        self.status, self.message = _MEANINGS[code]
        if status is not None:
            self.status = status
        self.errors = errors
        super().__init__(f"{self.status} {int(code)}: {self.message}")


class InvalidForm(Refused):
    """50035: one field of the body is not as it must be; `field` is its path, dotted."""

    def __init__(self, field: str, code: str, message: str) -> None:
        errors: dict[str, Any] = {"_errors": [{"code": code, "message": message}]}
        for part in reversed(field.split(".")):
            errors = {part: errors}
        super().__init__(Code.INVALID_FORM, errors=errors)


class NotOffered(Exception):
    """A person tried what Discord's own client would not let them do; the message says what."""
