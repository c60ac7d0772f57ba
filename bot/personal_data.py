"""What there is of a member: in every table of the bot's store, and on the gateway. Shown whole, erased whole."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import msgspec

from bot.keys import MemberKeys, parse_user_id, user_id
from bot.promises import Promises
from bot.prompting import Prompting
from gateway.client import GatewayClient
from gateway.errors import ApiError, NotFound
from gateway.wire import Erased, Held
from storage import Connection, Store

_PAGE = 500


class MemberTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table with rows about members. Whoever adds one says so in `MEMBER_TABLES`.

    `member` and `guild` are its columns with their ids, no `guild` where a row is about a member everywhere; `key` the
    columns that tell its rows apart; `secret` columns are nobody's to see, one that is `sealed` holds a question of the
    member's; `kept` says why rows outlive a member's wish to be forgotten, where they do.
    """

    name: str
    key: str
    member: str = "member_id"
    guild: str | None = "guild_id"
    secret: frozenset[str] = frozenset()
    sealed: str = ""
    kept: str = ""


MEMBER_TABLES = (
    MemberTable(name="keys", key="guild_id, member_id", secret=frozenset(("sealed",))),
    MemberTable(name="census", key="guild_id, member_id"),
    MemberTable(name="threads", key="channel_id", member="owner_id"),
    MemberTable(name="answers", key="message_id", member="owner_id"),
    MemberTable(name="guests", key="conversation_id, member_id"),
    MemberTable(name="readings", key="guild_id, member_id, at, admin_id"),
    MemberTable(name="blocks", key="guild_id, member_id", kept="nobody gets out of a block by being forgotten"),
    MemberTable(name="homes", key="member_id"),
    MemberTable(name="languages", key="member_id", guild=None),
    MemberTable(name="promises", key="id", guild=None, sealed="asked"),
    MemberTable(
        name="entitlements",
        key="id",
        member="user_id",
        guild=None,
        kept="Discord sold it, and tells of it again",
    ),
)
"""Every table of the bot's that says something about a member; a test looks for one that is missing here."""

ABOUT_NO_MEMBER = frozenset(
    ("role_tiers", "in_flight", "turns", "reports", "batches", "guild_settings", "channel_settings")
)
"""The others: a message that grows or the last member a job looked at tell nothing of anybody."""


class Whose(msgspec.Struct, frozen=True):
    """A member of one guild; without `guild_id` of all of them."""

    member_id: int
    guild_id: int | None = None


class BotRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the bot's store."""

    table: str
    row: dict[str, Any]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased: conversations, messages and files on the gateway, `notes` in the bot's store."""

    servers: int = 0
    keys: int = 0
    conversations: int = 0
    messages: int = 0
    attachments: int = 0
    notes: int = 0


class PersonalData:
    """Reads and erases it. Every call raises `storage.StorageError` and `gateway.errors.ApiError`."""

    def __init__(
        self,
        store: Store,
        keys: MemberKeys,
        gateway: GatewayClient,
        prompting: Prompting,
        promises: Promises,
        tables: Sequence[MemberTable] = MEMBER_TABLES,
    ) -> None:
        self._store = store
        self._keys = keys
        self._gateway = gateway
        self._prompting = prompting
        self._promises = promises
        self._tables = tables

    async def erase(self, whose: Whose) -> Receipt:
        """End what is being written for them, erase it on the gateway, where the key dies first, then in the store.

        What breaks off is done by the next call.
        """
        async with self._prompting.without(whose.member_id, whose.guild_id):
            return await self._erase(whose)

    async def _erase(self, whose: Whose) -> Receipt:
        guilds = await self.guilds_of(whose)
        receipt = Receipt(servers=len(guilds))
        for guild_id in guilds:
            had_key = await self._keys.holder(guild_id, whose.member_id) is not None
            erased = await self._keys.forget(guild_id, whose.member_id)
            receipt = _plus(receipt, erased, keys=int(had_key))
        notes = await self._store.database.transact(lambda connection: self._erase_rows(connection, whose))
        await self._store.database.scrub()
        return msgspec.structs.replace(receipt, notes=notes)

    async def guilds_of(self, whose: Whose) -> list[int]:
        """The guilds in which there is anything of a member, also those the bot or the member has left."""
        if whose.guild_id is not None:
            return [whose.guild_id]
        found = set[int]()
        async with aclosing(self._gateway.list_users(ending=f":{whose.member_id}", deleted=True)) as users:
            async for user in users:
                ids = parse_user_id(user.user_id)
                if ids is not None:
                    found.add(ids[0])
        async with self._store.database.read() as connection:
            for table in self._tables:
                if table.guild is None:
                    continue
                sql = f"SELECT DISTINCT {table.guild} AS guild_id FROM {table.name} WHERE {table.member} = :member_id"
                rows = await connection.fetch(sql, {"member_id": whose.member_id})
                found.update(row["guild_id"] for row in rows)
        return sorted(found)

    async def noted(self, whose: Whose) -> AsyncGenerator[BotRow]:
        """Every row of the bot's store, without what is secret; a page is in memory at a time."""
        for table in self._tables:
            start = 0
            while True:
                page = await self._page(table, whose, start)
                for row in page:
                    if table.sealed and row[table.sealed] is not None:
                        row[table.sealed] = self._promises.text_of(row[table.sealed])
                    yield BotRow(table=table.name, row={name: row[name] for name in row if name not in table.secret})
                if len(page) < _PAGE:
                    break
                start += _PAGE

    async def held(self, member_id: int, guild_id: int) -> AsyncGenerator[Held]:
        """All that the gateway holds of a member of one guild; nothing where it knows no such user."""
        gateway = await self.reader(member_id, guild_id)
        try:
            async with aclosing(gateway.held_of(user_id(guild_id, member_id))) as parts:
                async for part in parts:
                    yield part
        except NotFound:
            return

    async def reader(self, member_id: int, guild_id: int) -> GatewayClient:
        """The gateway through the member's own key, as long as it works: who reads their own leaves no note in the
        audit log.
        """
        key = await self._keys.peek(guild_id, member_id)
        if key is not None:
            own = self._gateway.acting_with(key)
            try:
                await own.whoami()
            except ApiError:
                return self._gateway
            return own
        return self._gateway

    async def _page(self, table: MemberTable, whose: Whose, start: int) -> list[dict[str, Any]]:
        sql = f"SELECT * FROM {table.name} WHERE {_of(table, whose)} ORDER BY {table.key} LIMIT :page OFFSET :start"
        async with self._store.database.read() as connection:
            rows = await connection.fetch(sql, {**_values(table, whose), "page": _PAGE, "start": start})
        return [dict(row) for row in rows]

    async def _erase_rows(self, connection: Connection, whose: Whose) -> int:
        erased = await connection.execute(_GUESTS_OF_THEIRS.format(whose=_in(whose)), _ids(whose))
        for table in self._tables:
            if not table.kept:
                sql = f"DELETE FROM {table.name} WHERE {_of(table, whose)}"
                erased += await connection.execute(sql, _values(table, whose))
        return erased


_GUESTS_OF_THEIRS = """
DELETE FROM guests WHERE conversation_id IN (
    SELECT conversation_id FROM threads WHERE {whose} UNION SELECT conversation_id FROM answers WHERE {whose}
)
"""
"""With whom a member shared their conversations: rows about others that say nothing once those are erased."""


def _in(whose: Whose) -> str:
    return "owner_id = :member_id" + ("" if whose.guild_id is None else " AND guild_id = :guild_id")


def _ids(whose: Whose) -> dict[str, int]:
    return {"member_id": whose.member_id} | ({} if whose.guild_id is None else {"guild_id": whose.guild_id})


def _of(table: MemberTable, whose: Whose) -> str:
    """Names of tables and columns are constants of the program; what people give are values."""
    member = f"{table.member} = :member_id"
    return member if whose.guild_id is None or table.guild is None else f"{member} AND {table.guild} = :guild_id"


def _values(table: MemberTable, whose: Whose) -> dict[str, int]:
    return _ids(whose) if table.guild is not None else {"member_id": whose.member_id}


def _plus(receipt: Receipt, erased: Erased | None, *, keys: int) -> Receipt:
    return msgspec.structs.replace(
        receipt,
        keys=receipt.keys + keys,
        conversations=receipt.conversations + (erased.conversations if erased else 0),
        messages=receipt.messages + (erased.messages if erased else 0),
        attachments=receipt.attachments + (erased.attachments if erased else 0),
    )
