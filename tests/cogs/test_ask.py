import re
from typing import Any

import discord
import msgspec
import pytest

from bot.config import Access, Answers
from tests.cogs.conftest import MakeWorld, World, card, last, words
from tests.fakes.upstream import Answer


def asked_models(world: World) -> list[str]:
    return [request.body["model"] for request in world.upstream.requests]


async def test_a_member_asks_and_a_key_a_thread_and_an_answer_follow(make_world: MakeWorld) -> None:
    async with make_world() as world:
        result = await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        assert card(result).description == "What is a monad?"
        assert card(result).author.name == "fred asks"
        assert not result.ephemeral
        [thread] = world.threads()
        assert world.said(thread) == ["Hello from the fake upstream."]
        assert world.upstream.requests[0].prompt == "What is a monad?"
        assert world.upstream.requests[0].key == "sk-fake"


async def test_the_thread_gets_the_generated_title_once(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        [thread] = world.threads()
        assert thread.name == "A Fine Title"
        await world.fred.slash(thread, "followup", prompt="And a functor?")
        renames = [r for r in world.env.http_requests if r.method == "PATCH" and r.path == f"/channels/{thread.id}"]
        assert len(renames) == 1


async def test_without_a_wish_the_best_tier_is_used(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="One")
        await world.paula.slash(world.general, "ask", prompt="Two")
        await world.paula.slash(world.general, "ask", prompt="Three", tier="free")
        assert asked_models(world) == ["gpt-free", "gpt-plus", "gpt-free"]


async def test_plus_without_plus_access_is_refused_kindly_and_only_to_them(make_world: MakeWorld) -> None:
    async with make_world() as world:
        result = await world.fred.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert result.ephemeral
        assert f"<@&{world.plus_role.id}>" in words(result)
        assert "Your free access works" in words(result)
        assert world.threads() == []
        assert world.upstream.requests == []


async def test_without_any_access_the_roles_that_give_it_are_named(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], everyone="none")) as world:
        result = await world.fred.slash(world.general, "ask", prompt="Hi")
        assert result.ephemeral
        assert words(result).startswith("You have no access here yet.")
        assert f"<@&{world.plus_role.id}>" in words(result)


@pytest.mark.parametrize("prompt", [" ", "\n\t "])
async def test_a_blank_prompt_is_refused_before_anything_is_posted(make_world: MakeWorld, prompt: str) -> None:
    async with make_world() as world:
        result = await world.fred.slash(world.general, "ask", prompt=prompt)
        assert result.ephemeral
        assert "There is no question in that" in words(result)
        assert world.threads() == []


async def test_a_private_question_gets_a_private_thread(make_world: MakeWorld) -> None:
    async with make_world() as world:
        result = await world.fred.slash(world.general, "ask", prompt="A secret", private=True)
        assert result.ephemeral
        [thread] = world.threads()
        assert thread.mention in words(result)
        assert world.env.backend.channels[thread.id].type == discord.ChannelType.private_thread.value
        assert world.said(thread) == ["Hello from the fake upstream."]
        assert all("A secret" not in message.content for message in world.general.history(viewer=world.ada))


async def test_where_private_threads_are_not_permitted_only_they_see_the_answer(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.env.inject_error("POST", "/channels/*/threads", status=403, code=50013)
        result = await world.fred.slash(world.general, "ask", prompt="A secret", private=True)
        assert result.ephemeral
        assert card(result).description == "A secret"
        [followup] = result.followups
        assert followup.content == "Hello from the fake upstream."
        assert followup.flags.ephemeral


@pytest.mark.parametrize("code", [50013, 160006, 50001])
async def test_where_no_thread_can_be_made_the_answer_comes_in_the_channel(make_world: MakeWorld, code: int) -> None:
    async with make_world() as world:
        world.env.inject_error("POST", "/channels/*/threads", status=403, code=code)
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert world.threads() == []
        assert world.said(world.general) == ["Hello from the fake upstream."]


async def test_in_a_thread_the_answer_comes_in_place(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="First")
        [thread] = world.threads()
        await world.paula.slash(thread, "ask", prompt="Second")
        assert world.said(thread) == ["Hello from the fake upstream."] * 2


async def test_direct_messages_use_the_server_where_the_member_stands_best(make_world: MakeWorld) -> None:
    async with make_world() as world:
        result = await world.paula.user.slash("ask", prompt="Hi")
        assert card(result).footer.text == "plus · on your access in Academy"
        assert asked_models(world) == ["gpt-plus"]


async def test_a_long_answer_is_split_with_its_code_fence_reopened(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.reply = "Look:\n```python\n" + "\n".join(f"line_{n} = {n}" for n in range(300)) + "\n```\nDone."
        await world.fred.slash(world.general, "ask", prompt="Code, please")
        [thread] = world.threads()
        said = world.said(thread)
        assert len(said) == 3
        assert all(len(message) <= 2000 and message.count("```") % 2 == 0 for message in said)
        assert all(message.startswith("```python\n") for message in said[1:])
        for n in range(300):
            assert sum(f"line_{n} = {n}\n" in message for message in said) == 1


async def test_a_very_long_answer_is_attached_as_a_file(make_world: MakeWorld) -> None:
    async with make_world(answers=Answers(edit_interval_seconds=0.01, max_messages=2)) as world:
        world.upstream.reply = "\n\n".join(f"Paragraph {n}. " + "word " * 60 for n in range(40))
        await world.fred.slash(world.general, "ask", prompt="At length, please")
        [thread] = world.threads()
        *_, last = [message for message in thread.history() if message.content]
        assert len(world.said(thread)) == 2
        assert [file.filename for file in last.attachments] == ["answer.md"]


async def test_an_answer_pings_nobody(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.reply = f"@everyone <@{world.ada.id}> <@&{world.plus_role.id}> [safe](https://evil.example)"
        await world.fred.slash(world.general, "ask", prompt=f"@here <@{world.ada.id}>")
        bodies = [r.json for r in world.env.http_requests if re.search(r"/messages(/\d+)?$", r.path)]
        sent = msgspec.convert(bodies, list[dict[str, Any]])
        assert sent
        assert all(body["allowed_mentions"] == {"parse": []} for body in sent)


async def test_the_last_edit_is_the_whole_answer_with_its_button(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.play(Answer(pieces=tuple(f"word{n} " for n in range(50))))
        await world.fred.slash(world.general, "ask", prompt="Count")
        [thread] = world.threads()
        assert world.said(thread) == [" ".join(f"word{n}" for n in range(50))]
        [row] = last(thread).components
        assert isinstance(row, discord.ActionRow)
        assert [button.label for button in row.children if isinstance(button, discord.Button)] == [
            "Regenerate",
            "Follow up",
            "Delete",
        ]


async def test_a_mention_in_a_channel_begins_a_conversation_in_a_thread(make_world: MakeWorld) -> None:
    async with make_world() as world:
        assert world.bot.user is not None
        await world.fred.send(world.general, f"{world.bot.user.mention} what is a monad?")
        [thread] = world.threads()
        assert world.upstream.requests[0].prompt == "what is a monad?"
        assert world.said(thread) == ["Hello from the fake upstream."]


async def test_other_talk_is_left_alone(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.send(world.general, "Good morning, everyone")
        assert world.upstream.requests == []


async def test_a_prompt_longer_than_the_setting_is_refused_with_both_numbers(make_world: MakeWorld) -> None:
    async with make_world() as world:
        gateway = msgspec.structs.replace(world.config.gateway, max_prompt_characters=100)
    async with make_world(gateway=gateway) as world:
        await world.fred.slash(world.general, "ask", prompt="x" * 101)
        [thread] = world.threads()
        [said] = world.said(thread)
        assert "100" in said
        assert "101" in said


async def test_no_link_or_invite_of_a_models_unfolds_in_any_message_of_an_answer(make_world: MakeWorld) -> None:
    async with make_world() as world:
        links = "See https://example.org, <https://example.org/a>, [a page](https://example.org/b) and discord.gg/abc. "
        world.upstream.reply = links * 40
        await world.fred.slash(world.general, "ask", prompt="Where?")
        await world.fred.slash(world.general, "ask", prompt="Where?", private=True)
        for thread in world.threads():
            shown = [message for message in thread.history() if "example.org" in message.content]
            assert len(shown) > 1
            assert [message.flags.suppress_embeds for message in shown] == [True] * len(shown)
