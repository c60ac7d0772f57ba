"""Titles: a model names a new conversation; until it has, or where it cannot, the prompt's first words do."""

import asyncio
import logging
import re
import unicodedata
from contextlib import aclosing

import msgspec

from gateway.errors import ApiError
from gateway.tokens import estimate_tokens
from gateway.upstreams.base import Completion, Finished, Text, Turn, Upstream
from gateway.wire import Usage

log = logging.getLogger(__name__)

TITLE_INSTRUCTION = (
    "Write a title for the conversation that begins with the user's message. Answer with the title alone: "
    "at most six words, in the language of the message, without quotation marks and without a full stop. "
    "Do not answer the message itself."
)
MAX_TITLE_CHARACTERS = 60
UNTITLED = "New conversation"

_SHOWN_CHARACTERS = 2_000
# Room for models that think before they answer.
_OUTPUT_TOKENS = 1_024
_DECORATION = "\"'`*_#“”„«»‘’ \t"
_LABEL = re.compile(r"^title\s*:\s*", re.IGNORECASE)
_THOUGHT = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)


def provisional_title(prompt: str) -> str:
    """The first words of a prompt, on one line."""
    return _shortened(" ".join(_printable(prompt[:_SHOWN_CHARACTERS]).split())) or UNTITLED


def clean_title(text: str) -> str:
    """What a model gave as a title, made fit to show: one line, no quotes, no control or invisible characters.

    Empty where nothing is left of it.
    """
    lines = [line for line in map(str.strip, _THOUGHT.sub("", text).splitlines()) if line]
    if not lines:
        return ""
    title = _LABEL.sub("", _printable(lines[0]).strip(_DECORATION))
    return _shortened(" ".join(title.strip(_DECORATION).rstrip(".").split()))


class Title(msgspec.Struct, frozen=True, kw_only=True):
    """What asking for a title came to. `text` is None where the model gave none, `usage` where it was not at work;
    what the provider did not count is estimated.
    """

    text: str | None
    usage: Usage | None


def title_request(model: str, prompt: str) -> Completion:
    """What a model is asked for a title with."""
    return Completion(
        model=model,
        turns=(Turn("system", TITLE_INSTRUCTION), Turn("user", prompt[:_SHOWN_CHARACTERS])),
        max_output_tokens=_OUTPUT_TOKENS,
    )


async def generate_title(upstream: Upstream, request: Completion, *, seconds: float) -> Title:
    """Ask a model for a title, and give it up after so many seconds."""
    texts = list[str]()
    accepted = False
    usage: Usage | None = None
    try:
        async with asyncio.timeout(seconds), aclosing(upstream.stream(request)) as events:
            async for event in events:
                accepted = True
                if isinstance(event, Text):
                    texts.append(event.text)
                elif isinstance(event, Finished):
                    usage = event.usage
    except (ApiError, TimeoutError) as error:
        log.info("no title from model %s: %s", request.model, getattr(error, "code", "timeout"))
        title = ""
    else:
        title = clean_title("".join(texts))
    if usage is None and accepted:
        asked = sum(turn.tokens for turn in request.turns)
        usage = Usage(input_tokens=asked, output_tokens=estimate_tokens("".join(texts)), estimated=True)
    return Title(text=title or None, usage=usage)


def _printable(text: str) -> str:
    """The text with line ends as spaces and without control, format, private and unassigned characters.

    Joiners stay: emoji and several scripts are written with them.
    """
    return "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace() or character in "\u200c\u200d" or unicodedata.category(character)[0] != "C"
    )


def _shortened(text: str) -> str:
    if len(text) <= MAX_TITLE_CHARACTERS:
        return text
    cut = text[: MAX_TITLE_CHARACTERS - 1]
    head, _, _ = cut.rpartition(" ")
    return (head if len(head) > MAX_TITLE_CHARACTERS // 2 else cut).rstrip() + "…"
