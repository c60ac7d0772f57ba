"""Servers, their channels and bans. https://discord.com/developers/docs/resources/guild#endpoints"""

from playground.standin.rest.routing import Answer, Call, Routes
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Guild
from playground.standin.world.errors import Code, Refused

_GUILD = "/guilds/{guild_id}"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", _GUILD, _get)
    routes.add("GET", _GUILD + "/channels", _channels)
    routes.add("POST", _GUILD + "/channels", _create_channel)
    routes.add("GET", _GUILD + "/audit-logs", _audit_log)
    routes.add("GET", _GUILD + "/bans", _bans)
    routes.add("GET", _GUILD + "/bans/{user_id}", _get_ban)
    routes.add("PUT", _GUILD + "/bans/{user_id}", _ban)
    routes.add("DELETE", _GUILD + "/bans/{user_id}", _unban)


def _guild(call: Call) -> Guild:
    return call.world.guilds.get(call.me, call.id("guild_id"))


def _get(call: Call) -> JSON:
    guild = _guild(call)
    shape = call.world.shapes.guild(guild)
    if call.query.get("with_counts", "").lower() not in ("true", "1"):
        return shape
    return shape | {"approximate_member_count": len(guild.members), "approximate_presence_count": len(guild.members)}


def _channels(call: Call) -> list[JSON]:
    return [call.world.shapes.channel(channel) for channel in call.world.state.guild_channels(_guild(call))]


def _create_channel(call: Call) -> Answer:
    channel = call.world.channels.create_as(call.me, _guild(call), call.body)
    return Answer(201, call.world.shapes.channel(channel))


def _audit_log(call: Call) -> JSON:
    """https://docs.discord.com/developers/resources/audit-log#get-guild-audit-log"""
    entries, query = call.world.audit_log.of(call.me, _guild(call)), call.query
    if "after" in query:
        entries = [entry for entry in reversed(entries) if entry.id > int(query["after"])]
    found = [
        entry
        for entry in entries
        if ("user_id" not in query or entry.actor_id == int(query["user_id"]))
        and ("target_id" not in query or entry.target_id == int(query["target_id"]))
        and ("action_type" not in query or entry.action == int(query["action_type"]))
        and ("before" not in query or entry.id < int(query["before"]))
    ][: call.number("limit", 50, 1, 100)]
    people = {user_id for entry in found for user_id in (entry.actor_id, entry.target_id)}
    users = [call.world.state.users[user_id] for user_id in sorted(people & call.world.state.users.keys())]
    empty = ("integrations", "webhooks", "guild_scheduled_events", "threads", "application_commands")
    return {
        "audit_log_entries": [entry.shape for entry in found],
        "users": [shapes.user(user) for user in users],
        "auto_moderation_rules": [],
        **{name: list[JSON]() for name in empty},
    }


def _ban_shape(call: Call, user_id: int, reason: str | None) -> JSON:
    return {"user": shapes.user(call.world.state.user(user_id)), "reason": reason}


def _bans(call: Call) -> list[JSON]:
    """By id. https://docs.discord.com/developers/resources/guild#get-guild-bans"""
    banned = call.world.guilds.banned(call.me, _guild(call))
    after, before = int(call.query.get("after") or 0), int(call.query.get("before") or 1 << 63)
    found = [_ban_shape(call, user_id, reason) for user_id, reason in banned.items() if after < user_id < before]
    return found[: call.number("limit", 1000, 1, 1000)]


def _get_ban(call: Call) -> JSON:
    banned, user_id = call.world.guilds.banned(call.me, _guild(call)), call.id("user_id")
    if user_id not in banned:
        raise Refused(Code.UNKNOWN_BAN)
    return _ban_shape(call, user_id, banned[user_id])


def _ban(call: Call) -> None:
    call.world.guilds.ban(call.me, _guild(call), call.id("user_id"), call.reason)


def _unban(call: Call) -> None:
    call.world.guilds.unban(call.me, _guild(call), call.id("user_id"))
