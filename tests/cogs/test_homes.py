"""Direct messages: on which server's access, and how a member chooses."""

from typing import Any

import discord
import pytest

from bot.personal_data import Whose
from cogs.privacy import PrivacyCog
from tests.cogs.conftest import MakeWorld, World, card
from tests.cogs.test_privacy import forget

TOLD = "-# You ask on your access in {}. Choose another server with `/server`."


def asked_models(world: World) -> list[str]:
    return [request.body["model"] for request in world.upstream.requests]


async def test_the_server_is_named_and_where_there_are_several_one_is_chosen_and_remembered(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        workshop = world.env.create_guild("Workshop")
        workshop.add_member(world.paula.user)
        paula = world.paula.user
        await paula.send_dm("One")
        assert world.said(paula.dm_channel) == [TOLD.format("Academy"), "Hello from the fake upstream."]
        await paula.send_dm("Two")
        assert len(world.said(paula.dm_channel)) == 3

        shown = await paula.slash("server")
        assert shown.response is not None
        assert shown.response.content.startswith("You ask on your access in Academy: plus.")
        await paula.select(shown.response, [str(workshop.id)])
        await world.restart()
        await paula.send_dm("Three")
        assert world.said(paula.dm_channel)[-2:] == [TOLD.format("Workshop"), "Hello from the fake upstream."]
        assert [role for role, _ in world.upstream.requests[-1].messages if role != "system"] == ["user"]
        asked = await paula.slash("ask", prompt="Four")
        assert card(asked).footer.text == "free · on your access in Workshop"
        assert asked_models(world) == ["gpt-plus", "gpt-plus", "gpt-free", "gpt-free"]

        # Who leaves the server that they chose asks on another one.
        workshop.remove_member(paula)
        await world.env.settle()
        asked = await paula.slash("ask", prompt="Five")
        assert card(asked).footer.text == "plus · on your access in Academy"


async def test_with_one_server_there_is_nothing_to_choose_and_it_is_said_in_french(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.speaks(world.fred, discord.Locale.french)
        shown = await world.fred.user.slash("server")
        assert shown.response is not None
        assert shown.response.content == "Vous posez vos questions avec votre accès sur Academy\u00a0: gratuit."
        assert shown.response.components == []


async def languages_noted(world: World) -> list[dict[str, Any]]:
    """What Fred's `/export me` would have of it."""
    cog = world.bot.get_cog("PrivacyCog")
    assert isinstance(cog, PrivacyCog)
    return [row.row async for row in cog._data.noted(Whose(world.fred.id)) if row.table == "languages"]


@pytest.mark.usefixtures("either_engine")
async def test_plain_direct_messages_are_answered_in_the_language_last_used_until_that_is_forgotten(
    make_world: MakeWorld,
) -> None:
    french = "-# Vous posez vos questions avec votre accès sur Academy. Choisissez un autre serveur avec `/serveur`."
    async with make_world() as world:
        fred = world.fred.user
        world.speaks(world.fred, discord.Locale.french)
        await world.fred.slash(world.general, "about")
        await world.restart()
        await fred.send_dm("Bonjour")
        assert world.said(fred.dm_channel)[0] == french
        await world.paula.user.send_dm("Hello")
        assert world.said(world.paula.user.dm_channel)[0] == TOLD.format("Academy")

        assert await languages_noted(world) == [{"member_id": world.fred.id, "locale": "fr"}]
        await forget(world, "oubliez-moi")
        await fred.send_dm("Encore")
        assert TOLD.format("Academy") in world.said(fred.dm_channel)

        await world.fred.slash(world.general, "about")
        world.speaks(world.fred, discord.Locale.american_english)
        await world.fred.slash(world.general, "about")
        assert await languages_noted(world) == []
