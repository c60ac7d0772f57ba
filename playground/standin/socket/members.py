"""Members in chunks. https://discord.com/developers/docs/events/gateway-events#guild-members-chunk"""

from collections.abc import Iterator

from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Guild, Member

CHUNK = 1000


def member_chunks(guild: Guild, wish: JSON) -> Iterator[JSON]:
    """The members that were asked for, a thousand at a time; ids of nobody there are named."""
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
        if wish.get("presences"):
            chunk["presences"] = []
        if wish.get("nonce") is not None:
            chunk["nonce"] = wish["nonce"]
        yield chunk


def _asked_for(guild: Guild, wish: JSON) -> tuple[list[Member], list[str]]:
    ids = wish.get("user_ids")
    if ids is not None:
        wanted = [ids] if isinstance(ids, str | int) else list(ids)
        found = [guild.members[int(user_id)] for user_id in wanted if int(user_id) in guild.members]
        return found, [str(user_id) for user_id in wanted if int(user_id) not in guild.members]
    start = str(wish.get("query") or "").lower()
    found = [member for member in guild.members.values() if _name(member).startswith(start)]
    limit = int(wish.get("limit") or 0)
    return found[:limit] if limit else found, []


def _name(member: Member) -> str:
    return (member.nick or member.user.username).lower()
