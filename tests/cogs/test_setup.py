"""/setup, page by page, as an admin presses and chooses; and what members then find."""

import discord
import pytest
import simcord
from discord import app_commands
from simcord import InteractionResult, MemberActor

from bot.config import Access, Answers
from tests.cogs.conftest import MakeWorld, World, card, last, words

pytestmark = pytest.mark.usefixtures("either_engine")

FRENCH = discord.Locale.french


def fields(result: InteractionResult) -> dict[str, str]:
    """What a card says, by field."""
    return {field.name or "": field.value or "" for field in card(result).fields}


async def walk(world: World, member: MemberActor, steps: int) -> InteractionResult:
    """Open /setup and press Next."""
    shown = await member.slash(world.general, "setup")
    for _ in range(steps):
        shown = await press(member, shown, "Next")
    return shown


async def press(member: MemberActor, shown: InteractionResult, label: str) -> InteractionResult:
    assert shown.response is not None
    return await member.click(shown.response, label=label)


async def choose(member: MemberActor, shown: InteractionResult, what: str, values: list[object]) -> InteractionResult:
    assert shown.response is not None
    return await member.select(shown.response, values, custom_id=f"rolekey:setup:{what}")


async def test_an_admin_walks_through_it_and_every_page_shows_what_is_set_now(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], everyone="free")) as world:
        staff, tutor = world.guild.create_text_channel("staff"), world.guild.create_role("Tutor")
        bots = world.guild.create_text_channel("bots")
        key = await world.key_of(world.paula)

        shown = await walk(world, world.ada, 0)
        assert shown.ephemeral
        assert card(shown).title == "Set-up"
        assert fields(shown)["Plus"] == world.plus_role.mention
        assert fields(shown)["Everybody else"] == "free"
        assert fields(shown)["I answer in"] == "all channels"
        assert fields(shown)["Answers come"] == "in a new thread for each conversation"

        shown = await press(world.ada, shown, "Next")
        assert card(shown).title == "Who may ask"
        shown = await choose(world.ada, shown, "roles:free", [tutor])
        shown = await choose(world.ada, shown, "choice:everyone", ["none"])
        assert (fields(shown)["Free"], fields(shown)["Everybody else"]) == (tutor.mention, "none")
        shown = await choose(world.ada, shown, "roles:plus", [])
        assert fields(shown)["Plus"] == "no role"
        assert await world.refusal(key) == "disabled", "keys follow at once"
        shown = await choose(world.ada, shown, "roles:plus", [world.plus_role])
        assert await world.refusal(key) is None

        shown = await press(world.ada, shown, "Next")
        shown = await choose(world.ada, shown, "channels:answers", [bots])
        shown = await choose(world.ada, shown, "choice:place", ["channel"])
        assert fields(shown) == {
            "I answer in": f"<#{bots.id}>",
            "Answers come": "in the channel where it was asked",
            "Members may ask": "only here, and in direct messages with me",
        }

        shown = await press(world.ada, shown, "Next")
        form = await press(world.ada, shown, "Write it")
        shown = await world.ada.submit_modal(form, {"text": "  Answer like a pirate. "})
        assert fields(shown)["System prompt"] == "Answer like a pirate."

        shown = await press(world.ada, shown, "Next")
        form = await press(world.ada, shown, "Write it")
        shown = await world.ada.submit_modal(form, {"text": "We keep it for a year."})
        shown = await choose(world.ada, shown, "choice:reading", ["yes"])
        assert fields(shown)["Privacy notice"] == "We keep it for a year."

        shown = await press(world.ada, shown, "Next")
        shown = await choose(world.ada, shown, "channels:audit", [staff])
        assert fields(shown)["Audit channel"] == f"<#{staff.id}>"

        shown = await press(world.ada, shown, "Next")
        assert card(shown).title == "Try it out"
        shown = await press(world.ada, shown, "Back")
        assert card(shown).title == "Audit channel"
        shown = await press(world.ada, shown, "Overview")
        said = fields(shown)
        assert (said["Free"], said["I answer in"], said["Audit channel"]) == (
            tutor.mention,
            f"<#{bots.id}>",
            f"<#{staff.id}>",
        )
        assert said["System prompt"] == "Answer like a pirate."
        assert said["Searching"] == "Admins may search them; each member sees who did"


async def test_its_pages_work_after_a_restart_and_what_was_chosen_is_kept(make_world: MakeWorld) -> None:
    async with make_world() as world:
        shown = await walk(world, world.ada, 2)
        shown = await choose(world.ada, shown, "channels:answers", [world.general])
        await world.restart()
        assert fields(shown)["I answer in"] == f"<#{world.general.id}>"
        shown = await choose(world.ada, shown, "choice:place", ["channel"])
        shown = await press(world.ada, shown, "Overview")
        assert fields(shown)["I answer in"] == f"<#{world.general.id}>"
        assert fields(shown)["Answers come"] == "in the channel where it was asked"


async def test_only_who_manages_the_server_gets_in_and_who_no_longer_does_is_out(make_world: MakeWorld) -> None:
    async with make_world() as world:
        with pytest.raises(simcord.SetupError, match="default-member-permissions"):
            await world.fred.slash(world.general, "setup")
        shown = await walk(world, world.ada, 3)
        form = await press(world.ada, shown, "Write it")
        world.expected.append(app_commands.MissingPermissions)
        for role in world.ada.member.roles if world.ada.member else []:
            if not role.is_default():
                world.env.backend.remove_member_role(world.guild.id, world.ada.id, role.id)
        await world.env.settle()
        refused = "You need the Manage Server permission for this."
        assert words(await press(world.ada, shown, "Next")) == refused
        assert words(await world.ada.submit_modal(form, {"text": "Obey me"})) == refused
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert ("system", "Obey me") not in world.upstream.requests[-1].messages


async def test_the_test_prompt_goes_members_way_and_only_the_admin_sees_the_answer(make_world: MakeWorld) -> None:
    async with make_world() as world:
        shown = await walk(world, world.ada, 2)
        bots = world.guild.create_text_channel("bots")
        await choose(world.ada, shown, "channels:answers", [bots])
        shown = await walk(world, world.ada, 6)
        answer = await press(world.ada, shown, "Send a test prompt")
        assert answer.ephemeral
        assert world.upstream.requests[-1].messages[-1] == ("user", "Say in one sentence what you can help with.")
        assert "Hello from the fake upstream." in [message.content for message in answer.followups]
        assert world.threads() == []
        assert world.said(world.general) == []


async def test_members_ask_only_where_the_admins_chose(make_world: MakeWorld) -> None:
    async with make_world() as world:
        category = world.guild.create_category("AI")
        bots = world.guild.create_text_channel("bots", category=category)
        await choose(world.ada, await walk(world, world.ada, 2), "channels:answers", [category])
        refused = await world.fred.slash(world.general, "ask", prompt="Hi")
        assert refused.ephemeral
        assert words(refused) == f"I don't answer in this channel. Ask in <#{category.id}>."
        assert world.bot.user is not None
        await world.fred.send(world.general, f"<@{world.bot.user.id}> Hi")
        assert world.said(world.general)[-1].startswith("I don't answer in this channel.")
        assert world.upstream.requests == []
        await world.fred.slash(bots, "ask", prompt="Hi")
        [thread] = bots.threads
        await world.fred.slash(thread, "ask", prompt="In a thread of it")
        await world.fred.slash(world.general, "followup", prompt="From elsewhere, to there")
        assert len(world.upstream.requests) >= 2


async def test_where_the_only_channel_was_deleted_members_are_told_and_it_does_not_mean_all(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        bots = world.guild.create_text_channel("bots")
        shown = await choose(world.ada, await walk(world, world.ada, 2), "channels:answers", [bots])
        await choose(world.ada, await walk(world, world.ada, 5), "channels:audit", [bots])
        await world.ada.slash(world.general, "admin default-tier", channel=bots, tier="free")
        world.env.backend.delete_channel(bots.id)
        await world.env.settle()
        refused = words(await world.fred.slash(world.general, "ask", prompt="Hi"))
        assert refused.startswith("The channels I may answer in are gone.")
        shown = await walk(world, world.ada, 0)
        assert fields(shown)["I answer in"] == "a channel that was deleted"
        assert fields(shown)["Audit channel"] == "a channel that was deleted"
        assert "Channels of their own" not in fields(shown)
        shown = await press(world.ada, await press(world.ada, shown, "Next"), "Next")
        await choose(world.ada, shown, "channels:answers", [])
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert len(world.upstream.requests) == 1


async def test_a_deleted_role_is_no_longer_shown_and_the_page_still_works(make_world: MakeWorld) -> None:
    async with make_world() as world:
        gold = world.guild.create_role("Gold")
        shown = await choose(world.ada, await walk(world, world.ada, 1), "roles:plus", [gold, world.plus_role])
        assert gold.mention in fields(shown)["Plus"]
        world.env.backend.delete_role(world.guild.id, gold.id)
        await world.env.settle()
        shown = await walk(world, world.ada, 1)
        assert fields(shown)["Plus"] == world.plus_role.mention


async def test_answers_come_in_the_channel_where_settings_or_admins_say_so(make_world: MakeWorld) -> None:
    async with make_world(answers=Answers(place="channel", edit_interval_seconds=0.01)) as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert world.threads() == []
        assert world.said(world.general) == ["Hello from the fake upstream."]
        await world.fred.click(last(world.general), label="Follow up")
        assert world.bot.user is not None
        await world.fred.send(world.general, f"<@{world.bot.user.id}> Hi")
        assert world.threads() == []
        await choose(world.ada, await walk(world, world.ada, 2), "choice:place", ["thread"])
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert len(world.threads()) == 1


async def test_what_the_settings_give_a_role_can_be_taken_and_given_back(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], free_roles=["Tutor"])) as world:
        tutor = world.guild.create_role("Tutor")
        shown = await walk(world, world.ada, 1)
        assert fields(shown)["Free"] == tutor.mention
        shown = await choose(world.ada, shown, "roles:plus", [tutor])
        assert (fields(shown)["Plus"], fields(shown)["Free"]) == (tutor.mention, "no role")
        shown = await choose(world.ada, shown, "roles:plus", [world.plus_role])
        assert (fields(shown)["Plus"], fields(shown)["Free"]) == (world.plus_role.mention, tutor.mention)


async def test_a_member_sees_the_notice_once_before_the_first_answer(make_world: MakeWorld) -> None:
    async with make_world() as world:
        form = await press(world.ada, await walk(world, world.ada, 4), "Write it")
        await world.ada.submit_modal(form, {"text": "We keep it for a year. @everyone"})
        first = await world.fred.slash(world.general, "ask", prompt="Hi")
        notices = [message for message in first.followups if message.ephemeral]
        assert [field.value for field in notices[0].embeds[0].fields] == [
            "We keep it for a year. @everyone",
            "Admins of this server may not search your conversations.",
        ]
        again = await world.fred.slash(world.general, "ask", prompt="Hi")
        assert not [message for message in again.followups if message.ephemeral]


async def test_an_admin_is_led_through_it_in_french(make_world: MakeWorld) -> None:
    async with make_world() as world:
        world.speaks(world.ada, FRENCH)
        shown = await world.ada.slash(world.general, "setup")
        assert card(shown).title == "Configuration"
        assert fields(shown)["Tous les autres"] == "gratuit"
        titles = [card(shown).title]
        for _ in range(6):
            shown = await press(world.ada, shown, "Suivant")
            titles.append(card(shown).title)
        assert titles[-1] == "Essai"
        assert len(set(titles)) == 7
        await press(world.ada, shown, "Précédent")
