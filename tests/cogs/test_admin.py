"""/admin and /about: what admins do about single members, and what the members see of it."""

import sqlite3
from datetime import timedelta

import discord
import pytest
import simcord
from discord import app_commands
from simcord import ChannelHandle, InteractionResult
from simcord.backend.models.channel import Overwrite
from simcord.enums import OverwriteType

from bot.config import Access
from gateway.wire import UserLimits
from tests.cogs.conftest import MakeWorld, World, card, words
from tests.cogs.test_setup import choose, fields, walk
from tests.fakes.upstream import Refuse

FRENCH = discord.Locale.french


async def audit_channel(world: World) -> ChannelHandle:
    """An audit channel, as an admin sets it."""
    staff = world.guild.create_text_channel("staff")
    await choose(world.ada, await walk(world, world.ada, 5), "channels:audit", [staff])
    return staff


async def write_prompt(world: World, text: str, **channel: ChannelHandle) -> InteractionResult:
    form = await world.ada.slash(world.general, "admin system-prompt", **channel)
    return await world.ada.submit_modal(form, {"text": text})


def command_id(world: World, name: str) -> int:
    """What Discord calls a command."""
    command = world.env.backend.find_command(name, world.guild.id, type=1)
    assert command is not None
    return int(command["id"])


async def allow_searching(world: World, answer: str = "yes") -> None:
    await choose(world.ada, await walk(world, world.ada, 4), "choice:reading", [answer])


def system_prompts(world: World) -> list[str]:
    """What the provider was last told before anything else."""
    return [text for role, text in world.upstream.requests[-1].messages if role == "system"]


def rows_in(world: World, table: str) -> int:
    """How much the bot's database holds."""
    with sqlite3.connect(world.config.data_dir / "bot.db") as other:
        [count] = other.execute(f"SELECT count(*) FROM {table}").fetchone()
    other.close()
    return count


# Blocking


async def test_a_blocked_member_is_refused_at_once_here_and_elsewhere_and_back_with_the_same_key(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        staff = await audit_channel(world)
        key = await world.key_of(world.fred)
        result = await world.ada.slash(world.general, "admin block", member=world.fred)
        assert result.ephemeral
        assert words(result).startswith(f"{world.fred.mention} is blocked")
        assert await world.refusal(key) == "disabled"
        refused = words(await world.fred.slash(world.general, "ask", prompt="Hi"))
        assert refused == "An admin of Academy has blocked your access. Ask one to unblock it."
        assert world.threads() == []
        await world.paula.slash(world.general, "ask", prompt="Not me")
        await world.ada.slash(world.general, "admin unblock", member=world.fred)
        assert await world.refusal(key) is None
        again = await world.ada.slash(world.general, "admin unblock", member=world.fred)
        assert words(again) == f"{world.fred.mention} is not blocked."
        assert world.said(staff)[-2:] == [
            f"🛡️ {world.ada.mention} blocked {world.fred.mention}.",
            f"🛡️ {world.ada.mention} unblocked {world.fred.mention}.",
        ]


async def test_no_way_round_a_block(make_world: MakeWorld) -> None:
    async with make_world(access=Access(plus_roles=["Plus"], everyone="none")) as world:
        await world.ada.slash(world.general, "admin block", member=world.paula)
        key = await world.key_of(world.paula)
        assert await world.refusal(key) == "disabled", "who never had a key gets none that works"
        await world.take(world.paula, world.plus_role)
        await world.give(world.paula, world.plus_role)
        assert await world.refusal(key) == "disabled", "nor by other roles"
        await world.paula.slash(world.general, "key revoke")
        key = await world.key_of(world.paula)
        assert await world.refusal(key) == "disabled", "nor by a new key"
        await world.ada.slash(world.general, "access issue-keys", role=world.plus_role)
        await world.restart()
        assert words(await world.paula.slash(world.general, "ask", prompt="Hi")).startswith("An admin of Academy")
        assert await world.refusal(key) == "disabled"
        await world.leave(world.paula)
        back = world.guild.add_member(world.paula.user, roles=[world.plus_role])
        await world.env.settle()
        assert await world.refusal(await world.key_of(back)) == "disabled", "nor by coming back"
        await back.slash(world.general, "key revoke")
        await world.ada.slash(world.general, "admin unblock", member=back)
        assert await world.refusal(await world.key_of(back)) is None


async def test_unblocking_gives_no_more_than_roles_do(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        await world.ada.slash(world.general, "admin block", member=world.fred)
        await world.ada.slash(world.general, "access tier", role=world.guild.default_role, tier="none")
        await world.ada.slash(world.general, "admin unblock", member=world.fred)
        assert await world.refusal(key) == "disabled"
        await world.ada.slash(world.general, "access tier", role=world.guild.default_role, tier="free")
        assert await world.refusal(key) is None


# Limits and a fresh start


async def test_a_members_limits_are_shown_set_kept_and_given_up(make_world: MakeWorld) -> None:
    async with make_world() as world:
        shown = await world.ada.slash(world.general, "admin limits", member=world.fred)
        assert words(shown) == f"Limits of {world.fred.mention}: those of their tier."
        done = await world.ada.slash(
            world.general, "admin limits", member=world.fred, requests_per_minute=1, tokens_per_day=0
        )
        assert words(done) == f"Limits of {world.fred.mention}: 1 prompt a minute and no limit of tokens."
        assert (await world.user(world.fred)).limits == UserLimits(requests_per_minute=1, tokens_per_day=0)
        for _ in range(2):
            await world.fred.slash(world.general, "ask", prompt="Hi")
        assert len(world.upstream.requests) == 1
        assert "one prompt a minute" in world.said(world.threads()[-1])[-1]
        done = await world.ada.slash(
            world.general, "admin limits", member=world.fred, at_once=3, dollars_per_month=1.5, back_to_normal=True
        )
        assert words(done) == f"Limits of {world.fred.mention}: 1.5 US dollars a month and 3 answers at once."
        await world.ada.slash(world.general, "admin limits", member=world.fred, back_to_normal=True)
        assert (await world.user(world.fred)).limits is None


async def test_who_has_no_access_has_nothing_to_limit(make_world: MakeWorld) -> None:
    async with make_world(access=Access(everyone="none")) as world:
        refused = await world.ada.slash(world.general, "admin limits", member=world.fred, at_once=1)
        assert words(refused) == f"{world.fred.mention} has no access, so there is nothing to limit."


async def test_a_fresh_start_is_a_new_key_and_the_tiers_limits_and_keeps_conversations(make_world: MakeWorld) -> None:
    async with make_world() as world:
        none = await world.ada.slash(world.general, "admin reset", member=world.fred)
        assert words(none) == f"{world.fred.mention} has no key. One is made with the first `/ask`."
        key = await world.key_of(world.fred)
        await world.fred.slash(world.general, "ask", prompt="Hi")
        await world.ada.slash(world.general, "admin limits", member=world.fred, tokens_per_day=1)
        await world.ada.slash(world.general, "admin reset", member=world.fred)
        assert await world.refusal(key) is not None
        await world.fred.slash(world.threads()[0], "followup", prompt="Go on")
        assert [text for _, text in world.upstream.requests[-1].messages][-3:] == [
            "Hi",
            "Hello from the fake upstream.",
            "Go on",
        ]
        assert (await world.user(world.fred)).limits is None


# Searching


async def test_admins_search_only_where_the_notice_says_so_and_only_what_was_written_since(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        staff = await audit_channel(world)
        await world.fred.slash(world.general, "ask", prompt="A secret about bananas")
        refused = await world.ada.slash(world.general, "admin audit", member=world.fred, words="bananas")
        assert words(refused).startswith("The privacy notice of this server does not say that admins may search")
        assert "Admins who searched yours" not in fields(await world.fred.slash(world.general, "about"))

        world.clock.ahead += timedelta(hours=1)
        await allow_searching(world)
        world.clock.ahead += timedelta(hours=1)
        none = await world.ada.slash(world.general, "admin audit", member=world.fred, words="bananas")
        assert card(none).fields == [], "it was written when the notice promised that nobody searches"
        await world.fred.slash(world.general, "ask", prompt="More *bananas* for @everyone")
        found = await world.ada.slash(world.general, "admin audit", member=world.fred, words="bananas")
        assert found.ephemeral
        assert [field.value for field in card(found).fields if "More" in (field.value or "")]
        assert not [field.value for field in card(found).fields if "secret" in (field.value or "")]
        assert world.said(staff)[-1] == (
            f"🛡️ {world.ada.mention} searched the conversations of {world.fred.mention} for “bananas”."
        )
        about = fields(await world.fred.slash(world.general, "about"))
        lines = about["Admins who searched yours"].splitlines()
        assert len(lines) == 2
        assert all(f"{world.ada.mention} searched for “bananas”" in line for line in lines)
        assert about["Privacy notice"].startswith("Admins of this server may search what you asked")
        assert "Admins who searched yours" not in fields(await world.paula.slash(world.general, "about"))
        async with world.gateway() as gateway:
            assert {entry.action for entry in (await gateway.audit()).entries} == {"search"}

        await allow_searching(world, "no")
        refused = await world.ada.slash(world.general, "admin audit", member=world.fred, words="bananas")
        assert words(refused).startswith("The privacy notice of this server does not say")


async def test_searching_needs_manage_server_whatever_is_said_under_integrations(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await allow_searching(world)
        world.expected.append(app_commands.MissingPermissions)
        with pytest.raises(simcord.SetupError, match="default-member-permissions"):
            await world.fred.slash(world.general, "admin block", member=world.paula)
        world.guild.set_command_permissions(command_id(world, "admin"), {world.fred: True})
        await world.fred.slash(world.general, "admin status")
        refused = await world.fred.slash(world.general, "admin audit", member=world.paula, words="x")
        assert words(refused) == "You need the Manage Server permission for this."
        assert "Admins who searched yours" not in fields(await world.paula.slash(world.general, "about"))


# System prompts and default tiers


async def test_the_nearest_system_prompt_counts_threads_inherit_it_and_conversations_keep_theirs(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        category = world.guild.create_category("Languages")
        latin = world.guild.create_text_channel("latin", category=category)
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert "Be brief." not in system_prompts(world)
        said = await write_prompt(world, "Be brief.")
        assert words(said).startswith("Saved for the server.")
        await world.fred.slash(world.threads()[0], "followup", prompt="Still as I began?")
        assert "Be brief." not in system_prompts(world)
        await write_prompt(world, "Teach a language.", channel=category)
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert system_prompts(world) == ["Be brief."]
        await world.fred.slash(latin, "ask", prompt="Hi")
        assert system_prompts(world) == ["Teach a language."]
        await write_prompt(world, "Answer in Latin.", channel=latin)
        await world.fred.slash(latin, "ask", prompt="Hi")
        assert system_prompts(world) == ["Answer in Latin."]
        [older, newer] = latin.threads
        await world.fred.send(older, "And you?")
        assert system_prompts(world) == ["Teach a language."]
        await world.fred.slash(newer, "ask", prompt="Another, in the thread")
        assert system_prompts(world) == ["Answer in Latin."]
        assert fields(await world.fred.slash(newer, "about"))[f"System prompt of <#{latin.id}>"] == "> Answer in Latin."
        assert fields(await world.fred.slash(world.general, "about"))["System prompt of this server"] == "> Be brief."
        await world.restart()
        await write_prompt(world, "", channel=latin)
        await world.fred.slash(latin, "ask", prompt="Hi")
        assert system_prompts(world) == ["Teach a language."]


async def test_a_long_system_prompt_is_shown_whole_to_members(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await write_prompt(world, "Be brief. " * 300)
        shown = await world.fred.slash(world.general, "about")
        assert shown.ephemeral
        assert shown.response is not None
        assert [file.filename for file in shown.response.attachments] == ["system-prompt.txt"]
        form = await world.ada.slash(world.general, "admin system-prompt")
        assert form.modal is not None
        assert "Be brief. Be brief." in str(form.modal), "it is there to be changed"


async def test_a_channels_default_tier_counts_where_nothing_is_chosen_and_roles_reach(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.ada.slash(world.general, "admin default-tier", channel=world.general, tier="free")
        asked = card(await world.paula.slash(world.general, "ask", prompt="Hi"))
        assert world.upstream.requests[-1].body["model"] == "gpt-free"
        assert asked.footer.text == "free"
        await world.paula.slash(world.general, "ask", prompt="Hi", tier="plus")
        assert world.upstream.requests[-1].body["model"] == "gpt-plus"
        done = await world.ada.slash(world.general, "admin default-tier", channel=world.general, tier="plus")
        assert words(done) == f"In {world.general.mention} now counts, where nobody chooses: plus."
        await world.paula.slash(world.general, "ask", prompt="Hi")
        assert world.upstream.requests[-1].body["model"] == "gpt-plus"
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert world.upstream.requests[-1].body["model"] == "gpt-free"
        about = fields(await world.fred.slash(world.general, "about"))
        assert about["Tier, where you choose none"] == f"plus, as chosen for {world.general.mention}"
        await world.ada.slash(world.general, "admin default-tier", channel=world.general, tier="best")
        about = fields(await world.fred.slash(world.general, "about"))
        assert about["Tier, where you choose none"] == "the best that your roles give"


# Status, and the audit channel


async def test_the_status_tells_of_everything_and_names_nothing_of_the_operators(make_world: MakeWorld) -> None:
    async with make_world() as world:
        shown = await world.ada.slash(world.general, "admin status")
        assert shown.ephemeral
        said = fields(shown)
        assert said["Gateway"].startswith("🟢 Version ")
        assert said["Accounts"].splitlines() == [
            "🟢 free: 1 of 1 ready, 0 prompts under way",
            "🟢 plus: 1 of 1 ready, 0 prompts under way",
        ]
        assert "fake-free" not in str(said)
        assert said["Answers under way"] == "0"
        assert said["Connection to Discord"].startswith("🟢 Shard 1 of 1")
        assert said["Errors since the start"] == "0"
        assert "0 failures" in said["Last sweep"]
        world.upstream.play(*[Refuse(500)] * 6)
        await world.fred.slash(world.general, "ask", prompt="Hi")
        told = world.said(world.threads()[0])[-1]
        reference = told.split("reference `")[1].split("`")[0]
        said = fields(await world.ada.slash(world.general, "admin status"))
        assert f"`{reference}`" in said["Errors since the start"]


async def test_every_admin_action_is_told_in_the_audit_channel_and_a_deleted_one_stops_nothing(
    make_world: MakeWorld,
) -> None:
    async with make_world() as world:
        staff = await audit_channel(world)
        await world.key_of(world.fred)
        await world.ada.slash(world.general, "access tier", role=world.plus_role, tier="plus")
        await world.ada.slash(world.general, "access issue-keys", role=world.plus_role)
        await world.ada.slash(world.general, "access revoke", member=world.fred)
        await world.ada.slash(world.general, "admin limits", member=world.paula, at_once=1)
        await world.ada.slash(world.general, "admin default-tier", channel=world.general, tier="free")
        await write_prompt(world, "Be brief.")
        await choose(world.ada, await walk(world, world.ada, 2), "choice:place", ["channel"])
        await choose(world.ada, await walk(world, world.ada, 1), "choice:everyone", ["free"])
        ada = world.ada.mention
        assert world.said(staff) == [
            f"🛡️ {ada} chose the audit channel: {staff.mention}.",
            f"🛡️ {ada} set what {world.plus_role.mention} gives: plus.",
            f"🛡️ {ada} has keys made for {world.plus_role.mention}.",
            f"🛡️ {ada} revoked the key of {world.fred.mention}.",
            f"🛡️ {ada} set the limits of {world.paula.mention}: 1 answer at once.",
            f"🛡️ {ada} set the default tier of {world.general.mention}: free.",
            f"🛡️ {ada} wrote the system prompt of the server anew.",
            f"🛡️ {ada} chose where answers come: in the channel where it was asked.",
            f"🛡️ {ada} chose what everybody else has: free.",
        ]
        world.env.backend.delete_channel(staff.id)
        await world.env.settle()
        assert words(await world.ada.slash(world.general, "admin block", member=world.fred)).endswith("them now.")


async def test_an_audit_channel_where_i_may_not_write_is_marked_and_stops_nothing(make_world: MakeWorld) -> None:
    async with make_world() as world:
        staff = await audit_channel(world)
        denied = Overwrite(world.guild.id, OverwriteType.ROLE, deny=discord.Permissions(send_messages=True).value)
        world.env.backend.set_overwrite(staff.id, denied)
        await world.env.settle()
        shown = await walk(world, world.ada, 5)
        assert "⚠️ I may not write there" in fields(shown)["Audit channel"]
        assert words(await world.ada.slash(world.general, "admin block", member=world.fred)).endswith("them now.")


@pytest.mark.sqlite
async def test_what_was_chosen_goes_with_the_bot(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await write_prompt(world, "Be brief.")
        await write_prompt(world, "Be briefer.", channel=world.general)
        await world.key_of(world.fred)
        await world.ada.slash(world.general, "admin block", member=world.fred)
        await allow_searching(world)
        await world.ada.slash(world.general, "admin audit", member=world.fred, words="x")
        kept = ("guild_settings", "channel_settings", "readings", "blocks")
        assert all(rows_in(world, table) for table in kept)
        world.env.backend.remove_guild(world.guild.id)
        await world.env.settle()
        assert not any(rows_in(world, table) for table in kept)


async def test_admins_and_members_are_told_in_french(make_world: MakeWorld) -> None:
    async with make_world() as world:
        for member in (world.ada, world.fred):
            world.speaks(member, FRENCH)
        blocked = words(await world.ada.slash(world.general, "admin block", member=world.fred))
        assert blocked == f"{world.fred.mention} est bloqué\u00a0: ni moi ni sa clé ne lui répondons plus."
        refused = words(await world.fred.slash(world.general, "ask", prompt="Bonjour"))
        assert refused.startswith("Un admin de Academy a bloqué votre accès.")
        status = fields(await world.ada.slash(world.general, "admin status"))
        assert "Passerelle" in status
        assert "Invite système de ce serveur" in fields(await world.fred.slash(world.general, "about"))


async def test_the_servers_own_audit_log_says_for_whom_a_thread_was_made(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        [made] = [call for call in world.env.http_requests if call.path.endswith("/threads")]
        assert made.reason == f"Asked for by fred ({world.fred.id})"
