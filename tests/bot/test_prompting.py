"""Answers that wait for each other: the prompt path with a real gateway, into a place of our own making."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.access import Tier
from bot.answering import Answering, Asker, Prompt
from bot.answers import RunningAnswers
from bot.config import Answers
from bot.errors import ShuttingDown, UserError
from bot.footers import Footers
from bot.key_rows import KeyRows
from bot.keys import MEMBER_KEYS, Lease, MemberKeys
from bot.outages import Outages
from bot.places import Place
from bot.prompting import Prompting
from bot.rendering.pacing import Paces
from bot.rendering.rate_limits import RateLimits
from bot.store import open_store
from bot.threads import Held, Threads
from cogs.ask import AnswerButtons
from gateway.bootstrap import ensure_client_key
from gateway.client import GatewayClient
from gateway.config import Account, Config, Gateway, Secrets
from gateway.server import GatewayServer
from storage import Sealer
from tests.fakes.upstream import Answer, FakeUpstream
from tests.gateway.engines import PLACES

FRED = Asker(10, 20, "fred", Tier.FREE)


@dataclass
class Note:
    """A message on our notice board."""

    id: int
    content: str

    async def edit(
        self, content: str, *, view: discord.ui.View | None = None, files: Sequence[discord.File] = ()
    ) -> None:
        self.content = content

    async def delete(self) -> None:
        self.content = ""


@dataclass
class Board:
    """A surface that keeps what is sent."""

    notes: list[Note] = field(default_factory=list[Note])

    async def send(
        self, content: str, *, view: discord.ui.View | None = None, files: Sequence[discord.File] = ()
    ) -> Note:
        self.notes.append(Note(len(self.notes) + 1, content))
        return self.notes[-1]

    def read(self) -> list[str]:
        return [note.content for note in self.notes]


@dataclass
class Room:
    prompting: Prompting
    threads: Threads
    keys: MemberKeys
    upstream: FakeUpstream
    running: RunningAnswers
    gateway: GatewayClient
    board: Board = field(default_factory=Board)

    def place(self) -> Place:
        return Place(self.board, 77, holds=True)

    def ask(self, text: str, *, follows: bool) -> asyncio.Task[None]:
        return asyncio.create_task(self.prompting.answer(FRED, Prompt(text, follows=follows), self.place()))


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Room]:
    store = await open_store(PLACES.store(tmp_path))
    try:
        async with FakeUpstream() as upstream:
            account = Account(name="fake", tier="free", model="gpt-free", base_url=upstream.base_url)
            config = Config(
                data_dir=tmp_path,
                gateway=Gateway(port=0, accounts=[account], title_wait_seconds=0, shutdown_grace_seconds=0.1),
                secrets=Secrets(secret="x"),
            )
            async with (
                GatewayServer(config) as server,
                GatewayClient(server.url, await ensure_client_key(config)) as gateway,
            ):
                sealer = Sealer(["x"], MEMBER_KEYS)
                lease = Lease(timedelta(days=1))
                keys = MemberKeys(KeyRows(store), sealer, gateway, lease=lease, now=lambda: datetime.now(UTC))
                threads = Threads(store)
                answers = Answers(edit_interval_seconds=0.01)
                running = RunningAnswers()
                prompting = Prompting(
                    lambda: Answering(
                        keys,
                        gateway,
                        threads,
                        answers,
                        AnswerButtons(),
                        Paces(answers.edit_interval_seconds, RateLimits()),
                        Footers(gateway, "off").under,
                        running,
                        Outages(gateway, 0),
                    )
                )
                yield Room(prompting, threads, keys, upstream, running, gateway)
    finally:
        await store.database.close()


async def in_the_queue(room: Room) -> None:
    """Until somebody waits for their turn."""
    for _ in range(1000):
        turn: Any = room.prompting._turns[77]
        if turn._waiters:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("nobody waits")


async def test_a_follow_up_sent_before_the_first_answer_began_goes_on_with_its_conversation(room: Room) -> None:
    room.upstream.play(Answer("First", pause_at=0))
    first = room.ask("One", follows=False)
    await room.upstream.paused.wait()
    second = room.ask("Two", follows=True)
    room.upstream.release.set()
    await asyncio.gather(first, second)
    assert room.board.read() == ["First", "Hello from the fake upstream."]
    assert [text for _, text in room.upstream.requests[1].messages] == ["One", "First", "Two"]


async def test_what_happens_to_access_while_one_waits_for_ones_turn_counts(room: Room) -> None:
    room.upstream.play(Answer("First", pause_at=0))
    first = room.ask("One", follows=False)
    await room.upstream.paused.wait()
    second = room.ask("Two", follows=True)
    await in_the_queue(room)
    await room.keys.set_tier(10, 20, Tier.NONE)
    room.upstream.release.set()
    await asyncio.gather(first, second)
    assert "switched your access off" in room.board.read()[1]


async def test_while_it_stops_nothing_is_admitted_and_what_waits_is_told(room: Room) -> None:
    room.upstream.play(Answer("First", pause_at=0))
    first = room.ask("One", follows=False)
    await room.upstream.paused.wait()
    second = room.ask("Two", follows=True)
    await in_the_queue(room)
    await room.prompting.drain(0)
    await asyncio.gather(first, second)
    assert all("I was restarted" in words for words in room.board.read())
    assert len(room.board.notes) == 2
    with pytest.raises(ShuttingDown):
        room.prompting.admit("Three")


async def test_a_blank_prompt_is_not_admitted(room: Room) -> None:
    with pytest.raises(UserError, match="no question"):
        room.prompting.admit(" \n ")
    assert room.prompting.admit("  Hi ") == "Hi"


async def test_an_answer_that_broke_off_before_it_began_can_be_asked_for_again_in_its_place(room: Room) -> None:
    await room.threads.hold(Held(channel_id=77, guild_id=10, owner_id=20, conversation_id=None))
    await room.ask("One", follows=True)
    held = await room.threads.in_channel(77)
    assert held is not None
    assert held.conversation_id is not None


async def partly_shown(room: Room, words: str) -> str:
    """The first answer's id once these words of it can be seen, and it is noted whose they are, which comes after."""
    for _ in range(30_000):
        shown = await room.threads.answer_in(1)
        if shown is not None and shown.reply_id is not None and any(words in text for text in room.board.read()):
            return shown.reply_id
        await asyncio.sleep(0.001)
    raise AssertionError("it was never shown")


async def test_a_stopped_answer_is_hung_up_on_and_what_had_arrived_is_stored_before_the_next_prompt(room: Room) -> None:
    room.upstream.play(Answer("It is so because of many things", pause_at=3))
    answering = room.ask("Why?", follows=False)
    await room.upstream.paused.wait()
    reply_id = await partly_shown(room, "so")
    waiting = room.ask("And?", follows=True)
    await in_the_queue(room)
    held = await room.threads.in_channel(77)
    assert held is not None
    assert held.conversation_id is not None
    with pytest.raises(UserError):
        room.running.check_idle(held.conversation_id)
    assert room.running.stop(reply_id)
    await answering
    await waiting
    async with asyncio.timeout(30):
        await room.upstream.deserted.wait()
    assert room.board.read() == ["It is so\n-# Stopped. What had arrived is kept.", room.upstream.reply]
    assert room.upstream.requests[1].messages[-3:] == [("user", "Why?"), ("assistant", "It is so"), ("user", "And?")]
    messages = (await room.gateway.get_conversation(held.conversation_id)).messages
    assert [(message.id == reply_id, message.status) for message in messages][1] == (True, "incomplete")
    assert not room.running.stop(reply_id)
    room.running.check_idle(held.conversation_id)
