"""Pages of a list: a size, and a cursor that says where the next one begins."""

import base64
import binascii
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from gateway.errors import InvalidRequest

T = TypeVar("T")


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last item of a page: its place in the list's order, and its id for items that share the place."""

    at: int
    id: str = ""

    def to_cursor(self) -> str:
        """The opaque text that callers hand back."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def from_cursor(cls, cursor: str) -> "Position":
        """Raises `InvalidRequest` where the text is no cursor of ours."""
        try:
            data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
            position = msgspec.json.decode(data, type=cls)
        except (binascii.Error, msgspec.MsgspecError, ValueError):
            position = None
        if position is None or abs(position.at) >= 2**63:
            raise InvalidRequest("cursor is not one this gateway gave; leave it out to begin at the first page.")
        return position


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items and where to go on, None at the end."""

    items: list[T]
    next_cursor: str | None


def cut(items: list[T], limit: int, position: Callable[[T], Position]) -> Page[T]:
    """The page of a list that was asked for with one item more than the page holds."""
    page = items[:limit]
    return Page(page, position(page[-1]).to_cursor() if len(items) > limit else None)
