"""The headers that tell an answer's reader of the limits: `X-RateLimit-*`."""

from collections.abc import Callable, Mapping

from aiohttp import web

from gateway.openai_shape import is_below_v1, limit_headers

STANDING = web.RequestKey("STANDING", Mapping[str, str])


def note_limits(request: web.Request) -> Callable[[Mapping[str, str]], None]:
    """Takes what the response to a request is to tell."""

    def note(headers: Mapping[str, str]) -> None:
        request[STANDING] = headers

    return note


async def tell_limits(request: web.Request, response: web.StreamResponse) -> None:
    """Put it into the response, streamed ones too; a refusal says its own."""
    standing = request.get(STANDING, {})
    for name, value in standing.items():
        response.headers.setdefault(name, value)
    if is_below_v1(request.path):
        for name, value in limit_headers(standing).items():
            response.headers.setdefault(name, value)
