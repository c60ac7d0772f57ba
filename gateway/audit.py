"""The audit log: who read what of what somebody else wrote."""

from datetime import UTC, date, datetime
from typing import Literal

import msgspec

from gateway.paging import Page, Position, cut
from gateway.principals import Principal
from gateway.store import queries
from gateway.times import Clock, milliseconds, moment
from gateway.wire import AuditAction, AuditEntry
from storage import Connection, Database

_END_OF_LOG = 2**62
_END_OF_TIME = 2**62
_DAY_SECONDS = 86_400


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Whose writings: one user's where there is an owner, else those of a client's users, else everybody's."""

    owner_id: int | None = None
    owner_name: str | None = None
    client_id: int | None = None
    client_name: str | None = None

    @property
    def scope(self) -> Literal["user", "client", "everybody"]:
        """How many users it is about."""
        if self.owner_id is not None:
            return "user"
        return "everybody" if self.client_id is None else "client"


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the log; `at` is in milliseconds. Display names are those of now, None where somebody was erased."""

    id: int
    at: int
    reader_name: str
    reader_username: str | None
    reader_role: Literal["admin", "client"]
    action: AuditAction
    owner_name: str | None
    owner_username: str | None
    client_name: str | None
    conversation_id: str | None
    request_id: str

    def to_wire(self) -> AuditEntry:
        """The line as its readers see it."""
        return AuditEntry(
            at=moment(self.at),
            reader=self.reader_name,
            reader_username=self.reader_username or "",
            reader_role=self.reader_role,
            action=self.action,
            user_id=self.owner_name,
            username=self.owner_username or "",
            client_id=self.client_name,
            conversation_id=self.conversation_id,
            request_id=self.request_id,
        )


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines: of one reader, about one user's writings, of one action, of some days (both included, UTC)."""

    reader: str | None = None
    subject: str | None = None
    action: AuditAction | None = None
    first: date | None = None
    last: date | None = None

    def values(self) -> dict[str, str | int | None]:
        """The same for the statements; times are in milliseconds."""
        return {
            "reader": self.reader,
            "subject": self.subject,
            "action": self.action,
            "first": 0 if self.first is None else _begin(self.first),
            "end": _END_OF_TIME if self.last is None else _begin(self.last) + milliseconds(_DAY_SECONDS),
        }


EVERY_LINE = Looked()


class AuditLog:
    """Writes and shows the log. All methods may raise `storage.StorageError`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._sql = queries(database, "audit")

    async def note(
        self,
        reader: Principal,
        action: AuditAction,
        subject: Subject,
        *,
        request_id: str,
        conversation_id: str | None = None,
    ) -> None:
        """Note that an admin or a client reads what others wrote; on disk when this returns.

        Who reads its own leaves no note.
        """
        if reader.role == "user" or reader.id == subject.owner_id:
            return

        async def work(connection: Connection) -> None:
            await self._sql.note(
                connection,
                at=milliseconds(self._clock()),
                reader_id=reader.id,
                reader_name=reader.name,
                reader_role=reader.role,
                action=action,
                scope=subject.scope,
                **msgspec.structs.asdict(subject),
                conversation_id=conversation_id,
                request_id=request_id,
            )

        await self._database.transact(work, brief=True)

    async def page(
        self, viewer: Principal, *, limit: int, after: Position | None = None, wanted: Looked = EVERY_LINE
    ) -> Page[AuditEntry]:
        """What an admin may see is all, a client what is about its users, a user what is about itself; newest first.

        What was read before a client or a user was made is not about it.
        """
        where = {"before": after.at if after else _END_OF_LOG, "limit": limit + 1, **wanted.values()}
        async with self._database.read() as connection:
            if viewer.role == "admin":
                rows = self._sql.page_of_all(connection, **where)
            elif viewer.role == "client":
                rows = self._sql.page_of_client(connection, client_id=viewer.id, since=viewer.created_at, **where)
            else:
                rows = self._sql.page_of_user(
                    connection,
                    owner_id=viewer.id,
                    client_id=viewer.client_id,
                    since=viewer.created_at,
                    **where,
                )
            records = [AuditRecord(**{name: row[name] for name in AuditRecord.__struct_fields__}) async for row in rows]
        page = cut(records, limit, lambda record: Position(at=record.id))
        return Page([record.to_wire() for record in page.items], page.next_cursor)


def _begin(day: date) -> int:
    return milliseconds(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
