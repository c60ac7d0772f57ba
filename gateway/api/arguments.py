"""Arguments in the query or in the body, whichever way they come."""

from typing import TypedDict, TypeVar

from aiohttp import web

from gateway.api.bodies import read_body
from gateway.authorisation import bearer
from gateway.errors import InvalidRequest
from gateway.parameters import query_of, read_query
from gateway.routing import Query

A = TypeVar("A", bound=Query)

Where = tuple[str, str]
"""A method and a path."""


class Taking(TypedDict, total=False):
    """What a route with arguments says of them."""

    query: type[Query]
    body: type[Query]


_KEYS = ("user", "client", "admin", "admin_key")


def taking(method: str, kind: type[Query]) -> Taking:
    """What a route says that takes its arguments from the query of a GET or the body of a POST."""
    return {"query": kind} if method == "GET" else {"body": kind}


def methods_at(native: str | None, path: str) -> list[Where]:
    """Where a route is found: by GET and POST at the configured path, and by POST where our own clients look for it."""
    found = [("POST", path), ("GET", path)]
    return found if native in {None, path} else [("POST", native or path), *found]


async def read_arguments(request: web.Request, kind: type[A], *, most_bytes: int | None = None) -> A:
    """The request's arguments: the query of a GET, the body of a POST, or its query where it has no body.

    Raises `InvalidRequest` that names the argument at fault, and what `read_body` raises.
    """
    arguments = await _read(request, kind, most_bytes)
    if bearer(request) is not None:
        named = next((name for name in _KEYS if getattr(arguments, name, None)), None)
        if named is not None:
            raise InvalidRequest(f"Send one key: in the header Authorization or as {named}.", code="two_keys")
    return arguments


async def _read(request: web.Request, kind: type[A], most_bytes: int | None) -> A:
    if request.method in {"GET", "HEAD"}:
        return query_of(request, kind)
    if not request.query_string:
        return await read_body(request, kind, most_bytes=most_bytes)
    if await request.read():
        raise InvalidRequest("Send the arguments in the address or in the body, not in both.")
    return read_query(request, kind)
