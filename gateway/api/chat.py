"""`POST /api/chat`: a prompt and its answer, whole or as a stream."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

import msgspec
from aiohttp import web

from gateway.api.arguments import methods_at, read_arguments, taking
from gateway.api.rate_limit import note_limits
from gateway.api.reading import Whose, note_reading
from gateway.api.reply_page import page
from gateway.api.scope import acting_user
from gateway.api.sse import EventStream, frame
from gateway.app_keys import CONFIG, IN_FLIGHT, PRINCIPAL, PROMPTING, USERS
from gateway.compatibility import ChatArguments
from gateway.config import Paths
from gateway.error_shape import api_error, error_answer
from gateway.errors import ApiError, NotFound, Unavailable
from gateway.principals import Principal
from gateway.prompting import ChatEvent
from gateway.routing import Routes, Success
from gateway.users import NewPrincipal
from gateway.wire import ChatAnswer, ChatRequest, Delta, ErrorAnswer, Start, is_on

HUNG_UP = 499  # nginx's word for a caller that went away first; nobody but the log gets to see it


ANSWERS = (
    Success(ChatAnswer),
    Success(str, content_type="text/plain", description="The reply alone, with `reply_only`."),
    Success(str, content_type="text/html", description="The reply as a page, with `reply_only` and `pretty`."),
    Success(
        str,
        content_type="text/event-stream",
        description="Server-sent events, with `stream` or `Accept: text/event-stream`.",
        events={"start": Start, "delta": Delta, "done": ChatAnswer, "error": ErrorAnswer},
    ),
)


def add_routes(routes: Routes, paths: Paths) -> None:
    """Add the routes of this module."""
    for method, path in methods_at("/api/chat", paths.chat):
        routes.add(
            method,
            path,
            chat,
            roles=("user", "client"),
            key_arguments=("user", "client"),
            answers=ANSWERS,
            errors=(404, 409, 429, 502, 504),
            **taking(method, ChatArguments),
        )


async def chat(request: web.Request) -> web.StreamResponse:
    """`POST /api/chat {"prompt": "Hello"}`: the answer to a prompt, as JSON or as server-sent events.

    It streams where the body says `"stream": true` or the request accepts `text/event-stream`. A caller that hangs up
    stops the answer; what had arrived of a stream is kept.
    """
    most_bytes = request.app[CONFIG].gateway.max_chat_body_bytes
    body = _without_empty(await read_arguments(request, ChatArguments, most_bytes=most_bytes))
    user = await _whose(request, body)
    stream = bool(body.stream or "text/event-stream" in request.headers.get("Accept", ""))
    events = request.app[PROMPTING].prompt(user, body, stream=stream, admitted=note_limits(request))
    if stream:
        return await _stream(request, user, events)
    return await _whole(request, user, body, events)


def _without_empty(body: ChatArguments) -> ChatArguments:
    """Where chatgpt-api-server's forms were left empty, nothing was said."""
    if "" not in (body.conversation_id, body.access_token):
        return body
    return msgspec.structs.replace(
        body, conversation_id=body.conversation_id or None, access_token=body.access_token or None
    )


async def _whose(request: web.Request, body: ChatArguments) -> Principal:
    """The user whose prompt it is; one of a client's is made where the client says all it takes."""
    asker = request[PRINCIPAL]
    try:
        return await acting_user(request, body.user_id)
    except NotFound as error:
        if body.user_id is None or asker.role != "client":
            raise
        if body.username is None or body.user_id_plus is None:
            raise NotFound(
                "There is no such user. To make it, send username and user_id_plus too.", code="unknown_user"
            ) from error
    return await request.app[USERS].find_or_create(
        NewPrincipal(name=body.user_id, username=body.username, plus=is_on(body.user_id_plus), client_id=asker.id)
    )


async def whole_answer(request: web.Request, events: AsyncGenerator[ChatEvent]) -> ChatAnswer | None:
    """The answer that these events come to, None where the caller hung up before it did.

    Raises what `Prompting.prompt` raises.
    """
    answer: ChatAnswer | None = None
    told = _Told()
    try:
        async with request.app[IN_FLIGHT].while_connected(request), aclosing(events):
            async for event in events:
                told.note(event)
                if isinstance(event, ChatAnswer):
                    answer = event
    except Unavailable as error:
        told.say_what_is_kept(error)
        raise
    return answer


async def _whole(
    request: web.Request, user: Principal, body: ChatRequest, events: AsyncGenerator[ChatEvent]
) -> web.Response:
    answer = await whole_answer(request, events)
    if answer is None:
        return web.Response(status=HUNG_UP)
    headers = {"Cache-Control": "no-store"}
    if is_on(body.reply_only):
        if is_on(body.pretty):
            return page(answer.reply)
        return web.Response(text=answer.reply, headers=headers)
    await _note_echo(request, user, answer)
    data = msgspec.json.encode(answer)
    if is_on(body.pretty):
        data = msgspec.json.format(data, indent=2)
    return web.Response(body=data, content_type="application/json", headers=headers)


async def _stream(request: web.Request, user: Principal, events: AsyncGenerator[ChatEvent]) -> web.StreamResponse:
    stream = EventStream(request)
    told = _Told()
    last = b""
    try:
        async with request.app[IN_FLIGHT].while_connected(request, stream), aclosing(events):
            async for event in events:
                told.note(event)
                if isinstance(event, ChatAnswer):
                    await _note_echo(request, user, event)
                    last = _frame(event)
                else:
                    await stream.send(_frame(event))
    except Exception as error:
        if not stream.opened:
            raise
        failure = api_error(error, request)
        told.say_what_is_kept(failure)
        with suppress(ConnectionError):
            await stream.send(frame("error", error_answer(failure)))
    with suppress(ConnectionError):
        return await stream.close(last)
    return web.Response(status=HUNG_UP)


async def _note_echo(request: web.Request, user: Principal, answer: ChatAnswer) -> None:
    """A client that is told the last prompt and reply reads what its user wrote."""
    if answer.last_message_prompt is not msgspec.UNSET:
        await note_reading(request, "read", Whose(owner=user), conversation_id=answer.conversation_id)


class _Told:
    """What the caller knows of an answer so far."""

    def __init__(self) -> None:
        self._start: Start | None = None
        self._said = False

    def note(self, event: ChatEvent) -> None:
        if isinstance(event, Start):
            self._start = event
        elif isinstance(event, Delta):
            self._said = True

    def say_what_is_kept(self, error: ApiError) -> None:
        """Put the ids into an error that does not come from the prompt's own path."""
        if self._start is not None and error.conversation_id is None:
            error.conversation_id = self._start.conversation_id
            error.message_id = self._start.message_id if self._said else None


def _frame(event: ChatEvent) -> bytes:
    if isinstance(event, Delta):
        return frame("delta", event)
    return frame("start" if isinstance(event, Start) else "done", event)
