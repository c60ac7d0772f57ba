"""`/api/users/{user_id}/data`: all that is held of a user, shown and erased; `/api/policy`: what is kept, how long."""

from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from gateway.api.bodies import json_response
from gateway.api.reading import Whose, note_reading
from gateway.api.scope import OfClient, user_asked_for
from gateway.app_keys import ACCOUNTS, CONFIG, PERSONAL_DATA
from gateway.errors import InvalidRequest
from gateway.principals import Principal
from gateway.routing import EVERY_ROLE, Routes, Success
from gateway.wire import Erased, Policy

_LINES_AT_ONCE = 64


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    path = "/api/users/{user_id}/data"
    lines = Success(str, content_type="application/x-ndjson", description="A JSON object a line, each with its `kind`.")
    routes.get(path, export_data, roles=EVERY_ROLE, query=OfClient, answers=lines)
    routes.delete(path, erase_data, roles=EVERY_ROLE, query=OfClient, answers=Erased)
    routes.get("/api/policy", read_policy, roles=EVERY_ROLE, answers=Policy)


async def export_data(request: web.Request) -> web.StreamResponse:
    """`GET /api/users/{user_id}/data`: the user, its use by day, its conversations, and who else read in them.

    Of a deleted user too, as long as anything is kept. The last line is `{"kind": "end"}`; without it the connection
    broke and something is missing.
    """
    user = await _whose(request)
    owner = Whose(owner=user, client_name=user.client_name)
    response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="data.ndjson"'})
    response.content_type = "application/x-ndjson"
    await note_reading(request, "export", owner)
    await response.prepare(request)
    if request.method == "HEAD":  # aiohttp keeps back whole bodies alone
        return response
    batch = list[bytes]()
    async for part in request.app[PERSONAL_DATA].held(user):
        batch.append(msgspec.json.encode(part) + b"\n")
        if len(batch) >= _LINES_AT_ONCE:
            await response.write(b"".join(batch))
            batch.clear()
    await response.write(b"".join(batch))
    await response.write_eof()
    return response


async def erase_data(request: web.Request) -> web.Response:
    """`DELETE /api/users/{user_id}/data`: the key is dead and what the user wrote is erased for good, as it is asked
    for.

    This month's numbers and what an admin set stay without a name while limits depend on them.
    """
    return json_response(await request.app[PERSONAL_DATA].erase(await _whose(request)))


async def read_policy(request: web.Request) -> web.Response:
    """`GET /api/policy`: how long conversations are kept, and to whom prompts are sent."""
    accounts = request.app[ACCOUNTS].configured
    hosts = {
        "agents" if account.kind == "agent" else urlsplit(account.base_url).hostname or ""
        for account in accounts
        if account.kind != "offline"  # which asks nobody
    }
    return json_response(
        Policy(
            retention_days=request.app[CONFIG].gateway.retention.days,
            providers=sorted(hosts),
            moderated=any(account.moderation_model for account in accounts),
        )
    )


async def _whose(request: web.Request) -> Principal:
    user = await user_asked_for(request, request.match_info["user_id"], deleted=True)
    if user.role != "user":
        raise InvalidRequest(f"{user.name} is no user: only users have conversations and use of their own.")
    return user
