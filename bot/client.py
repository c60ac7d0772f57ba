"""The Discord client: which events it asks for, and the order in which it starts and stops."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import discord
from discord.ext import commands

from bot.addresses import use_addresses, use_gateway
from bot.config import Discord
from bot.languages import CommandTranslator, Languages
from bot.live_views import answer_outlived
from bot.tree import Tree

log = logging.getLogger(__name__)


class RolekeyBot(commands.AutoShardedBot):
    """A bot that knows nothing but how to be set up and taken down.

    `languages` is what `language_of` looks at, since Discord's own objects lead to nothing but the client.
    `set_up` wires everything; what it puts on the stack is closed in reverse when the bot closes. `http_trace` hears
    every call to Discord.
    """

    def __init__(
        self,
        settings: Discord,
        languages: Languages,
        set_up: Callable[["RolekeyBot", AsyncExitStack], Awaitable[None]],
        http_trace: aiohttp.TraceConfig,
    ) -> None:
        discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # there is no voice here to warn about
        wanted, shards = intents(settings), settings.own_shards()
        super().__init__(
            shard_ids=[*shards.ids] or None,  # pyright: ignore[reportArgumentType]  None is its default
            shard_count=shards.count,
            command_prefix=commands.when_mentioned,
            help_command=None,
            tree_cls=Tree,
            # What says nothing of it is for servers: settings and keys of a server that the bot is no member of are
            # nobody's to change.
            allowed_installs=discord.app_commands.AppInstallationType(guild=True, user=False),
            intents=wanted,
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.from_intents(wanted),
            chunk_guilds_at_startup=wanted.members,
            max_messages=None,
            http_trace=http_trace,
        )
        self.languages = languages
        self._settings = settings
        self._set_up = set_up
        self._stack = AsyncExitStack()

    async def login(self, token: str) -> None:
        """Log in to the Discord of the settings."""
        use_addresses(self._settings)
        await super().login(token)

    async def setup_hook(self) -> None:
        """Wire everything, then tell Discord which commands there are."""
        await use_gateway(self.http, self._settings)
        await self._set_up(self, self._stack)
        await self.tree.set_translator(CommandTranslator(self.languages))
        await self.tree.sync()

    async def on_message(self, message: discord.Message, /) -> None:
        """Prefix commands do not exist here; the ask cog listens for messages itself."""

    async def on_interaction(self, interaction: discord.Interaction[Any], /) -> None:
        """What a view of this process did not take is from before a restart."""
        await answer_outlived(interaction)

    async def close(self) -> None:
        """Finish or mark what runs, while Discord can still be told; then disconnect."""
        stack, self._stack = self._stack, AsyncExitStack()
        try:
            await stack.aclose()
        finally:
            await super().close()


def intents(settings: Discord) -> discord.Intents:
    """What the bot listens to; "auto" counts as no until it is settled."""
    wanted = discord.Intents.none()
    wanted.guilds = True
    wanted.moderation = True
    wanted.guild_messages = True
    wanted.dm_messages = True
    wanted.message_content = settings.message_content is True
    wanted.members = settings.guild_members is True
    return wanted
