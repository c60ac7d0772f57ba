"""`/api/usage`: what was used, by day and by user, and what is left of each limit."""

import csv
import io
from datetime import MAXYEAR, date
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web

from gateway.api.bodies import json_response, page_asked_for
from gateway.api.scope import PageOfClient, client_asked_for, user_asked_for
from gateway.app_keys import LIMITS, PRINCIPAL, USAGE
from gateway.errors import InvalidRequest, PermissionDenied
from gateway.parameters import query_of
from gateway.principals import Principal
from gateway.routing import EVERY_ROLE, Routes, Success
from gateway.usage import Span, UsageLine, UsageReports, total
from gateway.wire import Name, UsageAnswer, UsageBy

_MOST_DAYS = 366
_GROUPS = 10
_COLUMNS = (
    "day", "client_id", "user_id", "tier", "account", "model",
    "requests", "estimated", "input_tokens", "output_tokens", "cost_usd",
)  # fmt: skip
# What a spreadsheet takes for the beginning of a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ReadUsage(PageOfClient, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Whose usage, of which days, and which page of the users."""

    user_id: Annotated[Name, msgspec.Meta(description="Only this user's.")] | None = None
    from_: Annotated[date, msgspec.Meta(description="The first day, UTC; else that of the month.")] | None = None
    to: Annotated[date, msgspec.Meta(description="The last day, UTC; else today.")] | None = None
    starting: Annotated[str, msgspec.Meta(max_length=100, description="Only of users whose user_id starts so.")] = ""
    by: Annotated[UsageBy, msgspec.Meta(description="Told apart so; accounts and clients for admins.")] | None = None
    top: (
        Annotated[
            int, msgspec.Meta(ge=1, le=100, description="So many users, or groups (else 10): those that cost most.")
        ]
        | None
    ) = None
    format: Annotated[Literal["json", "csv"], msgspec.Meta(description="CSV holds every line; for admins.")] = "json"


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.get(
        "/api/usage",
        read_usage,
        roles=EVERY_ROLE,
        query=ReadUsage,
        answers=(
            Success(UsageAnswer),
            Success(str, content_type="text/csv", description="A line for each day, user, account and model."),
        ),
        errors=(404,),
    )


async def read_usage(request: web.Request) -> web.StreamResponse:
    """`GET /api/usage?from=2026-10-01&to=2026-10-31`: requests, tokens and costs by day, and what is left.

    A user sees its own, a client its users', an admin everybody's; `user_id` asks for one user's, with its limits.
    `starting` and `top` choose among users, so not beside `user_id`; the lines of CSV know neither. With `by` the days
    are told once more for each tier, account, model, client or user, and what does not come under `top` as one.
    """
    query = query_of(request, ReadUsage)
    if query.format == "csv" and request[PRINCIPAL].role != "admin":
        raise PermissionDenied("Only an admin may export usage as CSV.")
    user, span = await span_asked_for(request, query)
    reports = request.app[USAGE]
    if query.format == "csv":
        return await _export(request, reports, span)
    check_grouping(request[PRINCIPAL], query.by, span)
    days = await reports.days(span)
    answer = UsageAnswer(from_=span.first, to=span.last, total=total(days), days=days)
    if query.by is not None:
        groups = await reports.groups(span, query.by, most=query.top or _GROUPS)
        answer = msgspec.structs.replace(answer, groups=groups)
    elif user is None and query.top is not None:
        answer = msgspec.structs.replace(answer, users=await reports.heaviest(span, most=query.top))
    elif user is None:
        limit, after = page_asked_for(request)
        page = await reports.users(span, limit=limit, after=after)
        answer = msgspec.structs.replace(answer, users=page.items, next_cursor=page.next_cursor)
    if user is not None and user.role == "user":
        answer = msgspec.structs.replace(answer, limits=await request.app[LIMITS].allowances(user))
    return json_response(answer)


def check_days(first: date, last: date) -> None:
    """Raises `InvalidRequest` where these are no span of days, or too many."""
    if first > last:
        raise InvalidRequest("from is later than to.")
    if (last - first).days >= _MOST_DAYS:
        raise InvalidRequest(f"from and to are more than {_MOST_DAYS} days apart. Ask for less at once.")
    if last.year == MAXYEAR:  # there is no day after the last one of it
        raise InvalidRequest(f"to is in the year {MAXYEAR}, the last that there is. Take an earlier day.")


def check_grouping(caller: Principal, by: UsageBy | None, span: Span) -> None:
    """Raises `PermissionDenied` where the caller may not know what is told apart, and `InvalidRequest` where there is
    nothing to tell apart.
    """
    if by in ("account", "client") and caller.role != "admin":
        raise PermissionDenied(f"Only an admin may tell usage apart by {by}.")
    if by == "user" and caller.role == "user":
        raise PermissionDenied("Only an admin or a client may tell usage apart by user.")
    if by == "user" and span.principal_id is not None:
        raise InvalidRequest("One user's usage cannot be told apart by user. Leave out by or user_id.")
    if by not in (None, "user") and span.starting:
        raise InvalidRequest("starting goes with by=user, and with no other by. Leave one of them out.")


async def span_asked_for(request: web.Request, query: ReadUsage) -> tuple[Principal | None, Span]:
    """Which days and whose; the user where it is one's. Raises `NotFound`, `PermissionDenied` and `InvalidRequest`."""
    user = await _user_asked_for(request, query)
    return user, await _span(request, query, user)


async def _user_asked_for(request: web.Request, query: ReadUsage) -> Principal | None:
    if query.user_id is not None:
        return await user_asked_for(request, query.user_id, deleted=True)
    caller = request[PRINCIPAL]
    return caller if caller.role == "user" else None


async def _span(request: web.Request, query: ReadUsage, user: Principal | None) -> Span:
    first, last = request.app[USAGE].this_month()
    last = query.to or last
    first = query.from_ or min(first, last.replace(day=1))
    check_days(first, last)
    client_id = await client_asked_for(request)
    return Span(
        first=first,
        last=last,
        principal_id=None if user is None else user.id,
        client_id=client_id,
        starting=query.starting,
    )


async def _export(request: web.Request, reports: UsageReports, span: Span) -> web.StreamResponse:
    name = f"usage-{span.first}-{span.last}.csv"
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}"'})
    response.content_type = "text/csv"
    response.charset = "utf-8"
    await response.prepare(request)
    if request.method == "HEAD":  # aiohttp keeps back whole bodies alone
        return response
    await response.write(_table([_COLUMNS]))
    async for lines in reports.lines(span):
        await response.write(_table([_cells(line) for line in lines]))
    await response.write_eof()
    return response


def _cells(line: UsageLine) -> tuple[Any, ...]:
    return tuple(harmless(getattr(line, column)) for column in _COLUMNS)


def harmless(value: Any) -> Any:
    """A cell of CSV that no spreadsheet takes for a formula; costs keep eight decimals."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return f"{value:.8f}" if isinstance(value, float) else value


def _table(rows: list[tuple[Any, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
