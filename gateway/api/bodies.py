"""Bodies in and out, and pages."""

from typing import Annotated, Any, TypeVar, cast

import msgspec
from aiohttp import web

from gateway.app_keys import CONFIG, ROUTES
from gateway.error_shape import TOO_LARGE
from gateway.errors import InvalidRequest, TooLarge
from gateway.paging import Position
from gateway.parameters import query_of
from gateway.routing import Query

T = TypeVar("T")


class Paged(Query, frozen=True, kw_only=True):
    """Which page of a list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200, description="How many at most.")] = 50
    cursor: Annotated[str, msgspec.Meta(description="`next_cursor` of the page before.")] | None = None


async def read_body(request: web.Request, kind: type[T], *, most_bytes: int | None = None) -> T:
    """The request's JSON as `kind`; of at most `max_body_bytes` where the route does not say `most_bytes`.

    Raises `InvalidRequest` that names the field at fault, aiohttp's 413 for a body that is too large, and
    `RuntimeError` where the route does not say that it takes this body.
    """
    data = await read_data(request, kind, most_bytes=most_bytes)
    body = decoded(data, kind)
    if rb"\u0000" in data and _holds_nul(msgspec.to_builtins(body)):
        raise InvalidRequest("The body holds a NUL character; leave it out.")
    return body


async def read_data(request: web.Request, kind: type[Any], *, most_bytes: int | None = None) -> bytes:
    """The same as bytes, for `decoded`. Raises as `read_body` does where there is no body, or too much of it."""
    if request.app[ROUTES].contract(request.match_info.route).body is not kind:
        raise RuntimeError(f"{request.match_info.route} reads {kind.__name__}; say body={kind.__name__} of it")
    if (request.content_length or 0) > (most_bytes or request.app[CONFIG].gateway.max_body_bytes):
        raise TooLarge(TOO_LARGE)
    data = await _read(request, most_bytes)
    if not data:
        raise InvalidRequest("The body is empty; send a JSON object.", code="invalid_json")
    return data


def decoded(data: bytes, kind: type[T]) -> T:
    """A body's JSON as `kind`. Raises `InvalidRequest` that names the field at fault."""
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise _misfit(error) from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not UTF-8: byte {error.start}.", code="invalid_json") from error
    except RecursionError as error:
        raise InvalidRequest("The body is nested too deeply.", code="invalid_json") from error
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The body is not JSON: {error}.", code="invalid_json") from error


def _misfit(error: msgspec.ValidationError) -> InvalidRequest:
    """What is wrong with which field; where it is the whole body, no field is named."""
    words, _, path = str(error).partition(" - at `$.")
    if not path:
        return InvalidRequest(f"{words.partition(' - at ')[0]}.")
    field = path.rstrip("`")
    refused = InvalidRequest(f"{field}: {words[:1].lower()}{words[1:]}.")
    refused.param = field
    return refused


async def _read(request: web.Request, most_bytes: int | None) -> bytes:
    # Where keys came as arguments, the body has been read.
    if most_bytes is None or not request.can_read_body:
        return await request.read()
    return await request.clone(client_max_size=most_bytes).read()


def json_response(answer: msgspec.Struct | dict[str, Any], *, status: int = 200) -> web.Response:
    """A success."""
    return web.Response(body=msgspec.json.encode(answer), status=status, content_type="application/json")


def page_asked_for(request: web.Request) -> tuple[int, Position | None]:
    """How many items, and after which. Raises `InvalidRequest`."""
    query = query_of(request, Paged)
    return query.limit, None if query.cursor is None else Position.from_cursor(query.cursor)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, cast("dict[str, Any]", value).values()))
    if isinstance(value, list):
        return any(map(_holds_nul, cast("list[Any]", value)))
    return False
