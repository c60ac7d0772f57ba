"""/key: what a member sees of their own key, and what the gateway makes of it."""

import discord
import pytest

from bot.config import Access, Discord
from gateway.errors import NotFound
from gateway.wire import ChatRequest
from tests.cogs.conftest import MakeWorld, card, words


def fields(embed: discord.Embed) -> dict[str | None, str]:
    return {field.name: field.value or "" for field in embed.fields}


async def test_show_tells_the_state_of_the_key_and_never_the_key(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        result = await world.fred.slash(world.general, "key show")
        assert result.ephemeral
        shown = card(result)
        assert shown.title == "Your key in Academy"
        told = fields(shown)
        assert told["Key"] == f"`rk-…{key[-4:]}`, in use"
        assert told["Tier"] == "free"
        expires_at = (await world.user(world.fred)).expires_at
        assert expires_at is not None
        assert told["Expires"] == f"<t:{int(expires_at.timestamp())}:R>, renewed while you have access"
        assert "http://127.0.0.1:" in told["Address"]
        assert "until an admin sets `[gateway] public_url`" in told["Address"]
        assert "/api/chat" in told["How to use it"]
        assert key not in str(shown.to_dict())
        assert key[3:-4] not in str(shown.to_dict())


async def test_show_tells_that_there_is_none_yet(make_world: MakeWorld) -> None:
    async with make_world() as world:
        told = fields(card(await world.fred.slash(world.general, "key show")))
        assert told["Key"].startswith("None yet.")
        with pytest.raises(NotFound):
            await world.user(world.fred)


async def test_what_show_tells_works_as_it_stands(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        address = fields(card(await world.fred.slash(world.general, "key show")))["Address"].split("`")[1]
        async with world.gateway() as gateway:
            assert gateway.url == address
            answer = await gateway.acting_with(key).ask(ChatRequest(prompt="From outside Discord"))
        assert answer.reply == "Hello from the fake upstream."


async def test_rotate_shows_the_new_key_once_and_kills_the_old_one(make_world: MakeWorld) -> None:
    async with make_world() as world:
        old = await world.key_of(world.fred)
        result = await world.fred.slash(world.general, "key rotate")
        assert result.ephemeral
        new = words(result).split("```")[1].strip()
        assert new.startswith("rk-")
        assert new != old
        assert await world.refusal(old) == "revoked_key"
        assert await world.refusal(new) is None
        assert all(new not in message.content for message in world.general.history())


async def test_rotate_and_revoke_keep_the_conversations(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        [thread] = world.threads()
        await world.fred.slash(world.general, "key rotate")
        await world.fred.slash(thread, "followup", prompt="And a functor?")
        await world.fred.slash(world.general, "key revoke")
        await world.fred.slash(world.general, "followup", prompt="And a category?")
        assert [text for role, text in world.upstream.requests[-1].messages if role == "user"] == [
            "What is a monad?",
            "And a functor?",
            "And a category?",
        ]


async def test_rotate_takes_a_lost_role_into_account(make_world: MakeWorld) -> None:
    async with make_world(discord=Discord(message_content=False, guild_members=False)) as world:
        await world.paula.slash(world.general, "ask", prompt="Hi")
        await world.take(world.paula, world.plus_role)
        await world.key_of(world.paula)
        assert not (await world.user(world.paula)).plus


async def test_revoke_kills_the_key_and_the_next_prompt_makes_another(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        result = await world.fred.slash(world.general, "key revoke")
        assert result.ephemeral
        assert words(result).startswith("Your key is dead.")
        assert await world.refusal(key) == "revoked_key"
        await world.fred.slash(world.general, "ask", prompt="Hi")
        hint = (await world.user(world.fred)).key_hint
        assert hint is not None
        assert not key.endswith(hint)


async def test_revoke_without_a_key_says_so(make_world: MakeWorld) -> None:
    async with make_world() as world:
        result = await world.fred.slash(world.general, "key revoke")
        assert words(result) == "You have no key. One is made with your first `/ask`."


async def test_without_access_there_is_no_key_and_the_roles_that_help_are_named(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], everyone="none")) as world:
        result = await world.fred.slash(world.general, "key rotate")
        assert result.ephemeral
        assert "no key for you" in words(result)
        assert f"<@&{world.plus_role.id}>" in words(result)
        with pytest.raises(NotFound):
            await world.user(world.fred)


async def test_a_key_that_is_switched_off_is_shown_as_such(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], everyone="none")) as world:
        await world.key_of(world.paula)
        await world.take(world.paula, world.plus_role)
        told = fields(card(await world.paula.slash(world.general, "key show")))
        assert "switched off because your roles give no access" in told["Key"]


@pytest.mark.parametrize("command", ["key show", "key rotate", "key revoke"])
async def test_in_direct_messages_it_is_the_key_of_the_server_where_the_member_stands_best(
    make_world: MakeWorld, command: str
) -> None:
    async with make_world() as world:
        key = await world.key_of(world.paula)
        other = world.env.create_guild("Other")
        other.add_member(world.paula.user)
        result = await world.paula.user.slash(command)
        assert not result.deferred
        if command == "key show":
            assert card(result).title == "Your key in Academy"
            assert f"…{key[-4:]}" in fields(card(result))["Key"]
        else:
            assert await world.refusal(key) == "revoked_key"


async def test_somebody_of_no_server_is_told_so_in_direct_messages(make_world: MakeWorld) -> None:
    async with make_world() as world:
        result = await world.env.create_user("stranger").slash("key rotate")
        [said] = result.followups or [result.response]
        assert said is not None
        assert said.content.startswith("I know you from no server.")


async def test_looking_up_a_member_may_take_long_without_the_command_failing(make_world: MakeWorld) -> None:
    """Discord waits 3 s for the first answer, so it comes before anything else is asked for."""
    async with make_world(discord=Discord(message_content=False, guild_members=False)) as world:
        await world.paula.user.slash("key show")
        calls = [(call.method, call.path) for call in world.env.http_requests]
        asked = next(index for index, (_, path) in enumerate(calls) if "/members/" in path)
        answered = next(index for index, (_, path) in enumerate(calls) if path.endswith("/callback"))
        assert answered < asked
