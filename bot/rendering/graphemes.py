"""Where a string may be cut without tearing a character that people see as one.

The part of Unicode's grapheme cluster rules (https://unicode.org/reports/tr29/) that answers meet: combining
marks, emoji joined by ZWJ, skin tones, flags, tags, Hangul syllables and CRLF.
"""

import unicodedata
from collections.abc import Iterator

_ZWJ = "\u200d"
_LOOK_BACK = 64  # longer clusters are stacked accents, made to be a nuisance


def _extends(char: str) -> bool:
    return (
        char == _ZWJ
        or unicodedata.category(char) in {"Mn", "Me", "Mc"}
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags, as in the flag of Scotland
        or "\u1160" <= char <= "\u11ff"  # Hangul vowels and finals
    )


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _splits_flag(text: str, at: int) -> bool:
    if not (_is_regional(text[at]) and _is_regional(text[at - 1])):
        return False
    start = at
    while start > 0 and _is_regional(text[start - 1]):
        start -= 1
    return (at - start) % 2 == 1


def is_boundary(text: str, at: int) -> bool:
    """Whether cutting `text` before index `at` leaves every visible character whole."""
    if at <= 0 or at >= len(text):
        return True
    before, after = text[at - 1], text[at]
    if before.isascii() and after.isascii():
        return (before, after) != ("\r", "\n")
    if before == _ZWJ or _extends(after) or (before, after) == ("\r", "\n"):
        return False
    return not _splits_flag(text, at)


def last_boundary(text: str, at: int) -> int:
    """The last boundary at or before `at`; `at` itself where none is near."""
    for candidate in range(at, max(at - _LOOK_BACK, 0), -1):
        if is_boundary(text, candidate):
            return candidate
    return at


def clusters(text: str) -> Iterator[str]:
    """The characters that people see, one by one."""
    start = 0
    for at in range(1, len(text) + 1):
        if is_boundary(text, at):
            yield text[start:at]
            start = at


def is_flag(cluster: str) -> bool:
    """Whether `cluster` is a flag of two regional indicators."""
    return len(cluster) == 2 and all(map(_is_regional, cluster))
