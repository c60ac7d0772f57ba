"""Parameters in the query and in headers, checked against what the route says it takes."""

from typing import TypeVar

import msgspec
from aiohttp import web

from gateway.app_keys import ROUTES
from gateway.errors import InvalidRequest
from gateway.routing import Handler, Headers, Query

Q = TypeVar("Q", bound=Query)
H = TypeVar("H", bound=Headers)
T = TypeVar("T", bound=msgspec.Struct)

QUERY = web.RequestKey("QUERY", Query)
HEADERS = web.RequestKey("HEADERS", Headers)


@web.middleware
async def check_parameters(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Read the query and the headers that the route names, so that its handler finds them typed.

    Raises `InvalidRequest` that names the parameter at fault.
    """
    if request.match_info.http_exception is not None:
        return await handler(request)
    if "%00" in request.raw_path:
        raise InvalidRequest("The address holds a NUL character; leave it out.")
    contract = request.app[ROUTES].contract(request.match_info.route)
    if contract.query is not None:
        request[QUERY] = read_query(request, contract.query)
    elif request.query_string and not (contract.key_arguments and contract.body):
        raise InvalidRequest(f"This route takes no parameters in its address. Leave out {_first(request)}.")
    if contract.headers is not None:
        request[HEADERS] = _headers(request, contract.headers)
    return await handler(request)


def query_of(request: web.Request, kind: type[Q]) -> Q:
    """The request's query. Raises `RuntimeError` where the route does not say that it takes this one."""
    query = request.get(QUERY)
    if isinstance(query, kind):
        return query
    raise RuntimeError(f"{request.match_info.route} reads {kind.__name__}; say query={kind.__name__} of it")


def headers_of(request: web.Request, kind: type[H]) -> H:
    """The headers that the route names. Raises `RuntimeError` where it does not name these."""
    headers = request.get(HEADERS)
    if isinstance(headers, kind):
        return headers
    raise RuntimeError(f"{request.match_info.route} reads {kind.__name__}; say headers={kind.__name__} of it")


def read_query(request: web.Request, kind: type[Q]) -> Q:
    """The address's parameters as `kind`. Raises `InvalidRequest` that names the one at fault."""
    given = request.query
    if len(given) != len(set(given)):
        twice = next(name for name in given if len(given.getall(name)) > 1)
        raise InvalidRequest(f"The parameter {twice} is given more than once.")
    return _read(dict(given), kind, "parameter")


def _headers(request: web.Request, kind: type[Headers]) -> Headers:
    given = dict[str, str]()
    for field in msgspec.structs.fields(kind):
        values = request.headers.getall(field.encode_name, [])
        if len(values) > 1:
            raise InvalidRequest(f"The header {field.encode_name} is given more than once.")
        if values:
            given[field.encode_name] = values[0]
    return _read(given, kind, "header")


def _read(given: dict[str, str], kind: type[T], what: str) -> T:
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        words, _, path = str(error).partition(" - at `$.")
        if path:
            raise InvalidRequest(f"The {what} {path.rstrip('`')}: {words[:1].lower()}{words[1:]}.") from None
        raise InvalidRequest(f"{words.replace('Object contains unknown field', f'There is no {what}')}.") from None


def _first(request: web.Request) -> str:
    return next(iter(request.query), "what follows the question mark")
