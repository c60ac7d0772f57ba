"""What a search finds."""

from typing import Literal

import msgspec

from gateway.wire.base import Answer, Moment


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A hit within a snippet, from `start` up to but not including `end`, counted in Unicode code points."""

    start: int
    end: int


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was found or, without `message_id` and `role`, a title. `snippet` is plain text in one line, cut
    at `…`; `marks` say where the hits are in it. `username` is what its owner is called, and `client_id` the owner's
    client.
    """

    conversation_id: str
    conversation_title: str
    user_id: str
    username: str = ""
    client_id: str | None = None
    message_id: str | None
    role: Literal["user", "assistant"] | None
    created_at: Moment
    snippet: str
    marks: list[Mark]


class SearchPage(Answer, frozen=True, kw_only=True):
    """Some of what was found, newest first."""

    hits: list[SearchHit]
    next_cursor: str | None = None
