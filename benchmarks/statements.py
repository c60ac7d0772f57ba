"""What a prompt's statements and commits cost by themselves: sqlite3, one after another, no HTTP, no event loop."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Literal
from uuid import uuid4

import msgspec

from gateway.conversations import StoredMessage
from gateway.store import open_database
from gateway.store import queries as statements_of

_PROMPTS = 300
_TEXT = "What does a reverse proxy do, and what more does a gateway do? Say it in three sentences."
_NOBODY = b"nobody has this key"


class Cost(msgspec.Struct, frozen=True):
    """Milliseconds for one prompt: by the clock, and of the processor."""

    elapsed: float
    cpu: float


async def measure(folder: Path) -> Cost:
    """The median of some hundred prompts, in a database of the gateway's in that folder."""
    path = folder / "statements.db"
    database = await open_database(path)
    try:
        sql = {name: statements_of(database, name) for name in ("principals", "conversations", "limits")}
        return await asyncio.to_thread(_measure, path, sql)
    finally:
        await database.close()


def _measure(path: Path, sql: dict[str, Any]) -> Cost:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        owner = connection.execute(
            "INSERT INTO principals (name, username, plus, role, created_at)"
            " VALUES ('u', 'u', 0, 'user', 0) RETURNING id"
        ).fetchone()[0]
        prompts = _Prompts(connection, sql, owner)
        elapsed, cpu = list[float](), list[float]()
        for number in range(_PROMPTS):
            began, used = perf_counter(), process_time()
            prompts.ask(number)
            elapsed.append(perf_counter() - began)
            cpu.append(process_time() - used)
    return Cost(1000 * median(elapsed), 1000 * median(cpu))


class _Prompts:
    """Follow-ups in one conversation after another, each with two exchanges behind it at most."""

    def __init__(self, connection: sqlite3.Connection, sql: dict[str, Any], owner: int) -> None:
        self._connection = connection
        self._sql = sql
        self._owner = owner
        self._conversation = ""
        self._last: str | None = None

    def ask(self, now: int) -> None:
        """Everything that a follow-up reads and writes."""
        if now % 3 == 0:
            self._begin(now)
        self._do("principals", "holder_of", hash=_NOBODY)
        self._do("conversations", "find", id=self._conversation)
        self._do("conversations", "path_to", id=self._conversation, message_id=None)
        self._connection.execute("BEGIN IMMEDIATE")
        whose = {"principal_id": self._owner, "tier": "free"}
        self._do("limits", "in_use", principal_id=self._owner, minute_ago=0, now=now, today=1, first_of_month=1)
        self._do("limits", "count_request", **whose, now=now, minute_ago=0)
        reserved = self._do("limits", "reserve", **whose, expires_at=now, tokens=1, cost_usd=0.0)[0][0]
        self._message("user", now)
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN IMMEDIATE")
        self._message("assistant", now)
        used = {"requests": 1, "input_tokens": 1, "output_tokens": 1, "cost_usd": 0.0, "estimated": False}
        self._do("limits", "add", **whose, day=1, account="free", model="bench", **used)
        self._do("limits", "end", id=reserved)
        self._connection.execute("COMMIT")

    def _begin(self, now: int) -> None:
        self._conversation, self._last = str(uuid4()), None
        self._do(
            "conversations",
            "begin",
            id=self._conversation,
            owner_id=self._owner,
            title="Title",
            title_source="generated",
            tier="free",
            account="free",
            model="bench",
            system=None,
            created_at=now,
            updated_at=now,
        )

    def _message(self, role: Literal["user", "assistant"], now: int) -> None:
        message = StoredMessage(
            id=str(uuid4()),
            conversation_id=self._conversation,
            parent_id=self._last,
            role=role,
            content=_TEXT,
            created_at=now,
            model="bench",
            account="free",
        )
        self._last = message.id
        self._do("conversations", "add_message", **msgspec.structs.asdict(message))
        self._do("conversations", "touch", id=self._conversation, at=now)

    def _do(self, subject: str, name: str, **values: object) -> list[Any]:
        return self._connection.execute(getattr(self._sql[subject], name).sql, values).fetchall()
