"""Roles of a server. https://discord.com/developers/docs/resources/guild#get-guild-roles"""

from playground.standin.rest.routing import Call, Routes
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Guild

_ROLES = "/guilds/{guild_id}/roles"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", _ROLES, _list)
    routes.add("POST", _ROLES, _create)
    routes.add("GET", _ROLES + "/{role_id}", _get)
    routes.add("PATCH", _ROLES + "/{role_id}", _edit)
    routes.add("DELETE", _ROLES + "/{role_id}", _delete)


def _guild(call: Call) -> Guild:
    return call.world.guilds.get(call.me, call.id("guild_id"))


def _list(call: Call) -> list[JSON]:
    return [shapes.role(role) for role in _guild(call).roles.values()]


def _create(call: Call) -> JSON:
    return shapes.role(call.world.roles.create_as(call.me, _guild(call), call.body))


def _get(call: Call) -> JSON:
    return shapes.role(call.world.roles.get(_guild(call), call.id("role_id")))


def _edit(call: Call) -> JSON:
    return shapes.role(call.world.roles.edit(call.me, _guild(call), call.id("role_id"), call.body))


def _delete(call: Call) -> None:
    call.world.roles.delete(call.me, _guild(call), call.id("role_id"))
