r"""What stands within a line, from the Markdown that models write to what Discord shows.

| a model writes | Discord shows |
|---|---|
| `\(x^2\)`, `$x^2$`, `\[…\]`, `$$…$$` | `x²` as code, where no `*` or `_` is taken for markup |
| `<b>`, `<i>`, `<u>`, `<s>`, `<code>`, `<kbd>`, `<br>`, `<a>`, `<img>`, `<sup>`, `<sub>` | Discord's markup for it |
| other HTML that only lays out, and comments | nothing |
| `&nbsp;`, `&lt;` | the character |
| `![picture](address)` | a link: a message shows no images within the text |
| `[^1]` | ¹ |
| three backticks or more around a word | one or two |

Code, escapes, addresses, and Discord's own tags (mentions, emoji, times) are left as they are.
"""

import html
import re
from collections.abc import Callable

from bot.rendering import fences, mathematics

_TOKEN = re.compile(
    r"(?P<math>\\\((?P<round>.{1,800}?)\\\)|\\\[(?P<square>.{1,800}?)\\\]|\$\$(?P<double>[^$]{1,800})\$\$"
    r"|(?<![\w$\\])\$(?P<single>[^\s$`](?:[^$`]{0,200}[^\s$`\\])?)\$(?![\w$]))"
    r"|(?P<escape>\\[!-/:-@\[-`{-~])"
    r"|(?P<code>(?P<ticks>`+)(?P<inside>[^`]|[^`].{0,800}?[^`])(?P=ticks)(?!`))"
    r"|(?P<ticked>`+)"
    r"|(?P<address>https?://[^\s<>`]+|<(?:https?://[^\s<>]+|[@#][!&]?\d+|a?:\w+:\d+|t:-?\d+(?::\w)?|/[\w -]+:\d+)>)"
    r"|!\[(?P<alt>[^\[\]]{0,200})\]\((?P<image>[^\s()<>]{1,800})(?:\s+\"[^\"]{0,200}\")?\)"
    r"|(?P<target>\]\([^\s()]{1,800}\))"
    r"|<!--.{0,800}?-->"
    r"|<(?P<slash>/?)(?P<tag>[A-Za-z][A-Za-z0-9]{0,9})(?P<attributes>(?:\s[^<>]{0,400})?)/?>"
    r"|(?P<entity>&(?:[A-Za-z]{2,10}|\#\d{2,6}|\#x[0-9A-Fa-f]{2,5});)"
    r"|\[\^(?P<footnote>\d{1,3})\]"
)
_HAS_TOKEN = re.compile(r"[\\$`<&]|https?:|!\[|\[\^")
_LOOKS_LIKE_MATH = re.compile(r"[\\^_{}=<>+]|[A-Za-z]'?|[A-Za-z]\([A-Za-z]\)")
_MARKUP = {
    "b": "**", "strong": "**", "i": "*", "em": "*", "u": "__", "ins": "__", "s": "~~", "del": "~~", "strike": "~~",
    "code": "`", "kbd": "`", "samp": "`", "tt": "`", "summary": "**",
}  # fmt: skip
_LAYOUT_TAGS = ("p div span center details font section article small big mark abbr cite q a sup sub ul ol "
              "table tbody thead tr td th picture source figure figcaption wbr")  # fmt: skip
_LAYOUT = frozenset(_LAYOUT_TAGS.split())
_HREF = re.compile(r"\bhref\s*=\s*[\"']?(https?://[^\s\"'<>()]+)", re.IGNORECASE)
_SRC = re.compile(r"\bsrc\s*=\s*[\"']?(https?://[^\s\"'<>()]+)", re.IGNORECASE)
_SHIFTED = re.compile(r"<(su[bp])>([^<>]{1,40})</\1>", re.IGNORECASE)
_LINKED = re.compile(r"<a\s([^<>]{1,400})>([^<>\[\]]{1,400})</a>", re.IGNORECASE)


def translate(text: str) -> str:
    """`text`, a line or a part of one, as Discord should get it. No run in it can open a code block."""
    if not _HAS_TOKEN.search(text):
        return fences.escaped(text)
    return fences.escaped(_TOKEN.sub(_translated, _outside_code(text)))


def as_code(text: str) -> str:
    """`text` as inline code, whatever backticks are in it."""
    text = fences.defused(text)
    if "`" not in text:
        return f"`{text}`"
    # Discord knows runs of any length around code, but three would be a block.
    return f"`` {text} ``" if "``" not in text else text


def _outside_code(text: str) -> str:
    """Two tags that need their whole element; a line with code in it keeps them, since they may be in the code."""
    if "<" not in text or "`" in text:
        return text
    return _LINKED.sub(_link, _SHIFTED.sub(_shift, text))


def _shift(match: re.Match[str]) -> str:
    raised = match[1].lower() == "sup"
    shifted = mathematics.raised(match[2]) if raised else mathematics.lowered(match[2])
    return shifted or f"{'^' if raised else '_'}{match[2] if len(match[2]) == 1 else f'({match[2]})'}"


def _link(match: re.Match[str]) -> str:
    target = _HREF.search(match[1])
    return f"[{match[2]}]({target[1]})" if target else match[2]


def _translated(match: re.Match[str]) -> str:
    for group, translation in _TRANSLATIONS.items():
        if match[group] is not None:
            return translation(match)
    return match[0] if match["address"] or match["escape"] or match["target"] or match["ticked"] else ""


def _math(match: re.Match[str]) -> str:
    tex = match["round"] or match["square"] or match["double"] or match["single"]
    if match["single"] and not (_LOOKS_LIKE_MATH.search(tex) and ("\\" in tex or _is_formula(tex))):
        return match[0]
    shown = mathematics.readable(tex).replace("\n", "; ")
    return as_code(shown) if shown else match[0]


def _is_formula(tex: str) -> bool:
    """Whether what stands between two dollars is no price and no pair of shell variables."""
    return len(tex) == 1 or (" " not in tex and not tex.isalpha()) or any(sign in tex for sign in "^_=<>")


def _code(match: re.Match[str]) -> str:
    return fences.defused(match[0]) if len(match["ticks"]) < 3 else as_code(match["inside"].strip() or match["inside"])


def _image(match: re.Match[str]) -> str:
    return f"[{match['alt']}]({match['image']})" if match["alt"].strip() else match["image"]


def _tag(match: re.Match[str]) -> str:
    name = match["tag"].lower()
    if name == "br":
        return "\n"
    if name == "img":
        source = _SRC.search(match["attributes"])
        return source[1] if source else ""
    if name in _MARKUP and not (match["slash"] and match["attributes"]):
        return _MARKUP[name]
    # What is no tag of HTML is kept: `List<String>`, a placeholder.
    return "" if name in _LAYOUT and (name not in {"a", "q"} or match["slash"] or match["attributes"]) else match[0]


def _entity(match: re.Match[str]) -> str:
    char = html.unescape(match[0])
    return match[0] if char.isspace() and char != "\u00a0" else char.replace("\u00a0", " ")


def _footnote(match: re.Match[str]) -> str:
    return mathematics.raised(match["footnote"]) or match[0]


_TRANSLATIONS: dict[str, Callable[[re.Match[str]], str]] = {
    "math": _math,
    "code": _code,
    "image": _image,
    "tag": _tag,
    "entity": _entity,
    "footnote": _footnote,
}
