"""The bot as it is, in a simulated Discord, with its embedded gateway and a provider on a real socket."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import discord
import msgspec
import pytest
import simcord
from discord import app_commands
from simcord import ChannelHandle, GuildHandle, InteractionResult, MemberActor, RoleHandle

from bot.app import create_bot
from bot.client import RolekeyBot
from bot.config import Access, Answers, Config, Discord, Keys
from bot.errors import UserError
from cogs.keys import KeysCog
from gateway.bootstrap import ensure_client_key
from gateway.client import GatewayClient
from gateway.config import Account, Gateway, Secrets
from gateway.errors import ApiError
from gateway.wire import User
from tests.clock import Clock
from tests.discord_openapi import violations
from tests.fakes.upstream import FakeUpstream
from tests.gateway.engines import PLACES


@dataclass
class World:
    """A server with an admin, a plus member and a free one."""

    env: simcord.Env
    bot: RolekeyBot
    config: Config
    upstream: FakeUpstream
    guild: GuildHandle
    general: ChannelHandle
    plus_role: RoleHandle
    ada: MemberActor
    paula: MemberActor
    fred: MemberActor
    clock: Clock
    """What the bot and its gateway go by; Discord's own time is moved by `env.advance_time`."""
    expected: list[type[BaseException]] = field(default_factory=list[type[BaseException]])
    """Faults that a test brings about."""
    locales: dict[str, str] = field(default_factory=dict[str, str])
    """In which language whom uses Discord, by their ids; see `speaks`."""

    async def restart(self) -> None:
        """Stop the bot as SIGTERM does, and start another on the same data."""
        await self.bot.close()
        self.bot = create_bot(self.config, now=self.clock.now)
        await self.env.restart_bot(self.bot)
        await self.fill_cache()

    async def crash(self) -> None:
        """Start another bot on the same data without stopping the first one."""
        crashed, self.bot = self.bot, create_bot(self.config, now=self.clock.now)
        await self.env.restart_bot(self.bot)
        await self.fill_cache()
        await crashed.close()

    async def fill_cache(self) -> None:
        """What discord.py does at start-up with the members intent, and SimCord leaves out."""
        if self.bot.intents.members:
            with self.env._bot_scope():
                for guild in self.bot.guilds:
                    await guild.chunk()

    @asynccontextmanager
    async def gateway(self) -> AsyncGenerator[GatewayClient]:
        """The gateway as the bot's client sees it."""
        cog = self.bot.get_cog("KeysCog")
        assert isinstance(cog, KeysCog)
        async with GatewayClient(cog._address, await ensure_client_key(self.config)) as client:
            yield client

    async def user(self, member: MemberActor) -> User:
        """What the gateway knows of a member."""
        async with self.gateway() as gateway:
            return await gateway.get_user(f"{self.guild.id}:{member.id}")

    async def refusal(self, key: str) -> str | None:
        """Why the gateway does not take a key, or none where it does."""
        async with self.gateway() as gateway:
            try:
                await gateway.acting_with(key).whoami()
            except ApiError as error:
                return error.code
        return None

    async def key_of(self, member: MemberActor) -> str:
        """A member's new key, as they copy it from what they are shown."""
        shown = words(await member.slash(self.general, "key rotate"))
        return shown.split("```")[1].strip()

    def speaks(self, member: MemberActor, locale: discord.Locale) -> None:
        """From now on a member uses Discord in this language, which SimCord leaves English."""

        if not self.locales:
            self.env.backend.subscribers.insert(0, self._translate)
        self.locales[str(member.id)] = locale.value

    def _translate(self, event: str, payload: Any) -> None:
        user = payload.get("user") or payload.get("member", {}).get("user", {})
        if event == "INTERACTION_CREATE" and user.get("id") in self.locales:
            payload["locale"] = self.locales[user["id"]]

    async def give(self, member: MemberActor, role: RoleHandle) -> None:
        """An admin gives a member a role."""
        self.env.backend.add_member_role(self.guild.id, member.id, role.id)
        await self.env.settle()

    async def take(self, member: MemberActor, role: RoleHandle) -> None:
        """An admin takes a role from a member."""
        self.env.backend.remove_member_role(self.guild.id, member.id, role.id)
        await self.env.settle()

    async def leave(self, member: MemberActor) -> None:
        """A member leaves, or is kicked: Discord says the same of both."""
        self.guild.remove_member(member)
        await self.env.settle()

    async def ban(self, member: MemberActor) -> None:
        """An admin bans a member."""
        self.env.backend.apply_ban(self.guild.id, member.id, None)
        await self.env.settle()

    def threads(self) -> list[ChannelHandle]:
        """The threads of #general, oldest first."""
        return self.general.threads

    def said(self, channel: ChannelHandle) -> list[str]:
        """What the bot wrote in a channel, oldest first, its cards left out."""
        assert self.bot.user is not None
        mine = [message for message in channel.history() if message.author.id == self.bot.user.id]
        return [message.content for message in mine if message.content and not message.is_system()]


def last(channel: ChannelHandle) -> discord.Message:
    """The newest message of a channel."""
    message = channel.last_message
    assert message is not None
    return message


def words(result: InteractionResult) -> str:
    """What the bot answered an interaction with."""
    assert result.response is not None
    return result.response.content


def card(result: InteractionResult) -> discord.Embed:
    """The card the bot answered an interaction with."""
    assert result.response is not None
    [embed] = result.response.embeds
    return embed


class MakeWorld(Protocol):
    def __call__(self, **changes: Any) -> AbstractAsyncContextManager[World]: ...


def settings(tmp_path: Path, upstream: FakeUpstream, **changes: Any) -> Config:
    """The bot's settings; `changes` replace top-level sections."""
    accounts = [
        Account(name=f"fake-{tier}", tier=tier, model=f"gpt-{tier}", base_url=upstream.base_url, api_key_env="FAKE_KEY")
        for tier in ("free", "plus")
    ]
    config = Config(
        data_dir=tmp_path / "data",
        storage=PLACES.storage(tmp_path),
        discord=Discord(message_content=True, guild_members=True),
        access=Access(plus_roles=["Plus"]),
        answers=Answers(edit_interval_seconds=0.01, grace_seconds=0.2, gateway_patience_seconds=0),
        keys=Keys(),
        gateway=Gateway(port=0, accounts=accounts, title_wait_seconds=0.5, shutdown_grace_seconds=0.2),
        secrets=Secrets(secret="a secret of the tests", accounts={"FAKE_KEY": "sk-fake"}),
    )
    return msgspec.structs.replace(config, **changes)


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def make_world(tmp_path: Path, upstream: FakeUpstream) -> MakeWorld:
    @asynccontextmanager
    async def make(**changes: Any) -> AsyncGenerator[World]:
        config = settings(tmp_path, upstream, **changes)
        clock = Clock()
        bot = create_bot(config, now=clock.now)
        env = simcord.Env(bot, shard_count=1, settle_timeout=10)
        guild = env.create_guild("Academy")
        general = guild.create_text_channel("general")
        admin_role = guild.create_role("Admin", permissions=discord.Permissions(manage_guild=True))
        plus_role = guild.create_role("Plus")
        world = World(
            env=env,
            bot=bot,
            config=config,
            upstream=upstream,
            guild=guild,
            general=general,
            plus_role=plus_role,
            ada=guild.add_member(env.create_user("ada"), roles=[admin_role]),
            paula=guild.add_member(env.create_user("paula"), roles=[plus_role]),
            fred=guild.add_member(env.create_user("fred")),
            clock=clock,
        )
        await env.start()
        await world.fill_cache()
        try:
            with env.time_context():
                yield world
        finally:
            await env.shutdown()
            await world.bot.close()
        said = (UserError, ApiError, app_commands.TransformerError, *world.expected)
        faults = [error for error in env.errors if not isinstance(root_of(error), said)]
        if faults:
            raise BaseExceptionGroup("the bot raised what it does not say in words", faults)
        assert violations(env.http_requests) == []

    return make


def root_of(error: BaseException) -> BaseException:
    """What a command's error is about."""
    if isinstance(error, app_commands.CommandInvokeError) and error.__cause__ is not None:
        return error.__cause__
    return error
