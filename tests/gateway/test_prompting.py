"""The prompt path where the database fails it."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from gateway.accounts import AccountPool, PooledAccount
from gateway.config import Account, Gateway
from gateway.conversations import ConversationRecord, Conversations, StoredMessage
from gateway.keys import KeyHasher
from gateway.limits import Limits
from gateway.own_credentials import ACCESS_TOKENS, OwnCredentials
from gateway.principals import Principal
from gateway.prompting import ChatEvent, Prompting
from gateway.store import open_database
from gateway.upstreams.openai import OpenAIUpstream
from gateway.user_hash import UserHash
from gateway.users import NewPrincipal, Users
from gateway.wire import ChatAnswer, ChatRequest, Delta
from storage import Connection, Database, MissingReference, Sealer, StorageError, StorageReadOnly, Work
from tests.fakes.upstream import Answer, BreakOff, FakeUpstream
from tests.gateway.chatting import accounts_at
from tests.gateway.engines import PLACES

pytestmark = pytest.mark.usefixtures("either_engine")


class FullDisk(Conversations):
    """Conversations that cannot be written from some moment on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, clock=time.time)
        self.full_for_prompts = False
        self.full_for_commits = False
        self.full_for_replies = False

    def prompt_record(self, conversation: ConversationRecord, *, new: bool, prompt: StoredMessage) -> Work:
        record = super().prompt_record(conversation, new=new, prompt=prompt)

        async def work(connection: Connection) -> None:
            if self.full_for_prompts:
                raise StorageReadOnly("the disk is full")
            if self.full_for_commits:
                await connection.execute("PRAGMA defer_foreign_keys = ON")
                await connection.execute("UPDATE keys SET principal_id = 77")
            await record(connection)

        return work

    async def record_reply(self, reply: StoredMessage, *, also: Any = None) -> None:
        if self.full_for_replies:
            raise StorageReadOnly("the disk is full")
        await super().record_reply(reply, also=also)


class Bench:
    """A prompt path without HTTP in front."""

    def __init__(self, conversations: FullDisk, prompting: Prompting, user: Principal, upstream: FakeUpstream) -> None:
        self.conversations = conversations
        self.user = user
        self.upstream = upstream
        self._prompting = prompting

    async def prompt(self, told: list[ChatEvent]) -> None:
        async for event in self._prompting.prompt(self.user, ChatRequest(prompt="Hi")):
            told += [event]

    async def kept(self) -> list[list[StoredMessage]]:
        page = await self.conversations.list(owner=self.user, limit=10)
        return [await self.conversations.read(record.id) for record in page.items]


@asynccontextmanager
async def bench(folder: Path) -> AsyncGenerator[Bench]:
    database = await open_database(PLACES.storage(folder) or folder / "gateway.db")
    secret = ["x" * 43]
    users = Users(
        database, hasher=KeyHasher(secret), seal=Sealer(secret, b"tests"), clock=time.time, random=lambda n: b"r" * n
    )
    user = (await users.create(NewPrincipal(name="mia"))).principal
    async with FakeUpstream() as upstream:
        account: Account = accounts_at(upstream)[0]
        entry = PooledAccount(account, OpenAIUpstream(account, "sk-test"))
        pool = AccountPool([entry], affinity="strict", monotonic=time.monotonic)
        conversations = FullDisk(database)
        limits = Limits(database, Gateway().limits, clock=time.time)
        prompting = Prompting(
            conversations,
            pool,
            limits,
            Gateway(),
            own_credentials=OwnCredentials(Sealer(["x"], ACCESS_TOKENS), list, hours=1.0, clock=time.time),
            clock=time.time,
            new_id=lambda: str(uuid4()),
            user_hash=UserHash(secret[0]),
        )
        yield Bench(conversations, prompting, user, upstream)
        await prompting.close()
        await limits.close()
        await pool.close()
    await database.close()


async def test_where_the_prompt_cannot_be_kept_nothing_is_said_and_nobody_asked(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.conversations.full_for_prompts = True
        told = list[ChatEvent]()
        with pytest.raises(StorageError):
            await it.prompt(told)
        assert told == []
        assert await it.kept() == []
        assert it.upstream.requests == []


@pytest.mark.sqlite
async def test_where_the_prompt_turns_out_not_to_be_kept_nothing_is_said_and_the_provider_is_stopped(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path) as it:
        it.conversations.full_for_commits = True
        it.upstream.play(Answer(pause_at=1))
        told = list[ChatEvent]()
        with pytest.raises(MissingReference):
            await it.prompt(told)
        await it.upstream.deserted.wait()
        assert told == []
        assert await it.kept() == []
        assert it.upstream.title_requests == []
        it.conversations.full_for_commits = False
        await it.prompt(told)
        assert isinstance(told[-1], ChatAnswer)


async def test_an_answer_that_cannot_be_kept_is_never_told_to_be_done(tmp_path: Path) -> None:
    async with bench(tmp_path) as it:
        it.conversations.full_for_replies = True
        told = list[ChatEvent]()
        with pytest.raises(StorageError):
            await it.prompt(told)
        assert isinstance(told[-1], Delta)
        assert [message.role for message in (await it.kept())[0]] == ["user"]


async def test_a_broken_answer_that_cannot_be_kept_either_is_logged_without_its_text(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with bench(tmp_path) as it:
        it.conversations.full_for_replies = True
        it.upstream.play(BreakOff())
        with pytest.raises(Exception, match="broke off") as caught:
            await it.prompt([])
        assert getattr(caught.value, "message_id", "") is None
    assert "was not stored: the disk is full" in caplog.text
    assert "Half" not in caplog.text
