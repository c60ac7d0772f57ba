"""Who is a member where, asked of Discord's REST API when no cache knows: that needs no privileged intent."""

from collections.abc import Sequence

import discord

from bot.access import Access, Standing
from bot.errors import NoAccess
from bot.keys import MemberKeys

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
                found.append((guild, member, await self._access.standing(guild.id, member.roles)))
        return max(found, key=lambda entry: entry[2].tier, default=None)
