"""What an answer in OpenAI's own form tells: its text, why it ended, and what it used.

https://developers.openai.com/api/reference/resources/chat, …/resources/responses
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from gateway.relaying.asked import called
from gateway.tokens import estimate_tokens
from gateway.upstreams.openai_errors import ProviderError
from gateway.wire import Usage


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    index: int = 0
    function: _Function | None = None


class _Message(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Message | None = None
    message: _Message | None = None
    finish_reason: str | None = None


class Counts(msgspec.Struct):
    """Chats count prompt and completion, responses input and output."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def to_usage(self) -> Usage:
        """The same in our words."""
        return Usage(
            input_tokens=self.prompt_tokens or self.input_tokens,
            output_tokens=self.completion_tokens or self.output_tokens,
        )


class _Part(msgspec.Struct):
    text: str | None = None


class _Item(msgspec.Struct):
    content: list[_Part] | None = None
    name: str | None = None
    arguments: str | None = None


class _Response(msgspec.Struct):
    status: str | None = None
    usage: Counts | None = None
    error: ProviderError | None = None
    output: list[_Item] | None = None


class Piece(_Response):
    """A whole answer, or one event of a stream, of either kind."""

    error: ProviderError | str | None = None  # type: ignore[assignment]
    type: str | None = None
    message: str | None = None
    code: str | int | None = None
    choices: list[_Choice] | None = None
    response: _Response | None = None
    delta: Any = None

    @property
    def failure(self) -> ProviderError | None:
        """What went wrong instead."""
        error = self.error or (None if self.response is None else self.response.error)
        if self.type == "error" and error is None:
            return ProviderError(message=self.message, code=self.code)
        return ProviderError(message=error) if isinstance(error, str) else error

    @property
    def counts(self) -> Counts | None:
        """What it used, where it tells."""
        return self.usage or (None if self.response is None else self.response.usage)


_DECODER = msgspec.json.Decoder(Piece)
_ALL = msgspec.json.Decoder(list[Piece])


def piece_of(data: bytes) -> Piece | None:
    """A piece of an answer, None where it is not one that we know: it is passed on all the same."""
    try:
        return _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def pieces_of(data: Sequence[bytes]) -> Sequence[Piece | None]:
    """The same of many. In one go they cost half as much."""
    try:
        return _ALL.decode(b"[%b]" % b",".join(data))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return [piece_of(each) for each in data]


class Reply:
    """What has arrived of an answer so far. `usage` is None until the provider has told it."""

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.finish_reason: str | None = None
        self.finished = False
        self._texts = dict[int, list[str]]()
        self._unread = list[str]()
        self._factor = 1.0
        self._calls = dict[tuple[int, int], _Function]()

    @property
    def text(self) -> str:
        """Its words, those of several answers one after the other, and a line for each call of a tool."""
        texts = ["".join(self._texts[index]) for index in sorted(self._texts)]
        calls = [called(msgspec.to_builtins(self._calls[place])) for place in sorted(self._calls)]
        return "\n".join(filter(None, ["\n\n".join(filter(None, texts)), *calls]))

    @property
    def tokens(self) -> int:
        """About what was written, also what is not kept of it."""
        written = estimate_tokens(self.text) + sum(map(estimate_tokens, self._unread))
        return round(written * self._factor)

    def extrapolate(self, factor: float) -> None:
        """What is known of it is only a part: in all it is so many times as much."""
        self._factor = factor

    def take(self, piece: Piece | None) -> None:
        """Take the next piece, or the whole."""
        if piece is None:
            return
        self.count(piece)
        for choice in piece.choices or ():
            self._take_choice(choice)
        if piece.type == "response.output_text.delta" and isinstance(piece.delta, str):
            self._texts.setdefault(0, []).append(piece.delta)
        self._take_output(piece.output or ())

    def count(self, piece: Piece) -> None:
        """Take of a piece only how the answer ended and what it used."""
        if piece.counts is not None:
            self.usage = piece.counts.to_usage()
        status = piece.status or (None if piece.response is None else piece.response.status)
        if status in ("completed", "incomplete"):
            self.finish_reason, self.finished = ("stop" if status == "completed" else "length"), True

    def _take_choice(self, choice: _Choice) -> None:
        said = choice.delta or choice.message
        if choice.finish_reason:
            self.finish_reason, self.finished = choice.finish_reason, True
        if said is None:
            return
        if said.reasoning_content:
            self._unread.append(said.reasoning_content)
        if text := said.content or said.refusal:
            self._texts.setdefault(choice.index, []).append(text)
        for position, call in enumerate(said.tool_calls or ()):
            # Streamed, a call comes in pieces that say which it is; whole, the calls stand in their order.
            self._take_call((choice.index, call.index if choice.delta is not None else position), call.function)

    def _take_call(self, place: tuple[int, int], function: _Function | None) -> None:
        known = self._calls.setdefault(place, _Function())
        if function is not None:
            known.name = known.name or function.name
            known.arguments = (known.arguments or "") + (function.arguments or "")

    def _take_output(self, output: Sequence[_Item]) -> None:
        for number, item in enumerate(output):
            self._texts.setdefault(0, []).extend(part.text for part in item.content or () if part.text)
            if item.arguments is not None:
                self._take_call((0, number), _Function(item.name, item.arguments))
