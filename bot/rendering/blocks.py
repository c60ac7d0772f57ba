"""What makes a whole line: headings, lists, quotes, rules, footnotes. Discord has some of them, and spells others so.

| a model writes | Discord gets | why |
|---|---|---|
| `####` and deeper | bold | Discord has three depths of heading |
| `>quote`, `> > deeper`, `>>> x` | `> quote` | one depth, and it needs the space; `>>>` would quote all the rest |
| `+ item`, `1) item` | `- item`, `1. item` | the only marks it knows |
| `- [ ]`, `- [x]` | `- ☐`, `- ☑` | it has no task lists |
| a line with `===` or `---` under it | `#`, `##` | it has no underlined headings |
| `---`, `***`, `===` alone | a drawn line | it has no rules |
| `[^1]: note` | small print | it has no footnotes |
"""

import re

from bot.rendering import fences, inline, mathematics

RULE = "─" * 24
_RULE = re.compile(r"[ ]{0,3}(?:([-*_])[ \t]*(?:\1[ \t]*){2,}|={3,}[ \t]*|<hr\s*/?>)", re.IGNORECASE)
_UNDERLINE = re.compile(r"[ ]{0,3}([=-])\1+[ \t]*")
_PLAIN = re.compile(r"[ ]{0,3}(?![ \t>#|`~]|[-*+_=][ \t]|([-*_=])[ \t]*\1|\d{1,9}[.)]|\[\^|\$\$|\\)\S")
_LONGEST_HEADING = 200
_DEEP_HEADING = re.compile(r"[ ]{0,3}#{4,6}[ \t]+(?P<text>[^\n]*?)[ \t]*#*[ \t]*")
_ITEM = re.compile(r"(?P<indent>[ \t]*)(?P<mark>[-*+]|\d{1,9}[.)])(?P<space>[ \t]+)(?P<task>\[[ xX]\][ \t]+)?")
_NOTE = re.compile(r"[ ]{0,3}\[\^(?P<name>[\w-]{1,40})\]:[ \t]+")


def may_be_heading(line: str) -> bool:
    """Whether `line` is plain text, which a line of `=` or `-` under it makes a heading
    (https://spec.commonmark.org/0.31.2/#setext-headings).
    """
    return _PLAIN.match(line) is not None and len(line) <= _LONGEST_HEADING


def underlined(heading: str, line: str) -> str | None:
    """`heading` as Discord should get it, where `line` underlines it."""
    depth = _UNDERLINE.fullmatch(line.rstrip("\n"))
    if depth is None or not may_be_heading(heading):
        return None
    mark = "#" if depth[1] == "=" else "##"
    return f"{mark} {inline.translate(heading.strip())}" + ("\n" if line.endswith("\n") else "")


def translate(line: str) -> str:
    """`line`, or the beginning of a long one, as Discord should get it."""
    text, end = (line[:-1], "\n") if line.endswith("\n") else (line, "")
    mark = fences.quote_mark(text)
    body = _body(text[len(mark) :])
    return (fences.QUOTE + body.replace("\n", f"\n{fences.QUOTE}") if mark else body) + end


def _body(text: str) -> str:
    if _RULE.fullmatch(text):
        return RULE
    heading = _DEEP_HEADING.fullmatch(text)
    if heading and heading["text"]:
        return f"**{inline.translate(heading['text']).replace('**', '')}**"
    note = _NOTE.match(text)
    if note:
        name = (note["name"].isdigit() and mathematics.raised(note["name"])) or f"[{note['name']}]"
        return f"-# {name} {inline.translate(text[note.end() :])}"
    item = _ITEM.match(text)
    if item:
        return _item_mark(item) + inline.translate(text[item.end() :])
    return inline.translate(text)


def _item_mark(item: re.Match[str]) -> str:
    mark = item["mark"]
    known = "-" if mark == "+" else mark.replace(")", ".")
    task = "" if item["task"] is None else "☐ " if item["task"][1] == " " else "☑ "
    return item["indent"].replace("\t", "  ") + known + item["space"] + task
