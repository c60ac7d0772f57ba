import discord
import msgspec
import pytest
from simcord import ChannelHandle

from bot.config import Discord
from tests.cogs.conftest import MakeWorld, World, last, words

NO_CONTENT = Discord(message_content=False, guild_members=False)


async def begin(world: World) -> ChannelHandle:
    """Fred asks; his thread."""
    await world.fred.slash(world.general, "ask", prompt="What is a monad?")
    world.upstream.reply = "More about that."
    return world.threads()[-1]


def history(world: World) -> list[tuple[str, str]]:
    """What the provider was sent with the last prompt, the system prompt left out."""
    return [message for message in world.upstream.requests[-1].messages if message[0] != "system"]


GOES_ON = [
    ("user", "What is a monad?"),
    ("assistant", "Hello from the fake upstream."),
    ("user", "And a functor?"),
]


async def test_the_command_goes_on_in_the_thread(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.fred.slash(thread, "followup", prompt="And a functor?")
        assert history(world) == GOES_ON
        assert world.said(thread)[-1] == "More about that."


async def test_a_plain_message_in_ones_own_thread_goes_on(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.fred.send(thread, "And a functor?")
        assert history(world) == GOES_ON
        assert world.said(thread)[-1] == "More about that."


async def test_without_message_content_a_mention_goes_on_and_other_words_are_not_read(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_CONTENT) as world:
        thread = await begin(world)
        await world.fred.send(thread, "And a functor?")
        assert len(world.upstream.requests) == 1
        assert world.bot.user is not None
        await world.fred.send(thread, f"{world.bot.user.mention} And a functor?")
        assert history(world) == GOES_ON


async def test_without_message_content_a_pinged_reply_goes_on(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_CONTENT) as world:
        thread = await begin(world)
        await world.fred.send(thread, "And a functor?", reply_to=last(thread))
        assert history(world) == GOES_ON


async def test_the_button_opens_a_form_and_goes_on(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        shown = await world.fred.click(last(thread), label="Follow up")
        assert shown.modal is not None
        await world.fred.submit_modal(shown, {"prompt": "And a functor?"})
        assert history(world) == GOES_ON
        assert world.said(thread)[-1] == "More about that."


async def test_threads_and_buttons_survive_a_restart(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.restart()
        await world.fred.send(thread, "And a functor?")
        assert history(world) == GOES_ON
        shown = await world.fred.click(last(thread), label="Follow up")
        assert shown.modal is not None


async def test_from_another_channel_it_goes_on_in_the_thread(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        elsewhere = world.guild.create_text_channel("elsewhere")
        result = await world.fred.slash(elsewhere, "followup", prompt="And a functor?")
        assert result.ephemeral
        assert str(thread.id) in words(result)
        assert history(world) == GOES_ON
        assert world.said(thread)[-1] == "More about that."


async def test_the_completion_offers_ones_own_conversations_by_title(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await begin(world)
        [choice] = await world.fred.autocomplete(world.general, "followup", "conversation", "fine")
        assert choice["name"] == "A Fine Title"
        assert await world.fred.autocomplete(world.general, "followup", "conversation", "nothing") == []
        assert await world.paula.autocomplete(world.general, "followup", "conversation", "") == []
        await world.fred.slash(world.general, "followup", prompt="And a functor?", conversation=choice["value"])
        assert history(world) == GOES_ON


async def test_a_title_typed_by_hand_is_understood(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await begin(world)
        await world.fred.slash(world.general, "followup", prompt="And a functor?", conversation="fine title")
        assert history(world) == GOES_ON


async def test_an_archived_thread_is_opened_again(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        metadata = world.env.backend.channels[thread.id].thread_metadata
        assert metadata is not None
        metadata.archived = True
        await world.fred.slash(world.general, "followup", prompt="And a functor?")
        assert world.said(thread)[-1] == "More about that."


async def test_where_the_thread_is_gone_it_goes_on_in_place(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        channel = world.bot.get_channel(thread.id)
        assert isinstance(channel, discord.Thread)
        with world.env.time_context():
            await channel.delete()
        await world.env.settle()
        await world.fred.slash(world.general, "followup", prompt="And a functor?")
        assert history(world) == GOES_ON
        assert world.said(world.general)[-1] == "More about that."


async def test_in_somebody_elses_thread_one_is_told_whose_it_is(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        result = await world.paula.slash(thread, "followup", prompt="Mine now")
        assert result.ephemeral
        assert world.fred.mention in words(result)
        pressed = await world.paula.click(last(thread), label="Follow up")
        assert pressed.ephemeral
        assert world.fred.mention in words(pressed)
        assert len(world.upstream.requests) == 1


async def test_others_may_talk_in_the_thread_without_an_answer(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.paula.send(thread, "Interesting!")
        assert len(world.upstream.requests) == 1
        assert world.bot.user is not None
        await world.paula.send(thread, f"{world.bot.user.mention} and for me?")
        assert len(world.upstream.requests) == 1
        assert world.fred.mention in last(thread).content


async def test_an_answer_in_the_channel_is_followed_up_by_a_reply(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_CONTENT) as world:
        world.env.inject_error("POST", "/channels/*/threads", status=403, code=160006)
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        await world.fred.send(world.general, "And a functor?", reply_to=last(world.general))
        assert history(world) == GOES_ON


async def test_an_answer_in_the_channel_is_followed_up_by_its_button(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.env.inject_error("POST", "/channels/*/threads", status=403, code=160006)
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        shown = await world.fred.click(last(world.general), label="Follow up")
        await world.fred.submit_modal(shown, {"prompt": "And a functor?"})
        assert history(world) == GOES_ON


async def test_direct_messages_go_on_without_any_command(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_CONTENT) as world:
        await world.fred.send_dm("What is a monad?")
        await world.fred.send_dm("And a functor?")
        assert history(world) == GOES_ON


async def test_with_nothing_to_go_on_with_one_is_told_how_to_begin(make_world: MakeWorld) -> None:
    async with make_world() as world:
        result = await world.fred.slash(world.general, "followup", prompt="And?")
        assert result.ephemeral
        assert "`/ask`" in words(result)


@pytest.mark.parametrize("conversation", ["no such title", "00000000-0000-4000-8000-000000000000"])
async def test_an_unknown_conversation_is_said_to_be_so(make_world: MakeWorld, conversation: str) -> None:
    async with make_world() as world:
        await begin(world)
        result = await world.fred.slash(world.general, "followup", prompt="And?", conversation=conversation)
        said = words(result) or world.said(world.general)[-1]
        assert "conversation" in said
        assert len(world.upstream.requests) == 1


async def test_a_follow_up_stays_on_the_account_that_began(make_world: MakeWorld) -> None:
    async with make_world() as world:
        twins = [
            msgspec.structs.replace(account, name=f"{account.name}-2") for account in world.config.gateway.accounts
        ]
        accounts = [*world.config.gateway.accounts, *twins]
        gateway = msgspec.structs.replace(world.config.gateway, accounts=accounts)
    async with make_world(gateway=gateway) as world:
        for _ in range(2):
            await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        first, second = world.threads()
        await world.fred.slash(second, "followup", prompt="And?")
        await world.fred.slash(first, "followup", prompt="And?")
        assert len(world.upstream.requests) == 4
