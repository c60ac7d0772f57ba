"""Any endpoint that speaks OpenAI's Chat Completions, streamed.

https://developers.openai.com/api/reference/resources/chat
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Generator
from collections.abc import Set as AbstractSet
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec
from aiohttp_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from gateway.attachments import File, as_text, image_part
from gateway.config import Account
from gateway.errors import ApiError
from gateway.times import Clock
from gateway.upstreams.base import Accepted, Completion, Event, Finished, Text, Turn
from gateway.upstreams.event_stream import EventStreamDecoder, LineTooLong
from gateway.upstreams.openai_errors import (
    ProviderError,
    broken_stream,
    event_refusal,
    hung_up,
    log_words,
    not_the_protocol,
    read_error,
    refusal,
    timed_out,
    unreachable,
    with_providers_words,
)
from gateway.upstreams.openai_reading import Reading
from gateway.upstreams.relayed import Relayed, Relays
from gateway.upstreams.transport import HttpTransport, Response, Transport, left_over, let_finish

log = logging.getLogger(__name__)

_LARGEST_ERROR_BYTES = 65_536
_LARGEST_ANSWER_BYTES = 16 * 1_048_576
# How long an answer in one piece may take to be written, of which nothing is seen meanwhile.
WRITING_SECONDS = 480.0
_NEW_LIMIT = "max_completion_tokens"
_OLD_LIMIT = "max_tokens"


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a provider is asked: the name of the limit, whether for usage in streams, and where it learns who speaks."""

    limit: str
    stream_options: bool
    user: str | None

    def instead(self, tried: "_Options", error: ProviderError, ours: AbstractSet[str]) -> "_Options | None":
        """What to try after this error, having begun with these: without an option of `ours` that it complains of."""
        replace = msgspec.structs.replace
        if tried.stream_options and "stream_options" in ours and error.names("stream_options"):
            return replace(tried, stream_options=False)
        if tried.limit == self.limit and tried.limit in ours and error.names(tried.limit):
            return replace(tried, limit=_OLD_LIMIT if tried.limit == _NEW_LIMIT else _NEW_LIMIT)
        if tried.user is not None and tried.user in ours and error.names_exactly(tried.user):
            return replace(tried, user=None)
        return None


class OpenAIUpstream(Relays):
    """One account at an OpenAI-compatible provider. Connects on first use; `clock` gives seconds since the epoch.

    `transport` is the way to the provider where it is not HTTP to the account's `base_url`.
    """

    def __init__(
        self, account: Account, api_key: str, *, clock: Clock = time.time, transport: Transport | None = None
    ) -> None:
        self._account = account
        self._key = api_key
        self._clock = clock
        self.transport: Transport = transport or HttpTransport(account, api_key)
        # What the provider was found to take: many compatible servers know only the older name of the limit.
        self._options = _Options(limit=_NEW_LIMIT, stream_options=True, user=_user_field(account.base_url))

    def __repr__(self) -> str:
        return f"OpenAIUpstream({self._account.name!r})"

    async def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        """Ask for one answer and yield its events; see `Upstream`."""
        with _translated(self._account):
            response = await self._request(completion)
        try:
            events = self._whole(response, completion) if _is_json(response) else self._pieces(response, completion)
            with _translated(self._account, begun=True):
                async with aclosing(events):
                    async for event in events:
                        yield event
        finally:
            response.release()

    async def call(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        """The whole answer to a request below `base_url` other than for a completion: GET, or POST with a body.

        Raises `gateway.errors.ApiError` and nothing else.
        """
        with _translated(self._account):
            async with asyncio.timeout(self._patience()):
                response = await self.transport.request(path, None if body is None else msgspec.json.encode(body))
            if response.status == 200:
                return await self._read(response, _LARGEST_ANSWER_BYTES)
            error = read_error(await self._read(response, _LARGEST_ERROR_BYTES))
        log.warning("account %s: the provider answered %s to %s", self._account.name, response.status, path)
        if response.status < 400:
            raise not_the_protocol(self._account)
        raise refusal(self._account, self._account.model, response.status, error, response.headers, self._clock())

    @asynccontextmanager
    async def relay(self, request: Relayed) -> AsyncGenerator[Response]:
        """See `Relays`."""
        with _translated(self._account):
            response = await self._pass_on(request)
        try:
            with _translated(self._account, begun=True):
                yield response
        finally:
            response.release()

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.close()

    # The request

    async def _request(self, completion: Completion) -> Response:
        """The answer with status 200; where the provider does not know an option, ask once more without it."""
        first = options = self._options
        while True:
            response = await self._send(completion, options)
            if response.status == 200:
                self._options = options
                return response
            error = read_error(await self._read(response, _LARGEST_ERROR_BYTES))
            ours = _ours(options, stream=completion.stream, user=completion.user)
            other = first.instead(options, error, ours) if response.status in (400, 422) else None
            if other is None:
                raise self._refused(response, error, completion)
            options = other

    async def _send(self, completion: Completion, options: "_Options") -> Response:
        body: dict[str, Any] = {
            "model": completion.model,
            "messages": [{"role": turn.role, "content": _content(turn)} for turn in completion.turns],
            "stream": completion.stream,
            options.limit: completion.max_output_tokens,
        }
        if options.stream_options and completion.stream:
            body["stream_options"] = {"include_usage": True}
        if completion.user is not None and options.user is not None:
            body[options.user] = completion.user
        async with asyncio.timeout(self._patience() + (0.0 if completion.stream else WRITING_SECONDS)):
            return await self.transport.request("chat/completions", msgspec.json.encode(body))

    async def _pass_on(self, request: Relayed) -> Response:
        """The same for a request that is not ours; only of what we put in something is left out."""
        first = options = self._options
        while True:
            async with asyncio.timeout(self._patience() + (0.0 if request.stream else WRITING_SECONDS)):
                response = await self.transport.request(request.path, msgspec.json.encode(_fields(request, options)))
            if response.status == 200:
                if request.path == "chat/completions":
                    self._options = options
                return response
            error = read_error(await self._read(response, _LARGEST_ERROR_BYTES))
            ours = _ours(options, stream=request.stream, user=request.user)
            if request.limit_field is not None:
                ours -= {options.limit}
            other = first.instead(options, error, ours) if response.status in (400, 422) else None
            if other is None:
                raise self._turned_down(response, error, request)
            options = other

    def _patience(self) -> float:
        return self._account.connect_timeout_seconds + self._account.first_byte_timeout_seconds

    async def _read(self, response: Response, largest: int) -> bytes:
        """A body that is not a stream, at most `largest` bytes of it."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._account.first_byte_timeout_seconds):
                while len(body) < largest and (piece := await response.content.read(largest - len(body))):
                    body += piece
        finally:
            response.release()
        return bytes(body)

    def _refused(self, response: Response, error: ProviderError, completion: Completion) -> ApiError:
        self._log(str(response.status), error, completion)
        if response.status < 400:
            return not_the_protocol(self._account)
        return refusal(self._account, completion.model, response.status, error, response.headers, self._clock())

    def _turned_down(self, response: Response, error: ProviderError, request: Relayed) -> ApiError:
        said = log_words(ProviderError(type=error.type, code=error.code, param=error.param), ())
        log.warning(
            "account %s: the provider answered %s to %s, %s", self._account.name, response.status, request.path, said
        )
        if response.status < 400:
            return not_the_protocol(self._account)
        told = refusal(self._account, request.model, response.status, error, response.headers, self._clock())
        return with_providers_words(told, self._account, error, (self._key,))

    def _log(self, what: str, error: ProviderError, completion: Completion) -> None:
        texts = (text for turn in completion.turns for text in (turn.text, *_file_texts(turn)))
        secrets = (self._key, *texts)
        log.warning("account %s: the provider answered %s, %s", self._account.name, what, log_words(error, secrets))

    # The answer

    async def _pieces(self, response: Response, completion: Completion) -> AsyncGenerator[Event]:
        if "html" in response.content_type:
            raise not_the_protocol(self._account)
        yield Accepted()
        reading = Reading()
        # A model may think for long after its first, empty event; silence counts as idle once it speaks.
        patience = max(self._account.first_byte_timeout_seconds, self._account.idle_timeout_seconds)
        decoder = EventStreamDecoder()
        while not reading.done:
            piece, failure = await _next_piece(response, patience)
            text = reading.take(decoder.feed(piece) if piece or failure else decoder.finish())
            if text:
                patience = self._account.idle_timeout_seconds
                yield Text(text)
            self._check(reading, completion)
            if failure is not None and reading.finish_reason is None and not reading.done:
                raise failure
            if failure is not None or not piece:
                break  # after a reason to finish, all that is missing is the farewell
        if not reading.done and reading.finish_reason is None:
            raise broken_stream(self._account) if reading.events else not_the_protocol(self._account)
        await let_finish(response)
        yield Finished(reason=reading.finish_reason, usage=reading.usage)

    async def _whole(self, response: Response, completion: Completion) -> AsyncGenerator[Event]:
        """The answer in one piece, as it was asked for, or by a server that does not stream."""
        reading = Reading()
        body = await self._read(response, _LARGEST_ANSWER_BYTES)
        text = reading.take([body])
        self._check(reading, completion)
        if not reading.choices:
            raise not_the_protocol(self._account)
        yield Accepted()
        if text:
            yield Text(text)
        yield Finished(reason=reading.finish_reason, usage=reading.usage)

    def _check(self, reading: Reading, completion: Completion) -> None:
        """Raise what the provider said instead of an answer."""
        if reading.error is not None:
            self._log("200 and then an error", reading.error, completion)
            raise event_refusal(self._account, completion.model, reading.error, self._clock())
        if reading.garbled:
            raise not_the_protocol(self._account)


def _ours(options: _Options, *, stream: bool, user: str | None) -> set[str]:
    """The optional fields that were put in."""
    ours = {options.limit}
    if stream:
        ours.add("stream_options")
    if user is not None and options.user is not None:
        ours.add(options.user)
    return ours


def _fields(request: Relayed, options: _Options) -> dict[str, Any]:
    """A request's fields with those that the gateway answers for."""
    fields: dict[str, Any] = {**request.fields, "model": request.model}
    if request.max_output_tokens is not None:
        fields[request.limit_field or options.limit] = request.max_output_tokens
    if request.stream and request.path == "chat/completions" and options.stream_options:
        given = request.fields.get("stream_options", b"null")
        wanted = msgspec.json.decode(given, type=dict[str, msgspec.Raw] | None)
        fields["stream_options"] = {**(wanted or {}), "include_usage": True}
    if request.user is not None and options.user is not None:
        # Embeddings know the older name only.
        fields["user" if request.path == "embeddings" else options.user] = request.user
    return fields


def _content(turn: Turn) -> str | list[dict[str, Any]]:
    """A message's content: its text, or parts where files come with it
    (https://developers.openai.com/api/docs/guides/images-vision).
    """
    if not turn.files:
        return turn.text
    return [{"type": "text", "text": turn.text}, *map(_part, turn.files)]


def _part(file: File) -> dict[str, Any]:
    return image_part(file) if file.is_image else {"type": "text", "text": as_text(file)}


def _file_texts(turn: Turn) -> list[str]:
    return [file.text for file in turn.files if not file.is_image]


def _user_field(base_url: str) -> str:
    """OpenAI replaced `user`, which the others took over from it, by `safety_identifier`."""
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:  # a mistyped address is told of once it is asked
        return "user"
    return "safety_identifier" if host == "openai.com" or host.endswith(".openai.com") else "user"


def _is_json(response: Response) -> bool:
    return response.content_type == "application/json"


async def _next_piece(response: Response, patience: float) -> tuple[bytes, Exception | None]:
    """What comes next, empty at the end; where the connection breaks, what had arrived before, and why it broke."""
    try:
        async with asyncio.timeout(patience):
            return await response.content.readany(), None
    except TimeoutError as failure:
        return b"", failure
    except (aiohttp.ClientError, OSError) as failure:
        return left_over(response), failure


@contextmanager
def _translated(account: Account, *, begun: bool = False) -> Generator[None]:
    """Say in the gateway's words what goes wrong on the way to the provider and back."""
    try:
        yield
    except (aiohttp.ServerTimeoutError, ProxyTimeoutError) as error:
        raise (timed_out(account) if begun else unreachable(account)) from error
    except TimeoutError as error:
        raise timed_out(account) from error
    except LineTooLong as error:
        raise not_the_protocol(account) from error
    except (aiohttp.ClientConnectorError, aiohttp.InvalidURL, ProxyConnectionError, ProxyError) as error:
        log.warning("account %s: no connection: %s", account.name, type(error).__name__)
        raise unreachable(account) from error
    except (aiohttp.ClientError, OSError) as error:
        log.warning("account %s: the connection broke: %s", account.name, type(error).__name__)
        raise (broken_stream(account) if begun else hung_up(account)) from error
