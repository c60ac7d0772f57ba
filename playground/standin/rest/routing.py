"""How a request becomes a call of a route, and what comes of it an answer; every exchange is noted.

A route takes a `Call` and gives JSON, or None for 204, or an `Answer`; it raises `Refused` for Discord's errors.
"""

import json
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from playground.standin.rest import errors
from playground.standin.world.drafts import Draft, Upload
from playground.standin.world.entities import JSON, Application
from playground.standin.world.errors import Code, InvalidForm, Refused
from playground.standin.world.world import World

log = logging.getLogger(__name__)

PREFIXES = ("/api/v10", "/api/v9", "/api")
_DISCORD = {"Via": "1.1 google"}
"""By this clients tell a 429 of Discord from one of Cloudflare, which has banned them."""


@dataclass(frozen=True)
class Answer:
    """What a route says where that is not 200 or 204."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    text: str | None = None
    """In place of a body: said by what stands before Discord, and not by Discord."""


@dataclass
class Call:
    """A request as a route sees it. `caller` has been authenticated, where the route asks for that."""

    world: World
    path: dict[str, str]
    query: dict[str, str]
    json: Any
    uploads: list[Upload]
    authenticated: Application | None
    reason: str | None = None
    """For the audit log. https://docs.discord.com/developers/resources/audit-log"""

    @property
    def caller(self) -> Application:
        """Whose token came with the request."""
        if self.authenticated is None:
            raise Refused(Code.INVALID_TOKEN)
        return self.authenticated

    @property
    def me(self) -> int:
        """The caller's user id."""
        return self.caller.bot.id

    @property
    def body(self) -> JSON:
        """The JSON body as an object. Raises `InvalidForm`."""
        if self.json is None:
            return {}
        body: object = self.json
        if not isinstance(body, dict):
            raise InvalidForm("_", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return cast("JSON", body)

    @property
    def draft(self) -> Draft:
        """The body and the files as a message."""
        return Draft(self.body, self.uploads)

    def id(self, name: str) -> int:
        """A snowflake of the path. Raises `InvalidForm`."""
        value = self.path[name]
        if not value.isdecimal():
            raise InvalidForm(name, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
        return int(value)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A number of the query. Raises `InvalidForm`."""
        text = self.query.get(name)
        if text is None:
            return default
        if not text.isdecimal() or not least <= int(text) <= most:
            raise InvalidForm(name, "NUMBER_TYPE_RANGE", f"Value must be between {least} and {most}.")
        return int(text)


Handler = Callable[[Call], Any]


@dataclass
class Asked:
    """A request before its route has seen it; `headers` are those of the answer, whatever that will be."""

    request: web.Request
    route: str
    caller: Application | None
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def path(self) -> dict[str, str]:
        """What stands in the path in the place of the pattern's names."""
        return dict(self.request.match_info)


Gate = Callable[[Asked], Awaitable[Answer | None]]
"""Sees each request first, and may answer in the route's place, or keep it waiting."""
Watcher = Callable[[Asked, Answer], None]
"""Sees each answer before it goes."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; `route` is the pattern without version, `ms` what it took."""

    at: datetime
    method: str
    route: str
    path: str
    status: int
    ms: float
    body: Any
    answer: Any


class Routes:
    """Takes routes by subject and serves them."""

    def __init__(self, world: World, watch: Callable[[Exchange], None]) -> None:
        self._world = world
        self._watch = watch
        self.gates: list[Gate] = []
        self.watchers: list[Watcher] = []
        self._app = web.Application(client_max_size=256 * 1024 * 1024)

    def add(self, method: str, route: str, handler: Handler, *, authenticate: bool = True) -> None:
        """Serve a route under every version's prefix."""

        async def serve(request: web.Request) -> web.Response:
            return await self._serve(request, route, handler, authenticate=authenticate)

        for prefix in PREFIXES:
            self._app.router.add_route(method, prefix + route, serve)

    def application(self) -> web.Application:
        """The routes, whole: what is none of them is answered 404 as Discord does."""

        async def nothing(request: web.Request) -> web.Response:
            return self._finish(Asked(request, request.path, None), time.perf_counter(), Answer(404, errors.NO_ROUTE))

        for prefix in PREFIXES:
            self._app.router.add_route("*", prefix + "/{rest:.*}", nothing)
        return self._app

    async def _serve(self, request: web.Request, route: str, handler: Handler, *, authenticate: bool) -> web.Response:
        begun = time.perf_counter()
        asked = Asked(request, route, self._caller(request))
        try:
            asked.body, uploads = await _read(request)
            answer = await self._gated(asked)
            if answer is None and authenticate and asked.caller is None:
                answer = Answer(401, errors.UNAUTHORISED)
            if answer is None:
                query, reason = dict(request.query), _reason(request)
                answer = handler(Call(self._world, asked.path, query, asked.body, uploads, asked.caller, reason))
        except Refused as refused:
            answer = Answer(refused.status, errors.error_body(refused))
        except json.JSONDecodeError:
            answer = Answer(400, errors.NOT_JSON)
        except Exception:
            log.exception("%s %s broke", request.method, route)
            answer = Answer(500, errors.BROKEN)
        return self._finish(asked, begun, answer)

    def _caller(self, request: web.Request) -> Application | None:
        header = request.headers.get("Authorization", "")
        applications = self._world.state.applications.values()
        return next((each for each in applications if header == f"Bot {each.token}"), None)

    async def _gated(self, asked: Asked) -> Answer | None:
        for gate in self.gates:
            answer = await gate(asked)
            if answer is not None:
                return answer
        return None

    def _finish(self, asked: Asked, begun: float, outcome: Any) -> web.Response:
        answer = outcome if isinstance(outcome, Answer) else Answer(204 if outcome is None else 200, outcome)
        for watcher in self.watchers:
            watcher(asked, answer)
        path = asked.request.path
        for prefix in PREFIXES:
            if path.startswith(prefix + "/"):
                path = path.removeprefix(prefix)
                break
        self._watch(
            Exchange(
                at=self._world.state.clock.now(),
                method=asked.request.method,
                route=asked.route,
                path=path,
                status=answer.status,
                ms=(time.perf_counter() - begun) * 1000,
                body=asked.body,
                answer=answer.body,
            )
        )
        if answer.text is not None:
            return web.Response(status=answer.status, headers=answer.headers, text=answer.text)
        headers = {**_DISCORD, **asked.headers, **answer.headers}
        if answer.body is None:
            return web.Response(status=answer.status, headers=headers)
        # As Discord does, without a charset: clients compare the header as a whole.
        headers["Content-Type"] = "application/json"
        return web.Response(body=json.dumps(answer.body).encode(), status=answer.status, headers=headers)


def _reason(request: web.Request) -> str | None:
    reason = request.headers.get("X-Audit-Log-Reason")
    return None if reason is None else unquote(reason)[:512]


async def _read(request: web.Request) -> tuple[Any, list[Upload]]:
    """The JSON and the files. https://discord.com/developers/docs/reference#uploading-files"""
    if not request.can_read_body:
        return None, []
    if request.content_type == "multipart/form-data":
        return await _read_form(request)
    text = await request.text()
    return (json.loads(text) if text else None), []


async def _read_form(request: web.Request) -> tuple[Any, list[Upload]]:
    body: JSON = {}
    uploads: list[Upload] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise Refused(Code.INVALID_FORM)
        name = part.name or ""
        if name == "payload_json":
            body = json.loads(await part.text())
        elif part.filename is not None:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            data = bytes(await part.read(decode=True))
            uploads.append(Upload(_slot(name, len(uploads)), part.filename, kind, data))
        else:
            body[name] = await part.text()
    return body, uploads


def _slot(name: str, otherwise: int) -> int:
    digits = name.removeprefix("files[").removesuffix("]")
    return int(digits) if digits.isdecimal() else otherwise
