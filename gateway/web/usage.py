"""The page of usage and cost over time: plots, the same figures as tables and CSV, and what is left of limits."""

import csv
import io
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from gateway.api.scope import client_asked_for, user_asked_for
from gateway.api.usage import check_days, check_grouping, harmless
from gateway.app_keys import LIMITS, PRINCIPAL, USAGE, USERS
from gateway.errors import InvalidRequest
from gateway.parameters import query_of
from gateway.principals import Principal
from gateway.routing import EVERY_ROLE, Query, Routes
from gateway.usage import Span, total
from gateway.web.beside import conversations_beside
from gateway.web.keys import SITE
from gateway.web.plots import COLOURS, Plot, Series, draw, spans
from gateway.wire import Role, UsageBy, UsageOfDay, UsageOfGroup, UsageSum

Measure = Literal["requests", "tokens", "cost"]

_NAME = msgspec.Meta(max_length=200)
_GROUPINGS: dict[Role, tuple[UsageBy, ...]] = {
    "admin": ("tier", "account", "model", "client", "user"),
    "client": ("tier", "model", "user"),
    "user": ("tier", "model"),
}


class AskedUsage(Query, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Which days: the last so many, or from one to another; told apart by what, measured in what, and whose.

    Forms send empty texts for what was left out.
    """

    days: Literal[7, 30, 90, 365] = 30
    from_: Annotated[str, _NAME] = ""
    to: Annotated[str, _NAME] = ""
    by: Literal["", "tier", "account", "model", "client", "user"] = ""
    of: Measure = "requests"
    user: Annotated[str, _NAME] = ""
    client: Annotated[str, _NAME] = ""

    @property
    def client_id(self) -> str | None:
        """The client whose users are meant, as `gateway.api.scope` looks for it."""
        return self.client or None

    @property
    def custom(self) -> bool:
        """Whether days were named."""
        return bool(self.from_ or self.to)

    def but(self, **changes: Any) -> str:
        """The same question with something else in it, as an address has it."""
        asked = {**msgspec.to_builtins(self), **changes}
        if "days" in changes:
            asked |= {"from": "", "to": ""}
        return urlencode({name: value for name, value in asked.items() if value not in ("", None)})


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What was used of a span of days; `groups` are empty where nothing is told apart."""

    span: Span
    user: Principal | None
    total: UsageSum
    groups: list[UsageOfGroup]
    plot: Plot


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    routes.get("/usage", show_usage, roles=EVERY_ROLE, page=True, query=AskedUsage)
    routes.get("/usage/figures.csv", save_figures, roles=EVERY_ROLE, page=True, query=AskedUsage)


async def show_usage(request: web.Request) -> web.Response:
    """`GET /usage?days=30&by=tier&of=cost`: a user's own, a client's users', an admin's everybody's."""
    asked, problem = query_of(request, AskedUsage), None
    me = request[PRINCIPAL]
    try:
        report = await _report(request, asked)
    except InvalidRequest as error:
        problem = request.app[SITE].explain(request, error)
        asked = msgspec.structs.replace(asked, from_="", to="", by="")
        report = await _report(request, asked)
    user = report.user
    operators = await request.app[USERS].operators() if me.role == "admin" else ()
    return request.app[SITE].page(
        request,
        "usage.html",
        status=200 if problem is None else 400,
        asked=asked,
        report=report,
        problem=problem,
        groupings=[by for by in _GROUPINGS[me.role] if user is None or by not in ("client", "user")],
        clients=[each.name for each in operators if each.role == "client"],
        limits=[] if user is None or user.role != "user" else await request.app[LIMITS].allowances(user),
        measured=measured,
        **await conversations_beside(request),
    )


async def save_figures(request: web.Request) -> web.Response:
    """`GET /usage/figures.csv?…`: the figures that the page of the same question shows."""
    asked = query_of(request, AskedUsage)
    report = await _report(request, asked)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(("from", "to", *(harmless(heading) for heading in _headings(report, asked))))
    for n, column in enumerate(report.plot.columns):
        rows.writerow((column.first, column.last, *(harmless(each.figures[n]) for each in report.plot.series)))
    name = f"usage-{report.span.first}-{report.span.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(text=text.getvalue(), content_type="text/csv", charset="utf-8", headers=headers)


def measured(used: UsageSum, of: Measure) -> float:
    """The figure that is looked at; tokens are those in and out."""
    if of == "requests":
        return used.requests
    return used.cost_usd if of == "cost" else used.input_tokens + used.output_tokens


async def _report(request: web.Request, asked: AskedUsage) -> Report:
    me, reports = request[PRINCIPAL], request.app[USAGE]
    first, last = _days(asked, today=reports.this_month()[1])
    user = me if me.role == "user" else None
    if asked.user:
        user = await user_asked_for(request, asked.user, deleted=True)
    span = Span(
        first=first,
        last=last,
        principal_id=None if user is None else user.id,
        client_id=await client_asked_for(request),
    )
    by = asked.by or None
    check_grouping(me, by, span)
    days = await reports.days(span)
    groups = [] if by is None else await reports.groups(span, by, most=COLOURS)
    columns = spans(first, last)
    series = [_series(group, asked.of, columns) for group in groups] if by else _undivided(days, asked.of, columns)
    return Report(
        span=span, user=user, total=total(days), groups=groups, plot=draw(columns, series, whole=asked.of != "cost")
    )


def _days(asked: AskedUsage, *, today: date) -> tuple[date, date]:
    if not asked.custom:
        return today - timedelta(days=asked.days - 1), today
    try:
        last = date.fromisoformat(asked.to) if asked.to else today
        first = date.fromisoformat(asked.from_) if asked.from_ else last - timedelta(days=asked.days - 1)
    except (ValueError, OverflowError):  # there is no day before the first one of the year 1
        raise InvalidRequest("Write days as year-month-day, 2026-01-31 for instance.") from None
    check_days(first, last)
    return first, last


def _series(group: UsageOfGroup, of: Measure, columns: list[tuple[date, date]]) -> Series:
    return Series(group.name, _summed([(day.day, measured(day, of)) for day in group.days], columns))


def _undivided(days: list[UsageOfDay], of: Measure, columns: list[tuple[date, date]]) -> list[Series]:
    if of != "tokens":
        return [Series(of, _summed([(day.day, measured(day, of)) for day in days], columns))]
    return [
        Series("input", _summed([(day.day, day.input_tokens) for day in days], columns)),
        Series("output", _summed([(day.day, day.output_tokens) for day in days], columns)),
    ]


def _summed(figures: list[tuple[date, float]], columns: list[tuple[date, date]]) -> list[float]:
    sums: list[float] = [0] * len(columns)
    at = 0
    for day, figure in figures:
        while columns[at][1] < day:
            at += 1
        sums[at] += figure
    return sums


def _headings(report: Report, asked: AskedUsage) -> list[str]:
    """The columns' names in the file, which programs read: English in every language."""
    if not asked.by:
        return [f"{each.name} tokens" if asked.of == "tokens" else asked.of for each in report.plot.series]
    return [
        "others" if each.name is None else "/".join(filter(None, (each.client_id, each.name or "no client")))
        for each in report.groups
    ]
