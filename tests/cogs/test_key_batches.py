"""/access issue-keys and /access revoke, and who loses the key without anybody's command."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

import discord
import pytest
from simcord import MemberActor, RoleHandle
from simcord.enums import AuditLogAction

from bot.batches import Batch, KeyBatches
from bot.config import Access, Discord
from cogs.lifecycle import LifecycleCog
from gateway.errors import NotFound
from tests.cogs.conftest import MakeWorld, World, words
from tests.cogs.test_sweep import crowd

pytestmark = pytest.mark.usefixtures("either_engine")

NO_INTENTS = Discord(message_content=False, guild_members=False)


def students(world: World, count: int) -> list[MemberActor]:
    return [world.guild.add_member(world.env.create_user(f"student{number}")) for number in range(count)]


def listings(world: World) -> int:
    """How often Discord was asked for a page of members."""
    return sum(call.path.endswith("/members") for call in world.env.http_requests if call.method == "GET")


def edits(world: World) -> list[str]:
    """What the answers to commands said on the way."""
    return [call.json["content"] for call in world.env.http_requests if call.path.endswith("/@original") and call.json]


async def test_an_admin_makes_keys_for_a_whole_role_and_is_told_how_many(make_world: MakeWorld) -> None:
    access = Access(plus_roles=["Plus"], free_roles=["Student"], everyone="none")
    async with make_world(access=access) as world:
        student = world.guild.create_role("Student")
        group = students(world, 5)
        for member in group:
            await world.give(member, student)
        await world.give(group[0], world.plus_role)
        key = await world.key_of(group[1])
        robot = world.guild.add_member(world.env.create_user("robot", bot=True), roles=[student])
        await world.env.settle()

        result = await world.ada.slash(world.general, "access issue-keys", role=student)
        assert result.ephemeral
        assert words(result) == f"Done for {student.mention}: 4 keys made and 1 member had one."
        assert f"Making keys for {student.mention}: 0 of 5 members…" in edits(world)
        assert listings(world) == 1
        assert [(await world.user(member)).plus for member in group] == [True, False, False, False, False]
        assert await world.refusal(key) is None
        for other in (world.fred, world.paula, robot):
            with pytest.raises(NotFound):
                await world.user(other)

        again = await world.ada.slash(world.general, "access issue-keys", role=student)
        assert words(again) == f"Done for {student.mention}: 0 keys made and 5 members had one."
        everyone = await world.ada.slash(world.general, "access issue-keys", role=world.guild.default_role)
        assert "1 key made" in words(everyone)
        assert "3 members have no access (`/access list` says which roles give it)" in words(everyone)
        async with world.gateway() as gateway:
            holders = {user.user_id async for user in gateway.list_users()}
        assert holders == {f"{world.guild.id}:{member.id}" for member in (*group, world.paula)}


@pytest.mark.sqlite
async def test_a_crowd_is_listed_by_the_thousand(make_world: MakeWorld) -> None:
    async with make_world() as world:
        await world.fred.slash(world.general, "ask", prompt="Hi")
        crowd(world, 1100)
        result = await world.ada.slash(world.general, "access issue-keys", role=world.guild.default_role)
        assert "3 keys made" in words(result)
        assert "1,101 members had one" in words(result)
        assert listings(world) == 2


async def test_without_the_members_intent_the_admin_is_told_what_to_do(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        result = await world.ada.slash(world.general, "access issue-keys", role=world.plus_role)
        assert result.ephemeral
        assert words(result).startswith("Discord tells me who has a role only with the Server Members intent.")


@contextmanager
def no_more_keys_than(world: World, count: int) -> Generator[None]:
    """The bot's database takes no further key."""
    with sqlite3.connect(world.config.data_dir / "bot.db") as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON keys WHEN NOT EXISTS (SELECT * FROM keys k WHERE "
            "k.guild_id = NEW.guild_id AND k.member_id = NEW.member_id) AND "
            f"(SELECT count(*) FROM keys) >= {count} BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    yield
    with other:
        other.execute("DROP TRIGGER full")
    other.close()


@pytest.mark.sqlite
@pytest.mark.parametrize("restarts", [True, False])
async def test_keys_that_could_not_be_made_are_made_later_and_nobody_gets_two(
    make_world: MakeWorld, *, restarts: bool
) -> None:
    async with make_world() as world:
        student = world.guild.create_role("Student")
        group = students(world, 6)
        for member in group:
            await world.give(member, student)
        with no_more_keys_than(world, 2):
            result = await world.ada.slash(world.general, "access issue-keys", role=student)
            assert words(result).startswith(f"Not done yet for {student.mention}: 2 keys made.")
        first = [(await world.user(member)).key_hint for member in group[:2]]
        if restarts:
            await world.restart()
        else:
            await world.env.advance_time(3600)
        await world.env.settle()
        users = [await world.user(member) for member in group]
        assert [user.key_hint for user in users][:2] == first
        progress = await batches_of(world).progress(role_of(world, student))
        assert progress is not None
        assert (progress.made, progress.had, progress.finished) == (6, 0, True)


@pytest.mark.sqlite
async def test_a_job_of_a_role_or_server_that_is_gone_is_dropped(make_world: MakeWorld) -> None:
    async with make_world() as world:
        for name in ("One", "Other"):
            role = world.guild.create_role(name)
            await world.give(world.fred, role)
            with no_more_keys_than(world, 0):
                await world.ada.slash(world.general, "access issue-keys", role=role)
        unfinished = batches_of(world)._store
        assert len(await unfinished.all("unfinished_batches", Batch)) == 2
        world.env.backend.delete_role(world.guild.id, role.id)
        await world.env.advance_time(3600)
        await world.ada.slash(world.general, "access issue-keys", role=world.plus_role)
        with sqlite3.connect(world.config.data_dir / "bot.db") as other:
            assert other.execute("SELECT count(*), min(finished) FROM batches").fetchone() == (2, 1)
        other.close()
        world.env.backend.remove_guild(world.guild.id)
        await world.env.settle()
        with sqlite3.connect(world.config.data_dir / "bot.db") as other:
            assert other.execute("SELECT count(*) FROM batches").fetchone() == (0,)
        other.close()


def batches_of(world: World) -> KeyBatches:
    cog = world.bot.get_cog("LifecycleCog")
    assert isinstance(cog, LifecycleCog)
    return cog._batches


def role_of(world: World, role: RoleHandle) -> discord.Role:
    guild = world.bot.get_guild(world.guild.id)
    assert guild is not None
    found = guild.get_role(role.id)
    assert found is not None
    return found


async def test_an_admin_kills_a_leaked_key_at_once_and_the_next_prompt_makes_another(make_world: MakeWorld) -> None:
    async with make_world() as world:
        key = await world.key_of(world.fred)
        result = await world.ada.slash(world.general, "access revoke", member=world.fred)
        assert result.ephemeral
        assert words(result) == (
            f"The key `rk-…{key[-4:]}` of {world.fred.mention} is dead. "
            "Conversations are kept; a new key is made with the next `/ask`."
        )
        assert await world.refusal(key) == "revoked_key"
        result = await world.ada.slash(world.general, "access revoke", member=world.fred)
        assert words(result) == f"{world.fred.mention} has no key. One is made with the first `/ask`."
        await world.fred.slash(world.general, "ask", prompt="Hi")
        assert (await world.user(world.fred)).key_hint != key[-4:]
        assert "access revoke" not in world.fred.available_commands(world.general)


async def test_a_kick_in_the_audit_log_kills_the_key_without_any_privileged_intent(make_world: MakeWorld) -> None:
    async with make_world(discord=NO_INTENTS) as world:
        key, other = await world.key_of(world.fred), await world.key_of(world.paula)
        await world.leave(world.fred)
        assert await world.refusal(key) is None
        backend = world.env.backend
        backend.record_audit_log(world.guild.id, AuditLogAction.MEMBER_KICK, target_id=world.fred.id)
        await world.env.settle()
        assert await world.refusal(key) == "revoked_key"
        assert await world.refusal(other) is None
