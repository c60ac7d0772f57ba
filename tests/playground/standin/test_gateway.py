"""The gateway, as a client sees it that is not discord.py. https://discord.com/developers/docs/events/gateway"""

from typing import Any

import pytest

from playground.standin.server import StandIn
from playground.standin.socket.gateway import Pace
from playground.standin.socket.intents import Intent
from playground.standin.world.clock import ManualClock
from playground.standin.world.drafts import Draft
from playground.standin.world.entities import MessageFlag
from tests.playground.standin.conftest import Connect, MakeStandIn, Town

GUILDS = int(Intent.GUILDS)
MESSAGES = int(Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.DIRECT_MESSAGES)
CONTENT = int(MESSAGES | Intent.MESSAGE_CONTENT)


@pytest.mark.parametrize("compress", [False, True])
async def test_a_client_is_greeted_told_it_is_ready_and_then_of_its_servers(
    standin: StandIn, connect: Connect, compress: bool
) -> None:
    guild = standin.control.create_guild("Academy")
    general = standin.control.create_channel(guild, "general")
    socket = await connect(standin, compress=compress)
    ready = await socket.identify(standin.application.token, GUILDS)
    assert ready["user"]["id"] == str(standin.application.bot.id)
    assert ready["guilds"] == [{"id": str(guild.id), "unavailable": True}]
    created = (await socket.until("GUILD_CREATE"))["d"]
    assert [channel["id"] for channel in created["channels"]] == [str(general.id)]
    assert [member["user"]["id"] for member in created["members"]] == [str(standin.application.bot.id)]
    await socket.send(1, 2)
    assert (await socket.receive())["op"] == 11


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", 4002),
        ('{"op": 77}', 4001),
        ('{"op": 8, "d": {"guild_id": "1", "query": "", "limit": 0}}', 4003),
        ('{"op": 2, "d": {"token": "wrong", "intents": 1, "properties": {}}}', 4004),
        ('{"op": 2, "d": {"token": "TOKEN", "intents": 1, "properties": {}, "shard": [2, 2]}}', 4010),
        ('{"op": 2, "d": {"token": "TOKEN", "intents": 1073741824, "properties": {}}}', 4013),
        ('{"op": 2, "d": {"token": "TOKEN", "intents": 256, "properties": {}}}', 4014),
    ],
)
async def test_what_must_not_be_sent_ends_the_connection_with_its_code(
    standin: StandIn, connect: Connect, frame: str, code: int
) -> None:
    socket = await connect(standin)
    await socket.ws.send_str(frame.replace("TOKEN", standin.application.token))
    assert await socket.closed() == code


async def test_privileged_intents_are_refused_unless_switched_on(make_standin: MakeStandIn, connect: Connect) -> None:
    async with make_standin(flags=0) as standin:
        socket = await connect(standin)
        await socket.send(2, {"token": standin.application.token, "intents": CONTENT, "properties": {}})
        assert await socket.closed() == 4014


async def test_content_is_left_out_without_its_intent_but_for_mentions_pinged_replies_and_direct_messages(
    standin: StandIn, connect: Connect
) -> None:
    control, bot = standin.control, standin.application.bot
    guild = control.create_guild("Academy")
    general = control.create_channel(guild, "general")
    fred = control.add_member(guild, control.create_user("fred"))
    reading, blind = await connect(standin), await connect(standin)
    await reading.identify(standin.application.token, CONTENT)
    await blind.identify(standin.application.token, MESSAGES)
    own = standin.world.messages.send(bot.id, general.id, _text("I am here"))
    await fred.send(general, "secret")
    await fred.send(general, f"hello <@{bot.id}>")
    await fred.send(general, "a pinged reply", reply_to=own)
    await fred.send(general, "a quiet reply", reply_to=own, ping=False)
    await fred.send(control.direct_messages(fred.user), "in private")
    texts = ["I am here", "secret", f"hello <@{bot.id}>", "a pinged reply", "a quiet reply", "in private"]
    assert [(await reading.until("MESSAGE_CREATE"))["d"]["content"] for _ in texts] == texts
    seen = [(await blind.until("MESSAGE_CREATE"))["d"]["content"] for _ in texts]
    assert seen == [text if text not in ("secret", "a quiet reply") else "" for text in texts]


async def test_a_session_is_resumed_with_what_was_missed_and_nothing_twice(standin: StandIn, connect: Connect) -> None:
    control = standin.control
    guild = control.create_guild("Academy")
    general = control.create_channel(guild, "general")
    fred = control.add_member(guild, control.create_user("fred"))
    socket = await connect(standin)
    ready = await socket.identify(standin.application.token, CONTENT)
    await socket.until("GUILD_CREATE")
    await fred.send(general, "before")
    last = await socket.until("MESSAGE_CREATE")
    control.drop_connections()
    await socket.closed()
    await fred.send(general, "while away")
    again = await connect(standin)
    await again.receive()
    resume = {"token": standin.application.token, "session_id": ready["session_id"], "seq": last["s"]}
    await again.send(6, resume)
    missed = await again.receive()
    assert (missed["t"], missed["d"]["content"], missed["s"]) == ("MESSAGE_CREATE", "while away", last["s"] + 1)
    assert (await again.receive())["t"] == "RESUMED"
    control.invalidate_sessions()
    assert (await again.receive())["op"] == 9
    third = await connect(standin)
    await third.receive()
    await third.send(6, resume)
    invalid = await third.receive()
    assert (invalid["op"], invalid["d"]) == (9, False)


async def test_each_shard_hears_of_its_own_servers_and_the_first_of_direct_messages(
    standin: StandIn, connect: Connect
) -> None:
    control = standin.control
    guilds = [control.create_guild(f"Guild {index}") for index in range(4)]
    fred = control.create_user("fred")
    sockets = [await connect(standin) for _ in range(2)]
    for index, socket in enumerate(sockets):
        ready = await socket.identify(standin.application.token, MESSAGES, shard=[index, 2])
        own = {str(guild.id) for guild in guilds if (guild.id >> 22) % 2 == index}
        assert {guild["id"] for guild in ready["guilds"]} == own
    await control.user(fred).send(control.direct_messages(fred), "hi")
    assert (await sockets[0].until("MESSAGE_CREATE"))["d"]["content"] == "hi"
    assert [event.shard.index for event in control.events if event.name == "MESSAGE_CREATE"] == [0]


async def test_a_client_that_is_not_heard_of_is_let_go(make_standin: MakeStandIn, connect: Connect) -> None:
    clock = ManualClock()
    async with make_standin(clock=clock) as standin:
        socket = await connect(standin)
        await socket.identify(standin.application.token, GUILDS)
        clock.advance(60)
        await socket.send(1, None)
        assert (await socket.receive())["op"] == 11
        clock.advance(62)
        assert await socket.closed() == 4009


async def test_identifies_of_one_bucket_must_be_five_seconds_apart(make_standin: MakeStandIn, connect: Connect) -> None:
    clock = ManualClock()
    async with make_standin(clock=clock, pace=Pace(identify_seconds=5.0, max_concurrency=2)) as standin:
        identify: dict[str, Any] = {"token": standin.application.token, "intents": GUILDS, "properties": {}}
        answers: list[tuple[int, str | None]] = []
        for index in (0, 1, 2):
            socket = await connect(standin)
            await socket.receive()
            await socket.send(2, {**identify, "shard": [index, 4]})
            frame = await socket.receive()
            answers.append((frame["op"], frame["t"]))
        assert answers == [(0, "READY"), (0, "READY"), (9, None)]
        clock.advance(5)
        await socket.send(2, {**identify, "shard": [2, 4]})
        assert (await socket.receive())["t"] == "READY"


async def test_members_are_sent_in_chunks_of_a_thousand(standin: StandIn, connect: Connect) -> None:
    control = standin.control
    guild = control.create_guild("Academy")
    for index in range(1200):
        control.add_member(guild, control.create_user(f"user{index}"))
    socket = await connect(standin)
    await socket.identify(standin.application.token, int(Intent.GUILDS | Intent.GUILD_MEMBERS))
    await socket.send(8, {"guild_id": str(guild.id), "query": "", "limit": 0, "nonce": "n"})
    chunks = [(await socket.until("GUILD_MEMBERS_CHUNK"))["d"] for _ in range(2)]
    assert [(len(chunk["members"]), chunk["chunk_index"], chunk["nonce"]) for chunk in chunks] == [
        (1000, 0, "n"),
        (202, 1, "n"),
    ]


async def test_the_bot_resumes_after_a_cut_line_and_answers_what_was_said_meanwhile(town: Town) -> None:
    card = await (await town.fred.slash(town.general, "ask", prompt="What is a monad?")).message()
    thread = await town.thread_of(card)
    await town.said(thread, "Hello from the fake upstream.")
    town.upstream.reply = "I am back."
    town.control.drop_connections()
    await town.fred.send(thread, "Are you there?")
    await town.said(thread, "I am back.")
    assert [event.name for event in town.control.events].count("READY") == 1
    assert any(event.name == "RESUMED" for event in town.control.events)


async def test_the_bot_comes_back_to_the_same_place_after_an_invalid_session(town: Town) -> None:
    async def at_once(shard_id: int | None, *, initial: bool = False) -> None:
        """Without the five seconds that discord.py lets pass before it identifies."""

    town.bot.before_identify_hook = at_once
    town.control.invalidate_sessions()
    await town.control.until(lambda: [event.name for event in town.control.events].count("READY") == 2)
    refusal = await (await town.fred.slash(town.general, "ask", prompt="Hi", tier="plus")).message()
    assert refusal.flags & MessageFlag.EPHEMERAL


def _text(content: str) -> Draft:
    return Draft({"content": content})
