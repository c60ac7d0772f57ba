"""Whatever a command raises, the member reads something they can act on, and only they."""

import logging
import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import aiohttp
import discord
import msgspec
import pytest
import simcord
from discord import app_commands
from discord.ext import commands
from simcord import ChannelHandle, GuildHandle, MemberActor

from bot.client import RolekeyBot
from bot.config import Discord
from bot.errors import UserError
from bot.languages import Languages
from storage import StorageBusy

Interaction = discord.Interaction[Any]
FAULTS: dict[str, Exception] = {
    "user": UserError("Do it differently, <@&1>."),
    "storage": StorageBusy("the database x is locked"),
    "bug": RuntimeError("with a detail that is nobody's business"),
}


class Faulty(commands.Cog):
    @app_commands.command(description="Fails")
    async def fail(self, interaction: Interaction, how: str, after: bool = False) -> None:
        if after:
            await interaction.response.defer(ephemeral=True, thinking=True)
        raise FAULTS[how]

    @app_commands.command(description="Fails while one types")
    async def complete(self, interaction: Interaction, word: str) -> None:
        await interaction.response.send_message(word)

    @complete.autocomplete("word")
    async def words(self, _interaction: Interaction, _current: str) -> list[app_commands.Choice[str]]:
        raise RuntimeError("no completion")

    @app_commands.command(description="Needs a permission")
    @app_commands.checks.has_permissions(manage_guild=True)
    async def guarded(self, interaction: Interaction) -> None:
        await interaction.response.send_message("done")


async def set_up(bot: RolekeyBot, _stack: AsyncExitStack) -> None:
    await bot.add_cog(Faulty())


@dataclass
class Stage:
    env: simcord.Env
    guild: GuildHandle
    channel: ChannelHandle
    fred: MemberActor

    def told(self, result: simcord.InteractionResult) -> str:
        """What fred was told, in one message that only he sees."""
        assert not result.deferred
        messages = {message.id: message for message in (result.response, *result.followups) if message is not None}
        [message] = messages.values()
        assert message.ephemeral
        return message.content


@pytest.fixture
async def stage() -> AsyncGenerator[Stage]:
    bot = RolekeyBot(Discord(), Languages.read(), set_up, aiohttp.TraceConfig())
    env = simcord.Env(bot, shard_count=1)
    guild = env.create_guild("Academy")
    channel = guild.create_text_channel("general")
    fred = guild.add_member(env.create_user("fred"))
    await env.start()
    yield Stage(env, guild, channel, fred)
    await env.shutdown()
    await bot.close()


@pytest.mark.parametrize("after", [False, True])
async def test_what_the_member_can_mend_is_said_to_them_alone(stage: Stage, after: bool) -> None:
    result = await stage.fred.slash(stage.channel, "fail", how="user", after=after)
    assert stage.told(result) == "Do it differently, <@&1>."
    [body] = [msgspec.json.encode(call.json) for call in stage.env.http_requests if "Do it" in str(call.json)]
    assert b'"allowed_mentions":{"parse":[]}' in body


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("how", "sentence"), [("storage", "I can't save anything"), ("bug", "Something went wrong")])
async def test_what_they_cannot_mend_comes_with_a_reference_to_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture, how: str, sentence: str, after: bool
) -> None:
    with caplog.at_level(logging.ERROR):
        told = stage.told(await stage.fred.slash(stage.channel, "fail", how=how, after=after))
    assert told.startswith(sentence)
    assert "detail" not in told
    [reference] = re.findall(r"`([0-9a-f]{8})`", told)
    assert f"reference {reference}: {type(FAULTS[how]).__name__}" in caplog.text
    assert caplog.text.count("Traceback (most recent call last)") >= 1


async def test_a_permission_that_is_missing_is_named(stage: Stage) -> None:
    told = stage.told(await stage.fred.slash(stage.channel, "guarded"))
    assert told == "You need the Manage Server permission for this."


async def test_a_command_of_an_older_version_asks_for_a_fresh_list(stage: Stage) -> None:
    assert isinstance(stage.env.bot, RolekeyBot)
    stage.env.bot.tree.remove_command("guarded")
    told = stage.told(await stage.fred.slash(stage.channel, "guarded"))
    assert told == "This command has changed. Restart Discord (Ctrl+R), then try again."


async def test_a_completion_that_fails_offers_nothing(stage: Stage) -> None:
    assert await stage.fred.autocomplete(stage.channel, "complete", "word", "x") == []


async def test_where_discord_takes_no_answer_any_more_that_is_logged_and_nothing_else_happens(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.env.inject_error("POST", "/interactions/*", status=404, code=10062, times=None)
    with caplog.at_level(logging.WARNING):
        await stage.fred.slash(stage.channel, "fail", how="user")
    assert "could not tell a member what went wrong" in caplog.text
