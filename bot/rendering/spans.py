"""Bold, italics, strike-through and spoilers that are open where a message ends.

Whether they are ever closed is not known while the answer is being written. So only marks count that open something
by CommonMark's rule (https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis) and do not stand in a word; and
one mark is carried into one further message at most, so that a stray one cannot hide or slant the rest of an answer.
"""

import re

import msgspec

SPOILER = "||"
MOST_OPEN = 4
"""Marks that are kept open at once."""
LONGEST_CLOSING = 3 * MOST_OPEN
"""The most characters that close them."""

_STRIKE = "~~"  # beside another tilde it would be a fence; a zero-width space keeps them apart

_TOKEN = re.compile(
    r"\\[^\w\s]"
    r"|(?<!`)(?P<ticks>`{1,2})(?!`)[^`\n]+(?<!`)(?P=ticks)(?!`)"
    r"|https?://[^\s<>*|]+|<[^<>\s]{1,100}>|\]\([^\s()]{1,800}\)"
    r"|(?P<blank>\n[ \t]*(?=\n))|(?P<newline>\n)"
    r"|~{3,}|(?P<mark>\*{1,3}|_{1,3}|~~|\|\|)"
)
_HAS_MARK = re.compile(r"[*_|~]")


class Span(msgspec.Struct, frozen=True):
    """An open mark. `carried` says that it was opened in an earlier message."""

    mark: str
    carried: bool = False


Spans = tuple[Span, ...]


def opening(spans: Spans) -> str:
    """What opens the spans again."""
    return "".join(f"{_STRIKE}\u200b" if span.mark == _STRIKE else span.mark for span in spans)


def closing(spans: Spans) -> str:
    """What closes the spans."""
    return "".join(f"\u200b{_STRIKE}" if span.mark == _STRIKE else span.mark for span in reversed(spans))


def handed_on(spans: Spans) -> Spans:
    """The spans to open again in the next message."""
    return tuple(Span(span.mark, carried=True) for span in spans if not span.carried)


def open_at(spans: Spans, text: str, at: int) -> Spans:
    """The spans that are open before index `at` of `text`, given those that are at its beginning.

    Call it for text without fenced code; what comes behind `at` only tells whether a mark opens or closes.
    """
    if not spans and not _HAS_MARK.search(text, 0, at):
        return ()
    stack = list(spans)
    for token in _TOKEN.finditer(text, 0, at):
        if token["mark"]:
            _apply(stack, token["mark"], text[: token.start()][-1:], text[token.end() : token.end() + 1])
        elif token["blank"] is not None:
            stack = [span for span in stack if span.mark == SPOILER]
        elif token["newline"]:
            stack = [span for span in stack if len(span.mark) == 2]
    return tuple(stack)


def _apply(stack: list[Span], run: str, before: str, after: str) -> None:
    marks = [run[:2], run[2:]] if len(run) == 3 else [run]
    opened = [span.mark for span in stack]
    closes = run == SPOILER or not (before.isspace() or (run[0] == "_" and after.isalnum()))
    if closes and all(mark in opened for mark in marks):
        del stack[min(opened.index(mark) for mark in marks) :]
    elif after and not after.isspace() and not before.isalnum() and len(stack) + len(marks) <= MOST_OPEN:
        stack.extend(Span(mark) for mark in marks if mark not in opened)
