"""Direct messages: on which server's access, and how a member chooses."""

import discord

from tests.cogs.conftest import MakeWorld, World, card

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
