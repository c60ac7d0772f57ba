"""What goes wrong, and what is said of it: to the member, in the log, and never more than that."""

import asyncio
import logging
import re
import sqlite3
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import discord
import msgspec
import pytest
from aiohttp.test_utils import unused_port
from simcord import InteractionResult

from bot.app import create_bot
from bot.config import Keys
from gateway.config import Gateway, Limits, Secrets, TierLimits
from gateway.wire import ChatRequest
from storage import StorageBusy, StorageReadOnly
from storage.sqlite import SQLiteDatabase
from tests.cogs.conftest import MakeWorld, World, card, last, settings, words
from tests.fakes.upstream import Act, Answer, BreakOff, ErrorEvent, FakeUpstream, Hang, HangUp, Refuse
from tests.sqlite_files import lock, writer_of

PROMPT = "What is the airspeed of an unladen swallow?"
REPLY = "Hello from the fake upstream."
SECRETS = re.compile(r"rk-[A-Za-z0-9_-]{8,}|sk-fake|sk-proj|secretsecret|a secret of the tests|swallow|fake upstream\.")


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Generator[pytest.LogCaptureFixture]:
    """The log as the program writes it by default; whatever happens, no secret, prompt or reply is in it."""
    caplog.set_level(logging.INFO)
    yield caplog
    assert SECRETS.findall(caplog.text) == []


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> dict[str, SQLiteDatabase]:
    """The first database of every name that is opened; none waits long for a lock."""
    opened: dict[str, SQLiteDatabase] = {}
    really_open = SQLiteDatabase.open

    async def opening(path: Path, *, migrations: Path) -> SQLiteDatabase:
        database = await really_open(path, migrations=migrations, busy_seconds=0.05)
        opened.setdefault(path.name, database)
        return database

    monkeypatch.setattr(SQLiteDatabase, "open", opening)
    return opened


def impatient(tmp_path: Path, upstream: FakeUpstream) -> Gateway:
    """Settings whose accounts wait for the provider for a tenth of a second."""
    gateway = settings(tmp_path, upstream).gateway
    accounts = [
        msgspec.structs.replace(
            account, connect_timeout_seconds=0.05, first_byte_timeout_seconds=0.05, idle_timeout_seconds=0.1
        )
        for account in gateway.accounts
    ]
    return msgspec.structs.replace(gateway, accounts=accounts)


def reference(text: str, log: pytest.LogCaptureFixture) -> str:
    """The reference that the member was given; it is in the log."""
    found = re.findall(r"reference `([0-9a-f]{8})`", text)
    assert len(found) == 1, text
    assert f"reference {found[0]}: " in log.text
    return found[0]


def answered(result: InteractionResult) -> InteractionResult:
    """An interaction that nobody sees as "thinking"."""
    assert result.acknowledged
    assert not result.deferred
    return result


def to_them_alone(result: InteractionResult) -> str:
    """What only the member was told."""
    messages = [message for message in (result.response, *result.followups) if message is not None]
    told = [message.content for message in messages if message.ephemeral and message.content]
    assert len(told) == 1
    return told[0]


async def ask(world: World) -> InteractionResult:
    return answered(await world.fred.slash(world.general, "ask", prompt=PROMPT))


def said(world: World) -> list[str]:
    [thread] = world.threads()
    return world.said(thread)


@asynccontextmanager
async def midway(world: World, happening: Callable[[], object]) -> AsyncGenerator[None]:
    """Something happens once the provider pauses; then the answer goes on."""

    async def watch() -> None:
        await world.upstream.paused.wait()
        await asyncio.sleep(0.1)
        happening()
        world.upstream.release.set()

    task = asyncio.create_task(watch())
    yield
    await task


# The provider

FAULTS: list[tuple[Act, str]] = [
    (Refuse(401, "invalid_api_key"), "an admin must check FAKE_KEY"),
    (Refuse(429, "insufficient_quota"), "used up its budget"),
    (Refuse(500), "failed (HTTP 500). Nothing was lost: ask again in a moment."),
    (Refuse(400), "rejected the request"),
    (Hang(), "did not answer in time"),
    (HangUp(), "hung up without an answer"),
]


@pytest.mark.parametrize(("act", "sentence"), FAULTS)
async def test_a_provider_that_fails_is_said_in_the_thread_with_a_reference_and_one_can_go_on_there(
    make_world: MakeWorld,
    tmp_path: Path,
    upstream: FakeUpstream,
    log: pytest.LogCaptureFixture,
    act: Act,
    sentence: str,
) -> None:
    async with make_world(gateway=impatient(tmp_path, upstream)) as world:
        upstream.play(act)
        assert card(await ask(world)).description == PROMPT
        [told] = said(world)
        assert told.startswith("⚠️ ")
        assert sentence in told
        reference(told, log)


async def test_where_the_first_answer_failed_the_next_prompt_in_the_thread_begins_anew(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.play(Refuse(400))
        await ask(world)
        [thread] = world.threads()
        await world.fred.send(thread, "Again, please")
        assert said(world)[-1] == REPLY
        assert thread.name == "A Fine Title"


async def test_a_member_who_used_up_a_limit_is_told_which_one_and_when_to_come_back(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream, log: pytest.LogCaptureFixture
) -> None:
    limits = Limits(free=TierLimits(requests_per_minute=1))
    async with make_world(
        gateway=msgspec.structs.replace(settings(tmp_path, upstream).gateway, limits=limits)
    ) as world:
        await ask(world)
        await ask(world)
        told = world.said(world.threads()[-1])[-1]
        assert re.fullmatch(
            r"⚠️ Your free access takes one prompt a minute, and has had that\. "
            r"You can try again in (\d+ seconds|1 minute)\.",
            told,
        ), told
        assert "reference" not in log.text


async def test_a_rate_limit_is_no_fault_and_the_wait_is_said_once(
    make_world: MakeWorld, log: pytest.LogCaptureFixture
) -> None:
    async with make_world() as world:
        world.upstream.play(Refuse(429, headers={"Retry-After": "30"}))
        await ask(world)
        [told] = said(world)
        assert told.count("30 s") == 1
        assert "gain in 30 s" in told
        assert "reference" not in told
        assert not [record for record in log.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("act", [BreakOff(), ErrorEvent()])
async def test_half_an_answer_is_kept_and_marked_and_gone_on_from(
    make_world: MakeWorld, log: pytest.LogCaptureFixture, act: Act
) -> None:
    async with make_world() as world:
        world.upstream.play(act)
        await ask(world)
        [told] = said(world)
        assert told.startswith("Half an answer\n-# ⚠️ Interrupted: ")
        reference(told, log)
        [thread] = world.threads()
        shown = await world.fred.click(last(thread), label="Follow up")
        await world.fred.submit_modal(shown, {"prompt": "Go on"})
        history = [text for role, text in world.upstream.requests[-1].messages if role != "system"]
        assert history == [PROMPT, "Half an answer", "Go on"]


# The gateway


@pytest.fixture
def nowhere() -> Gateway:
    """A gateway that is down."""
    return Gateway(url=f"http://127.0.0.1:{unused_port()}")


KEYLESS = Secrets(secret="a secret of the tests", client_key="rk-made-up-client-key")


async def test_with_the_gateway_down_everybody_is_told_where_they_asked(
    make_world: MakeWorld, nowhere: Gateway, log: pytest.LogCaptureFixture
) -> None:
    async with make_world(gateway=nowhere, secrets=KEYLESS) as world:
        await ask(world)
        [told] = said(world)
        assert "I can't reach the gateway right now." in told
        reference(told, log)
        for command in ("key rotate", "key revoke"):
            told = to_them_alone(answered(await world.fred.slash(world.general, command)))
            assert "I can't reach the gateway right now." in told
            reference(told, log)
        result = answered(await world.fred.slash(world.general, "followup", prompt=PROMPT))
        assert "I can't reach the gateway" in to_them_alone(result)
        assert await world.fred.autocomplete(world.general, "followup", "conversation", "") == []
        answered(await world.fred.slash(world.general, "key show"))
        result = answered(await world.ada.slash(world.general, "access tier", role=world.plus_role, tier="free"))
        assert "now gives free" in words(result)


async def test_something_else_at_the_gateways_address_is_said_to_be_so(
    make_world: MakeWorld, upstream: FakeUpstream, log: pytest.LogCaptureFixture
) -> None:
    async with make_world(gateway=Gateway(url=upstream.base_url), secrets=KEYLESS) as world:
        await ask(world)
        [told] = said(world)
        assert "gateway's address" in told
        reference(told, log)


async def test_a_bot_whose_own_key_is_refused_sends_the_member_to_an_admin(
    make_world: MakeWorld, log: pytest.LogCaptureFixture
) -> None:
    async with make_world() as world:
        async with world.gateway() as gateway:
            url = gateway.url
        other = Gateway(url=url)
        config = msgspec.structs.replace(world.config, data_dir=world.config.data_dir / "other", gateway=other)
        stranger = create_bot(msgspec.structs.replace(config, secrets=KEYLESS))
        first, world.bot = world.bot, stranger
        await world.env.restart_bot(stranger)
        await ask(world)
        [told] = said(world)
        assert "Tell an admin" in told
        assert "for a new one" not in told
        reference(told, log)
        await first.close()


async def test_an_expired_key_is_renewed_by_the_next_prompt(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        with sqlite3.connect(world.config.storage_place()) as database:
            database.execute("UPDATE keys SET expires_at = 1 WHERE expires_at IS NOT NULL")
        database.close()
        assert await world.refusal(key) == "expired_key"
        await ask(world)
        assert said(world) == [REPLY]


async def test_a_lease_that_ran_out_while_the_bot_was_away_is_renewed(make_world: MakeWorld) -> None:
    async with make_world(keys=Keys(lease_days=1e-9)) as world:
        key = await world.key_of(world.fred)
        await asyncio.sleep(1.01)
        assert await world.refusal(key) == "expired_key"
        await ask(world)
        assert said(world) == [REPLY]
        assert await world.refusal(key) is None


async def test_a_conversation_that_was_deleted_is_said_to_be_gone(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await ask(world)
        key = await world.key_of(world.fred)
        async with world.gateway() as gateway:
            mine = gateway.acting_with(key)
            [conversation] = (await mine.list_conversations()).conversations
            await mine.delete_conversation(conversation.id)
        [thread] = world.threads()
        await world.fred.send(thread, "And?")
        assert said(world)[-1] == "⚠️ That conversation is gone. Start a new one with `/ask`."


async def test_a_member_whom_an_admin_of_the_gateway_switched_off_is_sent_to_them(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.key_of(world.fred)
        with sqlite3.connect(world.config.storage_place()) as database:
            database.execute("UPDATE principals SET disabled = 1 WHERE role = 'user'")
        database.close()
        await ask(world)
        assert said(world) == ["⚠️ An admin has switched your access off. Ask one to switch it on again."]


@pytest.mark.parametrize(("secret", "refusal"), [("new, a secret of the tests", None), ("new", "invalid_key")])
async def test_another_secret_costs_nobody_more_than_a_key(
    make_world: MakeWorld, secret: str, refusal: str | None
) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        await ask(world)
    secrets = Secrets(secret=secret, accounts=world.config.secrets.accounts)
    async with make_world(secrets=secrets) as world:
        assert await world.refusal(key) == refusal
        await ask(world)
        assert said(world) == [REPLY]
        await world.fred.slash(world.general, "followup", prompt="And?", conversation="fine title")
        assert len(world.upstream.requests) == 3


async def test_a_secret_that_is_set_later_goes_before_the_one_that_was_made_up(make_world: MakeWorld) -> None:
    made_up = Secrets(accounts={"FAKE_KEY": "sk-fake"})
    async with make_world(secrets=made_up) as world:
        key = await world.key_of(world.fred)
    async with make_world(secrets=msgspec.structs.replace(made_up, secret="set later")) as world:
        await ask(world)
        assert said(world) == [REPLY]
        assert await world.refusal(key) is None


# Discord


async def test_edits_that_discord_refuses_for_a_while_end_in_the_whole_answer(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.play(Answer(pause_at=2))
        world.env.inject_error("PATCH", "/channels/*/messages/*", status=500, times=2)
        async with midway(world, lambda: None):
            await ask(world)
        assert said(world) == [REPLY]


async def test_where_the_thread_may_not_be_written_to_the_member_is_told_alone_and_the_answer_is_kept(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        world.env.inject_error("POST", "/channels/*/messages", status=403, code=50013, times=None)
        told = to_them_alone(await ask(world))
        assert told == (
            "I lack the permission to write in the channel or thread. "
            "The answer itself is kept: go on with it by `/followup`."
        )
        world.env.backend.faults.clear()
        await world.fred.slash(world.general, "followup", prompt="And?")
        assert [text for _, text in world.upstream.requests[-1].messages][-3:] == [PROMPT, REPLY, "And?"]


async def test_a_thread_that_is_deleted_midway_loses_nothing_but_its_place(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.play(Answer(pause_at=2))
        async with midway(world, lambda: world.env.backend.delete_channel(world.threads()[0].id)):
            result = await ask(world)
        assert to_them_alone(result) == (
            "The channel or thread was deleted. The answer itself is kept: go on with it by `/followup`."
        )
        result = answered(await world.fred.slash(world.general, "followup", prompt="And?"))
        assert [text for _, text in world.upstream.requests[-1].messages][-3:] == [PROMPT, REPLY, "And?"]
        assert world.said(world.general)[-1] == REPLY


async def test_a_message_that_is_deleted_midway_is_sent_again(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.play(Answer(pause_at=2))

        def delete() -> None:
            [thread] = world.threads()
            world.env.backend.delete_message(thread.id, last(thread).id)

        async with midway(world, delete):
            await ask(world)
        assert said(world) == [REPLY]


async def test_a_command_that_discord_no_longer_takes_an_answer_to_is_logged(
    make_world: MakeWorld, log: pytest.LogCaptureFixture
) -> None:
    async with make_world() as world:
        world.expected.append(discord.NotFound)
        world.env.inject_error("POST", "/interactions/*", status=404, code=10062, times=None)
        await world.fred.slash(world.general, "key show")
        assert "could not tell a member" in log.text


# The databases


@pytest.mark.sqlite
@pytest.mark.parametrize("fault", [StorageBusy, StorageReadOnly])
async def test_where_the_bots_database_takes_nothing_nothing_is_done_and_that_is_said(
    make_world: MakeWorld, databases: dict[str, SQLiteDatabase], log: pytest.LogCaptureFixture, fault: type[Exception]
) -> None:
    async with make_world() as world:
        world.expected.append(fault)
        key = await world.key_of(world.fred)
        other = None
        if fault is StorageBusy:
            other = await lock(databases["bot.db"].path)
        else:
            await writer_of(databases["bot.db"]).execute("PRAGMA query_only = ON")
        told = to_them_alone(await ask(world))
        assert told.startswith("I can't save anything right now, so I did nothing.")
        reference(told, log)
        assert not world.threads()
        for member, command in ((world.fred, "key rotate"), (world.paula, "key rotate")):
            result = answered(await member.slash(world.general, command))
            told = to_them_alone(result)
            assert told.startswith("I can't save anything right now, so I did nothing.")
            reference(told, log)
        result = answered(
            await world.ada.slash(world.general, "access tier", role=world.guild.default_role, tier="none")
        )
        assert "I can't save anything right now" in to_them_alone(result)
        if other is not None:
            other.close()
        else:
            await writer_of(databases["bot.db"]).execute("PRAGMA query_only = OFF")
        assert await world.refusal(key) is None
        assert len(world.upstream.requests) == 0
        await ask(world)
        assert said(world)[-1] == REPLY


@pytest.mark.parametrize(("locked", "sentence"), [(True, "gateway is busy"), (False, "gateway can't save anything")])
async def test_where_the_gateways_database_takes_nothing_that_is_said(
    make_world: MakeWorld,
    databases: dict[str, SQLiteDatabase],
    log: pytest.LogCaptureFixture,
    locked: bool,
    sentence: str,
) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        other = None
        if locked:
            other = await lock(databases["gateway.db"].path)
        else:
            await writer_of(databases["gateway.db"]).execute("PRAGMA query_only = ON")
        await ask(world)
        [told] = said(world)
        assert sentence in told
        reference(told, log)
        told = to_them_alone(answered(await world.fred.slash(world.general, "key rotate")))
        assert sentence in told
        if other is not None:
            other.close()
        else:
            await writer_of(databases["gateway.db"]).execute("PRAGMA query_only = OFF")
        async with world.gateway() as gateway:
            assert (await gateway.acting_with(key).ask(ChatRequest(prompt=PROMPT))).reply == REPLY


# Bad input


async def test_a_mention_without_a_question_is_answered_with_what_to_do(make_world: MakeWorld) -> None:
    async with make_world() as world:
        assert world.bot.user is not None
        await world.fred.send(world.general, world.bot.user.mention)
        assert world.said(world.general) == [
            "There is no question in that. Write what you want to know, then send it again."
        ]
        assert world.upstream.requests == []


async def test_nobody_goes_on_with_somebody_elses_conversation_by_its_id(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.env.inject_error("POST", "/channels/*/threads", status=403, code=160006)
        await ask(world)
        await world.key_of(world.paula)
        [choice] = await world.fred.autocomplete(world.general, "followup", "conversation", "")
        told = await world.paula.slash(world.general, "followup", prompt="Mine?", conversation=choice["value"])
        assert told.ephemeral
        assert words(told).startswith(f"This conversation is {world.fred.mention}'s.")
        assert len(world.upstream.requests) == 1
