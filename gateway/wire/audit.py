"""Who read what others wrote."""

from typing import Literal

import msgspec

from gateway.wire.base import Answer, Moment

AuditAction = Literal["list", "read", "search", "export", "copy"]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An admin or a client read what users wrote: those of `user_id`, without one all of `client_id`, without that
    everybody. `username` and `reader_username` are what they are called now. `request_id` is the answer's
    `X-Request-ID`.
    """

    at: Moment
    reader: str
    reader_username: str = ""
    reader_role: Literal["admin", "client"]
    action: AuditAction
    user_id: str | None
    username: str = ""
    client_id: str | None
    conversation_id: str | None
    request_id: str


class AuditPage(Answer, frozen=True, kw_only=True):
    """Some of the audit log, newest first."""

    entries: list[AuditEntry]
    next_cursor: str | None = None
