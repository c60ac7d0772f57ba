"""/share and forks: others follow up in a member's thread, or go their own way from it."""

import discord
import pytest

from bot.config import Access
from cogs.conversations import SharingCog
from gateway.wire import ChatRequest
from tests.cogs.conftest import MakeWorld, World, last
from tests.cogs.test_conversations import begin, conversation_in, gone, text, told
from tests.cogs.test_privacy import forget
from tests.cogs.test_setup import choose, walk

pytestmark = pytest.mark.usefixtures("either_engine")


def chat(world: World) -> list[tuple[str, str]]:
    """What the provider was sent with the last prompt, the system prompt left out."""
    return [message for message in world.upstream.requests[-1].messages if message[0] != "system"]


async def requests_of(world: World, member_id: int) -> int:
    """How many prompts counted for a member."""
    async with world.gateway() as gateway:
        return (await gateway.usage(f"{world.guild.id}:{member_id}")).total.requests


async def test_a_guest_follows_up_on_their_own_limits_until_it_is_taken_back(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.paula.send(thread, "I am only talking.")
        assert len(world.upstream.requests) == 1
        refused = await world.paula.slash(thread, "share", member=world.ada)
        assert world.fred.mention in text(refused)

        done = await world.fred.slash(thread, "share", member=world.paula)
        assert world.paula.mention in text(done)
        assert world.paula.mention in world.said(thread)[-1]
        world.upstream.reply = "More about that."
        await world.paula.send(thread, "And a functor?")
        assert world.said(thread)[-1] == "More about that."
        assert [role for role, _ in chat(world)] == ["user", "assistant", "user"]
        assert (await requests_of(world, world.fred.id), await requests_of(world, world.paula.id)) == (1, 1)
        pressed = await world.paula.click(last(thread), label="Follow up")
        assert pressed.modal is not None
        await world.restart()
        await world.paula.slash(thread, "followup", prompt="And a monoid?")
        assert len(chat(world)) == 5
        await world.fred.send(thread, "It is still mine.")
        assert len(chat(world)) == 7
        shown = text(await world.fred.slash(thread, "conversations show"))
        assert f"**{world.paula.mention} asked**" in shown.replace("\\", "")

        listed = await world.fred.slash(thread, "share")
        assert text(listed) == f"It is shared with {world.paula.mention}."
        await world.fred.select(told(listed), [str(world.paula.id)])
        asked = len(world.upstream.requests)
        await world.paula.send(thread, "Still here?")
        refused = await world.paula.slash(thread, "followup", prompt="Still here?")
        assert world.fred.mention in text(refused)
        assert len(world.upstream.requests) == asked
        assert "shared with nobody" in text(await world.fred.slash(thread, "share"))


async def test_a_free_guest_in_a_plus_conversation_is_refused_in_words(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.paula.slash(world.general, "ask", prompt="What is a monad?")
        thread = world.threads()[-1]
        await world.paula.slash(thread, "share", member=world.fred)
        await world.fred.send(thread, "And a functor?")
        assert "plus access" in world.said(thread)[-1]
        await world.paula.send(thread, "And a functor?")
        assert len(chat(world)) == 3


async def test_nothing_is_shared_with_whom_it_would_be_no_use_to(make_world: MakeWorld) -> None:
    async with make_world(access=Access(everyone="none", plus_roles=["Plus"])) as world:
        await world.paula.slash(world.general, "ask", prompt="What is a monad?")
        thread = world.threads()[-1]
        assert "no access" in text(await world.paula.slash(thread, "share", member=world.fred))
        assert "not yourself" in text(await world.paula.slash(thread, "share", member=world.paula))
        assert "shared with nobody" in text(await world.paula.slash(thread, "share"))


async def test_an_erased_conversation_leaves_no_guest_behind(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.fred.slash(thread, "share", member=world.paula)
        asked = await world.fred.slash(thread, "conversations delete")
        await world.fred.click(told(asked), label="Erase")
        await world.paula.send(thread, "And a functor?")
        assert len(world.upstream.requests) == 1


async def test_a_fork_is_the_members_own_in_a_thread_of_their_own(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        done = await world.paula.slash(thread, "fork")
        fork = world.threads()[-1]
        assert fork.id != thread.id
        assert text(done) == f"Your own copy: <#{fork.id}>"
        assert (
            world.said(fork)[0]
            == f"A Fine Title, forked by {world.paula.mention} from <#{thread.id}>. It goes on here on its own."
        )
        world.upstream.reply = "More about that."
        await world.paula.send(fork, "And a functor?")
        assert world.said(fork)[-1] == "More about that."
        assert chat(world)[0] == ("user", "What is a monad?")
        assert (await requests_of(world, world.fred.id), await requests_of(world, world.paula.id)) == (1, 1)
        async with world.gateway() as gateway:
            original = await gateway.get_conversation(await conversation_in(world, thread))
            copy = await gateway.get_conversation(await conversation_in(world, fork))
        assert len(original.messages) == 2
        assert copy.conversation.user_id == f"{world.guild.id}:{world.paula.id}"
        assert copy.conversation.tier == "plus"
        refused = await world.fred.slash(fork, "followup", prompt="Mine too?")
        assert world.paula.mention in text(refused)


async def test_the_menu_beside_a_message_forks_too_and_a_private_thread_is_not_forked(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        await world.paula.context_menu(thread, "Fork to my own thread", last(thread))
        assert world.said(world.threads()[-1])[0].startswith("A Fine Title, forked by")
        nothing = await world.paula.context_menu(
            world.general, "Fork to my own thread", await world.fred.send(world.general, "Hello all")
        )
        assert "no conversation of mine here" in text(nothing)

        await world.fred.slash(world.general, "ask", prompt="A secret", private=True)
        private = world.threads()[-1]
        count = len(world.threads())
        channel = world.bot.get_channel(private.id)
        assert isinstance(channel, discord.Thread)
        with world.env.time_context():
            await channel.add_user(discord.Object(world.paula.id))
        refused = await world.paula.slash(private, "fork")
        assert world.fred.mention in text(refused)
        assert len(world.threads()) == count


async def test_an_answer_is_continued_from_in_a_branch_of_its_own_thread(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        first = last(thread)
        await world.fred.send(thread, "And a functor?")
        later = last(thread)
        done = await world.fred.context_menu(thread, "Continue from here", first)
        branch = world.threads()[-1]
        assert text(done) == f"Your own copy: <#{branch.id}>"
        await world.fred.send(branch, "And an applicative?")
        asked = [content for role, content in world.upstream.requests[-1].messages if role == "user"]
        assert asked == ["What is a monad?", "And an applicative?"]
        await world.fred.send(thread, "And a comonad?")
        asked = [content for role, content in world.upstream.requests[-1].messages if role == "user"]
        assert asked == ["What is a monad?", "And a functor?", "And a comonad?"]
        await world.paula.context_menu(thread, "Continue from here", later)
        await world.paula.send(world.threads()[-1], "And for me?")
        asked = [content for role, content in world.upstream.requests[-1].messages if role == "user"]
        assert asked == ["What is a monad?", "And a functor?", "And for me?"]
        hello = await world.fred.send(world.general, "Hello all")
        refused = await world.fred.context_menu(world.general, "Continue from here", hello)
        assert refused.ephemeral
        assert text(refused).startswith("That is no answer of mine to go on from.")


async def test_no_thread_is_made_or_brought_back_where_admins_do_not_want_answers(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        bots = world.guild.create_text_channel("bots")
        shown = await walk(world, world.ada, 2)
        await choose(world.ada, shown, "channels:answers", [bots])
        count = len(world.threads())
        for refused in (
            await world.paula.slash(thread, "fork"),
            await world.fred.slash(world.general, "conversations open", conversation="fine"),
        ):
            assert text(refused) == f"I don't answer in this channel. Ask in <#{bots.id}>."
        assert len(world.threads()) == count
        opened = await world.fred.slash(bots, "conversations open", conversation="fine")
        assert text(opened) == f"It is open: <#{bots.threads[-1].id}>"


async def test_with_whom_it_was_shared_goes_with_a_conversation_whose_owner_is_forgotten(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        conversation_id = await conversation_in(world, thread)
        await world.fred.slash(thread, "share", member=world.paula)
        cog = world.bot.get_cog("SharingCog")
        assert isinstance(cog, SharingCog)
        assert await cog._guests.of(conversation_id) == [world.paula.id]
        await forget(world)
        assert await cog._guests.of(conversation_id) == []


async def test_a_fork_has_what_its_channel_shows_and_nothing_that_the_owner_asked_elsewhere(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        thread = await begin(world)
        conversation_id = await conversation_in(world, thread)
        key = await world.key_of(world.fred)
        async with world.gateway() as gateway:
            elsewhere = ChatRequest(prompt="In my own client, a secret", conversation_id=conversation_id)
            await gateway.acting_with(key).ask(elsewhere)
        await world.paula.slash(thread, "fork")
        await world.paula.send(world.threads()[-1], "And for me?")
        asked = [content for role, content in world.upstream.requests[-1].messages if role == "user"]
        assert asked == ["What is a monad?", "And for me?"]


async def test_a_thread_that_open_made_before_its_answer_was_noted_is_forked_as_far_as_it_shows(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        first = await begin(world)
        await gone(world, first)
        await world.fred.slash(world.general, "conversations open", conversation="fine", public=True)
        thread = world.threads()[-1]
        cog = world.bot.get_cog("SharingCog")
        assert isinstance(cog, SharingCog)
        await cog._threads.forget_answer(last(thread).id)
        key = await world.key_of(world.fred)
        async with world.gateway() as gateway:
            conversation_id = await conversation_in(world, thread)
            await gateway.acting_with(key).ask(ChatRequest(prompt="A secret", conversation_id=conversation_id))
        await world.paula.slash(thread, "fork")
        fork = world.threads()[-1]
        assert fork.id != thread.id
        await world.paula.send(fork, "And for me?")
        asked = [content for role, content in world.upstream.requests[-1].messages if role == "user"]
        assert asked == ["What is a monad?", "And for me?"]
