"""What the bot sends to Discord, and what the stand-in answers, against Discord's own description of its API.

The environment variable `DISCORD_OPENAPI` names a copy of it (https://github.com/discord/discord-api-spec); without it
nothing is checked.
"""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

import jsonschema
from jsonschema import exceptions
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from simcord.types import HttpLogEntry

from playground.standin.rest.routing import Exchange

_WORLD = "urn:discord"
_SMALLEST_SNOWFLAKE = 10**15


@cache
def _description() -> dict[str, Any] | None:
    path = os.environ.get("DISCORD_OPENAPI")
    return _mended(json.loads(Path(path).read_text(encoding="utf-8"))) if path else None


def _mended(description: dict[str, Any]) -> dict[str, Any]:
    """Where the documentation says otherwise, and Discord does as that says.

    The codes within a form's errors are words: https://discord.com/developers/docs/reference#error-messages
    A 429 has a code "for some limits": https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit
    """
    schemas = description["components"]["schemas"]
    inner = {"type": "object", "properties": {"code": {"type": "string"}, "message": {"type": "string"}}}
    schemas["InnerErrors"]["properties"]["_errors"]["items"] = {**inner, "required": ["code", "message"]}
    schemas["RatelimitedResponse"]["allOf"][0] = {
        "type": "object",
        "properties": {"message": {"type": "string"}, "code": {"type": "integer"}},
        "required": ["message"],
    }
    return description


@cache
def _operations() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    """Method, path and operation; those with fewer parameters first, since `@me` is no id."""
    paths: dict[str, dict[str, Any]] = (_description() or {"paths": {}})["paths"]
    return [
        (method.upper(), re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)) + "$"), operation)
        for path, operations in sorted(paths.items(), key=lambda item: item[0].count("{"))
        for method, operation in operations.items()
        if method != "parameters"
    ]


def _operation(method: str, path: str) -> dict[str, Any] | None:
    return next((op for verb, pattern, op in _operations() if verb == method and pattern.match(path)), None)


@cache
def _validator(pointer: str) -> Any:
    make_registry: Any = Registry
    registry, description = make_registry(), cast("Any", _description())
    registry = registry.with_resource(_WORLD, DRAFT202012.create_resource(description))
    return jsonschema.Draft202012Validator({"$ref": f"{_WORLD}{pointer}"}, registry=registry)


def violations(requests: Iterable[HttpLogEntry]) -> list[str]:
    """What Discord's description says against these requests."""
    return [words for request in requests for words in _violations(request)] if _description() else []


def exchange_violations(exchanges: Iterable[Exchange]) -> list[str]:
    """What Discord's description says against these requests, as far as they were accepted, and against all answers."""
    if not _description():
        return []
    return [words for exchange in exchanges for words in _exchange_violations(exchange)]


def _exchange_violations(exchange: Exchange) -> list[str]:
    request = _Sent(exchange.method, exchange.path, exchange.body)
    found = _violations(request) if exchange.status < 400 else []
    operation = _operation(exchange.method, exchange.path)
    if operation is None or exchange.status >= 500:
        return found
    responses = operation["responses"]
    described = responses.get(str(exchange.status)) or responses.get(f"{exchange.status // 100}XX")
    if described is None:
        return [*found, f"{exchange.method} {exchange.path}: Discord describes no answer with {exchange.status}"]
    if exchange.answer is None:
        return found
    response = _referenced(described)
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return [*found, f"{exchange.method} {exchange.path}: Discord describes no JSON answer with {exchange.status}"]
    errors = _validator(schema.get("$ref") or _inline(schema)).iter_errors(exchange.answer)
    where = f"{exchange.method} {exchange.path} -> {exchange.status}"
    return found + [f"{where} {error.json_path}: {_reason(error)}" for error in errors]


def _reason(error: Any) -> str:
    """The innermost complaint of the alternative that fits best."""
    best = cast("Any", exceptions).best_match([error])
    return f"{best.json_path}: {best.message[:200]}"


def _referenced(response: dict[str, Any]) -> dict[str, Any]:
    pointer = response.get("$ref")
    if pointer is None:
        return response
    found: Any = _description()
    for part in pointer.removeprefix("#/").split("/"):
        found = found[part]
    return found


class _Request(Protocol):
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def json(self) -> Any: ...


@dataclass(frozen=True)
class _Sent:
    method: str
    path: str
    json: Any


def _violations(request: _Request) -> list[str]:
    operation = _operation(request.method, request.path)
    if operation is None:
        return [f"{request.method} {request.path}: Discord describes no such route"]
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None or request.json is None:
        return []
    pointer = schema.get("$ref") or _inline(schema)
    body = _as_sent(request.json)
    errors = _validator(pointer).iter_errors(body)
    return [f"{request.method} {request.path} {error.json_path}: {error.message[:200]}" for error in errors]


def _as_sent(value: Any) -> Any:
    """With snowflakes as text: Discord takes numbers too, and discord.py sends them, but the description knows text."""
    if isinstance(value, dict):
        entries = cast("dict[str, Any]", value)
        sent = {name: _as_sent(entry) for name, entry in entries.items()}
        for attachment in sent.get("attachments", []):
            attachment["id"] = str(attachment["id"])  # of a new file its place in the list
        return sent
    if isinstance(value, list | tuple):
        return [_as_sent(entry) for entry in cast("list[Any]", value)]
    if isinstance(value, int) and value >= _SMALLEST_SNOWFLAKE:
        return str(value)
    return value


def _inline(schema: dict[str, Any]) -> str:
    """A pointer to a schema that stands in the operation itself: it is put where pointers reach it."""
    description = _description()
    assert description is not None
    name = f"Inline{abs(hash(json.dumps(schema, sort_keys=True)))}"
    description["components"]["schemas"][name] = schema
    return f"#/components/schemas/{name}"
