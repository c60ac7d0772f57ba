"""Bodies in and out, and the parameters of a query."""

from typing import Any, TypeVar, cast

import msgspec
from aiohttp import web

from gateway.errors import InvalidRequest
from gateway.paging import Position

T = TypeVar("T")

_DEFAULT_LIMIT = 50
_MOST = 200


async def read_body(request: web.Request, kind: type[T]) -> T:
    """The request's JSON as `kind`.

    Raises `InvalidRequest` that names the field at fault, and aiohttp's 413 for a body that is too large.
    """
    data = await request.read()
    if not data:
        raise InvalidRequest("The body is empty; send a JSON object.", code="invalid_json")
    try:
        body = msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise InvalidRequest(f"{error}.") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not UTF-8: byte {error.start}.", code="invalid_json") from error
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The body is not JSON: {error}.", code="invalid_json") from error
    if rb"\u0000" in data and _holds_nul(msgspec.to_builtins(body)):
        raise InvalidRequest("The body holds a NUL character; leave it out.")
    return body


def json_response(answer: msgspec.Struct, *, status: int = 200) -> web.Response:
    """A success."""
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")


def page_asked_for(request: web.Request) -> tuple[int, Position | None]:
    """How many items, and after which. Raises `InvalidRequest`."""
    text = request.query.get("limit", str(_DEFAULT_LIMIT))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 1 <= limit <= _MOST:
        raise InvalidRequest(f"limit is a whole number from 1 to {_MOST}.")
    cursor = request.query.get("cursor")
    return limit, None if cursor is None else Position.from_cursor(cursor)


def flag(request: web.Request, name: str) -> bool:
    """A parameter that is `true` or `false`, false where it is left out. Raises `InvalidRequest`."""
    text = request.query.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise InvalidRequest(f"{name} is true or false.")
    return text == "true"


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, cast("dict[str, Any]", value).values()))
    if isinstance(value, list):
        return any(map(_holds_nul, cast("list[Any]", value)))
    return False
