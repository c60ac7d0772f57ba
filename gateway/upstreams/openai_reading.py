"""What the pieces of an OpenAI-compatible provider's answer tell.

https://developers.openai.com/api/reference/resources/chat
"""

import msgspec

from gateway.upstreams.openai_errors import ProviderError
from gateway.wire import Usage


class _Said(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None


class _Choice(msgspec.Struct):
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: str | None = None


class _Counts(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: _Counts | None = None
    error: ProviderError | str | None = None


_CHUNK = msgspec.json.Decoder(_Chunk)


class Reading:
    """What the events of one answer have told so far."""

    def __init__(self) -> None:
        self.done = False
        self.garbled = False
        self.events = 0
        self.choices = 0
        self.finish_reason: str | None = None
        self.usage: Usage | None = None
        self.error: ProviderError | None = None

    def take(self, events: list[bytes]) -> str:
        """The text in these events, in one piece: what arrived together is handed on together."""
        texts = list[str]()
        for data in events:
            if data == b"[DONE]":
                self.done = True
                break
            try:
                chunk = _CHUNK.decode(data)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.garbled = True
                break
            self.events += 1
            if chunk.error is not None:
                self.error = ProviderError(message=chunk.error) if isinstance(chunk.error, str) else chunk.error
                break
            if chunk.usage is not None:
                counts = chunk.usage
                self.usage = Usage(input_tokens=counts.prompt_tokens, output_tokens=counts.completion_tokens)
            for choice in chunk.choices or ():
                self._take_choice(choice, texts)
        return "".join(texts)

    def _take_choice(self, choice: _Choice, texts: list[str]) -> None:
        self.choices += 1
        said = choice.delta or choice.message
        if said is not None and (text := said.content or said.refusal):
            texts.append(text)
        if choice.finish_reason:
            self.finish_reason = choice.finish_reason
