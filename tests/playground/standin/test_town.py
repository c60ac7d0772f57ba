"""The bot as it is, against the stand-in, over real HTTP and a real WebSocket."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from playground.standin.world.entities import MessageFlag
from tests.fakes.upstream import Answer
from tests.playground.standin.conftest import MakeTown, Town


async def test_three_members_ask_at_once_and_each_answer_streams_into_a_thread_on_the_card(town: Town) -> None:
    town.upstream.reply = lambda request: f"You asked: {request.prompt} " + "word " * 40
    people = (town.ada, town.paula, town.fred)
    invocations = await asyncio.gather(
        *(person.slash(town.general, "ask", prompt=f"Who is {person.user.username}?") for person in people)
    )
    for person, invocation in zip(people, invocations, strict=True):
        card = await invocation.message()
        assert card.embeds[0]["description"] == f"Who is {person.user.username}?"
        assert not invocation.ephemeral
        thread = await town.thread_of(card)
        answer = await town.said(thread, "word word")
        assert answer.content.startswith(f"You asked: Who is {person.user.username}?")
        assert thread.thread is not None
        await town.control.until(lambda thread=thread: thread.name == "A Fine Title")
    edits = [each for each in town.control.requests if each.route == "/channels/{channel_id}/messages/{message_id}"]
    assert edits
    assert {each.method for each in edits} == {"PATCH"}
    assert {request.body["model"] for request in town.upstream.requests} == {"gpt-free", "gpt-plus"}


async def test_an_answer_grows_by_edits_while_the_provider_still_writes(town: Town) -> None:
    town.upstream.play(Answer(text="One two three four", pause_at=2))
    card = await (await town.fred.slash(town.general, "ask", prompt="Count")).message()
    thread = await town.thread_of(card)
    await town.upstream.paused.wait()
    growing = await town.said(thread, "One")
    assert "four" not in growing.content
    town.upstream.release.set()
    await town.control.until(lambda: growing.content == "One two three four")
    assert growing.edited_at is not None


async def test_followup_goes_on_in_the_thread(town: Town) -> None:
    card = await (await town.fred.slash(town.general, "ask", prompt="What is a monad?")).message()
    thread = await town.thread_of(card)
    await town.said(thread, "Hello from the fake upstream.")
    town.upstream.reply = "And that is a functor."
    followup = await town.fred.slash(thread, "followup", prompt="And a functor?")
    assert (await followup.message()).embeds[0]["description"] == "And a functor?"
    await town.said(thread, "And that is a functor.")
    assert [text for _, text in town.upstream.requests[-1].messages][-1] == "And a functor?"


async def test_a_plain_message_in_the_thread_is_a_followup(town: Town) -> None:
    card = await (await town.fred.slash(town.general, "ask", prompt="What is a monad?")).message()
    thread = await town.thread_of(card)
    await town.said(thread, "Hello from the fake upstream.")
    town.upstream.reply = "Very well."
    await town.fred.send(thread, "Thank you")
    await town.said(thread, "Very well.")


async def test_a_refusal_is_seen_by_the_one_who_asked_alone(town: Town) -> None:
    invocation = await town.fred.slash(town.general, "ask", prompt="Hi", tier="plus")
    refusal = await invocation.message()
    assert refusal.flags & MessageFlag.EPHEMERAL
    assert f"<@&{town.plus_role.id}>" in refusal.content
    assert refusal in town.fred.messages(town.general)
    assert refusal not in town.paula.messages(town.general)
    assert town.upstream.requests == []


async def test_a_role_given_by_an_admin_gives_plus_at_once(town: Town) -> None:
    town.control.give_role(town.fred, town.plus_role)
    member = town.bot.get_guild(town.guild.id)
    assert member is not None
    await town.control.until(lambda: any(event.name == "GUILD_MEMBER_UPDATE" for event in town.control.events))
    card = await (await town.fred.slash(town.general, "ask", prompt="Hi", tier="plus")).message()
    await town.said(await town.thread_of(card), "Hello from the fake upstream.")
    assert town.upstream.requests[0].body["model"] == "gpt-plus"


async def test_completion_menus_buttons_and_leaving_reach_the_bot_as_on_discord(town: Town) -> None:
    card = await (await town.fred.slash(town.general, "ask", prompt="What is a monad?")).message()
    answer = await town.said(await town.thread_of(card), "Hello from the fake upstream.")
    [choice] = await town.fred.autocomplete(
        town.general, "followup", option="conversation", value="fine", prompt="And?"
    )
    assert choice["name"] == "A Fine Title"
    await town.control.until(lambda: '"Follow up"' in json.dumps(answer.components))
    form = await (await town.fred.press(answer, label="Follow up")).modal()
    assert form.title == "Follow up"
    town.upstream.reply = "By the form."
    await town.fred.submit(form, prompt="And a functor?")
    await town.said(await town.thread_of(card), "By the form.")
    refused = await (await town.paula.press(answer, label="Follow up")).message()
    assert refused.ephemeral_to == town.paula.id
    standing = await (await town.ada.slash(town.general, "access member", member=town.fred.user)).message()
    assert standing.ephemeral_to == town.ada.id
    await town.fred.leave()
    await town.control.until(lambda: town.control.events[-1].name == "GUILD_MEMBER_REMOVE")


@pytest.fixture
async def patient_town(make_town: MakeTown) -> AsyncGenerator[Town]:
    """How fast two hundred are answered is the benchmarks' to say: here other tests may keep the machine busy."""
    async with make_town(standin={"answer_within": timedelta(seconds=40)}) as town:
        yield town


async def test_two_hundred_members_ask_at_once_in_fifty_servers_and_all_are_answered(patient_town: Town) -> None:
    town, control = patient_town, patient_town.control
    channels = [control.create_channel(control.create_guild(f"Server {n}"), "general") for n in range(50)]
    people = [
        (
            control.add_member(control.world.state.guild(channel.guild_id or 0), control.create_user(f"member{n}")),
            channel,
        )
        for n, channel in enumerate(channels * 4)
    ]
    invocations = await asyncio.gather(
        *(person.slash(channel, "ask", prompt=f"I am {person.user.username}") for person, channel in people)
    )
    for invocation in invocations:
        card = await invocation.message(timeout=40)
        await town.said(await town.thread_of(card), "Hello from the fake upstream.")
    assert not [each for each in town.control.requests if each.status >= 400]
