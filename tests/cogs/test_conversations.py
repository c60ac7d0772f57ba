"""/conversations: what members do with their own conversations, and that nobody else sees it."""

import json
from pathlib import Path

import discord
import msgspec
import pytest
from simcord import ChannelHandle, InteractionResult

from bot.config import Access
from bot.links import Links
from cogs.conversations import SharingCog
from cogs.lifecycle import LifecycleCog
from gateway.client import GatewayClient
from gateway.config import Limits, TierLimits
from gateway.errors import NotFound
from tests.cogs.conftest import MakeWorld, World, last, settings, words
from tests.fakes.upstream import FakeUpstream
from tests.gateway.conftest import eventually


async def begin(world: World, prompt: str = "What is a monad?", title: str = "A Fine Title") -> ChannelHandle:
    """Fred asks; his thread."""
    world.upstream.title = title
    await world.fred.slash(world.general, "ask", prompt=prompt)
    return world.threads()[-1]


async def conversation_in(world: World, thread: ChannelHandle) -> str:
    """The id of the conversation that a thread holds."""
    cog = world.bot.get_cog("SharingCog")
    assert isinstance(cog, SharingCog)
    held = await cog._threads.in_channel(thread.id)
    assert held is not None
    assert held.conversation_id is not None
    return held.conversation_id


def told(result: InteractionResult) -> discord.Message:
    """The private answer to a command."""
    assert result.ephemeral
    shown = result.response or result.followups[-1]
    return shown.message


def text(result: InteractionResult) -> str:
    message = told(result)
    return message.content or (message.embeds[0].description or "")


async def gone(world: World, thread: ChannelHandle) -> None:
    """Somebody deletes a thread."""
    channel = world.bot.get_channel(thread.id)
    assert isinstance(channel, discord.Thread)
    with world.env.time_context():
        await channel.delete()
    await world.env.settle()


async def test_the_list_shows_ones_own_with_links_page_by_page(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream
) -> None:
    limits = Limits(free=TierLimits(requests_per_minute=0))
    roomy = msgspec.structs.replace(settings(tmp_path, upstream).gateway, limits=limits)
    async with make_world(gateway=roomy) as world:
        assert "`/ask`" in text(await world.fred.slash(world.general, "conversations list"))
        for number in range(11):
            await begin(world, f"Question {number}", f"Is *this* [it] {number}")
        listed = await world.fred.slash(world.general, "conversations list")
        assert told(listed).embeds[0].title == "Your conversations in Academy"
        lines = text(listed).splitlines()
        assert len(lines) == 10
        link = f"https://discord.com/channels/{world.guild.id}/{world.threads()[-1].id}"
        assert lines[0].startswith(f"• [Is \\*this\\* \\[it\\] 10]({link}) · <t:")
        on = await world.fred.click(told(listed), label="More")
        shown = on.response.message if on.response else told(listed)
        assert "it\\] 0](" in (shown.embeds[0].description or "")
        back = await world.fred.click(shown, label="Back")
        shown = back.response.message if back.response else shown
        assert "it\\] 10](" in (shown.embeds[0].description or "")
        assert "`/ask`" in text(await world.paula.slash(world.general, "conversations list"))


async def test_a_conversation_is_read_again_and_found_by_its_words(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.reply = "A burrito.\n```py\nprint(1)\n```"
        thread = await begin(world)
        shown = text(await world.fred.slash(thread, "conversations show"))
        for part in ("**A Fine Title**", "**You asked**", "What is a monad?", "**Answer**", "print(1)"):
            assert part in shown
        refused = await world.paula.slash(thread, "conversations show")
        assert world.fred.mention in text(refused)
        shown = text(await world.fred.slash(world.general, "conversations search", words="burrito"))
        assert "A **burrito**." in shown
        assert str(thread.id) in shown
        nothing = await world.paula.slash(world.general, "conversations search", words="burrito")
        assert "Nothing of yours" in text(nothing)


async def test_a_very_long_conversation_is_shown_in_pages_that_discord_takes(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.upstream.reply = "word " * 1000
        thread = await begin(world)
        shown = await world.fred.slash(thread, "conversations show")
        pages = [text(shown)]
        message = told(shown)
        for _ in range(2):
            on = await world.fred.click(message, label="More")
            message = on.response.message if on.response else message
            pages.append(message.embeds[0].description or "")
        assert all(0 < len(page) <= 2000 for page in pages)
        assert len(set(pages)) == 3


async def test_titles_complete_as_one_types_and_a_new_title_goes_to_the_thread_too(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        [choice] = await world.fred.autocomplete(world.general, "conversations rename", "conversation", "fine")
        assert choice["name"] == "A Fine Title"
        assert await world.paula.autocomplete(world.general, "conversations rename", "conversation", "") == []
        done = await world.fred.slash(
            world.general, "conversations rename", title="Monads, *again*", conversation=choice["value"]
        )
        assert text(done) == "It is called Monads, \\*again\\* now."
        assert world.threads()[-1].name == "Monads, *again*"
        [choice] = await world.fred.autocomplete(world.general, "conversations show", "conversation", "monads")
        refused = await world.paula.slash(
            world.general, "conversations rename", title="Mine", conversation=choice["value"]
        )
        assert "gone" in text(refused)
        assert thread.id == world.threads()[-1].id


@pytest.mark.parametrize("form", ["Markdown", "JSON"])
async def test_an_export_is_a_file_for_its_owner_alone(make_world: MakeWorld, form: str) -> None:
    async with make_world() as world:
        thread = await begin(world)
        exported = await world.fred.slash(thread, "conversations export", format=form)
        assert exported.ephemeral
        [file] = told(exported).attachments
        data = await file.read()
        if form == "JSON":
            assert json.loads(data)["conversation"]["title"] == "A Fine Title"
            assert file.filename.endswith(".json")
        else:
            assert data.decode().startswith("# A Fine Title\n")
            assert file.filename.endswith(".md")


async def test_a_conversation_is_erased_only_once_that_is_confirmed(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        conversation_id = await conversation_in(world, thread)
        asked = await world.fred.slash(thread, "conversations delete")
        assert "A Fine Title" in text(asked)
        await world.fred.click(told(asked), label="Keep")
        async with world.gateway() as gateway:
            await gateway.get_conversation(conversation_id)
        asked = await world.fred.slash(thread, "conversations delete")
        await world.fred.click(told(asked), label="Erase")
        async with world.gateway() as gateway:
            with pytest.raises(NotFound):
                await gateway.get_conversation(conversation_id)
        world.upstream.reply = "Anew."
        await world.fred.send(thread, "Are you still there?")
        assert world.said(thread)[-1] == "Anew."
        assert len(world.upstream.requests[-1].messages) == len(world.upstream.requests[0].messages)


async def test_an_archived_thread_is_brought_back(make_world: MakeWorld) -> None:
    async with make_world() as world:
        thread = await begin(world)
        metadata = world.env.backend.channels[thread.id].thread_metadata
        assert metadata is not None
        metadata.archived = True
        done = await world.fred.slash(world.general, "conversations open", conversation="fine")
        assert text(done) == f"It is open: <#{thread.id}>"
        metadata = world.env.backend.channels[thread.id].thread_metadata
        assert metadata is not None
        assert not metadata.archived


@pytest.mark.parametrize("public", [False, True])
async def test_where_the_thread_is_gone_a_new_one_holds_the_conversation(make_world: MakeWorld, public: bool) -> None:
    async with make_world() as world:
        await gone(world, await begin(world))
        await world.fred.slash(world.general, "conversations open", conversation="fine", public=public)
        thread = world.threads()[-1]
        kind = discord.ChannelType.public_thread if public else discord.ChannelType.private_thread
        assert world.env.backend.channels[thread.id].type == kind.value
        assert world.said(thread) == ["A Fine Title goes on here.", "Hello from the fake upstream."]
        world.upstream.reply = "More about that."
        await world.fred.send(thread, "And a functor?")
        assert world.said(thread)[-1] == "More about that."
        assert ("user", "What is a monad?") in world.upstream.requests[-1].messages
        shown = await world.fred.click(last(thread), label="Follow up")
        assert shown.modal is not None


async def test_without_access_one_is_told_who_gives_it(make_world: MakeWorld) -> None:
    async with make_world(access=Access(everyone="none", plus_roles=["Plus"])) as world:
        refused = await world.fred.slash(world.general, "conversations list")
        assert world.plus_role.mention in words(refused) or world.plus_role.mention in text(refused)


async def test_what_nobody_has_is_said(make_world: MakeWorld) -> None:
    async with make_world() as world:
        assert "no conversation here" in text(await world.fred.slash(world.general, "conversations show"))
        nothing = await world.fred.slash(world.general, "conversations export", conversation="nothing")
        assert "no conversation of that name" in text(nothing)


async def test_pages_questions_and_forms_from_before_a_restart_say_that_they_are(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        [thread] = world.threads()
        asked = await world.fred.slash(thread, "conversations delete")
        form = await world.fred.slash(world.general, "forget me")
        await world.restart()
        world.speaks(world.fred, discord.Locale.french)
        pressed = await world.fred.click(told(asked), label="Erase")
        assert pressed.ephemeral
        assert words(pressed) == "Ceci date d’avant un redémarrage, ou a expiré. Relancez la commande."
        submitted = await world.fred.submit_modal(form, {"words": "forget me"})
        assert words(submitted).startswith("Ceci date d’avant un redémarrage")
        live = await world.fred.slash(thread, "conversations delete")
        kept = await world.fred.click(told(live), label="Garder")
        assert [message.content for message in kept.followups] == []
        assert "redémarrage" not in told(live).content


async def test_the_gateway_learns_where_a_conversation_goes_on_also_after_it_was_away(make_world: MakeWorld) -> None:
    async with make_world() as world:

        async def link_of(conversation: str) -> str | None:
            async with world.gateway() as gateway:
                return (await gateway.get_conversation(conversation)).conversation.link

        thread = await begin(world)
        conversation = await conversation_in(world, thread)

        async def is_linked_to(place: int) -> bool:
            return await link_of(conversation) == f"https://discord.com/channels/{world.guild.id}/{place}"

        await eventually(lambda: is_linked_to(thread.id))
        assert (await world.user(world.fred)).community == "Academy"

        await gone(world, thread)
        await world.fred.slash(world.general, "conversations open", conversation=conversation)
        again = world.threads()[-1]
        assert again.id != thread.id
        await eventually(lambda: is_linked_to(again.id))

        # What a gateway that is away does not hear, the sweep says again.
        async with world.gateway() as gateway:
            await gateway.link_conversation(conversation, None)
        cog = world.bot.get_cog("LifecycleCog")
        assert isinstance(cog, LifecycleCog)
        threads = cog._threads
        held = await threads.in_channel(again.id)
        assert held is not None
        await threads.hold(msgspec.structs.replace(held, conversation_id=None))
        async with GatewayClient("http://127.0.0.1:1", "rk-x") as nobody:
            away = Links(world.bot, threads, nobody)
            kept, threads._on_hold = threads._on_hold, away.soon
            await threads.hold(held)
            await eventually(lambda: is_idle(away))
            threads._on_hold = kept
        assert await threads.unlinked() == [msgspec.structs.replace(held, renamed=True)]
        await cog._sweep.run()
        assert await is_linked_to(again.id)
        assert await threads.unlinked() == []


async def is_idle(links: Links) -> bool:
    return links._task is None
