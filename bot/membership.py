"""Who is a member where, asked of Discord's REST API when no cache knows: that needs no privileged intent."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

import aiohttp
import discord
import msgspec

from bot.access import Access, Standing
from bot.errors import NoAccess
from bot.guild_settings import Guilds
from bot.keys import MemberKeys
from bot.shards import Shards
from storage import Store

log = logging.getLogger(__name__)

AT_ONCE = 100
"""How many members Discord looks up in one request.

https://docs.discord.com/developers/events/gateway-events#request-guild-members
"""
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#json: unknown member, unknown user
_NO_MEMBER = {10007, 10013}
_MOST_GUILDS = 50  # how many servers are asked, at most, for a member never seen before


async def fetch_member(guild: discord.Guild, member_id: int) -> discord.Member | None:
    """The member, or none where they are not in the guild.

    Raises `discord.HTTPException` where Discord does not say.
    """
    member = guild.get_member(member_id)
    if member is not None:
        return member
    try:
        return await guild.fetch_member(member_id)
    except discord.NotFound as error:
        if error.code not in _NO_MEMBER:
            raise  # an unknown guild, say, in an outage: that tells nothing of the member
        return None


async def member_of(guild: discord.Guild, user: discord.abc.Snowflake) -> discord.Member | None:
    """Somebody as a member of `guild`: who acts in another server comes with their roles there.

    Raises `discord.HTTPException` where Discord does not say.
    """
    if isinstance(user, discord.Member) and user.guild.id == guild.id:
        return user
    return await fetch_member(guild, user.id)


async def find_members(guild: discord.Guild, member_ids: Sequence[int]) -> dict[int, discord.Member]:
    """Up to `AT_ONCE` members, by id: from the cache, else in one request on the websocket, for which asking by id
    needs no privileged intent.

    Who is missing may have left, or Discord may not have answered: `fetch_member` tells.
    """
    found = {member_id: member for member_id in member_ids if (member := guild.get_member(member_id))}
    unknown = [member_id for member_id in member_ids if member_id not in found]
    if not unknown or guild.chunked:
        return found
    try:
        members = await guild.query_members(user_ids=unknown, limit=AT_ONCE, cache=False)
    except (discord.ClientException, aiohttp.ClientError, OSError) as error:
        # OSError is TimeoutError, too: Discord is busy, or the connection is being made again.
        log.info("looking up members of guild %d all at once did not work (%s)", guild.id, type(error).__name__)
        return found
    return found | {member.id: member for member in members}


class Home(NamedTuple):
    """A server on whose access somebody can ask."""

    guild: discord.Guild
    member: discord.Member
    standing: Standing


class _Chosen(msgspec.Struct):
    guild_id: int


class Homes:
    """For direct messages, and for where members bring the app along: on which server's access does somebody ask?

    Both come on shard 0. A server on a shard that is not among this process's `shards` is known by the member's key or
    choice, and asked of Discord.
    """

    def __init__(
        self, client: discord.Client, store: Store, access: Access, keys: MemberKeys, guilds: Guilds, shards: Shards
    ) -> None:
        self._client = client
        self._store = store
        self._access = access
        self._keys = keys
        self._guilds = guilds
        self._shards = shards

    async def best(self, user_id: int, *, elsewhere: bool = False) -> Home:
        """The server that they chose, else the one on which they stand best, among those where they have a key first.

        With `elsewhere` only those count whose access members may use where they bring the app along. Raises `NoAccess`
        where there is none.
        """
        chosen = await self._store.one("get_home", _Chosen, member_id=user_id)
        guild = await self._guild(chosen.guild_id) if chosen else None
        home = None
        if guild is not None and await self._counts(guild, elsewhere=elsewhere):
            home = await self._in(guild, user_id)
        if home is None:
            known = [guild for guild in await self._known(user_id) if await self._counts(guild, elsewhere=elsewhere)]
            home = _best_of(await self._among(known, user_id))
        home = home or _best_of(await self.of(user_id, elsewhere=elsewhere))
        if home is None and elsewhere:
            raise NoAccess(
                "No server that we share lets its members use me here. Ask me there, or in direct messages; an admin "
                "can allow it with `/setup`."
            )
        if home is None:
            raise NoAccess("I know you from no server. Use me in a server first, then come back here.")
        return home

    async def of(self, user_id: int, *, elsewhere: bool = False) -> list[Home]:
        """Every server on which they are a member, those where they have a key first; `_MOST_GUILDS` are asked."""
        known = await self._known(user_id)
        others = [guild for guild in self._client.guilds if guild not in known]
        counting = [guild for guild in [*known, *others] if await self._counts(guild, elsewhere=elsewhere)]
        return await self._among(counting[:_MOST_GUILDS], user_id)

    async def check_elsewhere(self, guild: discord.Guild) -> None:
        """Raises `NoAccess` where members may not ask on this server's access where they bring the app along."""
        if not await self._guilds.reach_elsewhere(guild.id):
            raise NoAccess(
                "{server} lets its members use me only there and in direct messages. An admin can change that with "
                "`/setup`.",
                server=guild.name,
            )

    async def choose(self, user_id: int, guild_id: int) -> None:
        """Remember on which server's access they want to ask."""
        await self._store.run("put_home", member_id=user_id, guild_id=guild_id)

    async def forget_guild(self, guild_id: int) -> None:
        """The bot left the guild."""
        await self._store.run("delete_guild_homes", guild_id=guild_id)

    async def _counts(self, guild: discord.Guild, *, elsewhere: bool) -> bool:
        return not elsewhere or await self._guilds.reach_elsewhere(guild.id)

    async def _known(self, user_id: int) -> list[discord.Guild]:
        return [guild for id_ in await self._keys.guilds_of(user_id) if (guild := await self._guild(id_))]

    async def _guild(self, guild_id: int) -> discord.Guild | None:
        guild = self._client.get_guild(guild_id)
        if guild is not None or self._shards.has(guild_id):
            return guild
        try:
            return await self._client.fetch_guild(guild_id, with_counts=False)
        except (discord.NotFound, discord.Forbidden):
            return None

    async def _among(self, guilds: Sequence[discord.Guild], user_id: int) -> list[Home]:
        return [home for guild in guilds if (home := await self._in(guild, user_id))]

    async def _in(self, guild: discord.Guild, user_id: int) -> Home | None:
        member = await fetch_member(guild, user_id)
        return None if member is None else Home(guild, member, await self._access.standing(guild.id, member))


def _best_of(homes: Sequence[Home]) -> Home | None:
    return max(homes, key=lambda home: home.standing.tier, default=None)
