"""Colours in code, which may be written so that colouring it takes for ever, and nothing else runs meanwhile.

A lexer is a set of regular expressions, of which many take a time that grows with the square of what they look at, and
Python's run to their end without letting go of the interpreter. So only lexers are asked that do no such thing between
two of their tokens, of code that is not too long, and for a time that is counted between tokens.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import Any

from pygments import format as write
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType] - the stub names no type

_MOST_CHARACTERS = 4000
_SECONDS = 0.5

# By Pygments' names. Each of these was given as many characters, of some hundred odd kinds, and took some hundredths of
# a second at most from one token to the next; autohotkey, c, easytrieve, gherkin, make and scala take seconds to hours.
LANGUAGES = frozenset({
    "bash", "csharp", "css", "dart", "diff", "docker", "elixir", "go", "graphql", "haskell", "html", "http", "java",
    "javascript", "json", "jsx", "julia", "kotlin", "lua", "nginx", "nix", "perl", "php", "powershell", "protobuf",
    "pycon", "python", "r", "ruby", "rust", "scss", "sql", "swift", "terraform", "toml", "tsx", "typescript", "xml",
    "yaml", "zig",
})  # fmt: skip
# The other names that models write, and what looks alike for those whose own lexer is none of these.
_OTHER_NAMES = {
    "c": "java", "c#": "csharp", "c++": "java", "cpp": "java", "cs": "csharp", "dockerfile": "docker", "golang": "go",
    "hcl": "terraform", "js": "javascript", "kt": "kotlin", "objc": "java", "objective-c": "java", "proto": "protobuf",
    "ps1": "powershell", "py": "python", "python3": "python", "rb": "ruby", "rs": "rust", "scala": "kotlin",
    "sh": "bash", "shell": "bash", "svg": "xml", "ts": "typescript", "udiff": "diff", "yml": "yaml", "zsh": "bash",
}  # fmt: skip


class Colouring:
    """Colours the code on one page, or in what has come of a reply, as long as there is time left for it.

    `clock` gives seconds; without one those that the thread works.
    """

    def __init__(self, *, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = clock
        self._left = _SECONDS

    def html(self, code: str, language: str) -> str:
        """The code as HTML: in colours where the language is known and there was time enough, else as it is."""
        name = _OTHER_NAMES.get(language.lower(), language.lower())
        if name not in LANGUAGES or len(code) > _MOST_CHARACTERS or self._left <= 0:
            return escape(code)
        tokens = get_lexer_by_name(name, stripnl=False).get_tokens(code)
        try:
            return write(self._in_time(tokens), HtmlFormatter[str](nowrap=True))
        except _TimeIsUp:
            return escape(code)

    def _in_time(self, tokens: Iterable[Any]) -> Iterator[Any]:
        began, before = self._clock(), self._left
        for token in tokens:
            self._left = before - (self._clock() - began)
            if self._left <= 0:
                raise _TimeIsUp
            yield token


class _TimeIsUp(Exception):
    pass
