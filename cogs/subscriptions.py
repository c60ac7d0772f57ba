"""Somebody subscribed on Discord, or a subscription was taken back: their keys follow at once."""

import discord
from discord.ext import commands

from bot.keys import MemberKeys
from bot.membership import fetch_member
from bot.rendering.errors import TRANSIENT
from bot.roster import Roster
from bot.subscriptions import Subscriptions
from cogs.lifecycle import left_to_the_sweep


class SubscriptionsCog(commands.Cog):
    """Discord tells the process of shard 0 alone, so servers on other shards follow with the next command or sweep
    (https://docs.discord.com/developers/events/gateway#sharding).
    """

    def __init__(
        self, bot: commands.AutoShardedBot, subscriptions: Subscriptions, keys: MemberKeys, roster: Roster
    ) -> None:
        self._bot = bot
        self._subscriptions = subscriptions
        self._keys = keys
        self._roster = roster

    @commands.Cog.listener()
    async def on_entitlement_create(self, entitlement: discord.Entitlement) -> None:
        """Somebody subscribed."""
        with left_to_the_sweep("somebody subscribed", TRANSIENT):
            await self._subscriptions.began(entitlement)
            await self._follow(entitlement)

    @commands.Cog.listener()
    async def on_entitlement_update(self, entitlement: discord.Entitlement) -> None:
        """A subscription was renewed, or has got an end."""
        with left_to_the_sweep("a subscription changed", TRANSIENT):
            await self._subscriptions.began(entitlement)
            await self._follow(entitlement)

    @commands.Cog.listener()
    async def on_entitlement_delete(self, entitlement: discord.Entitlement) -> None:
        """A subscription was refunded or taken back."""
        with left_to_the_sweep("a subscription was taken back", TRANSIENT):
            await self._subscriptions.ended(entitlement)
            await self._follow(entitlement)

    async def _follow(self, entitlement: discord.Entitlement) -> None:
        if entitlement.sku_id not in self._subscriptions.skus:
            return
        if entitlement.guild_id is not None:
            guild = self._bot.get_guild(entitlement.guild_id)
            if guild is not None:
                await self._roster.sweep(guild)
        elif entitlement.user_id is not None:
            await self._follow_member(entitlement.user_id)

    async def _follow_member(self, user_id: int) -> None:
        for guild_id in await self._keys.guilds_of(user_id):
            guild = self._bot.get_guild(guild_id)
            member = await fetch_member(guild, user_id) if guild is not None else None
            if member is not None:
                await self._roster.member_changed(member)
