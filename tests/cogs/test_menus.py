"""The menu of a message, under Apps."""

from pathlib import Path

import discord

from tests.cogs.conftest import MakeWorld, card, words
from tests.cogs.test_attachments import CAT, NOTES, kinds, seeing
from tests.fakes.upstream import FakeUpstream

ASK = "Ask about this message"


async def test_a_member_asks_about_anybodys_message_with_its_words_and_files(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with seeing(make_world, tmp_path, upstream) as world:
        files = [("film.mp4", b"\0\0\0\x20ftyp"), CAT, NOTES]
        message = await world.paula.send(world.general, "A monad is ```just``` a monoid.", attachments=files)
        form = await world.fred.context_menu(world.general, ASK, message)
        assert form.modal is not None
        asked = await world.fred.submit_modal(form, {"question": "Is that so?"})
        embed = card(asked)
        assert embed.description == "Is that so?"
        assert [(field.name, field.value) for field in embed.fields] == [
            ("Files", "`cat.png`, `notes.md`"),
            ("Files left out", "`film.mp4`"),
            ("About", message.jump_url),
        ]
        assert world.upstream.requests[0].prompt == (
            "Is that so?\n\nThis is about a message by paula:\n````\nA monad is ```just``` a monoid.\n````"
        )
        assert sorted(kinds(world)) == ["image_url", "text", "text"]
        [thread] = world.threads()
        assert world.said(thread) == ["Hello from the fake upstream."]
        await world.fred.send(thread, "Why?")
        assert world.upstream.requests[-1].prompt == "Why?"


async def test_what_a_message_forwards_or_shows_in_cards_is_read_too(make_world: MakeWorld) -> None:
    async with make_world() as world:
        elsewhere = world.guild.create_text_channel("elsewhere")
        told = await world.paula.send(elsewhere, "The well is deep.")
        forwarded = await world.paula.forward(told, world.general)
        form = await world.fred.context_menu(world.general, ASK, forwarded)
        await world.fred.submit_modal(form, {"question": "How deep?"})
        assert "The well is deep." in world.upstream.requests[-1].prompt
        # The card of that question is a message of the bot's, with nothing but a card.
        asked = next(message for message in world.general.history() if message.embeds)
        form = await world.paula.context_menu(world.general, ASK, asked)
        await world.paula.submit_modal(form, {"question": "What was asked?"})
        assert "How deep?" in world.upstream.requests[-1].prompt


async def test_a_message_with_nothing_to_read_is_refused(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.speaks(world.fred, discord.Locale.french)
        film = await world.paula.send(world.general, attachments=[("film.mp4", b"\0\0\0\x20ftyp")])
        form = await world.fred.context_menu(world.general, ASK, film)
        refused = await world.fred.submit_modal(form, {"question": "Qu'est-ce ?"})
        assert words(refused).startswith("Ce message ne contient rien que je puisse lire.")
        assert refused.ephemeral
        assert world.threads() == []
        assert world.upstream.requests == []


async def test_a_form_that_outlived_a_restart_gives_back_what_was_written(make_world: MakeWorld) -> None:
    async with make_world() as world:
        message = await world.paula.send(world.general, "A monad is a monoid.")
        form = await world.fred.context_menu(world.general, ASK, message)
        await world.restart()
        told = await world.fred.submit_modal(form, {"question": "Is that so?"})
        assert told.ephemeral
        assert words(told).startswith("I was restarted while you wrote")
        assert card(told).description == "Is that so?"
        form = await world.fred.context_menu(world.general, ASK, message)
        await world.fred.submit_modal(form, {"question": "Is that so?"})
        assert len(world.upstream.requests) == 1
