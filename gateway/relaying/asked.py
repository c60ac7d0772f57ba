"""What the gateway has to know of a request that it passes on: what it may cost, what it says, and what is kept of it.

https://developers.openai.com/api/reference
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from gateway.config import Account
from gateway.errors import InvalidRequest
from gateway.tokens import estimate_tokens
from gateway.upstreams.relayed import RelayedPath
from gateway.wire.openai import ChatCompletionRequest, ChatMessage, EmbeddingsRequest, ResponsesRequest

Fields = Mapping[str, msgspec.Raw]

# Role and separators around each message.
_TOKENS_PER_MESSAGE = 4
# What a model reads beside the messages; four bytes of JSON are taken for a token.
_ALSO_READ = ("tools", "functions", "response_format", "text")
_BYTES_PER_TOKEN = 4
# Who speaks is for the gateway to say: a caller could name somebody else.
_WHO = ("user", "safety_identifier")
_SYSTEM = ("system", "developer")
_WORDS = ("text", "content", "output", "arguments", "refusal")


class Said(msgspec.Struct, frozen=True):
    """One message as it is kept: words, and a line for each image and each call of a tool."""

    role: str
    text: str

    def __repr__(self) -> str:
        return f"Said({self.role}, {len(self.text)} characters)"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request to pass on. `fields` are its own in JSON.

    `max_output_tokens` is how long one of its `answers` may be where the caller set a limit, in `limit_field`.
    `wants_usage` says whether the caller of a stream asked to be told what it used. `texts` and `images` are all that a
    model sees, images as parts; `said` gives the conversation without system prompts, for those that are kept.
    """

    path: RelayedPath
    model: str
    fields: Fields
    stream: bool = False
    wants_usage: bool = True
    max_output_tokens: int | None = None
    limit_field: str | None = None
    answers: int = 1
    texts: Sequence[str] = ()
    images: Sequence[dict[str, Any]] = ()
    said: Callable[[], Sequence[Said]] = list
    other_tokens: int = 0

    def __repr__(self) -> str:
        return f"Asked({self.path}, {self.model})"

    def input_tokens(self, account: Account) -> int:
        """About what the request takes up."""
        words = sum(map(estimate_tokens, self.texts))
        return words + self.other_tokens + len(self.images) * account.image_tokens


def chat(body: ChatCompletionRequest, fields: Fields) -> Asked:
    """A request for a chat completion."""
    limits = {"max_completion_tokens": body.max_completion_tokens, "max_tokens": body.max_tokens}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    # With both there is one limit: the lower.
    return Asked(
        path="chat/completions",
        model=body.model,
        fields=_without(fields, *_WHO, *limits),
        stream=bool(body.stream),
        wants_usage=body.stream_options is not None and bool(body.stream_options.include_usage),
        max_output_tokens=min(given.values(), default=None),
        limit_field=next(iter(given), None),
        answers=body.n or 1,
        texts=[text for message in body.messages for text in _texts(message)],
        images=[part for message in body.messages for part in _parts(message) if part.get("type") == "image_url"],
        said=lambda: [said_by(message) for message in body.messages if message.role not in _SYSTEM],
        other_tokens=_TOKENS_PER_MESSAGE * len(body.messages) + _also_read(fields),
    )


def embeddings(body: EmbeddingsRequest, fields: Fields) -> Asked:
    """A request for embeddings."""
    given = [body.input] if isinstance(body.input, str) else body.input
    numbers = sum(len(item) if isinstance(item, list) else 1 for item in given if not isinstance(item, str))
    return Asked(
        path="embeddings",
        model=body.model,
        fields=_without(fields, *_WHO),
        texts=[item for item in given if isinstance(item, str) and item],
        other_tokens=numbers,
    )


def responses(body: ResponsesRequest, fields: Fields) -> Asked:
    """A request for a response. Raises `InvalidRequest` for one that would be answered after the request."""
    if body.background:
        raise _unsupported("background", "This gateway answers within the request: leave background out.")
    given = body.input or ""
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    return Asked(
        path="responses",
        model=body.model,
        fields=_without(fields, *_WHO, "max_output_tokens"),
        stream=bool(body.stream),
        max_output_tokens=body.max_output_tokens,
        limit_field="max_output_tokens",
        texts=[text for text in (body.instructions, *_words_in(items)) if text],
        images=[_image(part) for part in _input_images(items)],
        said=lambda: [_said_in(item) for item in items if item.get("role") not in _SYSTEM],
        other_tokens=_TOKENS_PER_MESSAGE * len(items) + _also_read(fields),
    )


def said_by(message: ChatMessage) -> Said:
    """A message as it is kept; the same whether a model said it now or a caller repeats it later."""
    lines = _content_texts(message)
    lines += ["[image]" for part in _parts(message) if part.get("type") == "image_url"]
    lines += [called(call.get("function")) for call in message.tool_calls or ()]
    return Said(message.role, "\n".join(lines))


def called(function: Any) -> str:
    """A call of a tool as a line."""
    found = cast("dict[str, Any]", function) if isinstance(function, dict) else {}
    return f"[{found.get('name') or 'tool'}({found.get('arguments') or ''})]"


def _texts(message: ChatMessage) -> list[str]:
    texts = _content_texts(message)
    if message.tool_calls:
        texts += [called(call.get("function")) for call in message.tool_calls]
    return texts


def _content_texts(message: ChatMessage) -> list[str]:
    if isinstance(message.content, str):
        return [message.content] if message.content else []
    found = [part.get("text") or part.get("refusal") for part in message.content or ()]
    return [text for text in found if isinstance(text, str)]


def _parts(message: ChatMessage) -> Sequence[dict[str, Any]]:
    return message.content if isinstance(message.content, list) else ()


def _said_in(item: dict[str, Any]) -> Said:
    role = item.get("role")
    return Said(role if isinstance(role, str) else "user", "\n".join(_words_in(item)))


def _words_in(value: Any) -> Generator[str]:
    """All that is to be read in an input of the Responses API, however deep."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _words_in(item)
    elif isinstance(value, dict):
        for name, item in cast("dict[str, Any]", value).items():
            if isinstance(item, str):
                if name in _WORDS and item:
                    yield item
            else:
                yield from _words_in(item)


def _input_images(items: Iterable[dict[str, Any]]) -> Generator[dict[str, Any]]:
    for item in items:
        content = item.get("content")
        for part in cast("list[Any]", content) if isinstance(content, list) else []:
            if isinstance(part, dict) and cast("dict[str, Any]", part).get("type") == "input_image":
                yield cast("dict[str, Any]", part)


def _image(part: dict[str, Any]) -> dict[str, Any]:
    """An image of the Responses API as chats and moderation take it."""
    return {"type": "image_url", "image_url": {"url": part.get("image_url") or ""}}


def _without(fields: Fields, *names: str) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}


def _also_read(fields: Fields) -> int:
    return sum(len(bytes(fields[name])) for name in _ALSO_READ if name in fields) // _BYTES_PER_TOKEN


def _unsupported(param: str, words: str) -> InvalidRequest:
    error = InvalidRequest(words, code="unsupported_parameter")
    error.param = param
    return error
