"""Erasing what somebody wrote where it is not theirs to keep: in shared conversations and in copies.

Their prompts and the replies to these go. What others wrote after closes up, as if it had followed what came before; a
conversation of which nothing is left goes, and one that began with them gets its title from what is its first prompt
now, unless its owner gave it one.
"""

from gateway.store import queries
from gateway.titles import provisional_title
from storage import Connection, Database


class Forgetting:
    """Steps within the transaction that erases somebody."""

    def __init__(self, database: Database) -> None:
        self._sql = queries(database, "forgetting")

    async def erase_words_of(self, connection: Connection, author_id: int) -> None:
        """Erase what they wrote in conversations of others."""
        written = [row["conversation_id"] async for row in self._sql.written_in(connection, author_id=author_id)]
        begun = {row["conversation_id"] async for row in self._sql.begun_by(connection, author_id=author_id)}
        while await self._sql.close_gaps(connection, author_id=author_id):
            pass
        await self._sql.erase_written(connection, author_id=author_id)
        for conversation_id in written:
            await self._sql.erase_empty(connection, id=conversation_id)
        for conversation_id in begun:
            first = await self._sql.first_prompt(connection, id=conversation_id)
            if first is not None:
                await self._sql.begin_anew(connection, id=conversation_id, title=provisional_title(first["content"]))
