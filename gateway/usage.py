"""What was used, read back by day, by user and line by line."""

from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from gateway.paging import Page, Position, cut
from gateway.store import queries
from gateway.times import Clock, moment
from gateway.wire import Tier, UsageBy, UsageOfDay, UsageOfGroup, UsageOfUser, UsageSum
from storage import Connection, Database

_FIRST_DAY = date(1970, 1, 1)
_WEEK = 7
# One in so many users: up to here going from user to user takes less time than going from day to day.
_FEW = 5
# Of dollars: what is finer is left by taking one sum off another.
_DECIMALS = 9


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
        async with self._database.read() as connection:
            return await self._days(connection, span)

    async def groups(self, span: Span, by: UsageBy, *, most: int) -> list[UsageOfGroup]:
        """The same told apart: the `most` groups that cost most, the first first, and what is left of all as the last.

        Users are chosen by `starting`, other groups are not.
        """
        if by == "user":
            return await self._by_user(span, most)
        where = {"first": _number(span.first), "last": _number(span.last), "by": by}
        async with self._database.read() as connection:
            if span.principal_id is not None:
                rows = self._sql.days_by_of_user(connection, principal_id=span.principal_id, **where)
            else:
                rows = self._sql.days_by(connection, client_id=span.client_id, **where)
            days = dict[str, list[UsageOfDay]]()
            async for row in rows:
                days.setdefault(row["name"], []).append(UsageOfDay(day=_date(row["day"]), **_sums(row)))
        found = sorted((_group(name, each) for name, each in days.items()), key=_heaviest_first)
        rest = added(day for group in found[most:] for day in group.days)
        return [*found[:most], *([_group(None, rest)] if rest else [])]

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
            return [user for _, user in await self._heaviest(connection, span, most)]

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

    async def _days(self, connection: Connection, span: Span) -> list[UsageOfDay]:
        where = {"first": _number(span.first), "last": _number(span.last)}
        if span.principal_id is not None:
            rows = self._sql.days_of_user(connection, principal_id=span.principal_id, **where)
        elif span.starting:
            return await self._days_of_users_starting(connection, span)
        else:
            rows = self._sql.days(connection, client_id=span.client_id, **where)
        return [UsageOfDay(day=_date(row["day"]), **_sums(row)) async for row in rows]

    async def _days_of_users_starting(self, connection: Connection, span: Span) -> list[UsageOfDay]:
        """There are sums of all users, not of some of them. Read one by one are those who are fewer: the users who are
        meant, or the others, who are then taken off the sums.
        """
        chosen = {"client_id": span.client_id, "starting": span.starting}
        number = await self._sql.number_of_users_starting(connection, **chosen)
        others = 2 * number["chosen"] > number["everybody"]
        read = number["everybody"] - number["chosen"] if others else number["chosen"]
        few = _FEW * read < number["everybody"]
        where = {"first": _number(span.first), "last": _number(span.last), "others": others}
        rows = (self._sql.days_of_few_users if few else self._sql.days_of_users_starting)(connection, **chosen, **where)
        found = [UsageOfDay(day=_date(row["day"]), **_sums(row)) async for row in rows]
        if not others:
            return found
        return _without(await self._days(connection, msgspec.structs.replace(span, starting="")), found)

    async def _by_user(self, span: Span, most: int) -> list[UsageOfGroup]:
        async with self._database.read() as connection:
            chosen = list[UsageOfGroup]()
            for principal_id, user in await self._heaviest(connection, span, most):
                days = await self._days(connection, msgspec.structs.replace(span, principal_id=principal_id))
                chosen.append(_group(user.user_id, days, username=user.username, client_id=user.client_id))
            if len(chosen) < most:
                return chosen
            everybody = await self._days(connection, span)
        rest = _without(everybody, added(day for group in chosen for day in group.days))
        return [*chosen, *([_group(None, rest)] if rest else [])]

    async def _heaviest(self, connection: Connection, span: Span, most: int) -> list[tuple[int, UsageOfUser]]:
        first, last = _number(span.first), _number(span.last)
        first_week, weeks_end = -(-first // _WEEK), (last + 1) // _WEEK
        whole = first_week < weeks_end
        rows = self._sql.heaviest_users(
            connection,
            client_id=span.client_id,
            first=first,
            last=last,
            first_week=first_week,
            last_week=weeks_end - 1,
            before_weeks=first_week * _WEEK - 1 if whole else last,
            after_weeks=weeks_end * _WEEK if whole else last + 1,
            starting=span.starting,
            limit=most,
        )
        return [(int(row["id"]), _of_user(row)) async for row in rows]


def total(days: Iterable[UsageSum]) -> UsageSum:
    """All days in one."""
    days = list(days)
    return UsageSum(**{name: sum(getattr(day, name) for day in days) for name in UsageSum.__struct_fields__})


def added(days: Iterable[UsageOfDay]) -> list[UsageOfDay]:
    """What was used on the same day as one, in the order of days."""
    by_day = dict[date, list[UsageOfDay]]()
    for each in days:
        by_day.setdefault(each.day, []).append(each)
    return [UsageOfDay(day=day, **msgspec.structs.asdict(total(by_day[day]))) for day in sorted(by_day)]


def _without(days: Sequence[UsageOfDay], part: Sequence[UsageOfDay]) -> list[UsageOfDay]:
    """What is left of days when a part of them is told by itself; days of which nothing is left are left out."""
    parts = {each.day: each for each in part}
    left = list[UsageOfDay]()
    for each in days:
        told = parts.get(each.day, UsageSum())
        rest = {name: max(0, getattr(each, name) - getattr(told, name)) for name in UsageSum.__struct_fields__}
        rest["cost_usd"] = round(rest["cost_usd"], _DECIMALS)
        if rest["requests"] or rest["input_tokens"] or rest["output_tokens"]:
            left.append(UsageOfDay(day=each.day, **rest))
    return left


def _group(
    name: str | None, days: list[UsageOfDay], *, username: str = "", client_id: str | None = None
) -> UsageOfGroup:
    sums = msgspec.structs.asdict(total(days))
    return UsageOfGroup(name=name, username=username, client_id=client_id, days=days, **sums)


def _heaviest_first(group: UsageOfGroup) -> tuple[Any, ...]:
    return -group.cost_usd, -(group.input_tokens + group.output_tokens), -group.requests, group.name


def _number(day: date) -> int:
    return (day - _FIRST_DAY).days


def _date(number: int) -> date:
    return _FIRST_DAY + timedelta(days=number)


def _sums(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in UsageSum.__struct_fields__}


def _of_user(row: Any) -> UsageOfUser:
    named = {name: row[name] for name in ("user_id", "username", "client_id")}
    return UsageOfUser(**named, **_sums(row))


def _line(day: date, row: Any) -> UsageLine:
    named = {name: row[name] for name in ("client_id", "user_id", "tier", "account", "model")}
    return UsageLine(day=day, **named, **_sums(row))
