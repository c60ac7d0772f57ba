"""What was used, read back by day, by user and line by line."""

from collections.abc import AsyncGenerator
from datetime import date, timedelta
from typing import Any

import msgspec

from gateway.paging import Page, Position, cut
from gateway.store import queries
from gateway.times import Clock, moment
from gateway.wire import Tier, UsageOfDay, UsageOfUser, UsageSum
from storage import Database

_FIRST_DAY = date(1970, 1, 1)


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Days and whose: one user's, else one client's users', else everybody's. Both days are included.

    With `starting` only of users whose names start so.
    """

    first: date
    last: date
    principal_id: int | None = None
    client_id: int | None = None
    starting: str = ""


class UsageLine(UsageSum, frozen=True, kw_only=True):
    """The least that is told apart: what one user used of one account and model on one day."""

    day: date
    client_id: str | None
    user_id: str
    tier: Tier
    account: str
    model: str


class UsageReports:
    """Reads what was used. All methods may raise `storage.StorageError`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._sql = queries(database, "usage")

    def this_month(self) -> tuple[date, date]:
        """The first day of the month and today, UTC."""
        today = moment(round(self._clock() * 1000)).date()
        return today.replace(day=1), today

    async def days(self, span: Span) -> list[UsageOfDay]:
        """Every day on which anything was used."""
        where = {"first": _number(span.first), "last": _number(span.last)}
        async with self._database.read() as connection:
            if span.principal_id is not None:
                rows = self._sql.days_of_user(connection, principal_id=span.principal_id, **where)
            else:
                rows = self._sql.days(connection, client_id=span.client_id, starting=span.starting, **where)
            return [UsageOfDay(day=_date(row["day"]), **_sums(row)) async for row in rows]

    async def users(self, span: Span, *, limit: int, after: Position | None) -> Page[UsageOfUser]:
        """Everybody who used anything, in the order they were made."""
        async with self._database.read() as connection:
            rows = self._sql.users(
                connection,
                client_id=span.client_id,
                first=_number(span.first),
                last=_number(span.last),
                starting=span.starting,
                after=after.at if after else 0,
                limit=limit + 1,
            )
            found = [(int(row["id"]), _of_user(row)) async for row in rows]
        page = cut(found, limit, lambda item: Position(at=item[0]))
        return Page([user for _, user in page.items], page.next_cursor)

    async def heaviest(self, span: Span, *, most: int) -> list[UsageOfUser]:
        """The `most` users who cost most, of those who cost the same the ones with most tokens; the first first."""
        async with self._database.read() as connection:
            rows = self._sql.heaviest_users(
                connection,
                client_id=span.client_id,
                first=_number(span.first),
                last=_number(span.last),
                starting=span.starting,
                limit=most,
            )
            return [_of_user(row) async for row in rows]

    async def lines(self, span: Span) -> AsyncGenerator[list[UsageLine]]:
        """Everything there is, a day at a time."""
        day = span.first
        while day <= span.last:
            async with self._database.read() as connection:
                rows = self._sql.lines_of_day(
                    connection, day=_number(day), client_id=span.client_id, principal_id=span.principal_id
                )
                found = [_line(day, row) async for row in rows]
            if found:
                yield found
            day += timedelta(days=1)


def total(days: list[UsageOfDay]) -> UsageSum:
    """All days in one."""
    return UsageSum(**{name: sum(getattr(day, name) for day in days) for name in UsageSum.__struct_fields__})


def _number(day: date) -> int:
    return (day - _FIRST_DAY).days


def _date(number: int) -> date:
    return _FIRST_DAY + timedelta(days=number)


def _sums(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in UsageSum.__struct_fields__}


def _of_user(row: Any) -> UsageOfUser:
    return UsageOfUser(user_id=row["user_id"], client_id=row["client_id"], **_sums(row))


def _line(day: date, row: Any) -> UsageLine:
    named = {name: row[name] for name in ("client_id", "user_id", "tier", "account", "model")}
    return UsageLine(day=day, **named, **_sums(row))
