"""Requests in OpenAI's own form that are passed on, rather than made here."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Literal

import msgspec

from gateway.upstreams.transport import Response

RelayedPath = Literal["chat/completions", "embeddings", "responses"]


class Relayed(msgspec.Struct, frozen=True, kw_only=True):
    """A request as its caller wrote it, but for the fields that the gateway answers for.

    `fields` are its fields in JSON, `model` the one the provider is to use. `max_output_tokens` is how long the answer
    may be, None where it has no length; `limit_field` where the caller said so, None where it did not. `user` names the
    person behind it to the provider. `answer_id` and `created`, in seconds since the epoch, are for answers that are
    not a provider's own.
    """

    path: RelayedPath
    fields: Mapping[str, msgspec.Raw]
    model: str
    stream: bool
    max_output_tokens: int | None
    limit_field: str | None
    user: str | None
    answer_id: str
    created: int

    def __repr__(self) -> str:
        return f"Relayed({self.path}, {self.model})"


class Relays(ABC):
    """A place that takes requests in OpenAI's own form.

    It says so by inheriting: to look a protocol up on every request takes as long as reading a row.
    """

    @abstractmethod
    def relay(self, request: Relayed) -> AbstractAsyncContextManager[Response]:
        """Its answer, which has status 200, while the block lasts; leaving it early stops the answer.

        A streamed answer to a chat ends with its usage wherever the provider can be made to tell it.
        Entering it raises `gateway.errors.ApiError` and nothing else; reading the body what `Body` says.
        """
        ...
