"""Who may go on with somebody else's conversation: a guest reads it and prompts in it, on its own key and limits.

A guest does not rename, erase or share it, and finds it in no list and no search. What a guest writes stays in the
conversation when the share is taken back, and goes when the guest is forgotten (`gateway.forgetting`).
"""

from gateway.conversations import ConversationRecord
from gateway.errors import Conflict, NotFound
from gateway.principals import Principal
from gateway.store import queries
from gateway.times import Clock, milliseconds, moment
from gateway.wire import Share
from storage import Connection, Database, MissingReference


class Shares:
    """Grants and takes back. All methods may raise `storage.StorageError`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._sql = queries(database, "shares")

    async def grant(self, conversation: ConversationRecord, guest: Principal) -> None:
        """Share with a user of the same client; sharing twice changes nothing.

        Raises `Conflict` with code `own_conversation` where it is the guest's own, and `NotFound` where either was
        deleted meanwhile.
        """
        if guest.id == conversation.owner_id:
            raise Conflict("The conversation is that user's own.", code="own_conversation")

        async def work(connection: Connection) -> None:
            at = milliseconds(self._clock())
            await self._sql.grant(connection, conversation_id=conversation.id, guest_id=guest.id, at=at)

        try:
            await self._database.transact(work, brief=True)
        except MissingReference as error:
            raise NotFound("The conversation or the user was deleted meanwhile.") from error

    async def take_back(self, conversation: ConversationRecord, name: str) -> None:
        """End a share. Raises `NotFound` with code `not_shared` where there is none with that user."""

        async def work(connection: Connection) -> int:
            return await self._sql.take_back(
                connection, conversation_id=conversation.id, name=name, client_id=conversation.client_id
            )

        if not await self._database.transact(work, brief=True):
            raise NotFound("The conversation is not shared with that user.", code="not_shared")

    async def list(self, conversation: ConversationRecord) -> list[Share]:
        """With whom it is shared, the first one first."""
        async with self._database.read() as connection:
            rows = self._sql.of_conversation(connection, conversation_id=conversation.id)
            return [Share(user_id=row["name"], created_at=moment(row["created_at"])) async for row in rows]
