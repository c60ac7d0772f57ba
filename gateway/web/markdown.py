"""What people and models wrote, as HTML that runs nothing and fetches nothing.

markdown-it-py escapes HTML within it, `gateway.web.colouring` colours code by classes, and nh3 has the last word on
what may stay.
"""

import asyncio
from collections.abc import MutableMapping, Sequence
from html import escape
from typing import Any, NamedTuple

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from gateway.web.colouring import Colouring

# How deep brackets, quotes and lists are looked into; brackets that nobody closes cost so much a character.
_DEEPEST = 20
_COLOURING = "colouring"
# Rendered in some milliseconds, whatever it is.
_QUICK_CHARACTERS = 1000
_TAGS = {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "blockquote", "ul", "ol", "li", "a",
    "code", "pre", "span", "div", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title", "target"},
    "ol": {"start"},
    "pre": {"class", "data-language"},
    "code": {"tabindex"},
    "span": {"class"},
    "div": {"class", "tabindex"},
    "th": {"class"},
    "td": {"class"},
}


class Markdown:
    """Renders Markdown. Pictures become links: showing one would tell its host who reads."""

    def __init__(self) -> None:
        self._markdown = MarkdownIt("js-default", {"html": False, "breaks": True, "maxNesting": _DEEPEST})
        self._markdown.disable("image")
        self._markdown.add_render_rule("fence", _fence)

    def html(self, text: str, *, under: int = 2, colouring: Colouring | None = None) -> str:
        """The text as HTML, its headings below the one of level `under` that says whose text it is.

        Texts on one page share its `colouring`.
        """
        return self._rendered(self._markdown.parse(text), under, colouring or Colouring())

    def code(self, text: str, language: str, colouring: Colouring) -> str:
        """A text that is code as a whole, as HTML."""
        return _clean(_code(text, language, colouring))

    def last_block(self, text: str) -> int:
        """Where the last block of the text begins: what stands before it no longer changes as text is added."""
        starts = [token.map[0] for token in self._markdown.parse(text) if token.level == 0 and token.map]
        return len("".join(text.splitlines(keepends=True)[: starts[-1]])) if starts else 0

    def _rendered(self, tokens: Sequence[Token], under: int, colouring: Colouring) -> str:
        for token in tokens:
            if token.type in {"heading_open", "heading_close"}:
                token.tag = f"h{min(6, int(token.tag[1:]) + under)}"
            style = str(token.attrs.pop("style", ""))  # of a table's cell; the pages allow no style within them
            if style:
                token.attrSet("class", style.removeprefix("text-align:"))
            for child in token.children or ():
                if child.type == "link_open":
                    child.attrSet("target", "_blank")
        made = self._markdown.renderer.render(tokens, self._markdown.options, {_COLOURING: colouring})
        made = made.replace("<table>", '<div class="table" tabindex="0"><table>').replace("</table>", "</table></div>")
        return _clean(made)


class _Made(NamedTuple):
    at: int
    finished: str
    last: str


class GrowingText:
    """A text that comes in pieces, rendered as it grows: each time only its last block is made anew."""

    def __init__(self, markdown: Markdown) -> None:
        self._markdown = markdown
        self._open = ""

    def add(self, piece: str) -> None:
        """The next piece."""
        self._open += piece

    async def render(self) -> tuple[str, str]:
        """The HTML of blocks that are now finished, told once, and that of the last one as it is.

        One at a time; pieces that are added meanwhile come the next time, and where this is cancelled nothing is told.
        """
        text = self._open
        # Others wait for the event loop, and where a thread works they only wait their turn.
        made = self._made(text) if len(text) <= _QUICK_CHARACTERS else await asyncio.to_thread(self._made, text)
        self._open = self._open[made.at :]
        return made.finished, made.last

    def _made(self, text: str) -> _Made:
        at = self._markdown.last_block(text)
        return _Made(at, self._markdown.html(text[:at]) if at else "", self._markdown.html(text[at:]))


class PlainText:
    """The same of a text that is shown as it is: nothing of it changes once it has come."""

    def __init__(self) -> None:
        self._open = ""

    def add(self, piece: str) -> None:
        """The next piece."""
        self._open += piece

    async def render(self) -> tuple[str, str]:
        """The HTML of what came since the last time, and nothing that may change."""
        finished, self._open = self._open, ""
        return escape(finished), ""


def _clean(html: str) -> str:
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def _fence(_renderer: Any, tokens: Sequence[Token], index: int, _options: Any, env: MutableMapping[str, Any]) -> str:
    language = unescapeAll(tokens[index].info).split(maxsplit=1)
    return _code(tokens[index].content, language[0] if language else "", env[_COLOURING]) + "\n"


def _code(code: str, language: str, colouring: Colouring) -> str:
    name = escape(language, quote=True)
    return f'<pre class="code" data-language="{name}"><code tabindex="0">{colouring.html(code, language)}</code></pre>'
