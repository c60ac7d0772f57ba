"""/access, and what a role is worth: as admins and members see it, and as the gateway enforces it."""

from collections.abc import Awaitable, Callable

import pytest
import simcord

from bot.config import Access, Discord
from gateway.errors import NotFound, PermissionDenied
from gateway.wire import ChatRequest
from tests.cogs.conftest import MakeWorld, World, card, words

NO_INTENTS = Discord(message_content=False, guild_members=False)


async def test_only_who_manages_the_server_sees_the_commands(make_world: MakeWorld) -> None:
    async with make_world() as world:
        assert "access tier" in world.ada.available_commands(world.general)
        assert not [name for name in world.fred.available_commands(world.general) if name.startswith("access")]
        assert "key show" in world.fred.available_commands(world.general)
        with pytest.raises(simcord.SetupError, match="default-member-permissions"):
            await world.fred.slash(world.general, "access list")


async def test_the_list_shows_what_every_role_gives_and_who_said_so(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], free_roles=["Tutor"], everyone="none")) as world:
        tutor, silver = world.guild.create_role("Tutor"), world.guild.create_role("Silver")
        world.guild.create_role("Nothing to do with it")
        await world.ada.slash(world.general, "access tier", role=silver, tier="plus")
        result = await world.ada.slash(world.general, "access list")
        assert result.ephemeral
        lines = (card(result).description or "").splitlines()
        assert sorted(lines[:2]) == sorted(
            [f"⭐ plus · <@&{silver.id}> · by `/access tier`", f"⭐ plus · <@&{world.plus_role.id}> · by settings"]
        )
        assert lines[2:] == [f"🔹 free · <@&{tutor.id}> · by settings", "🚫 none · @everyone · by settings"]


async def test_roles_in_the_settings_may_be_named_by_id(make_world: MakeWorld) -> None:
    async with make_world() as world:
        role = world.guild.create_role("Renamed often")
    async with make_world(access=Access(plus_roles=[role.id])) as world:
        gold = world.guild.create_role("Renamed often")
        assert gold.id == role.id
        await world.give(world.fred, gold)
        await world.fred.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert world.upstream.requests[-1].body["model"] == "gpt-plus"


async def test_a_member_is_shown_with_the_reason_for_the_tier_and_the_state_of_the_key(make_world: MakeWorld) -> None:
    async with make_world() as world:
        result = await world.ada.slash(world.general, "access member", member=world.paula)
        assert result.ephemeral
        shown = card(result)
        assert shown.title == "paula: plus"
        assert (shown.description or "").splitlines() == [
            f"⭐ plus · <@&{world.plus_role.id}> · by settings",
            "🔹 free · @everyone · by settings",
        ]
        assert shown.fields[0].value == "None yet; it is made with the first prompt."
        key = await world.key_of(world.paula)
        shown = card(await world.ada.slash(world.general, "access member", member=world.paula))
        value = shown.fields[0].value or ""
        assert value.startswith(f"…{key[-4:]}, plus, expires <t:")
        assert key[:-4] not in value


async def test_the_best_of_a_members_roles_counts(make_world: MakeWorld) -> None:
    async with make_world() as world:
        low = world.guild.create_role("Muted")
        await world.give(world.paula, low)
        await world.ada.slash(world.general, "access tier", role=low, tier="none")
        await world.paula.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert world.upstream.requests[-1].body["model"] == "gpt-plus"


async def test_what_an_admin_says_survives_a_restart_and_stays_in_its_server(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.ada.slash(world.general, "access tier", role=world.guild.default_role, tier="none")
        other = world.env.create_guild("Other")
        channel = other.create_text_channel("general")
        guest = other.add_member(world.fred.user)
        await world.restart()
        assert words(await world.fred.slash(world.general, "ask", prompt="Hi")).startswith("You have no access")
        await guest.slash(channel, "ask", prompt="Hi")
        assert len(world.upstream.requests) == 1


async def test_taking_plus_from_a_role_takes_it_from_existing_keys_at_once(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.paula)
        async with world.gateway() as gateway:
            answer = await gateway.acting_with(key).ask(ChatRequest(prompt="Hi", plus=True))
            assert answer.tier == "plus"
            result = await world.ada.slash(world.general, "access tier", role=world.plus_role, tier="free")
            assert result.ephemeral
            assert words(result) == (
                f"{world.plus_role.mention} now gives free. 1 key checked, 1 changed, and 0 revoked."
            )
            with pytest.raises(PermissionDenied) as refused:
                await gateway.acting_with(key).ask(ChatRequest(prompt="Hi", plus=True))
            assert refused.value.code == "plus_required"
            assert (await gateway.acting_with(key).ask(ChatRequest(prompt="Hi"))).tier == "free"


async def test_taking_everything_switches_existing_keys_off_and_giving_it_back_on(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        everyone = world.guild.default_role
        await world.ada.slash(world.general, "access tier", role=everyone, tier="none")
        assert await world.refusal(key) == "disabled"
        await world.ada.slash(world.general, "access tier", role=everyone, tier="free")
        assert await world.refusal(key) is None


async def test_an_admins_word_about_a_role_wins_over_the_settings(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.ada.slash(world.general, "access tier", role=world.plus_role, tier="none")
        await world.ada.slash(world.general, "access tier", role=world.guild.default_role, tier="none")
        result = await world.paula.slash(world.general, "ask", prompt="Hi")
        assert result.ephemeral
        assert words(result) == (
            "You have no access here yet. No role here gives it yet: ask an admin about `/access tier`."
        )


@pytest.mark.parametrize("discord", [Discord(message_content=True, guild_members=True), NO_INTENTS])
async def test_a_role_that_is_deleted_gives_nothing_any_more(make_world: MakeWorld, discord: Discord) -> None:
    async with make_world(discord=discord) as world:
        key = await world.key_of(world.paula)
        world.env.backend.delete_role(world.guild.id, world.plus_role.id)
        await world.env.settle()
        assert await world.refusal(key) is None
        assert not (await world.user(world.paula)).plus


async def test_with_the_members_intent_a_new_role_counts_at_once(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert not (await world.user(world.fred)).plus
        await world.give(world.fred, world.plus_role)
        assert (await world.user(world.fred)).plus
        await world.take(world.fred, world.plus_role)
        assert not (await world.user(world.fred)).plus


async def test_a_role_given_to_somebody_without_a_key_makes_none(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.give(world.fred, world.plus_role)
        with pytest.raises(NotFound):
            await world.user(world.fred)


async def test_without_the_members_intent_a_new_role_counts_at_the_next_command(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await world.give(world.fred, world.plus_role)
        assert not (await world.user(world.fred)).plus
        await world.fred.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert world.upstream.requests[-1].body["model"] == "gpt-plus"
        await world.take(world.fred, world.plus_role)
        assert (await world.fred.slash(world.general, "ask", prompt="Hi", tier="plus")).ephemeral
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert not (await world.user(world.fred)).plus


async def test_without_the_members_intent_the_sweep_takes_a_lost_role_from_the_key(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        await world.paula.slash(world.general, "ask", prompt="Hi")
        await world.take(world.paula, world.plus_role)
        await world.env.advance_time(3600)
        assert not (await world.user(world.paula)).plus


async def leave(world: World) -> None:
    await world.leave(world.fred)


async def ban(world: World) -> None:
    await world.ban(world.fred)


async def leave_unseen(world: World) -> None:
    await world.leave(world.fred)
    await world.env.advance_time(3600)


@pytest.mark.parametrize(("goes", "members_intent"), [(leave, True), (ban, True), (ban, False), (leave_unseen, False)])
async def test_the_key_of_somebody_who_is_gone_is_dead(
    make_world: MakeWorld, goes: Callable[[World], Awaitable[None]], members_intent: bool
) -> None:
    discord = Discord(message_content=False, guild_members=members_intent)
    async with make_world(discord=discord) as world:
        gone, stays = await world.key_of(world.fred), await world.key_of(world.paula)
        await goes(world)
        assert await world.refusal(gone) == "revoked_key"
        assert await world.refusal(stays) is None


async def test_who_comes_back_gets_a_new_key_and_finds_their_conversations(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        await world.leave(world.fred)
        fred = world.guild.add_member(world.fred.user)
        await world.env.settle()
        await fred.slash(world.general, "followup", prompt="And a functor?")
        assert [text for role, text in world.upstream.requests[-1].messages if role == "user"] == [
            "What is a monad?",
            "And a functor?",
        ]


async def test_discord_failing_to_tell_of_a_member_does_not_cost_them_their_key(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        key = await world.key_of(world.fred)
        await world.leave(world.fred)
        world.env.inject_error("GET", "/guilds/*/members/*", status=404, code=10004)
        result = await world.ada.slash(world.general, "access tier", role=world.plus_role, tier="plus")
        assert "1 could not be checked" in words(result)
        assert await world.refusal(key) is None


async def test_somebody_who_just_left_is_said_to_be_gone(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.leave(world.fred)
        result = await world.ada.slash(world.general, "access member", member=world.fred.user)
        assert result.ephemeral
        assert words(result) == f"{world.fred.mention} is not a member of this server."
