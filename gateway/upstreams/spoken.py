"""Answers of upstreams that do not speak OpenAI's protocol, put into it.

https://developers.openai.com/api/reference/resources/chat
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

import msgspec

from gateway.errors import InvalidRequest
from gateway.upstreams.base import Accepted, Completion, Finished, Text, Turn, Upstream
from gateway.upstreams.relayed import Relayed
from gateway.upstreams.transport import Response
from gateway.wire import Usage

_ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "assistant": "assistant",
}


class _Part(msgspec.Struct):
    text: str | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None


class _Fields(msgspec.Struct):
    messages: list[_Message]


class Spoken:
    """An answer with its body; a `Response` and its own `Body`."""

    status = 200

    def __init__(self, pieces: AsyncGenerator[bytes], content_type: str) -> None:
        self._pieces = pieces
        self._ended = False
        self._rest = b""
        self.content_type = content_type
        self.headers: Mapping[str, str] = {"Content-Type": content_type}

    @property
    def content(self) -> "Spoken":
        """See `Response`."""
        return self

    async def readany(self) -> bytes:
        """See `Body`. Raises `ApiError`."""
        if self._rest:
            data, self._rest = self._rest, b""
            return data
        data = await anext(self._pieces, b"")
        self._ended = not data
        return data

    async def read(self, n: int = -1, /) -> bytes:
        """See `Body`."""
        data = await self.readany()
        if 0 <= n < len(data):
            data, self._rest = data[:n], data[n:]
        return data

    def at_eof(self) -> bool:
        """See `Body`."""
        return self._ended

    def release(self) -> None:
        """See `Response`; the block that it was entered by stops the answer."""


@asynccontextmanager
async def spoken(upstream: Upstream, request: Relayed) -> AsyncGenerator[Response]:
    """The upstream's answer to a request for a chat completion; see `Relays`. Of the messages it is shown the text.

    Raises `InvalidRequest` with code `not_offered` for any other request.
    """
    if request.path != "chat/completions":
        raise InvalidRequest(f"The model {request.model} answers chats only.", code="not_offered")
    completion = Completion(
        model=request.model,
        turns=_turns(request),
        max_output_tokens=request.max_output_tokens or 1,
        user=request.user,
        stream=request.stream,
    )
    async with aclosing(upstream.stream(completion)) as events:
        await anext(events)  # the upstream took it, or refused
        if request.stream:
            pieces, content_type = _streamed(events, request), "text/event-stream"
        else:
            pieces, content_type = _whole(events, request), "application/json"
        async with aclosing(pieces):
            yield Spoken(pieces, content_type)


def _turns(request: Relayed) -> tuple[Turn, ...]:
    fields = msgspec.json.decode(msgspec.json.encode({"messages": request.fields["messages"]}), type=_Fields)
    return tuple(Turn(_ROLES.get(message.role, "user"), _text(message)) for message in fields.messages)


def _text(message: _Message) -> str:
    if isinstance(message.content, str):
        return message.content
    return "\n".join(part.text for part in message.content or () if part.text)


async def _streamed(events: AsyncGenerator[Any], request: Relayed) -> AsyncGenerator[bytes]:
    yield _chunk(request, {"role": "assistant", "content": ""})
    async for event in events:
        if isinstance(event, Text):
            yield _chunk(request, {"content": event.text})
        elif isinstance(event, Finished):
            yield _chunk(request, {}, event.reason or "stop")
            if event.usage is not None:
                yield _event(_frame(request, "chat.completion.chunk") | {"choices": [], "usage": _usage(event.usage)})
    yield b"data: [DONE]\n\n"


async def _whole(events: AsyncGenerator[Any], request: Relayed) -> AsyncGenerator[bytes]:
    texts, finished = list[str](), Finished(reason=None, usage=None)
    async for event in events:
        if isinstance(event, Text):
            texts.append(event.text)
        elif not isinstance(event, Accepted):
            finished = event
    message = {"role": "assistant", "content": "".join(texts), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finished.reason or "stop"}
    answer = _frame(request, "chat.completion") | {"choices": [choice]}
    if finished.usage is not None:
        answer["usage"] = _usage(finished.usage)
    yield msgspec.json.encode(answer)


def _frame(request: Relayed, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{request.answer_id}", "object": kind, "created": request.created, "model": request.model}


def _chunk(request: Relayed, delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return _event(_frame(request, "chat.completion.chunk") | {"choices": [choice]})


def _event(data: dict[str, Any]) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode(data)


def _usage(usage: Usage) -> dict[str, int]:
    asked, answered = usage.input_tokens, usage.output_tokens
    return {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
