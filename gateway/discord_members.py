"""Which users of the gateway somebody on Discord is."""

from collections.abc import Collection

from gateway.principals import Principal
from gateway.store import queries
from storage import Database


class DiscordMembers:
    """Finds the users that bots made for members of their servers, `"SERVER:MEMBER"` by Discord's ids.

    A client chooses the names of its users, so it could make one that looks like anybody's. So only those of `clients`
    count, which are known to be bots that ask Discord who a member is.
    """

    def __init__(self, database: Database, clients: Collection[str]) -> None:
        self._database = database
        self._clients = frozenset(clients)
        self._sql = queries(database, "discord_members")

    async def users_of(self, member_id: str) -> list[Principal]:
        """Those who have a key, dead or not, the last used first. Raises `storage.StorageError`."""
        async with self._database.read() as connection:
            found = [Principal.from_row(row) async for row in self._sql.users_of(connection, member_id=member_id)]
        return [user for user in found if user.client_name in self._clients and user.key_hint and user.name[0] != ":"]
