"""The command `rolekey` itself, as a process of its own, against the stand-in: told to stop, and killed."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.rendering.live_message import CURSOR
from playground.standin.invocation import Invocation
from playground.standin.person import Person
from playground.standin.server import StandIn
from playground.standin.world.entities import Channel, Guild, Message, MessageFlag, MessageType
from tests.fakes.upstream import Answer, FakeUpstream, Hang
from tests.playground.standin.conftest import MakeStandIn

SETTINGS = """
data_dir = "{data}"
[discord]
api_url = "{standin.api_url}"
cdn_url = "{standin.cdn_url}"
[answers]
edit_interval_seconds = 0.05
grace_seconds = 1.0
[gateway]
port = 0
title_wait_seconds = 0.5
shutdown_grace_seconds = 0.2
[[gateway.accounts]]
name = "fake"
tier = "free"
model = "gpt-free"
base_url = "{upstream}"
api_key_env = "FAKE_KEY"
"""
SAID = {MessageType.DEFAULT, MessageType.REPLY}
KEYS = "SELECT guild_id, member_id, hint FROM keys WHERE sealed IS NOT NULL"
USERS = """
SELECT name, hint FROM principals JOIN keys ON keys.principal_id = principals.id
WHERE role = 'user' AND deleted_at IS NULL AND revoked_at IS NULL
"""
NEVER_BEGAN = "⚠️ I was restarted before I could answer. Press Retry within a day, or ask again."
INTERRUPTED = "⚠️ Interrupted: I was restarted."


class Program:
    """`rolekey run` and what it logs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: list[str] = []
        self._news = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._lines.append(line.decode())
            async with self._news:
                self._news.notify_all()

    async def logs(self, words: str) -> None:
        """Wait until it logged this."""
        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: any(words in line for line in self._lines)), 45)
            except TimeoutError:
                raise AssertionError(f"it never said {words!r}:\n{''.join(self._lines)}") from None

    async def end(self, how: signal.Signals) -> int:
        """Send it a signal; returns its exit code."""
        if self._process.returncode is None:
            self._process.send_signal(how)
        await self._reading
        return await self._process.wait()

    @property
    def said(self) -> str:
        """Everything it logged."""
        return "".join(self._lines)


class House:
    """A stand-in with a server in it, a provider, and a folder where the program keeps its data."""

    def __init__(self, standin: StandIn, upstream: FakeUpstream, folder: Path) -> None:
        self.standin, self.upstream, self._folder = standin, upstream, folder
        self.control = standin.control
        self.guild: Guild = self.control.create_guild("Academy")
        self.general: Channel = self.control.create_channel(self.guild, "general")
        self.programs: list[Program] = []
        settings = SETTINGS.format(data=folder / "data", upstream=upstream.base_url, standin=standin)
        (folder / "config.toml").write_text(settings, encoding="utf-8")

    def person(self, name: str) -> Person:
        return self.control.add_member(self.guild, self.control.create_user(name))

    async def start(self) -> Program:
        """The program, ready."""
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ROLEKEY")},
            "PYTHONPATH": str(Path(__file__).parents[3]),
            "PYTHONWARNINGS": "error,ignore:'audioop' is deprecated:DeprecationWarning",
            "DISCORD_TOKEN": self.standin.application.token,
            "FAKE_KEY": "sk-fake",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "run", "--config", "config.toml"),
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        program = Program(process)
        self.programs.append(program)
        await program.logs("ready as")
        return program

    def rows(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """What stands in one of the program's databases."""
        with closing(sqlite3.connect(self._folder / "data" / database)) as connection:
            return connection.execute(query).fetchall()

    def replies(self, card: Message) -> list[Message]:
        """What the bot wrote in reply to a message where that stands."""
        return self.said(card.channel_id, wants=lambda message: message.reference == (card.channel_id, card.id))

    def said(self, channel_id: int, *, wants: Callable[[Message], bool] = lambda _: True) -> list[Message]:
        """The bot's messages in a channel, without the card that a thread begins with."""
        messages = self.standin.world.state.messages.get(channel_id, {}).values()
        mine = (message for message in messages if message.author is self.standin.application.bot)
        return [message for message in mine if message.content and message.type in SAID and wants(message)]

    async def text(self, channel_id: int, words: str) -> Message:
        """The bot's message with these words, once it is there."""
        found = await self.control.until(lambda: self.said(channel_id, wants=lambda message: words in message.content))
        return found[0]


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
async def house(tmp_path: Path, upstream: FakeUpstream, make_standin: MakeStandIn) -> AsyncGenerator[House]:
    async with make_standin() as standin:
        house = House(standin, upstream, tmp_path)
        try:
            yield house
        finally:
            for program in house.programs:
                await program.end(signal.SIGKILL)


async def ask(house: House, who: Person) -> Message:
    """Somebody asks, and sees the first word of an answer that goes no further until it is let go."""
    house.upstream.paused.clear()
    house.upstream.release.clear()
    house.upstream.play(Answer(text="One two three", pause_at=2))
    card = await (await who.slash(house.general, "ask", prompt="Count")).message()
    await house.upstream.paused.wait()
    return await house.text(card.id, "One")


async def test_told_to_stop_in_the_middle_of_an_answer_it_finishes_that_first(house: House) -> None:
    program = await house.start()
    growing = await ask(house, house.person("fred"))
    ending = asyncio.create_task(program.end(signal.SIGTERM))
    await program.logs("stopping: answers under way are finished first")
    house.upstream.release.set()
    assert await ending == 0, program.said
    assert growing.content == "One two three"


async def test_killed_or_stopped_for_longer_than_the_grace_an_answer_says_it_was_interrupted_and_goes_on(
    house: House,
) -> None:
    fred = house.person("fred")
    program = await house.start()
    growing = await ask(house, fred)
    assert await program.end(signal.SIGKILL) == -signal.SIGKILL
    house.upstream.release.set()
    program = await house.start()
    assert INTERRUPTED in growing.content
    assert CURSOR not in growing.content
    house.upstream.reply = "Four five six"
    await fred.slash(house.standin.world.state.channel(growing.channel_id), "followup", prompt="Go on")
    await house.text(growing.channel_id, "Four five six")
    assert [text for _, text in house.upstream.requests[-1].messages][-1] == "Go on"

    growing = await ask(house, fred)
    assert await program.end(signal.SIGTERM) == 0, program.said
    assert INTERRUPTED in growing.content
    assert "Traceback" not in program.said


async def test_after_kill_9_amid_50_answers_no_key_thread_or_conversation_is_left_without_its_counterpart(
    house: House,
) -> None:
    """Ten are answered, ten half answered, ten not begun by the provider, ten not shown yet, ten have no thread."""

    async def all_ask(names: range) -> None:
        asking.extend([await house.person(f"m{n}").slash(house.general, "ask", prompt=f"I am m{n}") for n in names])

    asking: list[Invocation] = []
    house.upstream.reply = lambda request: f"To {request.prompt}: " + "word " * 30
    house.upstream.play(*[Answer()] * 10, *[Answer(pause_at=4)] * 10, *[Hang()] * 10)
    program = await house.start()
    await all_ask(range(30))
    await house.control.until(lambda: len(house.control.threads(house.general)) == 30)
    house.control.delay("POST", "/channels/*/messages", 60, times=None)
    await all_ask(range(30, 40))
    await house.control.until(lambda: len(house.control.threads(house.general)) == 40)
    house.control.delay("POST", "/channels/*/threads", 60, times=None)
    await all_ask(range(40, 50))
    await asyncio.gather(*(invocation.acknowledged() for invocation in asking))
    assert await program.end(signal.SIGKILL) == -signal.SIGKILL
    house.control.heal()
    house.upstream.release.set()
    again = await house.start()
    await again.logs("sweep: ")
    world = house.standin.world.state
    keys = {f"{guild}:{member}": hint for guild, member, hint in house.rows("bot.db", KEYS)}
    assert dict(house.rows("gateway.db", USERS)) == keys
    conversations = {conversation for (conversation,) in house.rows("gateway.db", "SELECT id FROM conversations")}
    held = dict(house.rows("bot.db", "SELECT channel_id, conversation_id FROM threads"))
    assert len(conversations) >= 10
    assert conversations == {conversation for conversation in held.values() if conversation is not None}
    for invocation in asking:
        card = invocation.interaction.original
        if card is None:
            continue
        assert not card.flags & MessageFlag.LOADING
        if card.id not in world.channels:
            assert [said.content for said in house.replies(card)] == [NEVER_BEGAN]
            continue
        said = [
            message.content for message in house.said(card.id) if message.type is not MessageType.CHANNEL_NAME_CHANGE
        ]
        if held[card.id] is None:
            assert said == [NEVER_BEGAN]
        else:
            whole = f"To I am {invocation.interaction.user.username}: {'word ' * 30}".strip()
            assert said[-1] == whole or INTERRUPTED in said[-1]
        assert CURSOR not in "".join(said)
    assert house.rows("bot.db", "SELECT * FROM in_flight") == []
    assert house.rows("bot.db", "SELECT * FROM promises WHERE kept_until IS NULL") == []
    kept = house.rows("bot.db", "SELECT asked FROM promises")
    assert b"I am m" not in b"".join(asked for (asked,) in kept)
    retries = [m for place in world.messages for m in house.said(place, wants=lambda m: m.content == NEVER_BEGAN)]
    assert len(retries) == len(kept) >= 10

    house.upstream.reply = "At last."
    original = asking[45].interaction.original
    assert original is not None
    [question] = house.replies(original)
    refused = await (await house.person("fred").press(question, label="Retry")).message()
    assert refused.content.startswith("This conversation is <@")
    await house.control.member(house.guild, asking[45].interaction.user).press(question, label="Retry")
    await house.text(house.general.id, "At last.")
    assert house.upstream.requests[-1].prompt == "I am m45"
    await house.control.until(lambda: question.components == [])


async def test_after_kill_9_each_queued_follow_up_and_a_private_question_are_marked_and_can_be_retried(
    house: House,
) -> None:
    fred, paula = house.person("fred"), house.person("paula")
    program = await house.start()
    growing = await ask(house, fred)
    thread = house.standin.world.state.channel(growing.channel_id)
    cards = [await (await fred.slash(thread, "followup", prompt="And then?")).message() for _ in range(2)]
    house.control.delay("POST", "/channels/*/threads", 60, times=None)
    private = await paula.slash(house.general, "ask", prompt="A secret", private=True)
    await private.acknowledged()
    await house.control.until(lambda: len(house.rows("bot.db", "SELECT * FROM promises")) == 4)
    assert await program.end(signal.SIGKILL) == -signal.SIGKILL
    house.control.heal()
    house.upstream.release.set()
    program = await house.start()
    assert INTERRUPTED in growing.content
    assert [[said.content for said in house.replies(card)] for card in cards] == [[NEVER_BEGAN], [NEVER_BEGAN]]
    told = await private.message()
    assert (told.content, told.ephemeral_to) == (NEVER_BEGAN, paula.id)

    house.upstream.reply = "Then this."
    await fred.press(house.replies(cards[1])[0], label="Retry")
    await house.text(thread.id, "Then this.")
    assert len(house.rows("gateway.db", "SELECT id FROM conversations")) == 1
    pressed = await paula.press(told, label="Retry")
    await house.control.until(lambda: [message.content for message in pressed.followups] == ["Then this."])
    assert "Traceback" not in program.said
