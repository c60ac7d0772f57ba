"""Code fences: which line opens one, which line closes it, how to open it again.

CommonMark's rule (https://spec.commonmark.org/0.31.2/#fenced-code-blocks), made lenient where models are:
a fence may stand at any depth of indentation and right behind a list marker. Runs and info strings longer
than any real one are plain text, so that re-opening a fence costs a known number of characters at most.
"""

import re

import msgspec

_OPENING = re.compile(
    r"(?P<lead>[ \t]{0,40}(?:(?:[-*+]|\d{1,9}[.)])[ \t]{1,8}){0,4})"
    r"(?P<marker>`{3,16}(?=[^`]{0,100}\Z)|~{3,16}(?!~)(?=.{0,100}\Z))"
    r"(?P<info>[^\n]*)"
)
_LANGUAGE = re.compile(r"[A-Za-z0-9_+\-.#]{1,20}(?=\s|\Z)")


class Fence(msgspec.Struct, frozen=True):
    """An open code fence."""

    marker: str
    """The run of backticks or tildes, three to sixteen of them."""
    language: str = ""
    """The first word of the info string, where it can be one that Discord highlights."""
    lead: str = ""
    """What stood before the marker on its line: indentation, a list marker."""

    @property
    def reopening(self) -> str:
        """The line that opens this fence again in the next message."""
        return f"{self.marker}{self.language}\n"

    def is_closed_by(self, line: str) -> bool:
        """Whether `line` ends the block: the same character, at least as often, and nothing else."""
        stripped = line.strip()
        return len(stripped) >= len(self.marker) and not stripped.strip(self.marker[0])


def opening(line: str) -> Fence | None:
    """The fence that `line` opens, or None. Call it only outside of a fence."""
    match = _OPENING.fullmatch(line.rstrip())
    if match is None:
        return None
    language = _LANGUAGE.match(match["info"].strip())
    return Fence(match["marker"], language[0] if language else "", match["lead"])


def after_line(fence: Fence | None, line: str) -> Fence | None:
    """The fence that is open once `line` is over, given the one that was open before it."""
    if fence is None:
        return opening(line)
    return None if fence.is_closed_by(line) else fence


def after_text(fence: Fence | None, text: str) -> Fence | None:
    """The fence that is open at the end of `text`."""
    for line in text.split("\n"):
        fence = after_line(fence, line)
    return fence
