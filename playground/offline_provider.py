"""A provider without intelligence, on loopback: a model of fixed rules behind OpenAI's Chat Completions.

The gateway has such a model built in; here it stands behind a connection, as a provider does, so that that can
fail. https://developers.openai.com/api/reference/resources/chat
"""

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal, Protocol, Self

import msgspec
from aiohttp import web

from gateway.upstreams.base import Completion, Event, Finished, Text, Turn

HOST = "127.0.0.1"

_LARGEST_BODY = 32 * 1024 * 1024


class _Part(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    role: Literal["system", "user", "assistant"]
    content: str | list[_Part] = ""

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content if part.text)


class _Request(msgspec.Struct):
    model: str
    messages: list[_Message]
    stream: bool = False
    max_completion_tokens: int = 4096


class Model(Protocol):
    """What answers; see `gateway.upstreams.base.Upstream`."""

    def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        """Yield the answer's events."""
        ...


class OfflineProvider:
    """Answers as a model does while entered; `base_url` is what an account's says.

    While `busy_seconds` is not 0 every prompt meets its rate limit, and is told to come back after so many.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self.busy_seconds = 0
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        self.base_url = ""

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.base_url = f"http://{HOST}:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _models(self, _request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": list[Any]()})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self.busy_seconds:
            return _refusal(self.busy_seconds)
        asked = msgspec.json.decode(await request.read(), type=_Request)
        completion = Completion(
            model=asked.model,
            turns=tuple(Turn(message.role, message.text) for message in asked.messages),
            max_output_tokens=asked.max_completion_tokens,
        )
        return await (self._stream(request, completion) if asked.stream else self._whole(completion))

    async def _whole(self, completion: Completion) -> web.Response:
        text, finished = "", None
        async with aclosing(self._model.stream(completion)) as events:
            async for event in events:
                if isinstance(event, Text):
                    text += event.text
                elif isinstance(event, Finished):
                    finished = event
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": _reason(finished)}
        return web.json_response(_head(completion, "chat.completion") | {"choices": [choice], **_usage(finished)})

    async def _stream(self, request: web.Request, completion: Completion) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        head = _head(completion, "chat.completion.chunk")
        async with aclosing(self._model.stream(completion)) as events:
            async for event in events:
                if isinstance(event, Text):
                    choice: dict[str, Any] = {"index": 0, "delta": {"content": event.text}, "finish_reason": None}
                    await response.write(_event(head | {"choices": [choice]}))
                elif isinstance(event, Finished):
                    choice = {"index": 0, "delta": {}, "finish_reason": _reason(event)}
                    await response.write(_event(head | {"choices": [choice], **_usage(event)}))
        await response.write(b"data: [DONE]\n\n")
        return response


def _refusal(seconds: int) -> web.Response:
    """https://developers.openai.com/api/docs/guides/error-codes"""
    error = {"message": "Rate limit reached", "type": "requests", "param": None, "code": "rate_limit_exceeded"}
    return web.json_response({"error": error}, status=429, headers={"Retry-After": str(seconds)})


def _head(completion: Completion, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-offline", "object": kind, "created": int(time.time()), "model": completion.model}


def _reason(finished: Finished | None) -> str | None:
    return None if finished is None else finished.reason


def _usage(finished: Finished | None) -> dict[str, Any]:
    if finished is None or finished.usage is None:
        return {}
    read, written = finished.usage.input_tokens, finished.usage.output_tokens
    return {"usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}}


def _event(data: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()
