"""From a model's text, as it comes, to the contents of the messages that show it."""

from bot.rendering.dialect import DiscordDialect
from bot.rendering.safety import reveal_links
from bot.rendering.splitter import MESSAGE_LIMIT, Splitter


class Pages:
    """The pages of an answer that is still being written: each the content of one message.

    For any text and any way of cutting it into chunks: a page has at most `MESSAGE_LIMIT` characters, its code blocks
    are closed, and the pages in the end are the same. Put together, without what was added at the cuts, they are the
    text in Discord's dialect (see `bot.rendering.splitter.Piece`).
    """

    def __init__(self) -> None:
        self._dialect = DiscordDialect()
        self._splitter = Splitter()
        self.complete: list[str] = []
        """Those that nothing changes any more."""

    def feed(self, text: str) -> None:
        """Append `text`."""
        settled = self._dialect.feed(text)
        if settled:
            self.complete += [reveal_links(piece.text) for piece in self._splitter.feed(settled)]

    def growing(self, cursor: str) -> str:
        """The page under way, as it would look if the text ended now, with `cursor` at its end where that fits.

        Empty where there is none yet. What goes beyond one page is not shown before the page is complete: so a
        message that has another behind it never changes again.
        """
        pieces = self._splitter.preview(self._dialect.pending())
        if not pieces:
            return ""
        if len(pieces) == 1:
            marked = reveal_links(pieces[0].marked(cursor))
            if len(marked) <= MESSAGE_LIMIT:
                return marked
        return reveal_links(pieces[0].text)

    def finish(self) -> None:
        """End the text: all pages are complete."""
        rest = self._splitter.feed(self._dialect.finish()) + self._splitter.finish()
        self.complete += [reveal_links(piece.text) for piece in rest]
