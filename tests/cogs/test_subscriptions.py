"""Plus that was bought on Discord."""

from datetime import timedelta

import discord
import pytest

from bot.config import Access, Discord
from tests.cogs.conftest import MakeWorld, World, card, last, words

pytestmark = pytest.mark.usefixtures("either_engine")

SKU = 1_019_475_255_913_222_144
ANOTHER = SKU + 1
SOLD = Access(plus_roles=["Plus"], plus_skus=[SKU])
NO_INTENTS = Discord(message_content=False, guild_members=False)


def arrange(world: World) -> None:
    """Discord sells two SKUs of the application; only one of them gives plus."""
    for sku in (SKU, ANOTHER):
        world.env.create_sku(f"Plan {sku}", type=discord.SKUType.subscription, id=sku)


def asked_models(world: World) -> list[str]:
    return [request.body["model"] for request in world.upstream.requests]


def buttons(message: discord.Message | None) -> list[tuple[discord.ButtonStyle, int | None]]:
    """The buttons under a message: their style and what they sell."""
    assert message is not None
    rows = [row for row in message.components if isinstance(row, discord.ActionRow)]
    found = [button for row in rows for button in row.children if isinstance(button, discord.Button)]
    return [(button.style, button.sku_id) for button in found]


async def test_a_member_who_subscribes_has_plus_at_once_and_free_when_it_is_taken_back(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD) as world:
        arrange(world)
        await world.key_of(world.fred)
        await world.env.grant_entitlement(ANOTHER, user=world.fred)
        assert not (await world.user(world.fred)).plus
        bought = await world.env.grant_entitlement(SKU, user=world.fred)
        assert (await world.user(world.fred)).plus
        await world.fred.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert asked_models(world) == ["gpt-plus"]
        why = card(await world.ada.slash(world.general, "access member", member=world.fred))
        assert why.description is not None
        assert why.description.splitlines()[0] == "⭐ plus · by a subscription"
        await bought.revoke()
        assert not (await world.user(world.fred)).plus


async def test_a_servers_subscription_is_for_everybody_there_and_nowhere_else(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD) as world:
        arrange(world)
        await world.key_of(world.fred)
        elsewhere = world.env.create_guild("Elsewhere")
        there = elsewhere.create_text_channel("there")
        guest = elsewhere.add_member(world.fred.user)
        # Who paid for it is named, and has it no more than the others.
        await world.env.grant_entitlement(SKU, user=world.fred, guild=world.guild)
        assert (await world.user(world.fred)).plus
        await world.fred.slash(world.general, "ask", prompt="One")
        await guest.slash(there, "ask", prompt="Two")
        assert asked_models(world) == ["gpt-plus", "gpt-free"]


async def test_where_nothing_told_of_it_the_command_itself_does(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD, discord=NO_INTENTS) as world:
        arrange(world)
        bought = world.env.seed_entitlement(SKU, user=world.fred)
        await world.fred.slash(world.general, "ask", prompt="One")
        # Discord sends nothing when a cancelled subscription comes to its end.
        world.env.backend.entitlements[bought.id].deleted = True
        await world.fred.slash(world.general, "ask", prompt="Two")
        assert asked_models(world) == ["gpt-plus", "gpt-free"]
        assert not (await world.user(world.fred)).plus


async def test_plain_messages_count_what_discord_lists_and_ask_it_once_a_minute(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD) as world:
        arrange(world)
        await world.fred.slash(world.general, "ask", prompt="One")
        [thread] = world.threads()
        bought = world.env.seed_entitlement(SKU, user=world.fred)
        await world.fred.send(thread, "Two")
        assert (await world.user(world.fred)).plus
        listed = [r for r in world.env.http_requests if r.path.endswith("/entitlements")]
        await world.fred.send(thread, "Three")
        assert [r for r in world.env.http_requests if r.path.endswith("/entitlements")] == listed
        world.env.backend.entitlements[bought.id].deleted = True
        world.clock.ahead += timedelta(minutes=2)
        await world.fred.send(thread, "Four")
        assert not (await world.user(world.fred)).plus
        world.env.inject_error("GET", "/applications/*/entitlements", status=503)
        world.clock.ahead += timedelta(minutes=2)
        await world.fred.send(thread, "Five")
        assert world.said(thread)[-1] == "Hello from the fake upstream."


async def test_a_cancelled_subscription_falls_with_the_sweep(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD, discord=NO_INTENTS) as world:
        arrange(world)
        await world.key_of(world.fred)
        await world.key_of(world.paula)
        bought = world.env.seed_entitlement(SKU, user=world.fred)
        await world.restart()
        assert (await world.user(world.fred)).plus
        world.env.backend.entitlements[bought.id].deleted = True
        await world.restart()
        assert not (await world.user(world.fred)).plus
        assert (await world.user(world.paula)).plus


async def test_a_subscription_ends_when_it_was_said_to(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD) as world:
        arrange(world)
        await world.key_of(world.fred)
        bought = await world.env.grant_entitlement(SKU, user=world.fred)
        await bought.end()
        assert not (await world.user(world.fred)).plus


async def test_where_plus_is_refused_it_is_offered(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD) as world:
        arrange(world)
        refused = await world.fred.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert refused.response is not None
        assert refused.ephemeral
        assert "A subscription gives it, too." in words(refused)
        assert buttons(refused.response.message) == [(discord.ButtonStyle.premium, SKU)]


async def test_where_there_is_no_access_at_all_it_is_offered_in_answer_to_messages_too(make_world: MakeWorld) -> None:
    async with make_world(access=Access(everyone="none", plus_skus=[SKU])) as world:
        arrange(world)
        assert world.bot.user is not None
        await world.fred.send(world.general, f"{world.bot.user.mention} Hi")
        assert world.said(world.general) == ["You have no access here yet. A subscription gives it."]
        assert buttons(last(world.general)) == [(discord.ButtonStyle.premium, SKU)]
        none = await world.fred.slash(world.general, "key rotate")
        said = " ".join(message.content for message in none.followups) or words(none)
        assert "so there is no key for you. A subscription gives it." in said


async def test_who_lost_plus_is_offered_it_where_a_conversation_needs_it(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD) as world:
        arrange(world)
        bought = await world.env.grant_entitlement(SKU, user=world.fred)
        await world.fred.slash(world.general, "ask", prompt="One")
        [thread] = world.threads()
        await bought.revoke()
        await world.fred.slash(thread, "followup", prompt="Two")
        assert "needs plus access" in last(thread).content
        assert buttons(last(thread)) == [(discord.ButtonStyle.premium, SKU)]


async def test_buttons_that_discord_does_not_take_cost_nobody_the_words(make_world: MakeWorld) -> None:
    async with make_world(access=SOLD) as world:
        world.env.inject_error("POST", "/interactions/*/*/callback", status=400, code=50035)
        refused = await world.fred.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert words(refused).startswith("Plus is not part of your access.")


async def test_without_skus_discord_is_asked_nothing(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="One")
        [thread] = world.threads()
        await world.fred.send(thread, "Two")
        await world.restart()
        refused = await world.fred.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert refused.response is not None
        assert buttons(refused.response.message) == []
        assert not [r for r in world.env.http_requests if r.path.endswith("/entitlements")]
