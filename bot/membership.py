"""Who is a member where, asked of Discord's REST API when no cache knows: that needs no privileged intent."""

import logging
from collections.abc import Sequence

import aiohttp
import discord

from bot.access import Access, Standing
from bot.errors import NoAccess
from bot.keys import MemberKeys

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


class Homes:
    """For direct messages: on which server's access does somebody ask?"""

    def __init__(self, client: discord.Client, access: Access, keys: MemberKeys) -> None:
        self._client = client
        self._access = access
        self._keys = keys

    async def best(self, user_id: int) -> tuple[discord.Guild, discord.Member, Standing]:
        """The server on which they stand best; those where they already have a key are asked first.

        Raises `NoAccess` where there is none.
        """
        known = [guild for id_ in await self._keys.guilds_of(user_id) if (guild := self._client.get_guild(id_))]
        best = await self._best_of(known, user_id)
        if best is None:
            best = await self._best_of(self._client.guilds[:_MOST_GUILDS], user_id)
        if best is None:
            raise NoAccess("I know you from no server. Use me in a server first, then come back here.")
        return best

    async def _best_of(
        self, guilds: Sequence[discord.Guild], user_id: int
    ) -> tuple[discord.Guild, discord.Member, Standing] | None:
        found: list[tuple[discord.Guild, discord.Member, Standing]] = []
        for guild in guilds:
            member = await fetch_member(guild, user_id)
            if member is not None:
                found.append((guild, member, await self._access.standing(guild.id, member)))
        return max(found, key=lambda entry: entry[2].tier, default=None)
