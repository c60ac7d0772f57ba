"""What people and models wrote, as HTML that runs nothing and fetches nothing.

markdown-it-py escapes HTML within it, Pygments colours code by classes, and nh3 has the last word on what may stay.
"""

from collections.abc import Sequence
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType] - the stub names no type
from pygments.util import ClassNotFound

# Longer code stays in one colour: a lexer is a set of regular expressions, and takes its time.
_MOST_COLOURED = 30_000
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
        self._markdown = MarkdownIt("js-default", {"html": False, "breaks": True, "highlight": _fence})
        self._markdown.disable("image")

    def html(self, text: str, *, under: int = 2) -> str:
        """The text as HTML, its headings below the one of level `under` that says whose text it is."""
        return self._rendered(self._markdown.parse(text), under)

    def code(self, text: str, language: str) -> str:
        """A text that is code as a whole, as HTML."""
        return _clean(_fence(text, language, ""))

    def last_block(self, text: str) -> int:
        """Where the last block of the text begins: what stands before it no longer changes as text is added."""
        starts = [token.map[0] for token in self._markdown.parse(text) if token.level == 0 and token.map]
        return len("".join(text.splitlines(keepends=True)[: starts[-1]])) if starts else 0

    def _rendered(self, tokens: Sequence[Token], under: int) -> str:
        for token in tokens:
            if token.type in {"heading_open", "heading_close"}:
                token.tag = f"h{min(6, int(token.tag[1:]) + under)}"
            style = str(token.attrs.pop("style", ""))  # of a table's cell; the pages allow no style within them
            if style:
                token.attrSet("class", style.removeprefix("text-align:"))
            for child in token.children or ():
                if child.type == "link_open":
                    child.attrSet("target", "_blank")
        made = self._markdown.renderer.render(tokens, self._markdown.options, {})
        made = made.replace("<table>", '<div class="table" tabindex="0"><table>').replace("</table>", "</table></div>")
        return _clean(made)


class GrowingText:
    """A text that comes in pieces, rendered as it grows: each time only its last block is made anew."""

    def __init__(self, markdown: Markdown) -> None:
        self._markdown = markdown
        self._open = ""

    def add(self, piece: str) -> None:
        """The next piece."""
        self._open += piece

    def render(self) -> tuple[str, str]:
        """The HTML of blocks that are now finished, told once, and that of the last one as it is."""
        at = self._markdown.last_block(self._open)
        finished, self._open = self._open[:at], self._open[at:]
        return self._markdown.html(finished) if finished else "", self._markdown.html(self._open)


class PlainText:
    """The same of a text that is shown as it is: nothing of it changes once it has come."""

    def __init__(self) -> None:
        self._open = ""

    def add(self, piece: str) -> None:
        """The next piece."""
        self._open += piece

    def render(self) -> tuple[str, str]:
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


def _fence(code: str, language: str, _attributes: str) -> str:
    name = escape(language, quote=True)
    return f'<pre class="code" data-language="{name}"><code tabindex="0">{_coloured(code, language)}</code></pre>'


def _coloured(code: str, language: str) -> str:
    if language and len(code) <= _MOST_COLOURED:
        try:
            lexer = get_lexer_by_name(language, stripnl=False)
        except ClassNotFound:
            return escape(code)
        return highlight(code, lexer, HtmlFormatter[str](nowrap=True))
    return escape(code)
