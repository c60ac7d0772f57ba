"""Full-text search over prompts, replies and titles."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from gateway.errors import InvalidRequest
from gateway.paging import Page, Position
from gateway.principals import Principal
from gateway.search_query import SearchQuery
from gateway.snippets import Snippets
from gateway.store import queries
from gateway.times import moment
from gateway.wire import SearchHit
from storage import Database

# A message that was found, or, without `seq`, a title.
_Row = dict[str, Any]

_END = 2**62


class _Place(msgspec.Struct, frozen=True):
    """How far the messages and the titles were read: each has an order of its own, both from new to old."""

    seq: int = _END
    title_at: int = _END
    title_id: str = ""

    @classmethod
    def after(cls, position: Position | None) -> "_Place":
        if position is None:
            return cls()
        at, _, title_id = position.id.partition(" ")
        try:
            place = cls(position.at, int(at), title_id and str(UUID(title_id)))
        except ValueError:
            place = None
        if place is None or abs(place.title_at) > _END:
            raise InvalidRequest("cursor belongs to another list; leave it out to begin at the first page.")
        return place

    def moved(self, row: _Row) -> "_Place":
        if "seq" in row:
            return msgspec.structs.replace(self, seq=row["seq"])
        return msgspec.structs.replace(self, title_at=row["created_at"], title_id=row["id"])

    def to_cursor(self) -> str:
        return Position(at=self.seq, id=f"{self.title_at} {self.title_id}").to_cursor()


class Search:
    """Finds words in what users wrote and were answered. Raises `storage.StorageError`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = queries(database, "search")

    async def find(
        self,
        query: SearchQuery,
        *,
        owner: Principal | None = None,
        client_id: int | None = None,
        limit: int,
        after: Position | None = None,
    ) -> Page[SearchHit]:
        """What of one owner's, else of one client's users', else of everybody's holds all that is wanted and nothing
        unwanted; newest first. Raises `InvalidRequest` where `after` is of another list.
        """
        place = _Place.after(after)
        owner_id = None if owner is None else owner.id
        values = {
            **self._in_words(query, owner_id, client_id),
            "owner_id": owner_id,
            "client_id": client_id if owner is None else None,
            "before": place.seq,
            "title_before": place.title_at,
            "title_before_id": place.title_id,
            "limit": limit + 1,
        }
        async with self._database.read() as connection:
            messages = [dict(row) async for row in self._sql.message_hits(connection, **values)]
            titles = [dict(row) async for row in self._sql.title_hits(connection, **values)]
        rows = _newest_first(messages, titles)
        for row in rows[:limit]:
            place = place.moved(row)
        snippets = Snippets(query)
        hits = [_hit(row, snippets) for row in rows[:limit]]
        return Page(hits, place.to_cursor() if len(rows) > limit else None)

    def _in_words(self, query: SearchQuery, owner_id: int | None, client_id: int | None) -> dict[str, str]:
        if self._database.engine == "postgres":
            return dict.fromkeys(("query", "title_query"), query.for_postgres())
        owner = f"c{client_id}" if client_id is not None else None
        if owner_id is not None:
            owner = f"o{owner_id}"
        return {
            "query": query.for_sqlite("content", owner=owner),
            "title_query": query.for_sqlite("title", owner=owner),
        }


def _newest_first(messages: Sequence[_Row], titles: Sequence[_Row]) -> list[_Row]:
    """Both in one list; of each the order stays, or the next page would leave some out."""
    merged, left, right = list[_Row](), list(reversed(messages)), list(reversed(titles))
    while left and right:
        merged.append((left if left[-1]["created_at"] >= right[-1]["created_at"] else right).pop())
    return [*merged, *reversed(left), *reversed(right)]


def _hit(row: _Row, snippets: Snippets) -> SearchHit:
    message = "seq" in row
    snippet, marks = snippets.cut(row["content"] if message else row["title"])
    return SearchHit(
        conversation_id=row["conversation_id"] if message else row["id"],
        conversation_title=row["title"],
        user_id=row["owner_name"],
        username=row["username"],
        client_id=row["client_name"],
        message_id=row["id"] if message else None,
        role=row["role"] if message else None,
        created_at=moment(row["created_at"]),
        snippet=snippet,
        marks=marks,
    )
