"""Replies as a page shows them while they come."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

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
from gateway.web.markdown import GrowingText, Markdown
from gateway.wire import ChatAnswer, ChatRequest, Delta, Start

# How often what came meanwhile is shown: as often as one sees a difference.
_SHOWN_EVERY_SECONDS = 0.08


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

    It takes what `POST /api/chat` takes. Who hangs up stops the answer; what had arrived is kept.
    """
    body = await read_body(request, ChatRequest, most_bytes=request.app[CONFIG].gateway.max_chat_body_bytes)
    events = request.app[PROMPTING].prompt(request[PRINCIPAL], body, admitted=note_limits(request))
    stream = EventStream(request)
    try:
        async with request.app[IN_FLIGHT].while_connected(request, stream), aclosing(events):
            await _show(events, stream, request.app[MARKDOWN])
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


async def _show(events: AsyncGenerator[ChatEvent], stream: EventStream, markdown: Markdown) -> None:
    text = GrowingText(markdown)
    loop = asyncio.get_running_loop()
    next_at = 0.0
    async for event in events:
        if isinstance(event, Start):
            await stream.send(frame("start", event))
        elif isinstance(event, Delta):
            text.add(event.text)
            if loop.time() >= next_at:
                await _send(text, stream)
                next_at = loop.time() + _SHOWN_EVERY_SECONDS
        else:
            await _send(text, stream)
            await stream.send(frame("done", _end(event)))


async def _send(text: GrowingText, stream: EventStream) -> None:
    finished, last = text.render()
    await stream.send(frame("html", Growth(finished=finished, last=last)))


def _end(answer: ChatAnswer) -> End:
    return End(conversation_id=answer.conversation_id, message_id=answer.message_id)
