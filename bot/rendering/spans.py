"""Bold, italics, strike-through and spoilers that are open where a message ends.

Whether they are ever closed is not known while the answer is being written. So only marks count that open something
by CommonMark's rule (https://spec.commonmark.org/0.31.2/#emphasis-and-strong-emphasis) and do not stand in a word; and
one mark is carried into one further message at most, so that a stray one cannot slant the rest of an answer.

Spoilers are carried until they are closed, and around code too: better a stray one hides the rest of an answer until
somebody clicks than that anything is shown which was to be hidden. Discord ends a spoiler at the next two bars, those
in code included, so code within one must have none (`sealed`).
"""

import re

import msgspec

SPOILER = "||"
MOST_OPEN = 4
"""Marks that are kept open at once; a spoiler always is."""
LONGEST_CLOSING = 3 * MOST_OPEN + len(SPOILER)
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
_UNCLOSED_CODE = re.compile(r"(?<!`)`{1,2}(?!`)[^`\n]*\Z")
_BAR = re.compile(r"\|(?=\|)")


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
    return tuple(Span(span.mark, carried=True) for span in spans if not span.carried or span.mark == SPOILER)


def spoilers(spans: Spans) -> Spans:
    """Those of the spans that reach over lines and over code."""
    return tuple(span for span in spans if span.mark == SPOILER)


def open_at(spans: Spans, text: str, at: int) -> Spans:
    """The spans that are open before index `at` of `text`, given those that are at its beginning.

    Call it for text without fenced code; what comes behind `at` only tells whether a mark opens or closes.
    """
    if not spans and not _HAS_MARK.search(text, 0, at):
        return ()
    stack = list(spans)
    for token in _TOKEN.finditer(text, 0, at):
        stack = _after(token, stack)
    return tuple(stack)


def barred(code: str) -> str:
    """`code` with zero-width spaces between its bars, so that it ends no spoiler."""
    return _BAR.sub("|\u200b", code)


def sealed(line: str, *, hidden: bool, growing: bool = False) -> tuple[str, bool]:
    """`line` with no two bars in code that stands in a spoiler, and whether one is open behind it, as before it.

    Where it is still `growing`, backticks without their like count as code whose end has not come yet.
    """
    stack, at, out = [Span(SPOILER)] if hidden else [], 0, list[str]()
    for token in _TOKEN.finditer(line):
        if token["ticks"]:
            code = barred(token[0]) if spoilers(tuple(stack)) else token[0]
            out += (line[at : token.start()], code)
            at = token.end()
        stack = _after(token, stack)
    unclosed = _UNCLOSED_CODE.search(line, at) if growing else None
    if unclosed:
        head, hidden_there = sealed(line[: unclosed.start()], hidden=hidden)
        if hidden_there:
            return head + barred(unclosed[0]), True
    return "".join((*out, line[at:])), bool(spoilers(tuple(stack)))


def _after(token: re.Match[str], stack: list[Span]) -> list[Span]:
    if token["mark"]:
        _apply(
            stack,
            token["mark"],
            token.string[max(token.start() - 1, 0) : token.start()],
            token.string[token.end() : token.end() + 1],
        )
    elif token["blank"] is not None:
        return [span for span in stack if span.mark == SPOILER]
    elif token["newline"]:
        return [span for span in stack if len(span.mark) == 2]
    return stack


def _apply(stack: list[Span], run: str, before: str, after: str) -> None:
    marks = [run[:2], run[2:]] if len(run) == 3 else [run]
    opened = [span.mark for span in stack]
    closes = run == SPOILER or not (before.isspace() or (run[0] == "_" and after.isalnum()))
    alone = run == SPOILER and before in ("", "\n") and after == "\n"
    if closes and all(mark in opened for mark in marks):
        del stack[min(opened.index(mark) for mark in marks) :]
    elif alone or (after and not after.isspace() and not before.isalnum() and _has_room(stack, marks)):
        stack.extend(Span(mark) for mark in marks if mark not in opened)


def _has_room(stack: list[Span], marks: list[str]) -> bool:
    return SPOILER in marks or len([span for span in stack if span.mark != SPOILER]) + len(marks) <= MOST_OPEN
