"""Fits a conversation into what a model can read at once."""

from collections.abc import Sequence

from gateway.attachments import File
from gateway.errors import InvalidRequest
from gateway.upstreams.base import Turn

# Role and separators around each message; OpenAI counts three and one more for good measure.
_TOKENS_PER_TURN = 4


def room_for_answer(context_tokens: int, max_output_tokens: int) -> int:
    """The tokens kept free for the answer: at most half of the context."""
    return max(1, min(max_output_tokens, context_tokens // 2))


def fit(
    system: str, history: Sequence[Turn], prompt: str, *, files: Sequence[File] = (), input_tokens: int
) -> tuple[Turn, ...]:
    """The turns to send: system prompt and prompt always, of the history the newest whole exchanges that fit.

    Raises `InvalidRequest` with code `prompt_too_long` where the prompt alone is too long for `input_tokens`.
    """
    opening = (Turn("system", system),) if system else ()
    closing = Turn("user", prompt, tuple(files))
    room = input_tokens - sum(map(_size, (*opening, closing)))
    if room < 0:
        most = max(0, input_tokens - sum(map(_size, opening)) - _TOKENS_PER_TURN)
        what = "The prompt and its attachments are" if files else "The prompt is"
        raise InvalidRequest(
            f"{what} about {closing.tokens} tokens long; the model takes at most {most}. Shorten it.",
            code="prompt_too_long",
        )
    kept = list[Turn]()
    for exchange in reversed(_exchanges(history)):
        room -= sum(map(_size, exchange))
        if room < 0:
            break
        kept[:0] = exchange
    return (*opening, *kept, closing)


def _size(turn: Turn) -> int:
    return turn.tokens + _TOKENS_PER_TURN


def _exchanges(history: Sequence[Turn]) -> list[list[Turn]]:
    """The history cut before every prompt."""
    exchanges = list[list[Turn]]()
    for turn in history:
        if turn.role == "user" or not exchanges:
            exchanges.append([])
        exchanges[-1].append(turn)
    return exchanges
