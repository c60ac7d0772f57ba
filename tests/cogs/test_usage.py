"""/usage: what a member sees of their own, an admin of others', and the small print under answers."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import discord
import msgspec
import pytest
from PIL import Image
from simcord import InteractionResult

from bot.config import Answers
from gateway.config import Gateway, Limits, PlusLimits, TierLimits
from tests.cogs.conftest import MakeWorld, World, card, last, settings, words
from tests.fakes.upstream import FakeUpstream


def fields(embed: discord.Embed) -> dict[str | None, str]:
    return {field.name: field.value or "" for field in embed.fields}


async def picture(world: World, result: InteractionResult) -> Image.Image:
    assert result.response is not None
    [file] = result.response.attachments
    assert file.description
    data = world.env.backend.cdn.get(file.url)
    assert data is not None
    return Image.open(BytesIO(data))


@pytest.fixture
def limited(tmp_path: Path, upstream: FakeUpstream) -> Gateway:
    """Prices, and every kind of limit."""
    gateway = settings(tmp_path, upstream).gateway
    priced = [
        msgspec.structs.replace(account, input_usd_per_mtok=1000.0, output_usd_per_mtok=2000.0)
        for account in gateway.accounts
    ]
    limits = Limits(
        free=TierLimits(requests_per_minute=0, tokens_per_day=10_000, cost_per_month_usd=50.0),
        plus=PlusLimits(requests_per_minute=0, tokens_per_day=0),
    )
    return msgspec.structs.replace(gateway, accounts=priced, limits=limits)


async def test_a_member_sees_what_they_used_and_what_is_left_with_a_chart(
    make_world: MakeWorld, limited: Gateway
) -> None:
    async with make_world(gateway=limited) as world:
        none = await world.fred.slash(world.general, "usage")
        assert none.ephemeral
        assert fields(card(none)) == {"Today": "0 answers, 0 tokens, $0.00", "This month": "0 answers, 0 tokens, $0.00"}
        assert card(none).image.url is None
        for _ in range(2):
            await world.fred.slash(world.general, "ask", prompt="What is a monad?")
        shown = await world.fred.slash(world.general, "usage")
        told = fields(card(shown))
        assert card(shown).title == "Your use in Academy"
        assert told["Today"] == told["This month"]
        assert told["Today"].startswith("2 answers, ")
        used = int(told["Today"].split(", ")[1].split()[0])
        assert f"{10_000 - used:,} of 10,000 tokens today, all of it again <t:" in told["Left (free)"]
        assert " of $50.00 this month, all of it again <t:" in told["Left (free)"]
        chart = await picture(world, shown)
        assert chart.format == "PNG"
        assert chart.width > 2 * chart.height


async def test_what_was_used_in_an_earlier_month_counts_no_more(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        before = fields(card(await world.fred.slash(world.general, "usage")))
        assert before["Today"].startswith("1 answer, ")
        world.clock.ahead = timedelta(days=40)
        later = fields(card(await world.fred.slash(world.general, "usage")))
        assert later["Today"].startswith("0 answers")
        assert later["This month"].startswith("0 answers")


async def test_an_admin_sees_a_members_use_and_who_used_most(make_world: MakeWorld, limited: Gateway) -> None:
    async with make_world(gateway=limited) as world:
        for member, times in ((world.fred, 1), (world.paula, 2)):
            for _ in range(times):
                await member.slash(world.general, "ask", prompt="Hi")
        other = world.env.create_guild("Other")
        room = other.create_text_channel("room")
        stranger = other.add_member(world.env.create_user("stranger"))
        await world.env.settle()
        await stranger.slash(room, "ask", prompt="Hi")

        shown = await world.ada.slash(world.general, "usage", member=world.fred)
        assert shown.ephemeral
        assert card(shown).title == "What fred used in Academy"
        assert fields(card(shown))["Today"].startswith("1 answer, ")
        for period in ("today", "month"):
            ranked = card(await world.ada.slash(world.general, "usage", top=period))
            lines = (ranked.description or "").split("\n")
            assert lines[0].startswith(f"1. {world.paula.mention} · 2 answers, ")
            assert lines[1].startswith(f"2. {world.fred.mention} · 1 answer, ")
            assert len(lines) == 2, "another server's members are nobody's business here"
            assert fields(ranked)["Everybody together"].startswith("3 answers, ")


async def test_others_use_is_for_admins_only(make_world: MakeWorld) -> None:
    async with make_world() as world:
        for options in ({"member": world.paula}, {"top": "month"}):
            refused = await world.fred.slash(world.general, "usage", **options)
            assert refused.ephemeral
            assert words(refused) == "You need the Manage Server permission for this."
        world.expected.append(discord.app_commands.MissingPermissions)
        empty = card(await world.ada.slash(world.general, "usage", top="today"))
        assert empty.description == "Nobody used anything yet."


async def test_use_is_kept_and_seen_without_a_key_in_direct_messages_and_in_french(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Bonjour")
        await world.fred.slash(world.general, "key revoke")
        world.speaks(world.fred, discord.Locale.french)
        shown = card(await world.fred.user.slash("usage"))
        assert shown.title == "Votre consommation sur Academy"
        assert fields(shown)["Aujourd’hui"].startswith("1 réponse, ")
        assert "$US" in fields(shown)["Aujourd’hui"]


@pytest.mark.parametrize(("style", "expected"), [("short", 1), ("full", 3), ("off", None)])
async def test_the_small_print_says_what_an_answer_took(
    make_world: MakeWorld, limited: Gateway, style: str, expected: int | None
) -> None:
    answers = msgspec.convert({"footer": style, "edit_interval_seconds": 0.01, "grace_seconds": 0.2}, Answers)
    async with make_world(gateway=limited, answers=answers) as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        [thread] = world.threads()
        *_, line = last(thread).content.split("\n")
        if expected is None:
            assert line == "Hello from the fake upstream."
        else:
            assert line.startswith("-# gpt-free · 6 tokens")
            assert line.count(" · ") == expected + (1 if style == "full" else 0)
        if style == "full":
            assert " · $0.011 · " in line
            assert "tokens left today · $49." in line
