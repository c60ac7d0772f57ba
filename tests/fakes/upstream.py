"""A provider that speaks OpenAI's Chat Completions on a real socket, and fails on command.

    async with FakeUpstream() as upstream:
        upstream.reply = "Hello there"
        ...point an account's base_url at upstream.base_url...
        assert upstream.requests[0].prompt == "Hi"

One act answers one chat request: those given to `upstream.play` come first, in order; after them every request gets
`Answer()`. Requests for a title are answered from `upstream.title` and recorded in `upstream.title_requests`, so that
they never use up an act.
"""

import asyncio
import contextlib
import json
import re
from base64 import b64decode
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

_WORD = re.compile(r"\s*\S+|\s+$")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request that arrived."""

    headers: Mapping[str, str]
    body: dict[str, Any]
    connection: object
    """The same for requests over the same connection."""

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Role and text of every message; of one with files the prompt alone."""
        return [(role, str(parts[0].get("text", "")) if parts else "") for role, parts in self.contents]

    @property
    def contents(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Role and parts of every message."""
        return [(message["role"], _parts(message.get("content") or "")) for message in self.body["messages"]]

    @property
    def streamed(self) -> bool:
        """Whether a stream was asked for."""
        return bool(self.body.get("stream"))

    @property
    def prompt(self) -> str:
        """The newest message."""
        return self.messages[-1][1]

    @property
    def key(self) -> str:
        """What followed `Bearer`."""
        return self.headers.get("Authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer; without `text` it is `upstream.reply`. Pauses before piece `pause_at` until `upstream.release`;
    before each of several, each of which takes a release of its own.
    """

    text: str | None = None
    pieces: tuple[str, ...] | None = None
    pause_at: int | tuple[int, ...] | None = None
    finish_reason: str | None = "stop"
    usage: bool = True
    farewell: bool = True
    """Whether `[DONE]` ends the stream."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """An HTTP error with OpenAI's body."""

    status: int
    code: str | int | None = None
    message: str = "The provider's own words, with sk-proj-secretsecretsecret in them"
    type: str | None = None
    param: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Hang:
    """Takes the request and says nothing until `upstream.release`."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Closes the connection without a word."""


@dataclass(frozen=True, slots=True)
class BreakOff:
    """Says these pieces, then cuts the connection."""

    pieces: tuple[str, ...] = ("Half ", "an ", "answer")


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """Says these pieces, then sends an error within the stream."""

    pieces: tuple[str, ...] = ("Half ", "an ", "answer")
    code: str | int | None = "server_error"


@dataclass(frozen=True, slots=True)
class Whole:
    """Ignores that a stream was asked for and answers in one JSON body."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Exactly these bytes, in these writes. With `hold_end` the body ends only after `upstream.release`."""

    writes: tuple[bytes, ...]
    content_type: str = "text/event-stream"
    hold_end: bool = False


Act = Answer | Refuse | Hang | HangUp | BreakOff | ErrorEvent | Whole | Raw


class FakeUpstream:
    """See the module. `keys` are the API keys it takes; None takes any."""

    def __init__(self, *, models: tuple[str, ...] = ("gpt-free", "gpt-plus"), keys: set[str] | None = None) -> None:
        self.models = models
        self.keys = keys
        self.reply: str | Callable[[Recorded], str] = "Hello from the fake upstream."
        self.title: str | Refuse = "A Fine Title"
        self.flagged = dict[str, str]()
        """Which words moderation flags, and as what."""
        self.moderation_act: Refuse | Raw | None = None
        """What moderation does instead of its work."""
        self.moderates_images = True
        """Whether moderation knows more than text."""
        self.moderated = list[Recorded]()
        self.others = list[Recorded]()
        """Requests for embeddings and responses."""
        self.asked_for_models = list[Recorded]()
        self._acts = list[Act]()
        self.requests = list[Recorded]()
        self.title_requests = list[Recorded]()
        self.paused = asyncio.Event()
        """Set once an act waits for `release`."""
        self.release = asyncio.Event()
        self.title_release = asyncio.Event()
        self.title_release.set()
        """Clear it to keep titles back."""
        self.deserted = asyncio.Event()
        """Set once somebody closed the connection before the answer was over."""
        self.base_url = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1_048_576)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/embeddings", self._embed)
        app.router.add_post("/v1/responses", self._respond)
        app.router.add_post("/v1/moderations", self._moderate)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self._runner = runner
        self.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release.set()
        self.title_release.set()
        if self._runner is not None:
            await self._runner.cleanup()

    def play(self, *acts: Act) -> None:
        """What to answer the next requests with, one act each."""
        self._acts += acts

    async def _moderate(self, request: web.Request) -> web.StreamResponse:
        recorded = Recorded(
            headers=dict(request.headers), body=json.loads(await request.read()), connection=request.transport
        )
        self.moderated.append(recorded)
        if not self._admitted(request):
            return _refusal(Refuse(401, "invalid_api_key", type="invalid_request_error"))
        match self.moderation_act:
            case Refuse() as act:
                return _refusal(act)
            case Raw() as act:
                return await self._raw(act, request)
            case None:
                return self._look_at(recorded.body["input"])

    async def _embed(self, request: web.Request) -> web.StreamResponse:
        recorded = self._note(request, await request.read())
        given = recorded.body["input"]
        data = [
            {"object": "embedding", "index": index, "embedding": [0.25, -0.5]}
            for index in range(1 if isinstance(given, str) else len(given))
        ]
        usage = {"prompt_tokens": 7, "total_tokens": 7}
        return web.json_response({"object": "list", "model": recorded.body["model"], "data": data, "usage": usage})

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        recorded = self._note(request, await request.read())
        if self._acts and isinstance(act := self._acts.pop(0), Raw):
            return await self._raw(act, request)
        usage: dict[str, Any] = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}
        usage |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
        text = self._text(recorded)
        said: dict[str, Any] = {"type": "output_text", "text": text, "annotations": []}
        item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [said]}
        answer = {"id": "resp_1", "object": "response", "created_at": 0, "status": "completed", "error": None}
        answer |= {"model": recorded.body["model"], "output": [item], "usage": usage}
        answer |= {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True}
        if not recorded.streamed:
            return web.json_response(answer)
        begun = {**answer, "status": "in_progress", "output": [], "usage": None}
        events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
        where: dict[str, Any] = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
        events += [
            {"type": "response.output_text.delta", "delta": word, **where} for word in _WORD.findall(said["text"])
        ]
        events += [{"type": "response.completed", "response": answer}]
        async with _stream(request) as response:
            for number, event in enumerate(events):
                named = f"event: {event['type']}\n".encode()
                await response.write(named + _event({**event, "sequence_number": number}))
        return response

    def _note(self, request: web.Request, data: bytes) -> Recorded:
        recorded = Recorded(headers=dict(request.headers), body=json.loads(data), connection=request.transport)
        self.others.append(recorded)
        return recorded

    def _look_at(self, given: str | list[str] | list[dict[str, Any]]) -> web.Response:
        """A verdict on each text, or one on all parts together, among which it takes one image."""
        parts = [part for part in given if isinstance(part, dict)]
        images = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        if images and not self.moderates_images:
            return _refusal(Refuse(400, "invalid_type", type="invalid_request_error", param="input"))
        if len(images) > 1:
            return _refusal(Refuse(400, "too_many_images", type="invalid_request_error", param="input"))
        if parts:
            seen = [b64decode(url.partition(",")[2]).decode("latin-1") for url in images]
            texts = [" ".join([*seen, *(part["text"] for part in parts if part["type"] == "text")])]
        else:
            texts = [given] if isinstance(given, str) else [text for text in given if isinstance(text, str)]
        return web.json_response({"id": "modr-1", "results": [self._verdict(text) for text in texts]})

    def _verdict(self, text: str) -> dict[str, Any]:
        categories = {category: word in text for word, category in self.flagged.items()}
        return {"flagged": any(categories.values()), "categories": {"hate": False, **categories}}

    async def _models(self, request: web.Request) -> web.StreamResponse:
        self.asked_for_models.append(Recorded(headers=dict(request.headers), body={}, connection=request.transport))
        if not self._admitted(request):
            return _refusal(Refuse(401, "invalid_api_key", type="invalid_request_error"))
        data = [{"id": name, "object": "model", "created": 0, "owned_by": "fake"} for name in self.models]
        return web.json_response({"object": "list", "data": data})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        recorded = Recorded(
            headers=dict(request.headers), body=json.loads(await request.read()), connection=request.transport
        )
        try:
            if _asks_for_title(recorded):
                self.title_requests.append(recorded)
                return await self._name(request, recorded)
            self.requests.append(recorded)
            if not self._admitted(request):
                return _refusal(Refuse(401, "invalid_api_key", type="invalid_request_error"))
            return await self._perform(self._acts.pop(0) if self._acts else Answer(), request, recorded)
        except (asyncio.CancelledError, ConnectionError):
            self.deserted.set()
            raise

    def _admitted(self, request: web.Request) -> bool:
        return self.keys is None or request.headers.get("Authorization", "").removeprefix("Bearer ") in self.keys

    async def _name(self, request: web.Request, recorded: Recorded) -> web.StreamResponse:
        await self.title_release.wait()
        if isinstance(self.title, Refuse):
            return _refusal(self.title)
        return await self._answer(Answer(text=self.title), request, recorded)

    async def _perform(self, act: Act, request: web.Request, recorded: Recorded) -> web.StreamResponse:
        match act:
            case Refuse():
                return _refusal(act)
            case Whole():
                return web.json_response(_in_one(recorded, self._text(recorded), Answer()))
            case Hang():
                self.paused.set()
                await self.release.wait()
                return web.Response(status=503)
            case HangUp():
                _cut(request)
                return web.Response()
            case Raw():
                return await self._raw(act, request)
            case Answer() if not recorded.streamed:
                return await self._in_one(act, recorded)
            case Answer():
                return await self._answer(act, request, recorded)
            case BreakOff() if not recorded.streamed:
                return await self._half_in_one(act, request)
            case BreakOff() | ErrorEvent():
                return await self._half(act, request)

    async def _in_one(self, act: Answer, recorded: Recorded) -> web.Response:
        text = self._text(recorded) if act.text is None else act.text
        if act.pause_at is not None:
            self.paused.set()
            await self.release.wait()
        return web.json_response(_in_one(recorded, text if act.pieces is None else "".join(act.pieces), act))

    async def _half_in_one(self, act: BreakOff, request: web.Request) -> web.StreamResponse:
        async with _stream(request, "application/json") as response:
            await response.write(b'{"choices": [{"message": {"content": ' + json.dumps("".join(act.pieces)).encode())
            _cut(request)
        return response

    def _text(self, recorded: Recorded) -> str:
        return self.reply if isinstance(self.reply, str) else self.reply(recorded)

    async def _raw(self, act: Raw, request: web.Request) -> web.StreamResponse:
        async with _stream(request, act.content_type) as response:
            for data in act.writes:
                await response.write(data)
                await asyncio.sleep(0)
            if act.hold_end:
                self.paused.set()
                await self.release.wait()
        return response

    async def _answer(self, act: Answer, request: web.Request, recorded: Recorded) -> web.StreamResponse:
        text = self._text(recorded) if act.text is None else act.text
        found: list[str] = _WORD.findall(text)
        pieces = tuple(found) if act.pieces is None else act.pieces
        async with _stream(request) as response:
            await response.write(_chunk({"role": "assistant", "content": ""}))
            for number, piece in enumerate(pieces):
                await self._pause(act, number)
                await response.write(_chunk({"content": piece}))
            if act.finish_reason is not None:
                await response.write(_chunk({}, act.finish_reason))
            if act.usage:
                await response.write(_event({"choices": [], "usage": _usage(recorded, "".join(pieces))}))
            if act.farewell:
                await response.write(b"data: [DONE]\n\n")
        return response

    async def _pause(self, act: Answer, number: int) -> None:
        if isinstance(act.pause_at, tuple) and number in act.pause_at:
            self.paused.set()
            await self.release.wait()
            self.paused.clear()
            self.release.clear()
        elif number == act.pause_at:
            self.paused.set()
            await self.release.wait()

    async def _half(self, act: BreakOff | ErrorEvent, request: web.Request) -> web.StreamResponse:
        async with _stream(request) as response:
            for piece in act.pieces:
                await response.write(_chunk({"content": piece}))
            if isinstance(act, BreakOff):
                _cut(request)
            else:
                words = "The provider's own words, with sk-proj-secretsecretsecret in them"
                await response.write(_event({"error": {"message": words, "type": "error", "code": act.code}}))
        return response


def _parts(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _in_one(recorded: Recorded, text: str, act: Answer) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": act.finish_reason}
    answer: dict[str, Any] = {"object": "chat.completion", "choices": [choice]}
    return answer | {"usage": _usage(recorded, text)} if act.usage else answer


def _asks_for_title(recorded: Recorded) -> bool:
    return any(role == "system" and text.startswith("Write a title") for role, text in recorded.messages)


def _usage(recorded: Recorded, text: str) -> dict[str, int]:
    """A token for every word."""
    asked = sum(len(text.split()) for _, text in recorded.messages)
    said = len(text.split())
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _refusal(act: Refuse) -> web.Response:
    error = {"message": act.message, "type": act.type, "code": act.code, "param": act.param}
    return web.json_response({"error": error}, status=act.status, headers=act.headers)


@contextlib.asynccontextmanager
async def _stream(request: web.Request, content_type: str = "text/event-stream") -> AsyncGenerator[web.StreamResponse]:
    response = web.StreamResponse(headers={"Content-Type": content_type})
    await response.prepare(request)
    yield response


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _event(data: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


def _chunk(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _event({"object": "chat.completion.chunk", "choices": [choice], "usage": None})
