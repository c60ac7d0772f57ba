"""Members and the roles they have. https://discord.com/developers/docs/resources/guild#get-guild-member"""

from playground.standin.rest.routing import Call, Routes
from playground.standin.socket.intents import GRANTED_BY, Intent
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Guild
from playground.standin.world.errors import Code, Refused

_MEMBERS = "/guilds/{guild_id}/members"
_MEMBER = _MEMBERS + "/{user_id}"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", _MEMBERS, _list)
    routes.add("GET", _MEMBERS + "/search", _search)
    routes.add("GET", _MEMBER, _get)
    routes.add("PATCH", _MEMBERS + "/@me", _edit_own)
    routes.add("PATCH", _MEMBER, _edit)
    routes.add("DELETE", _MEMBER, _kick)
    routes.add("PUT", _MEMBER + "/roles/{role_id}", _give_role)
    routes.add("DELETE", _MEMBER + "/roles/{role_id}", _take_role)


def _guild(call: Call) -> Guild:
    return call.world.guilds.get(call.me, call.id("guild_id"))


def _list(call: Call) -> list[JSON]:
    """By id. Only with the privilege: https://discord.com/developers/docs/resources/guild#list-guild-members"""
    guild = _guild(call)
    if not call.caller.flags & GRANTED_BY[Intent.GUILD_MEMBERS]:
        raise Refused(Code.MISSING_ACCESS)
    limit, after = call.number("limit", 1, 1, 1000), int(call.query.get("after") or 0)
    found = sorted((m for m in guild.members.values() if m.user.id > after), key=lambda member: member.user.id)
    return [shapes.member(member) for member in found[:limit]]


def _search(call: Call) -> list[JSON]:
    """https://discord.com/developers/docs/resources/guild#search-guild-members"""
    start = call.query.get("query", "").lower()
    names = ((m, (m.nick or "", m.user.username, m.user.global_name or "")) for m in _guild(call).members.values())
    found = [member for member, own in names if any(name.lower().startswith(start) for name in own if name)]
    return [shapes.member(member) for member in found[: call.number("limit", 1, 1, 1000)]]


def _get(call: Call) -> JSON:
    return shapes.member(call.world.state.member(_guild(call).id, call.id("user_id")))


def _edit(call: Call) -> JSON:
    return shapes.member(call.world.guilds.edit_member(call.me, _guild(call), call.id("user_id"), call.body))


def _edit_own(call: Call) -> JSON:
    return shapes.member(call.world.guilds.edit_member(call.me, _guild(call), call.me, call.body))


def _kick(call: Call) -> None:
    call.world.guilds.kick(call.me, _guild(call), call.id("user_id"), call.reason)


def _give_role(call: Call) -> None:
    guild = _guild(call)
    call.world.roles.require_giving(call.me, guild, call.id("role_id"))
    call.world.roles.give(guild, call.id("user_id"), call.id("role_id"), call.me)


def _take_role(call: Call) -> None:
    guild = _guild(call)
    call.world.roles.require_giving(call.me, guild, call.id("role_id"))
    call.world.roles.take(guild, call.id("user_id"), call.id("role_id"), call.me)
