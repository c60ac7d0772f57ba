"""Users and their keys."""

from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import quote

from gateway.client.connection import Connection, decode, query_of
from gateway.client.errors import GatewayUnreachable
from gateway.client.streams import lines
from gateway.wire import (
    CreateUser,
    Erased,
    Held,
    HeldAll,
    Role,
    UpdateUser,
    User,
    UserAnswer,
    UserPage,
    UserWithKey,
    WhoAmI,
)

_HELD: Any = Held  # a union, which pyright does not take for a type


class UserCalls(Connection):
    """`/api/users` and `/api/whoami`."""

    async def whoami(self) -> WhoAmI:
        """What this key is."""
        return await self._call("GET", "/api/whoami", WhoAmI)

    async def create_user(self, request: CreateUser) -> UserWithKey:
        """Create a user; `Conflict` where this client has one of that `user_id`."""
        return await self._call("POST", "/api/users", UserWithKey, body=request)

    async def get_user(self, user_id: str) -> User:
        """One user, without its key."""
        return (await self._call("GET", _user_path(user_id), UserAnswer)).user

    async def list_users(
        self,
        *,
        page_size: int = 200,
        search: str | None = None,
        role: Role | None = None,
        ending: str | None = None,
        deleted: bool = False,
    ) -> AsyncGenerator[User]:
        """Every user this key may see, a page at a time: those whose `user_id` or `username` holds what is searched
        for, those with a role, those whose `user_id` ends so, and with `deleted` also those of whom only data is left.
        """
        cursor: str | None = None
        while True:
            query = query_of(
                limit=page_size,
                cursor=cursor,
                search=search,
                role=role,
                ending=ending,
                deleted="true" if deleted else None,
            )
            page = await self._call("GET", "/api/users", UserPage, query=query)
            for user in page.users:
                yield user
            cursor = page.next_cursor
            if cursor is None:
                return

    async def update_user(self, user_id: str, changes: UpdateUser, *, client_id: str | None = None) -> User:
        """Change what `changes` names; an admin says with `client_id` whose user is meant."""
        query = query_of(client_id=client_id)
        return (await self._call("PATCH", _user_path(user_id), UserAnswer, body=changes, query=query)).user

    async def delete_user(self, user_id: str, *, purge: bool = False) -> None:
        """Revoke a user's key at once; with `purge` erase its conversations too."""
        await self._erase(_user_path(user_id), query={"purge": "true"} if purge else {})

    async def rotate_key(self, user_id: str, *, idempotency_key: str | None = None) -> UserWithKey:
        """Replace a user's key; the old one is dead when this returns.

        Asked again with the same `idempotency_key` within ten minutes, also by whoever did not get the answer, it is
        the same new key; without one this call makes one for its own repeats.
        """
        once = idempotency_key or self._retries.token()
        return await self._call("POST", f"{_user_path(user_id)}/key", UserWithKey, idempotency_key=once)

    async def held_of(self, user_id: str) -> AsyncGenerator[Held]:
        """All that the gateway holds of a user, also of a deleted one, a part at a time.

        Raises `GatewayUnreachable` where the connection broke before the last part.
        """
        async with self._streamed("GET", f"{_user_path(user_id)}/data") as content:
            async for line in lines(content):
                part = decode(line, _HELD)
                if isinstance(part, HeldAll):
                    return
                yield part
        raise GatewayUnreachable("The gateway broke off. Try again in a moment.")

    async def erase_data(self, user_id: str) -> Erased:
        """Revoke a user's key and erase what the gateway holds of them; also of a deleted one."""
        return await self._call("DELETE", f"{_user_path(user_id)}/data", Erased)


def _user_path(user_id: str) -> str:
    return f"/api/users/{quote(user_id, safe='')}"
