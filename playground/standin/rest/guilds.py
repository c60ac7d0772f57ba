"""Servers, their channels and bans. https://discord.com/developers/docs/resources/guild#endpoints"""

from playground.standin.rest.routing import Answer, Call, Routes
from playground.standin.world.entities import JSON, Guild

_GUILD = "/guilds/{guild_id}"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", _GUILD, _get)
    routes.add("GET", _GUILD + "/channels", _channels)
    routes.add("POST", _GUILD + "/channels", _create_channel)
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


def _ban(call: Call) -> None:
    call.world.guilds.ban(call.me, _guild(call), call.id("user_id"))


def _unban(call: Call) -> None:
    call.world.guilds.unban(call.me, _guild(call), call.id("user_id"))
