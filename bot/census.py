"""Compares the gateway's users with the store's keys, both ways, and settles every difference."""

import logging
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from bot.key_rows import PAGE
from bot.keys import MemberKeys, Settled, parse_user_id
from gateway.client import GatewayClient
from gateway.wire import User
from storage import Connection, Store

log = logging.getLogger(__name__)


class Comparison(msgspec.Struct, frozen=True):
    """What was found. `revoked` keys were known to the gateway alone, `forgotten` ones to the store alone."""

    users: int
    revoked: int
    forgotten: int
    corrected: int


class _Ids(msgspec.Struct):
    guild_id: int
    member_id: int


class Census:
    """What the gateway says goes into a table, so that the database compares and memory holds a page at a time.

    One at a time: the table is emptied first. What changes while the pages are read shows up as a difference, which is
    why each one is looked at again, under the member's lock, before anything is done about it.
    """

    def __init__(self, store: Store, keys: MemberKeys, gateway: GatewayClient) -> None:
        self._store = store
        self._keys = keys
        self._gateway = gateway

    async def compare(self) -> Comparison:
        """Compare, and make the gateway and the store agree.

        Raises `gateway.errors.ApiError` and `storage.StorageError`; what was settled until then stays settled.
        """
        await self._store.run("clear_census")
        users = await self._count()
        found = Counter[Settled]()
        for statement in ("differences_after", "unknown_after"):
            async with aclosing(self._differences(statement)) as differences:
                async for ids in differences:
                    found[await self._keys.settle(ids.guild_id, ids.member_id)] += 1
        await self._store.run("clear_census")
        if found[Settled.REVOKED]:
            log.warning("revoked %d keys that the gateway knew and the bot did not", found[Settled.REVOKED])
        return Comparison(users, found[Settled.REVOKED], found[Settled.FORGOTTEN], found[Settled.CORRECTED])

    async def _count(self) -> int:
        users = 0
        page = list[dict[str, Any]]()
        async with aclosing(self._gateway.list_users(page_size=PAGE)) as listed:
            async for user in listed:
                entry = _entry(user)
                if entry is None:
                    continue
                users += 1
                page.append(entry)
                if len(page) == PAGE:
                    await self._note(page)
                    page = []
        await self._note(page)
        return users

    async def _note(self, page: Sequence[dict[str, Any]]) -> None:
        async def work(connection: Connection) -> None:
            for entry in page:
                await self._store.sql.put_census(connection, **entry)

        await self._store.database.transact(work)

    async def _differences(self, statement: str) -> AsyncGenerator[_Ids]:
        last = _Ids(0, 0)
        while True:
            page = await self._store.all(statement, _Ids, guild_id=last.guild_id, member_id=last.member_id, page=PAGE)
            for ids in page:
                yield ids
            if len(page) < PAGE:
                return
            last = page[-1]


def _entry(user: User) -> dict[str, Any] | None:
    """A row of the table, or none for a user who is no guild member or has no key."""
    ids = parse_user_id(user.user_id)
    if ids is None or user.key_hint is None:
        return None
    return {
        "guild_id": ids[0],
        "member_id": ids[1],
        "hint": user.key_hint,
        "plus": user.plus,
        "disabled": user.disabled,
        "expires_at": None if user.expires_at is None else int(user.expires_at.timestamp()),
    }
