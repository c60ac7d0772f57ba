"""Code fences: which line opens one, which line closes it, how to open it again.

CommonMark's rule (https://spec.commonmark.org/0.31.2/#fenced-code-blocks), made lenient where models are:
a fence may stand at any depth of indentation, right behind a list marker, and in a block quote. Runs and info strings
longer than any real one are plain text, so that re-opening a fence costs a known number of characters at most.
"""

import re

import msgspec

QUOTE = "> "
"""How Discord wants a quoted line to begin. It knows one depth, and needs the space."""

_QUOTED = re.compile(r"[ \t]{0,3}>[ \t]?(?:[ \t]{0,3}>[ \t]?){0,9}")
_OPENING = re.compile(
    r"(?P<lead>[ \t]{0,40}(?:(?:[-*+]|\d{1,9}[.)])[ \t]{1,8}){0,4})"
    r"(?P<marker>`{3,16}(?=[^`]{0,100}\Z)|~{3,16}(?!~)(?=.{0,100}\Z))"
    r"(?P<info>[^\n]*)"
)
_LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]{1,20}(?=\s|\Z)")
_TICKS = re.compile(r"`{3,}")
_RUN = re.compile(r"`{3,}|~{3,}")


class Fence(msgspec.Struct, frozen=True):
    """An open code fence."""

    marker: str
    """The run of backticks or tildes, three to sixteen of them."""
    language: str = ""
    """The first word of the info string, where it can be one that Discord highlights."""
    lead: str = ""
    """What stood before the marker on its line: indentation, a list marker."""
    quote: str = ""
    """`QUOTE` where the fence stands in a block quote, which its lines must then, too."""

    @property
    def reopening(self) -> str:
        """The line that opens this fence again in the next message."""
        return f"{self.quote}{self.marker}{self.language}\n"

    @property
    def closing(self) -> str:
        """What closes this fence behind text that goes on, its line break included."""
        return f"\n{self.quote}{self.marker}"

    def is_closed_by(self, line: str) -> bool:
        """Whether `line` ends the block: the same character, at least as often, and nothing else."""
        stripped = self.code_of(line).strip()
        return len(stripped) >= len(self.marker) and not stripped.strip(self.marker[0])

    def is_left_by(self, line: str) -> bool:
        """Whether `line` ends the block by ending the quote it stands in."""
        return bool(self.quote) and not quote_mark(line)

    def code_of(self, line: str) -> str:
        """`line` of this block without the mark of its quote."""
        if not self.quote:
            return line
        return line[len(quote_mark(line)) :]


def quote_mark(line: str) -> str:
    """What makes `line` one of a block quote, however deep; empty where it is none."""
    match = _QUOTED.match(line)
    return match[0] if match else ""


def opening(line: str) -> Fence | None:
    """The fence that `line` opens, or None. Call it only outside of a fence."""
    if "```" not in line and "~~~" not in line:
        return None
    mark = quote_mark(line)
    match = _OPENING.fullmatch(line[len(mark) :].rstrip())
    if match is None:
        return None
    language = _LANGUAGE.match(match["info"].strip())
    return Fence(match["marker"], language[0] if language else "", match["lead"], QUOTE if mark else "")


def after_line(fence: Fence | None, line: str) -> Fence | None:
    """The fence that is open once `line` is over, given the one that was open before it."""
    if fence is None or fence.is_left_by(line):
        return opening(line)
    return None if fence.is_closed_by(line) else fence


def after_text(fence: Fence | None, text: str) -> Fence | None:
    """The fence that is open at the end of `text`, which begins at a line's beginning."""
    *lines, last = text.split("\n")
    for line in lines:
        fence = after_line(fence, line)
    # A last line that has no character yet leaves no quote.
    return after_line(fence, last) if last else fence


def escaped(text: str) -> str:
    """`text`, which is no code, with every run of backticks that could be a fence escaped; tildes as by `defused`."""
    return defused(_TICKS.sub(lambda run: "\\`" * len(run[0]), text))


def defused(text: str) -> str:
    """`text`, which is code, with zero-width spaces in every run that could be a fence: none opens or ends one."""
    return _RUN.sub(lambda run: "\u200b".join(run[0]), text)
