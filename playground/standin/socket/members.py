"""Members in chunks. https://discord.com/developers/docs/events/gateway-events#guild-members-chunk"""

from collections.abc import Iterator

from playground.standin.socket.intents import Intent
from playground.standin.socket.session import Session
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Guild, Member
from playground.standin.world.world import World

CHUNK = 1000
MOST_NAMED = 100
"""How many are sent where they were asked for by id or by the beginning of their name."""
NONCE_BYTES = 32


def guild_created(world: World, guild: Guild, session: Session) -> JSON:
    """A server as a session is told of it: only with the presence intent with members other than the bot itself.

    https://discord.com/developers/docs/events/gateway-events#request-guild-members
    """
    data = world.shapes.guild_create(guild, session.application.bot.id)
    if not session.intents & Intent.GUILD_PRESENCES:
        return data
    large = len(guild.members) > session.large_threshold
    bot = session.application.bot
    known = [m for m in guild.members.values() if not large or m.role_ids or m.nick or m.user is bot]
    return data | {"members": [shapes.member(member) for member in known]}


def member_chunks(guild: Guild, wish: JSON, *, presences: bool) -> Iterator[JSON]:
    """The members that were asked for, a thousand at a time; ids of nobody there are named.

    `presences` says whether those may be asked for.
    """
    members, missing = _asked_for(guild, wish)
    count = max(1, -(-len(members) // CHUNK))
    for index in range(count):
        chunk: JSON = {
            "guild_id": str(guild.id),
            "members": [shapes.member(member) for member in members[index * CHUNK : (index + 1) * CHUNK]],
            "chunk_index": index,
            "chunk_count": count,
        }
        if missing:
            chunk["not_found"] = missing
        if wish.get("presences") and presences:
            chunk["presences"] = []
        nonce = wish.get("nonce")
        if isinstance(nonce, str) and len(nonce.encode()) <= NONCE_BYTES:
            chunk["nonce"] = nonce
        yield chunk


def _asked_for(guild: Guild, wish: JSON) -> tuple[list[Member], list[str]]:
    ids = wish.get("user_ids")
    if ids is not None:
        wanted = ([ids] if isinstance(ids, str | int) else list(ids))[:MOST_NAMED]
        found = [guild.members[int(user_id)] for user_id in wanted if int(user_id) in guild.members]
        return found, [str(user_id) for user_id in wanted if int(user_id) not in guild.members]
    start = str(wish.get("query") or "").lower()
    found = [member for member in guild.members.values() if _name(member).startswith(start)]
    limit = int(wish.get("limit") or 0)
    if not start and not limit:
        return found, []
    return found[: min(limit or MOST_NAMED, MOST_NAMED)], []


def _name(member: Member) -> str:
    return (member.nick or member.user.username).lower()
