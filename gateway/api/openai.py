"""OpenAI's API: `/v1/chat/completions`, `/v1/models`, `/v1/embeddings` and `/v1/responses`.

Requests are passed on as they are and so are answers; see `gateway.relaying`. Errors have OpenAI's shape.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from gateway.api.bodies import decoded, read_data
from gateway.api.connection import InFlight
from gateway.api.rate_limit import note_limits
from gateway.api.sse import StreamedResponse
from gateway.app_keys import CONFIG, IN_FLIGHT, PRINCIPAL, RELAYING
from gateway.error_shape import api_error
from gateway.openai_shape import openai_error
from gateway.relaying import Asked, HungUp, chat, embeddings, responses
from gateway.routing import Routes, Success
from gateway.wire.openai import (
    ChatCompletion,
    ChatCompletionRequest,
    EmbeddingsRequest,
    Model,
    ModelList,
    ProvidersAnswer,
    ResponsesRequest,
)

T = TypeVar("T", bound=msgspec.Struct)

_HUNG_UP = 499  # nginx's word for a caller that went away first; nobody but the log gets to see it
_HEADERS = {"Cache-Control": "no-store"}
_STREAM_HEADERS = {**_HEADERS, "X-Accel-Buffering": "no"}
_ERRORS = (404, 429, 502, 504)
_STREAMED = Success(
    str, content_type="text/event-stream", description="The provider's server-sent events, with `stream`."
)


def add_routes(routes: Routes) -> None:
    """Add the routes of this module."""
    users = ("user",)
    routes.get("/v1/models", list_models, roles=users, answers=ModelList)
    routes.get("/v1/models/{id:.+}", show_model, roles=users, answers=Model)
    routes.post(
        "/v1/chat/completions",
        complete_chat,
        roles=users,
        body=ChatCompletionRequest,
        answers=(Success(ChatCompletion), _STREAMED),
        errors=_ERRORS,
    )
    routes.post(
        "/v1/embeddings",
        embed,
        roles=users,
        body=EmbeddingsRequest,
        answers=Success(ProvidersAnswer),
        errors=_ERRORS,
    )
    routes.post(
        "/v1/responses",
        respond,
        roles=users,
        body=ResponsesRequest,
        answers=(Success(ProvidersAnswer), _STREAMED),
        errors=_ERRORS,
    )


async def list_models(request: web.Request) -> web.Response:
    """`GET /v1/models`: the models that the key may ask, and the names `free`, `plus` and `auto`."""
    return _json(ModelList(data=request.app[RELAYING].models.listed(request[PRINCIPAL])))


async def show_model(request: web.Request) -> web.Response:
    """`GET /v1/models/{id}`: one of them."""
    return _json(request.app[RELAYING].models.find(request[PRINCIPAL], request.match_info["id"]))


async def complete_chat(request: web.Request) -> web.StreamResponse:
    """`POST /v1/chat/completions {"model": "auto", "messages": [{"role": "user", "content": "Hello"}]}`: a chat.

    All fields go to the provider as they came, except `user` and `safety_identifier`, in whose place it is told a
    stable hash, and a limit on the answer's length that is above what the key may use.
    """
    return await _relay(request, ChatCompletionRequest, chat)


async def embed(request: web.Request) -> web.StreamResponse:
    """`POST /v1/embeddings {"model": "auto", "input": "Hello"}`: embeddings, where an account offers them."""
    return await _relay(request, EmbeddingsRequest, embeddings)


async def respond(request: web.Request) -> web.StreamResponse:
    """`POST /v1/responses {"model": "auto", "input": "Hello"}`: a response, where an account offers them."""
    return await _relay(request, ResponsesRequest, responses)


class _Caller:
    """Who asked, over HTTP; see `gateway.relaying.Caller`."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._note_limits = note_limits(request)
        self.stream: web.StreamResponse | None = None

    def admitted(self, headers: Mapping[str, str]) -> None:
        """See `Caller`."""
        self._note_limits(headers)

    async def begin(self, content_type: str) -> None:
        """See `Caller`."""
        stream = StreamedResponse(headers={"Content-Type": content_type, **_STREAM_HEADERS})
        try:
            await stream.prepare(self._request)
        except ConnectionError as error:
            raise HungUp from error
        self.stream = stream

    async def send(self, data: bytes) -> None:
        """See `Caller`."""
        if self.stream is None:
            raise RuntimeError("a stream begins before anything is sent")
        try:
            await self.stream.write(data)
        except ConnectionError as error:
            raise HungUp from error


async def _relay(
    request: web.Request, kind: type[T], understood: Callable[[T, Mapping[str, msgspec.Raw]], Asked]
) -> web.StreamResponse:
    data = await read_data(request, kind, most_bytes=request.app[CONFIG].gateway.max_chat_body_bytes)
    asked = understood(decoded(data, kind), decoded(data, dict[str, msgspec.Raw]))
    caller = _Caller(request)
    try:
        response = await _answered(request, request.app[IN_FLIGHT], asked, caller)
    except HungUp:
        response = None
    except Exception as error:
        if caller.stream is None:
            raise
        failure = msgspec.json.encode(openai_error(api_error(error, request)))
        response = await _end(caller.stream, b"data: %b\n\n" % failure)
    return response or web.Response(status=_HUNG_UP)


async def _answered(
    request: web.Request, in_flight: InFlight, asked: Asked, caller: _Caller
) -> web.StreamResponse | None:
    async with in_flight.while_connected(request):
        answered = await request.app[RELAYING].answer(request[PRINCIPAL], asked, caller)
        if caller.stream is not None:
            return await _end(caller.stream, answered.last)
        return web.Response(body=answered.last, content_type=answered.content_type, headers=_HEADERS)
    return None


async def _end(stream: web.StreamResponse, last: bytes) -> web.StreamResponse | None:
    try:
        await stream.write_eof(last)
    except ConnectionError:
        return None
    return stream


def _json(answer: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")
