"""A provider that costs next to nothing: OpenAI's Chat Completions over a bare socket, answers made beforehand.

    python -m benchmarks.upstream [TOKENS_PER_SECOND]

It prints where it listens. Under `/v1` an answer comes at once, under `/thinking/v1` after `THINKING_SECONDS`, under
`/paced/v1` it is `LONG_TOKENS` long and comes at `TOKENS_PER_SECOND`, under `/long/v1` it has `VERY_LONG_CHUNKS`.
"""

import asyncio
import itertools
import sys
from typing import cast

import msgspec

from benchmarks.serving import announce, run

CHUNKS = 40
LONG_TOKENS = 2_000
VERY_LONG_CHUNKS = 10_000
THINKING_SECONDS = 0.05
FIRST_WORD = "Lorem"

_WORDS = ("Lorem", "ips", "um", "dolor", "sit", "amet", "con", "sect", "etur", "adip", "isc", "ing", "elit", "sed")
_TITLE = ["A ", "Fine ", "Title"]
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\n%b\r\n\r\n"


def tokens(count: int) -> list[str]:
    """The text of an answer, four characters a token as English has them, in paragraphs."""
    words = itertools.islice(itertools.cycle(_WORDS), count)
    return [word + ("\n\n" if number % 120 == 0 else " ") for number, word in enumerate(words, 1)]


def _event(content: bytes) -> bytes:
    data = b"data: %b\n\n" % content
    return b"%x\r\n%b\r\n" % (len(data), data)


def _chunk(delta: dict[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    envelope = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_767_225_600, "model": "bench"}
    return _event(msgspec.json.encode({**envelope, "choices": [choice], "usage": None}))


def _usage(count: int) -> dict[str, int]:
    return {"prompt_tokens": 40, "completion_tokens": count, "total_tokens": 40 + count}


def streamed(pieces: list[str]) -> list[bytes]:
    """The writes of a streamed answer."""
    return [
        _HEAD % (b"text/event-stream", b"Transfer-Encoding: chunked") + _chunk({"role": "assistant", "content": ""}),
        *(_chunk({"content": piece}) for piece in pieces),
        _chunk({}, "stop")
        + _event(msgspec.json.encode({"choices": [], "usage": _usage(len(pieces))}))
        + _event(b"[DONE]")
        + b"0\r\n\r\n",
    ]


def whole(pieces: list[str]) -> list[bytes]:
    """The one write of an answer that is not streamed."""
    message = {"role": "assistant", "content": "".join(pieces)}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    body = msgspec.json.encode({"object": "chat.completion", "choices": choices, "usage": _usage(len(pieces))})
    return [_HEAD % (b"application/json", b"Content-Length: %d" % len(body)) + body]


class Answers:
    """Every answer this provider gives."""

    def __init__(self, tokens_per_second: float) -> None:
        self._streamed = streamed(tokens(CHUNKS))
        self._whole = whole(tokens(CHUNKS))
        self._title = streamed(_TITLE)
        self._long = streamed(tokens(LONG_TOKENS))
        self._very_long = streamed(tokens(VERY_LONG_CHUNKS))
        self._pause = 1 / tokens_per_second

    def to(self, head: bytes, body: bytes) -> tuple[list[bytes], float, float]:
        """The writes that answer a request, the seconds before the first, and those between them."""
        if b"Write a title" in body:
            return self._title, 0.0, 0.0
        if head.startswith(b"POST /long/"):
            return self._very_long, 0.0, 0.0
        if head.startswith(b"POST /paced/"):
            return self._long, 0.0, self._pause
        writes = self._streamed if b'"stream":true' in body else self._whole
        return writes, THINKING_SECONDS if head.startswith(b"POST /thinking/") else 0.0, 0.0


class Connection(asyncio.Protocol):
    """One kept-alive connection; a request at a time, as clients without pipelining send them."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = bytes(self._received).partition(b"\r\n\r\n")
        if not separator:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) >= length:
            self._received.clear()
            writes, before, between = self._answers.to(head, body)
            self._loop.call_later(before, self._write, writes, 0, between, self._loop.time() + before)

    def _write(self, writes: list[bytes], number: int, between: float, began: float) -> None:
        """Each piece in a turn of the loop of its own, so that pieces arrive one by one as a model's tokens do."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(writes[number])
        number += 1
        if number < len(writes):
            # Counted from the beginning: a late timer does not slow the whole answer.
            self._loop.call_at(began + number * between, self._write, writes, number, between, began)


async def serve(tokens_per_second: float) -> None:
    """Answer until ended."""
    answers = Answers(tokens_per_second)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(answers), "127.0.0.1", 0)
    announce(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    run(serve(float(sys.argv[1]) if len(sys.argv) > 1 else 100.0))
