"""The buttons under an answer, as members and admins press them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import discord
import pytest
from simcord import ChannelHandle

from bot.config import Discord
from cogs.ask import AskCog
from cogs.ask.presses import GO_ON
from gateway.errors import NotFound
from gateway.wire import Message
from tests.cogs.conftest import MakeWorld, World, last, words
from tests.fakes.upstream import Answer, BreakOff

DONE = ["Regenerate", "Follow up", "Delete"]
FIRST = [("user", "Why?"), ("assistant", "Answer 1")]


def buttons(message: discord.Message) -> list[discord.Button]:
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    return [button for row in rows for button in row.children if isinstance(button, discord.Button)]


def labels(message: discord.Message) -> list[str | None]:
    return [button.label for button in buttons(message)]


def ids_in(message: discord.Message) -> tuple[str, str]:
    """The conversation and the reply, from the Follow up button."""
    [custom_id] = [button.custom_id for button in buttons(message) if button.label == "Follow up"]
    assert custom_id is not None
    _, _, conversation_id, reply_id = custom_id.split(":")
    return conversation_id, reply_id


def number(world: World) -> None:
    """Tell the provider's answers apart."""
    numbers = iter(range(1, 99))
    world.upstream.reply = lambda _: f"Answer {next(numbers)}"


async def begin(world: World, prompt: str = "Why?") -> ChannelHandle:
    """Fred asks; his thread."""
    await world.fred.slash(world.general, "ask", prompt=prompt)
    return world.threads()[-1]


def sent(world: World) -> list[tuple[str, str]]:
    """What the provider was sent last, the system prompt left out."""
    return [message for message in world.upstream.requests[-1].messages if message[0] != "system"]


async def stored(world: World, conversation_id: str) -> list[Message]:
    async with world.gateway() as gateway:
        return (await gateway.get_conversation(conversation_id)).messages


async def until(what: Callable[[], bool]) -> None:
    for _ in range(2000):
        if what():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came to that")


async def seen_growing(world: World) -> list[list[str | None]]:
    """Fred asks; the buttons of the answer's messages once the provider paused, after which it goes on."""
    seen = list[list[str | None]]()

    def shown() -> list[list[str | None]]:
        return [labels(m) for thread in world.threads() for m in thread.history() if m.content]

    async def look() -> None:
        await world.upstream.paused.wait()
        await until(lambda: len(shown()) > 1)
        seen.extend(shown())
        world.upstream.release.set()

    looking = asyncio.create_task(look())
    await world.fred.slash(world.general, "ask", prompt="Why?")
    await looking
    return seen


# Stop; what it does is tested where answers wait for each other


async def test_a_stop_left_over_from_a_crash_gives_way_to_the_other_buttons_for_its_owner(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        thread = await begin(world)
        message = last(thread)
        conversation_id, reply_id = ids_in(message)
        stop = discord.ui.View(timeout=None)
        stop.add_item(discord.ui.Button(label="Stop", custom_id=f"rolekey:stop:{conversation_id}:{reply_id}"))
        channel = world.bot.get_partial_messageable(thread.id)
        await channel.get_partial_message(message.id).edit(view=stop)
        await world.restart()
        told = await world.paula.click(last(thread), label="Stop")
        assert told.ephemeral
        assert labels(last(thread)) == ["Stop"]
        await world.fred.click(last(thread), label="Stop")
        assert labels(last(thread)) == DONE


async def test_only_the_last_message_of_a_growing_answer_has_the_stop_button(make_world: MakeWorld) -> None:
    async with make_world() as world:
        long = tuple(f"Paragraph {n}. " + "word " * 60 + "\n\n" for n in range(14))
        world.upstream.play(Answer(pieces=long, pause_at=12))

        assert await seen_growing(world) == [[], ["Stop"]]
        *earlier, whole = [labels(message) for message in world.threads()[0].history() if message.content]
        assert (earlier, whole) == ([[]] * len(earlier), DONE)


# Regenerate


async def test_regenerate_answers_again_beside_it_and_follow_ups_go_on_from_the_new_answer(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        number(world)
        thread = await begin(world)
        earlier = last(thread)
        await world.restart()
        await world.fred.click(earlier, label="Regenerate")
        assert sent(world) == [("user", "Why?")]
        assert world.said(thread) == ["Answer 1", "Answer 2"]
        newer = last(thread)
        assert newer.reference is not None
        assert newer.reference.message_id == earlier.id
        prompt, first, second = await stored(world, ids_in(newer)[0])
        assert first.parent_id == second.parent_id == prompt.id

        await world.fred.send(thread, "And?")
        assert sent(world) == [("user", "Why?"), ("assistant", "Answer 2"), ("user", "And?")]
        # The earlier answer is still there, and can be followed.
        shown = await world.fred.click(earlier, label="Follow up")
        await world.fred.submit_modal(shown, {"prompt": "But?"})
        assert sent(world) == [*FIRST, ("user", "But?")]


async def test_an_answer_that_broke_off_can_be_had_again(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.play(BreakOff())
        thread = await begin(world)
        assert "Interrupted" in last(thread).content
        await world.fred.click(last(thread), label="Retry")
        assert world.said(thread)[-1] == "Hello from the fake upstream."


async def test_an_admin_regenerates_on_the_owners_access(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.give(world.ada, world.plus_role)
        await world.ada.click(last(thread), label="Regenerate")
        assert [request.body["model"] for request in world.upstream.requests] == ["gpt-free"] * 2
        await world.fred.send(thread, "And?")
        assert len(world.upstream.requests) == 3
        async with world.gateway() as gateway:
            assert (await gateway.usage(f"{world.guild.id}:{world.fred.id}")).total.requests == 3


@pytest.mark.parametrize("label", DONE)
async def test_others_are_told_whose_it_is(make_world: MakeWorld, label: str) -> None:
    async with make_world() as world:
        world.speaks(world.paula, discord.Locale.french)
        thread = await begin(world)
        told = await world.paula.click(last(thread), label=label)
        assert told.ephemeral
        assert told.modal is None
        assert words(told).startswith("Cette conversation est")
        assert world.fred.mention in words(told)
        assert len(world.upstream.requests) == 1


async def test_a_second_press_while_the_answer_comes_starts_no_other(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        message = last(thread)
        cog = world.bot.get_cog("Ask")
        assert isinstance(cog, AskCog)
        with cog._presses._running.claim(ids_in(message)[0]):
            for label in ("Regenerate", "Delete"):
                told = await world.fred.click(message, label=label)
                assert words(told).startswith("An answer is being written")
        assert len(world.upstream.requests) == 1
        await world.fred.click(message, label="Regenerate")
        assert len(world.upstream.requests) == 2


async def test_where_access_was_lost_it_is_said_and_nothing_is_posted(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.ada.slash(world.general, "access tier", role=world.guild.default_role, tier="none")
        before = world.said(thread)
        told = await world.fred.click(last(thread), label="Regenerate")
        [said] = [message.content for message in told.followups]
        assert said.startswith("You have no access here")
        assert world.said(thread) == before


async def test_a_key_that_expired_is_replaced(make_world: MakeWorld) -> None:
    async with make_world() as world:
        number(world)
        thread = await begin(world)
        world.clock.ahead += timedelta(days=400)
        await world.fred.click(last(thread), label="Regenerate")
        assert world.said(thread)[-1] == "Answer 2"


async def test_an_answer_in_the_channel_is_had_again_there(make_world: MakeWorld) -> None:
    async with make_world() as world:
        number(world)
        world.env.inject_error("POST", "/channels/*/threads", status=403, code=160006)
        await world.fred.slash(world.general, "ask", prompt="Why?")
        await world.fred.click(last(world.general), label="Regenerate")
        assert world.said(world.general) == ["Answer 1", "Answer 2"]
        told = await world.paula.click(last(world.general), label="Regenerate")
        assert world.fred.mention in words(told)


# Continue


async def test_continue_is_offered_where_the_answer_hit_the_limit_and_goes_on_from_there(
    make_world: MakeWorld,
) -> None:
    async with make_world(discord=Discord(message_content=False, guild_members=False)) as world:
        world.upstream.play(Answer("It is so", finish_reason="length"), Answer(" because."))
        thread = await begin(world)
        assert labels(last(thread)) == ["Continue", *DONE]
        await world.restart()
        await world.fred.click(last(thread), label="Continue")
        assert sent(world) == [("user", "Why?"), ("assistant", "It is so"), ("user", GO_ON)]
        assert labels(last(thread)) == DONE


# Delete


async def test_delete_erases_the_exchange_and_what_followed_once_confirmed(make_world: MakeWorld) -> None:
    async with make_world() as world:
        number(world)
        thread = await begin(world)
        first = last(thread)
        conversation_id, _ = ids_in(first)
        long = "\n\n".join(f"Paragraph {n}. " + "word " * 60 for n in range(14))
        world.upstream.play(Answer(long))
        await world.fred.slash(thread, "followup", prompt="And?")
        second = last(thread)
        await world.fred.slash(thread, "followup", prompt="But?")

        asked = await world.fred.click(second, label="Delete")
        assert asked.ephemeral
        assert "everything asked after it" in words(asked)
        assert len(await stored(world, conversation_id)) == 6
        await world.restart()
        assert asked.response is not None
        await world.fred.click(asked.response, label="Erase")
        assert [message.content.parts[0] for message in await stored(world, conversation_id)] == ["Why?", "Answer 1"]
        assert world.said(thread) == ["Answer 1"]
        assert all(embed.description not in ("And?", "But?") for m in thread.history() for embed in m.embeds)
        await world.fred.send(thread, "Then?")
        assert sent(world) == [*FIRST, ("user", "Then?")]


async def test_with_its_only_answer_the_conversation_is_erased_and_the_thread_begins_another(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        number(world)
        thread = await begin(world)
        conversation_id, _ = ids_in(last(thread))
        asked = await world.ada.click(last(thread), label="Delete")
        assert asked.response is not None
        # Meanwhile Fred lost his access; erasing needs none.
        await world.fred.slash(world.general, "key revoke")
        await world.ada.click(asked.response, label="Erase")
        with pytest.raises(NotFound):
            await stored(world, conversation_id)
        assert world.said(thread) == []
        assert all(embed.description != "Why?" for m in world.general.history() for embed in m.embeds)
        await world.fred.send(thread, "Anew")
        assert sent(world) == [("user", "Anew")]
        assert world.said(thread) == ["Answer 2"]
