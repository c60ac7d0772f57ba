"""Replies as a page shows them while they come."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress

import msgspec
from aiohttp import web

from gateway.api.bodies import read_body
from gateway.api.rate_limit import note_limits
from gateway.api.sse import EventStream, frame
from gateway.app_keys import CONFIG, IN_FLIGHT, PRINCIPAL, PROMPTING
from gateway.error_shape import api_error, error_answer
from gateway.prompting import ChatEvent
from gateway.routing import Routes
from gateway.web.keys import MARKDOWN, SITE
from gateway.web.markdown import GrowingText, PlainText
from gateway.web.session_watch import while_signed_in
from gateway.wire import ChatAnswer, ChatRequest, Delta, Start, is_on

# How often what came meanwhile is shown: as often as one sees a difference.
_SHOWN_EVERY_SECONDS = 0.08
# A long block of code takes its time each time; others wait for the event loop.
_REST_PER_WORK = 9.0


class Growth(msgspec.Struct, frozen=True, kw_only=True):
    """Event `html`: `finished` is added to the reply for good, `last` takes the place of the last one's `last`."""

    finished: str
    last: str


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Event `done`: the reply is stored."""

    conversation_id: str
    message_id: str


def add_routes(routes: Routes) -> None:
    """Add the route of this module."""
    routes.post("/reply", stream_reply, roles=("user",), page=True, body=ChatRequest)


async def stream_reply(request: web.Request) -> web.StreamResponse:
    """`POST /reply`: the answer to a prompt as HTML, in server-sent events `start`, `html`, `done` and `error`.

    It takes what `POST /api/chat` takes; with `reply_only` the HTML is the reply's plain text. Who hangs up stops the
    answer, and so does a session that ends; what had arrived is kept.
    """
    body = await read_body(request, ChatRequest, most_bytes=request.app[CONFIG].gateway.max_chat_body_bytes)
    events = request.app[PROMPTING].prompt(request[PRINCIPAL], body, admitted=note_limits(request))
    stream = EventStream(request)
    text = PlainText() if is_on(body.reply_only) else GrowingText(request.app[MARKDOWN])
    try:
        async with (
            request.app[IN_FLIGHT].while_connected(request, stream),
            aclosing(events),
            while_signed_in(request),
        ):
            await _show(events, stream, text)
    except Exception as error:
        if not stream.opened:
            raise
        with suppress(ConnectionError):
            told = api_error(error, request)
            told.message = request.app[SITE].explain(request, told).words
            await stream.send(frame("error", error_answer(told)))
    with suppress(ConnectionError):
        return await stream.close()
    return web.Response(status=499)


async def _show(events: AsyncGenerator[ChatEvent], stream: EventStream, text: GrowingText | PlainText) -> None:
    answer: ChatAnswer | None = None
    async with _sending(text, stream) as came:
        async for event in events:
            if isinstance(event, Start):
                await stream.send(frame("start", event))
            elif isinstance(event, Delta):
                text.add(event.text)
                came.set()
            else:
                answer = event
    if answer is not None:
        await stream.send(await _grown(text))
        await stream.send(frame("done", _end(answer)))


@asynccontextmanager
async def _sending(text: GrowingText | PlainText, stream: EventStream) -> AsyncGenerator[asyncio.Event]:
    """Send what came soon after the event that is given is set, also while the provider pauses."""
    came = asyncio.Event()
    sending = asyncio.create_task(_send_as_it_comes(text, stream, came))
    try:
        yield came
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        if not sending.cancelled():
            sending.result()


async def _send_as_it_comes(text: GrowingText | PlainText, stream: EventStream, came: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    with suppress(ConnectionError):  # whoever waits for events notices by itself that the caller has hung up
        while True:
            await came.wait()
            came.clear()
            began = loop.time()
            grown = await _grown(text)
            took = loop.time() - began
            await stream.send(grown)
            await asyncio.sleep(max(_SHOWN_EVERY_SECONDS, took * _REST_PER_WORK))


async def _grown(text: GrowingText | PlainText) -> bytes:
    finished, last = await text.render()
    return frame("html", Growth(finished=finished, last=last))


def _end(answer: ChatAnswer) -> End:
    return End(conversation_id=answer.conversation_id, message_id=answer.message_id)
