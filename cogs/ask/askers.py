"""Who asks, and whose access pays: the one question before every prompt."""

import logging
from typing import Any, Literal

import discord
import msgspec

from bot.access import Access, Standing, Tier
from bot.answering import Asker
from bot.errors import NoAccess, UserError
from bot.installs import is_elsewhere, server_of
from bot.keys import MemberKeys
from bot.languages import Language, language_of
from bot.membership import Homes, member_of
from bot.threads import Threads
from gateway.wire import PlusWish

log = logging.getLogger(__name__)
Interaction = discord.Interaction[Any]
Wish = Literal["free", "plus"] | None


class Who(msgspec.Struct, frozen=True):
    """Somebody who asks, and where their access comes from."""

    asker: Asker
    standing: Standing
    plus_roles: list[int]
    skus: tuple[int, ...]

    def allow(self, wish: Wish, default: Wish = None) -> PlusWish:
        """What to ask the gateway for; the channel's `default` counts where nothing is wished and roles reach.

        Raises `UserError` where the member's access does not reach.
        """
        if wish is None and default is not None and Tier.named(default) <= self.standing.tier:
            wish = default
        return self.standing.allow(wish, self.plus_roles, self.skus)

    def tier(self, plus: PlusWish) -> Tier:
        """The tier that is asked for, for the card."""
        return Tier.FREE if plus is False else self.standing.tier


class Askers:
    """Finds them. Each call raises `UserError` where somebody has no access."""

    def __init__(
        self, *, client: discord.Client, access: Access, keys: MemberKeys, homes: Homes, threads: Threads
    ) -> None:
        self._client = client
        self._access = access
        self._keys = keys
        self._homes = homes
        self._threads = threads

    async def on_access_of(self, interaction: Interaction, guild: discord.Guild | None, owner_id: int) -> Who:
        """On whose access it runs, who need not be the one who presses.

        Raises `UserError` where they are not a member any more, or were blocked.
        """
        if owner_id == interaction.user.id:
            return await self.of_interaction(interaction, guild)
        await self._access.subscriptions.look_up(owner_id, guild.id if guild else None)
        elsewhere = is_elsewhere(interaction)
        return await self._who(discord.Object(owner_id), guild, language_of(interaction), elsewhere=elsewhere)

    async def of_interaction(self, interaction: Interaction, guild: discord.Guild | None) -> Who:
        """Whoever ran it, on their own access."""
        await self._access.subscriptions.hear(interaction)
        elsewhere = is_elsewhere(interaction)
        return await self._who(interaction.user, guild, language_of(interaction), elsewhere=elsewhere)

    async def of_message(self, message: discord.Message, guild: discord.Guild | None, language: Language) -> Who:
        """Whoever wrote it, on their own access."""
        await self._access.subscriptions.look_up(message.author.id, guild.id if guild else None)
        return await self._who(message.author, guild, language)

    async def guild_of(self, interaction: Interaction) -> int:
        """The server whose access is used where an interaction comes from.

        Raises `NoAccess` where there is none.
        """
        server = server_of(interaction)
        if server is not None:
            return server.id
        held = await self._threads.in_channel(interaction.channel_id or 0)
        if held is not None:
            return held.guild_id
        guild, _, _ = await self._homes.best(interaction.user.id, elsewhere=is_elsewhere(interaction))
        return guild.id

    def server_beyond(self, here: discord.Guild | None, who: Who) -> str | None:
        """The name of the server whose access is used, where that is not the one they are in."""
        guild = self._client.get_guild(who.asker.guild_id)
        return guild.name if guild is not None and (here is None or here.id != guild.id) else None

    async def name_server(self, message: discord.Message, who: Who) -> None:
        """At the beginning of a conversation in direct messages; without it, it is answered all the same."""
        server = self.server_beyond(message.guild, who)
        if server is None:
            return
        words = who.asker.language.say(
            "-# You ask on your access in {server}. Choose another server with `/server`.", server=server
        )
        try:
            await message.channel.send(words, allowed_mentions=discord.AllowedMentions.none())
        except discord.HTTPException as error:
            log.info("could not name a server: %s", error)

    async def _who(
        self, user: discord.abc.Snowflake, guild: discord.Guild | None, language: Language, *, elsewhere: bool = False
    ) -> Who:
        if guild is None:
            guild, member, standing = await self._homes.best(user.id, elsewhere=elsewhere)
        else:
            if elsewhere:
                await self._homes.check_elsewhere(guild)
            member = await member_of(guild, user)
            if member is None:
                raise UserError(
                    "You are no longer a member of {server}, whose access this conversation uses.", server=guild.name
                )
            standing = await self._access.standing(guild.id, member)
        if await self._keys.is_blocked(guild.id, member.id):
            raise NoAccess("An admin of {server} has blocked your access. Ask one to unblock it.", server=guild.name)
        plus_roles = await self._access.roles_giving(Tier.PLUS, guild.id, guild.roles)
        asker = Asker(guild.id, member.id, member.display_name, standing.tier, language)
        return Who(asker, standing, plus_roles, self._access.subscriptions.skus)
