"""What the gateway looks at of OpenAI's requests, and what it answers where the answer is its own.

https://developers.openai.com/api/reference

Unlike elsewhere unknown fields are taken: they go to the provider as they came. So do the known ones.
"""

from typing import Annotated, Any, Literal

import msgspec

ModelName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=200,
        description="One of `/v1/models`: a model, or `free`, `plus` or `auto` for whichever answers for that tier.",
    ),
]
Tokens = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    """A body of which unknown fields are passed on."""


class StreamOptions(_Body, frozen=True, kw_only=True):
    """What a stream is to tell beside its text."""

    include_usage: bool | None = None


class ChatMessage(_Body, frozen=True, kw_only=True):
    """One message: text, or parts such as text and images."""

    role: Annotated[str, msgspec.Meta(min_length=1)]
    content: str | list[dict[str, Any]] | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


class ChatCompletionRequest(_Body, frozen=True, kw_only=True):
    """`POST /v1/chat/completions`."""

    model: ModelName
    messages: Annotated[list[ChatMessage], msgspec.Meta(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: Tokens | None = None
    max_tokens: Tokens | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=128)] | None = None

    def __repr__(self) -> str:
        return f"ChatCompletionRequest({self.model}, {len(self.messages)} messages)"


class EmbeddingsRequest(_Body, frozen=True, kw_only=True):
    """`POST /v1/embeddings`: texts, or texts as tokens."""

    model: ModelName
    input: str | list[str | int | list[int]]

    def __repr__(self) -> str:
        return f"EmbeddingsRequest({self.model})"


class ResponsesRequest(_Body, frozen=True, kw_only=True):
    """`POST /v1/responses`."""

    model: ModelName
    input: str | list[dict[str, Any]] | None = None
    instructions: str | None = None
    stream: bool | None = None
    max_output_tokens: Tokens | None = None
    background: bool | None = None

    def __repr__(self) -> str:
        return f"ResponsesRequest({self.model})"


class ChatCompletion(msgspec.Struct, frozen=True, kw_only=True):
    """An answer; all of it is the provider's."""

    choices: list[dict[str, Any]]
    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None


class ProvidersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider answered, as it came."""

    object: str | None = None
    usage: dict[str, Any] | None = None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A name to ask with. When the model was made the gateway does not know."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "rolekey"


class ModelList(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /v1/models`."""

    data: list[Model]
    object: Literal["list"] = "list"


class OpenAIError(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong: `type` and `code` for programs, `message` for people, `param` names the field at fault."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The shape of every error below `/v1`, also within a stream."""

    error: OpenAIError
