"""From the Markdown that models write to the Markdown that Discord renders.

Discord's dialect (https://support.discord.com/hc/articles/210298617) has no tables and one kind of code fence: three
backticks, an optional language, and the next three backticks end it wherever they stand. So tables become aligned
code blocks, tildes and longer fences become three backticks, and three backticks inside code get a zero-width space
between them, or they would end the block early and what follows would be rendered as text.
"""

from bot.rendering import fences, tables
from bot.rendering.fences import Fence

_FENCE = "```"
_BROKEN_FENCE = "`\u200b`\u200b`"


class DiscordDialect:
    """Translates a text that is still being written, line by line.

    What `feed` and `finish` return, put together, is the translated text; it is final. `pending` is the rest as it
    would look if the text ended now.
    """

    def __init__(self) -> None:
        self._partial = ""  # a line whose end has not arrived
        self._fence: Fence | None = None
        self._header = ""  # a line that is a table's header if the next one says so
        self._delimiter = ""  # set while in a table
        self._rows: list[str] = []

    def feed(self, chunk: str) -> str:
        """Append `chunk`; what is final by now."""
        if "\n" not in chunk:
            self._partial += chunk
            return ""
        *lines, self._partial = (self._partial + chunk).split("\n")
        return "".join([self._line(f"{line}\n") for line in lines])

    def pending(self) -> str:
        """What `finish` would return now. Changes nothing."""
        copy = DiscordDialect()
        copy._partial, copy._fence, copy._header = self._partial, self._fence, self._header
        copy._delimiter, copy._rows = self._delimiter, list(self._rows)
        return copy.finish()

    def finish(self) -> str:
        """End the text; the rest of it."""
        last, self._partial = self._partial, ""
        rest = self._line(last) if last else ""
        return rest + self._flush()

    def _line(self, line: str) -> str:
        if self._fence:
            return self._code(self._fence, line)
        if self._header:
            return self._under_header(line)
        fence = fences.opening(line)
        if fence:
            self._fence = fence
            return f"{fence.lead}{_FENCE}{fence.language}" + _line_end(line)
        if tables.may_be_row(line):
            self._header = line
            return ""
        return line

    def _code(self, fence: Fence, line: str) -> str:
        if fence.is_closed_by(line):
            self._fence = None
            indent = line[: len(line) - len(line.lstrip(" \t"))]
            return f"{indent}{_FENCE}" + _line_end(line)
        return line.replace(_FENCE, _BROKEN_FENCE)

    def _under_header(self, line: str) -> str:
        if self._delimiter:
            if tables.may_be_row(line) and fences.opening(line) is None:
                self._rows.append(line)
                return ""
        elif tables.is_delimiter(self._header, line):
            self._delimiter = line
            return ""
        return self._flush() + self._line(line)

    def _flush(self) -> str:
        header, delimiter, rows = self._header, self._delimiter, self._rows
        self._header, self._delimiter, self._rows = "", "", []
        return tables.render(header, delimiter, rows) if delimiter else header


def _line_end(line: str) -> str:
    return "\n" if line.endswith("\n") else ""


def translate(text: str) -> str:
    """The whole of `text` in Discord's dialect."""
    dialect = DiscordDialect()
    return dialect.feed(text) + dialect.finish()
