"""Starting, stopping, crashing, being removed; and the sweep that mends what was missed meanwhile."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import discord
import pytest

from bot.config import Answers, Discord
from bot.rendering.live_message import CURSOR
from cogs.lifecycle import LifecycleCog
from gateway.wire import UpdateUser
from tests.cogs.conftest import MakeWorld, World, last, words
from tests.fakes.upstream import Answer
from tests.sqlite_files import writer_of

NO_INTENTS = Discord(message_content=False, guild_members=False)


def lifecycle(world: World) -> LifecycleCog:
    cog = world.bot.get_cog("LifecycleCog")
    assert isinstance(cog, LifecycleCog)
    return cog


@asynccontextmanager
async def once_paused(world: World) -> AsyncGenerator[None]:
    """Let go of the provider's answer a moment after it paused."""

    async def let_go() -> None:
        await world.upstream.paused.wait()
        await asyncio.sleep(0.05)
        world.upstream.release.set()

    task = asyncio.create_task(let_go())
    yield
    await task


async def stop_midway(world: World, prompt: str = "Hi") -> None:
    """Fred asks, and while the answer grows the bot is told to stop, as SIGTERM does."""
    stopped = asyncio.Event()

    async def stop() -> None:
        await world.upstream.paused.wait()
        await world.bot.close()
        stopped.set()

    task = asyncio.create_task(stop())
    await world.fred.slash(world.general, "ask", prompt=prompt)
    await task
    assert stopped.is_set()


async def test_an_answer_under_way_is_finished_before_the_bot_stops(make_world: MakeWorld) -> None:
    async with make_world(answers=Answers(edit_interval_seconds=0.01, grace_seconds=5)) as world:
        world.upstream.play(Answer(pause_at=2))
        async with once_paused(world):
            await stop_midway(world)
        [thread] = world.threads()
        assert world.said(thread) == ["Hello from the fake upstream."]


async def test_an_answer_that_takes_longer_than_the_grace_says_that_the_bot_restarted(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.play(Answer(pause_at=2))
        await stop_midway(world)
        [thread] = world.threads()
        [said] = world.said(thread)
        assert said.startswith("Hello from\n-# ⚠️ Interrupted: I was restarted.")
        assert CURSOR not in said
        world.upstream.release.set()
        await world.restart()
        await world.fred.slash(thread, "followup", prompt="Go on")
        assert [text for _, text in world.upstream.requests[-1].messages][-3:] == ["Hi", "Hello from", "Go on"]


async def test_a_prompt_that_comes_while_the_bot_stops_is_refused_kindly(make_world: MakeWorld) -> None:
    async with make_world() as world:
        cog = world.bot.get_cog("Ask")
        await cog._asking._prompting.drain(0)  # type: ignore[union-attr]  # what close() does first
        result = await world.fred.slash(world.general, "ask", prompt="Hi")
        assert result.ephemeral
        assert words(result) == "I'm restarting. Ask again in a minute."


async def leave_growing(world: World, content: str) -> int:
    """What a crash leaves behind: a message with the cursor, and a row that says it was growing."""
    [thread] = world.threads()
    message = last(thread)
    world.env.backend.edit_message(thread.id, message.id, {"content": content})
    await lifecycle(world)._threads.growing(message.id, thread.id)
    return message.id


def buttons(row: object) -> list[discord.Button]:
    assert isinstance(row, discord.ActionRow)
    return [child for child in row.children if isinstance(child, discord.Button)]


async def test_after_a_crash_answers_that_were_cut_off_are_marked(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await leave_growing(world, f"```python\nprint(1){CURSOR}\n```")
        await world.crash()
        [thread] = world.threads()
        assert last(thread).content == (
            "```python\nprint(1)\n```\n-# ⚠️ Interrupted: I was restarted. Follow up to go on."
        )
        assert [button.label for row in last(thread).components for button in buttons(row)] == [
            "Retry",
            "Follow up",
            "Delete",
        ]
        assert await lifecycle(world)._threads.cut_off() == []


async def test_a_full_message_that_was_cut_off_keeps_its_fence_closed(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await leave_growing(world, "```\n" + "x" * 1992 + "\n```")
        await world.crash()
        [thread] = world.threads()
        assert len(last(thread).content) <= 2000
        assert last(thread).content.count("```") == 2
        assert last(thread).content.endswith("```\n-# ⚠️ Interrupted: I was restarted. Follow up to go on.")


async def test_a_block_in_a_quote_that_was_cut_off_is_closed_in_the_quote(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await leave_growing(world, f"> ```py\n> print(1){CURSOR}")
        await world.crash()
        [thread] = world.threads()
        assert last(thread).content.startswith("> ```py\n> print(1)\n> ```\n-# ⚠️ Interrupted")
        assert last(thread).flags.suppress_embeds


@pytest.mark.parametrize(("status", "code", "left"), [(404, 10008, 0), (403, 50001, 0), (500, 0, 1)])
async def test_a_message_that_is_gone_is_forgotten_and_one_discord_failed_on_is_tried_again(
    make_world: MakeWorld, status: int, code: int, left: int
) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await leave_growing(world, f"Half{CURSOR}")
        world.env.inject_error("GET", "/channels/*/messages/*", status=status, code=code, times=None)
        await world.crash()
        assert len(await lifecycle(world)._threads.cut_off()) == left


async def test_connecting_again_marks_no_answer_that_is_still_growing(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await leave_growing(world, f"Half{CURSOR}")
        for _ in range(2):
            with world.env._bot_scope():
                world.bot.dispatch("ready")
            await world.env.settle()
            lifecycle(world).sweep.cancel()
            await world.env.settle()
        [thread] = world.threads()
        assert last(thread).content == f"Half{CURSOR}"


async def test_removed_from_a_server_all_of_its_keys_die_and_no_others(make_world: MakeWorld) -> None:
    async with make_world() as world:
        keys = [await world.key_of(member) for member in (world.fred, world.paula)]
        other = world.env.create_guild("Other")
        channel, guest = other.create_text_channel("general"), other.add_member(world.ada.user)
        elsewhere = words(await guest.slash(channel, "key rotate")).split("```")[1].strip()
        world.env.backend.remove_guild(world.guild.id)
        await world.env.settle()
        assert [await world.refusal(key) for key in (*keys, elsewhere)] == ["revoked_key", "revoked_key", None]


async def test_removed_from_a_server_while_it_was_away_the_bot_finds_out(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        await world.bot.close()
        subscribers, world.env.backend.subscribers[:] = [*world.env.backend.subscribers], []
        world.env.backend.remove_guild(world.guild.id)
        world.env.backend.subscribers[:] = subscribers
        await world.restart()
        assert await world.refusal(key) == "revoked_key"


async def test_at_start_and_every_hour_both_sides_are_brought_together(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        await world.key_of(world.fred)
        key = await world.key_of(world.paula)
        async with world.gateway() as gateway:
            unknown = await gateway.rotate_key(f"{world.guild.id}:{world.fred.id}")
            await gateway.update_user(f"{world.guild.id}:{world.paula.id}", UpdateUser(plus=False))
        await world.env.advance_time(3600)
        assert await world.refusal(unknown.key) == "revoked_key"
        assert await world.refusal(key) is None
        assert (await world.user(world.paula)).plus


@pytest.mark.sqlite
async def test_the_sweep_goes_on_after_a_failure_of_the_database(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        key = await world.key_of(world.fred)
        await world.leave(world.fred)
        await world.key_of(world.paula)
        async with world.gateway() as gateway:
            await gateway.delete_user(f"{world.guild.id}:{world.paula.id}")
        writer = writer_of(lifecycle(world)._threads._store.database)
        await writer.execute("PRAGMA query_only = ON")
        with caplog.at_level(logging.WARNING):
            await world.env.advance_time(3600)
        assert "read-only" in caplog.text
        assert "will try again" in caplog.text
        assert "Traceback" not in caplog.text
        await writer.execute("PRAGMA query_only = OFF")
        await world.env.advance_time(3600)
        assert await world.refusal(key) == "revoked_key"
        assert world.env.errors == []


async def test_the_sweep_goes_on_after_discord_failed(make_world: MakeWorld, caplog: pytest.LogCaptureFixture) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        key = await world.key_of(world.fred)
        await world.leave(world.fred)
        world.env.inject_error("GET", "/guilds/*/members/*", status=500, times=None)
        with caplog.at_level(logging.WARNING):
            await world.env.advance_time(3600)
        assert "could not check a member" in caplog.text
        world.env.backend.faults.clear()
        await world.env.advance_time(3610)
        assert await world.refusal(key) == "revoked_key"


@pytest.mark.sqlite
async def test_an_event_that_the_database_does_not_take_is_left_to_the_sweep(
    make_world: MakeWorld, caplog: pytest.LogCaptureFixture
) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        writer = writer_of(lifecycle(world)._threads._store.database)
        await writer.execute("PRAGMA query_only = ON")
        with caplog.at_level(logging.WARNING):
            await world.give(world.fred, world.plus_role)
            await world.leave(world.fred)
            world.env.backend.delete_channel(world.threads()[0].id)
            world.env.backend.delete_role(world.guild.id, world.plus_role.id)
            world.env.backend.remove_guild(world.guild.id)
            await world.env.settle()
        assert caplog.text.count("the sweep will") == 4
        assert world.env.errors == []
