"""Everything that is held of one user: shown whole, and erased whole."""

from collections.abc import AsyncGenerator
from datetime import date
from typing import Any

from gateway.audit import AuditLog
from gateway.conversations import Conversations
from gateway.forgetting import Forgetting
from gateway.paging import Page, Position
from gateway.principals import Principal
from gateway.store import queries
from gateway.store.erasing import erase_for_good
from gateway.times import Clock, milliseconds, moment
from gateway.usage import Span, UsageReports
from gateway.wire import (
    Erased,
    Held,
    HeldAll,
    HeldConversation,
    HeldMessage,
    HeldReading,
    HeldUsage,
    HeldUser,
    UsageSum,
)
from storage import Connection, Database

_PAGE = 100
# Nobody may write principals meanwhile; see `gateway.users`.
_WRITING = "principals"
_FIRST_DAY = date(1970, 1, 1)


class PersonalData:
    """Reads and erases it. All methods may raise `storage.StorageError`."""

    def __init__(
        self,
        database: Database,
        *,
        conversations: Conversations,
        usage: UsageReports,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._conversations = conversations
        self._usage = usage
        self._audit = audit
        self._clock = clock
        self._sql = queries(database, "personal_data")
        self._forgetting = Forgetting(database)

    async def held(self, user: Principal) -> AsyncGenerator[Held]:
        """All of it. In memory are one conversation's messages at most; what is written meanwhile may be missing."""
        yield HeldUser(user=user.to_wire())
        span = Span(first=moment(user.created_at).date(), last=self._today(), principal_id=user.id)
        async for lines in self._usage.lines(span):
            for line in lines:
                sums = {name: getattr(line, name) for name in UsageSum.__struct_fields__}
                yield HeldUsage(day=line.day, tier=line.tier, account=line.account, model=line.model, **sums)
        async for part in self._written(user):
            yield part
        async for part in self._read_by_others(user):
            yield part
        yield HeldAll()

    async def erase(self, user: Principal) -> Erased:
        """Revoke the key and erase what the user wrote, in others' conversations and from the files as well
        (`gateway.forgetting`); the count of what is gone.

        Numbers of this month's use, limits that an admin set and whether an admin switched the user off stay without
        a name until nothing depends on them: nobody gets out of a limit by having themselves forgotten. The audit log
        keeps who read what.
        """

        async def work(connection: Connection) -> Erased:
            who = {"id": user.id}
            month = first_of_month(self._clock())
            row = await self._sql.held(connection, first_of_month=month, **who)
            await self._sql.erase_conversations(connection, **who)
            await self._forgetting.erase_words_of(connection, user.id)
            await self._sql.erase_shares(connection, **who)
            await self._sql.erase_keys(connection, **who)
            await self._sql.erase_rotations(connection, **who)
            await self._sql.erase_usage(connection, first_of_month=month, **who)
            await self._sql.erase_name(connection, at=milliseconds(self._clock()), **who)
            return Erased(**{name: row[name] for name in Erased.__struct_fields__ if name != "status"})

        erased = await self._database.transact(work, alone=_WRITING)
        await erase_for_good(self._database, all_at_once=True)
        return erased

    async def _written(self, user: Principal) -> AsyncGenerator[Held]:
        after: Position | None = None
        while True:
            page = await self._conversations.list(owner=user, limit=_PAGE, after=after)
            for record in page.items:
                yield HeldConversation(conversation=record.to_wire(), system=record.system)
                for message in await self._conversations.read(record.id):
                    yield HeldMessage(conversation_id=record.id, message=message.to_wire())
            if (after := _next(page)) is None:
                break
        for conversation_id in await self._conversations.written_in(user):
            for message in await self._conversations.read(conversation_id):
                if message.author_id == user.id:
                    yield HeldMessage(conversation_id=conversation_id, message=message.to_wire())

    async def _read_by_others(self, user: Principal) -> AsyncGenerator[Held]:
        after: Position | None = None
        while True:
            page = await self._audit.page(user, limit=_PAGE, after=after)
            for entry in page.items:
                yield HeldReading(reading=entry)
            if (after := _next(page)) is None:
                return

    def _today(self) -> date:
        return moment(milliseconds(self._clock())).date()


def first_of_month(now: float) -> int:
    """The first day of the UTC month, as the number of days since 1970-01-01; `now` is in seconds since then."""
    return (moment(milliseconds(now)).date().replace(day=1) - _FIRST_DAY).days


def _next(page: Page[Any]) -> Position | None:
    return None if page.next_cursor is None else Position.from_cursor(page.next_cursor)
