"""What every upstream takes and gives."""

from collections.abc import AsyncGenerator
from typing import Any, Literal, Protocol, runtime_checkable

import msgspec

from gateway.attachments import File
from gateway.tokens import estimate_tokens
from gateway.wire import Usage


class Turn(msgspec.Struct, frozen=True):
    """One message of what a model is shown."""

    role: Literal["system", "user", "assistant"]
    text: str
    files: tuple[File, ...] = ()

    def __repr__(self) -> str:
        return f"Turn({self.role}, {len(self.text)} characters)"

    @property
    def tokens(self) -> int:
        """About what it takes up, its files too."""
        return estimate_tokens(self.text) + sum(file.tokens for file in self.files)


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """A request for one answer. `user` names the person behind it to the provider, where that is wanted.

    `conversation_id` says what it belongs to, where that helps to choose who answers.
    Without `stream` the provider is asked for the answer in one piece, which costs less and comes later.
    """

    model: str
    turns: tuple[Turn, ...]
    max_output_tokens: int
    user: str | None = None
    conversation_id: str | None = None
    stream: bool = True


class Accepted(msgspec.Struct, frozen=True):
    """The provider took the request; from here on it is answering."""


class Text(msgspec.Struct, frozen=True):
    """The next piece of the answer."""

    text: str

    def __repr__(self) -> str:
        return f"Text({len(self.text)} characters)"


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    """The answer is whole. `usage` is None where the provider did not count; it never carries a price."""

    reason: str | None
    usage: Usage | None


Event = Accepted | Text | Finished


class Upstream(Protocol):
    """A place that answers."""

    def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        """Yield `Accepted`, then `Text`s, then `Finished`; raises `gateway.errors.ApiError` and nothing else.

        Closing the generator stops the answer at the provider.
        """
        ...

    async def close(self) -> None:
        """Let go of its connections."""
        ...


@runtime_checkable
class Endpoint(Protocol):
    """A place that answers more than prompts."""

    async def call(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        """The whole answer to a GET, or with a body to a POST; raises `gateway.errors.ApiError` and nothing else."""
        ...
