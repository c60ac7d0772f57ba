"""Commands, global and of one server. https://discord.com/developers/docs/interactions/application-commands#endpoints"""

from typing import Any, cast

from playground.standin.rest.routing import Answer, Call, Routes
from playground.standin.world import shapes
from playground.standin.world.entities import JSON, Application, Command
from playground.standin.world.errors import Code, InvalidForm, Refused

_GLOBAL = "/applications/{application_id}/commands"
_GUILD = "/applications/{application_id}/guilds/{guild_id}/commands"


def add(routes: Routes) -> None:
    """The routes of this subject."""
    routes.add("GET", _GUILD + "/permissions", _all_permissions)
    for folder in (_GLOBAL, _GUILD):
        routes.add("GET", folder, _list)
        routes.add("PUT", folder, _overwrite)
        routes.add("POST", folder, _create)
        routes.add("GET", folder + "/{command_id}", _get)
        routes.add("PATCH", folder + "/{command_id}", _edit)
        routes.add("DELETE", folder + "/{command_id}", _delete)
    routes.add("GET", _GUILD + "/{command_id}/permissions", _permissions)


def _where(call: Call) -> tuple[Application, int | None]:
    if call.id("application_id") != call.caller.id:
        raise Refused(Code.MISSING_ACCESS)
    guild_id = call.id("guild_id") if "guild_id" in call.path else None
    if guild_id is not None and call.me not in call.world.state.guild(guild_id).members:
        raise Refused(Code.MISSING_ACCESS)
    return call.caller, guild_id


def _list(call: Call) -> list[JSON]:
    return [shapes.command(command) for command in call.world.commands.of(*_where(call))]


def _overwrite(call: Call) -> list[JSON]:
    body: object = call.json
    if not isinstance(body, list):
        raise InvalidForm("_", "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
    wanted = cast("list[JSON]", body)
    return [shapes.command(command) for command in call.world.commands.overwrite(*_where(call), wanted)]


def _create(call: Call) -> Answer:
    application, guild_id = _where(call)
    existed = len(call.world.commands.of(application, guild_id))
    command = call.world.commands.upsert(application, guild_id, call.body)
    made = len(call.world.commands.of(application, guild_id)) > existed
    return Answer(201 if made else 200, shapes.command(command))


def _all_permissions(call: Call) -> list[JSON]:
    """Of commands that something was said of."""
    application, guild_id = _where(call)
    guild = call.world.state.guild(guild_id or 0)
    commands = [*call.world.commands.of(application, None), *call.world.commands.of(application, guild_id)]
    return [call.world.commands.permissions(guild, command) for command in commands if guild.id in command.granted]


def _permissions(call: Call) -> JSON:
    """https://docs.discord.com/developers/interactions/application-commands#get-application-command-permissions"""
    application, guild_id = _where(call)
    guild, command = call.world.state.guild(guild_id or 0), call.world.state.commands.get(call.id("command_id"))
    if command is None or command.application_id != application.id or command.guild_id not in (None, guild_id):
        raise Refused(Code.UNKNOWN_COMMAND)
    if guild.id not in command.granted:
        raise Refused(Code.UNKNOWN_COMMAND_PERMISSIONS)
    return call.world.commands.permissions(guild, command)


def _find(call: Call) -> Command:
    return call.world.commands.get(*_where(call), call.id("command_id"))


def _get(call: Call) -> Any:
    return shapes.command(_find(call))


def _edit(call: Call) -> Any:
    return shapes.command(call.world.commands.edit(_find(call), call.body))


def _delete(call: Call) -> None:
    call.world.commands.delete(_find(call))
