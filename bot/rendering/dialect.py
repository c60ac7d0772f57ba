r"""From the Markdown that models write to the Markdown that Discord renders.

Discord's dialect (https://support.discord.com/hc/articles/210298617) has no tables and one kind of code fence: three
backticks, an optional language, and the next three backticks end it wherever they stand. So

- tables become aligned code blocks (`bot.rendering.tables`);
- tildes and longer fences become three backticks, three backticks get zero-width spaces between them in code
  and are escaped in text, or they would end or open a block where none is meant; a block that ends with its quote is
  closed there;
- displayed formulas (`$$`, `\[` or `\begin{align}` on a line of their own) become code blocks in plain characters;
- in a spoiler, code has no two bars side by side, which would end it (`bot.rendering.spans.sealed`), and a block begins
  and ends on lines of its own, where its model put the spoiler's bars on the same;
- all other lines are translated one by one (`bot.rendering.blocks`, `bot.rendering.inline`);
- characters that Discord refuses or that deceive are left out: control characters, lone surrogates, and the overrides
  that turn the direction of text around (https://trojansource.codes). Right-to-left text needs none of them.

The translation is for the eye and cannot be undone; the gateway keeps what the model wrote, and so does an attachment.
"""

import re

import msgspec

from bot.rendering import blocks, fences, graphemes, inline, mathematics, spans, tables
from bot.rendering.fences import Fence

LONGEST_LINE = 1_000
"""Characters of a line that are held back until it ends. A longer line is translated in parts."""
MOST_TABLE = 1_000
"""Characters of a table's rows that are held back to align them. A longer table goes on in a next block."""

_FENCE = "```"
_REFUSED = re.compile("[\x00-\x08\x0b-\x1a\x1c-\x1f\x7f\u202d\u202e]")  # but not ESC, the colours of ```ansi
_SURROGATE = re.compile("[\ud800-\udfff]")
_MATH_BEGINS = re.compile(r"[ \t]*(?:(?P<dollars>\$\$)|(?P<bracket>\\\[)|\\begin\{(?P<name>[a-z]{4,9}\*?)\})")
_HIDDEN_FENCE = re.compile(r"(?P<bars>[^`~]{0,200}\|\|)(?P<fence>(?:`{3,16}|~{3,16})[^`~]*)")
_HIDDEN_END = re.compile(r"(?P<fence>[ \t]*(?:`{3,}|~{3,}))[ \t]*(?P<rest>\|\|.*\n?)")
_ENVIRONMENTS = {"equation", "align", "aligned", "gather", "gathered", "multline", "cases", "matrix", "pmatrix"}


class _State(msgspec.Struct):
    """What the lines so far mean for the next one."""

    partial: str = ""  # a line whose end has not arrived
    continued: bool = False  # `partial` goes on with a line whose beginning is out already
    fence: Fence | None = None
    math: str = ""  # in a displayed formula: what ends it
    header: str = ""  # a line that is a table's header, or a heading, if the next one says so
    in_paragraph: bool = False  # the line before is text, so the next one is no heading of its own
    delimiter: str = ""  # set while in a table
    hidden: bool = False  # in a spoiler
    growing: bool = False  # the last line has no end yet
    quote: str = ""  # where the table stands in a block quote
    rows: list[str] = []
    size: int = 0  # characters of the rows


class DiscordDialect:
    """Translates a text that is still being written, line by line.

    What `feed` and `finish` return, put together, is the translated text; it is final, and does not depend on where
    the chunks were cut. `pending` is the rest as it would look if the text ended now.
    """

    def __init__(self) -> None:
        self._state = _State()

    def feed(self, chunk: str) -> str:
        """Append `chunk`; what is final by now."""
        text = self._state.partial + chunk
        at, out = 0, list[str]()
        while at < len(text):
            newline = text.find("\n", at, at + LONGEST_LINE)
            if newline >= 0:
                out.append(self._line(text[at : newline + 1]))
                at = newline + 1
            elif len(text) - at > LONGEST_LINE:
                end = _part_end(text, at)
                out.append(self._part(text[at:end]))
                at = end
            else:
                break
        self._state.partial = text[at:]
        return "".join(out)

    def pending(self) -> str:
        """What `finish` would return now. Changes nothing."""
        copy = DiscordDialect()
        copy._state = msgspec.structs.replace(self._state, rows=list(self._state.rows), growing=True)
        return copy.finish()

    def finish(self) -> str:
        """End the text; the rest of it."""
        last, self._state.partial = self._state.partial, ""
        rest = self._line(last) if last else ""
        return rest + self._flush()

    def _line(self, line: str) -> str:
        line = _cleaned(line)
        if self._state.continued:
            self._state.continued = False
            return self._rest_of_line(line)
        return self._whole_line(line)

    def _part(self, part: str) -> str:
        """A part of a line that is too long to be held back. It is neither fence nor table."""
        part, continued = _cleaned(part), self._state.continued
        self._state.continued = True
        if continued:
            return self._rest_of_line(part)
        if self._state.fence and not self._state.fence.is_left_by(part):
            return self._code(self._state.fence, part)
        return self._flush() + self._left() + self._text(blocks.translate(part))

    def _text(self, translated: str) -> str:
        """What is no code, as it is shown."""
        state = self._state
        sealed, state.hidden = spans.sealed(translated, hidden=state.hidden, growing=state.growing)
        return sealed

    def _shown_code(self, code: str) -> str:
        """A part of a block of code, as it is shown."""
        return spans.barred(code) if self._state.hidden else code

    def _rest_of_line(self, part: str) -> str:
        separator = "\u200b" if part.startswith(("`", "~")) else ""  # it may have been cut within a run
        if self._state.fence:
            return separator + self._shown_code(fences.defused(part))
        return separator + self._text(inline.translate(part))

    def _whole_line(self, line: str) -> str:
        state = self._state
        if state.fence and not state.fence.is_left_by(line):
            return self._code(state.fence, line)
        if state.fence:
            return self._left() + self._whole_line(line)
        if state.math:
            return self._formula(line)
        if state.header:
            return self._under_header(line)
        return self._opening(line)

    def _opening(self, line: str) -> str:
        hidden = _HIDDEN_FENCE.fullmatch(line)
        if hidden and fences.opening(hidden["fence"]):
            return self._opening(hidden["bars"] + "\n") + self._whole_line(hidden["fence"])
        fence = fences.opening(line)
        if fence:
            self._state.fence = fence
            return f"{fence.quote}{fence.lead}{_FENCE}{fence.language}" + _line_end(line)
        math = _MATH_BEGINS.match(line)
        if math and self._begins_formula(math):
            return f"{_FENCE}\n" + (self._formula(line[math.end() :]) if line[math.end() :].strip() else "")
        if tables.may_be_row(line) or (blocks.may_be_heading(line) and not self._state.in_paragraph):
            self._state.header = line
            return ""
        self._state.in_paragraph = blocks.may_be_heading(line)
        return self._text(blocks.translate(line))

    def _code(self, fence: Fence, line: str) -> str:
        code = fence.code_of(line)
        end = _HIDDEN_END.fullmatch(code) if self._state.hidden else None
        if end and fence.is_closed_by(fence.quote + end["fence"]):
            return self._code(fence, f"{fence.quote}{end['fence']}\n") + self._whole_line(fence.quote + end["rest"])
        if fence.is_closed_by(line):
            self._state.fence = None
            indent = code[: len(code) - len(code.lstrip(" \t"))] if not fence.quote else ""
            return f"{fence.quote}{indent}{_FENCE}" + _line_end(line)
        return fence.quote + self._shown_code(fences.defused(code))

    def _left(self) -> str:
        """Close a block that its quote has left open."""
        fence, self._state.fence = self._state.fence, None
        end, self._state.math = f"{_FENCE}\n" if self._state.math else "", ""
        return f"{fence.quote}{_FENCE}\n" if fence else end

    def _begins_formula(self, begins: re.Match[str]) -> bool:
        rest = begins.string[begins.end() :]
        if begins["name"]:
            if begins["name"].rstrip("*") not in _ENVIRONMENTS:
                return False
            end = f"\\end{{{begins['name']}}}"
        else:
            end = "$$" if begins["dollars"] else "\\]"
        if end in rest and rest.partition(end)[2].strip(" \t\n.,;"):
            return False  # text goes on behind the formula, in the same line
        self._state.math = end
        return True

    def _formula(self, line: str) -> str:
        """A line of a displayed formula; it has no blank ones."""
        tex, end, behind = line.partition(self._state.math)
        rows = self._shown_code(fences.defused(mathematics.readable(tex))).split("\n")
        shown = "".join(f"{row}\n" for row in rows if row)
        if end:
            self._state.math = ""
            return f"{shown}{_FENCE}{_line_end(behind)}"
        return shown if line.strip() else self._left() + line

    def _under_header(self, line: str) -> str:
        state = self._state
        row = line[len(fences.quote_mark(line)) :]
        if state.delimiter:
            same_quote = bool(state.quote) == (row != line)
            if same_quote and tables.may_be_row(row) and fences.opening(line) is None:
                return self._row(row)
        else:
            heading = None if state.in_paragraph else blocks.underlined(state.header, line)
            if heading is not None:
                state.header = ""
                return self._text(heading)
            header = state.header[len(fences.quote_mark(state.header)) :]
            if (header != state.header) == (row != line) and tables.is_delimiter(header, row):
                state.header, state.delimiter, state.quote = header, row, fences.QUOTE if row != line else ""
                return ""
        return self._flush() + self._whole_line(line)

    def _row(self, row: str) -> str:
        """Hold the row back. The rows before it are final where they are many."""
        state, full = self._state, ""
        if state.size + len(row) > MOST_TABLE and state.rows:
            full = self._table() + f"{state.quote}\n"
            state.rows, state.size = [], 0
        state.rows.append(row)
        state.size += len(row)
        return full

    def _table(self) -> str:
        state = self._state
        table = self._shown_code(tables.render(state.header, state.delimiter, state.rows))
        return "".join(state.quote + line for line in table.splitlines(keepends=True)) if state.quote else table

    def _flush(self) -> str:
        state = self._state
        shown = self._table() if state.delimiter else self._text(blocks.translate(state.header))
        state.in_paragraph = not state.delimiter and blocks.may_be_heading(state.header)
        state.header, state.delimiter, state.quote, state.rows, state.size = "", "", "", [], 0
        return shown


def _part_end(text: str, at: int) -> int:
    """Where the part of a long line that begins at `at` ends: behind a space where there is one."""
    end = text.rfind(" ", at + LONGEST_LINE // 2, at + LONGEST_LINE) + 1
    return end or at + graphemes.last_boundary(text[at : at + LONGEST_LINE + 1], LONGEST_LINE)


def _cleaned(line: str) -> str:
    line = _REFUSED.sub("", line)
    if _SURROGATE.search(line):
        return line.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return line


def _line_end(line: str) -> str:
    return "\n" if line.endswith("\n") else ""


def translate(text: str) -> str:
    """The whole of `text` in Discord's dialect."""
    dialect = DiscordDialect()
    return dialect.feed(text) + dialect.finish()
