"""An application's commands. https://discord.com/developers/docs/interactions/application-commands"""

import re
from typing import Any, cast

from playground.standin.world import permissions
from playground.standin.world.entities import JSON, Application, Channel, ChannelType, Command, Guild
from playground.standin.world.errors import Code, InvalidForm, Refused
from playground.standin.world.events import Event
from playground.standin.world.permissions import Permission
from playground.standin.world.state import State

SLASH, USER, MESSAGE = 1, 2, 3
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2
_MOST = {SLASH: 100, USER: 15, MESSAGE: 15}
_SLASH_NAME = re.compile(r"^[-_'\w]{1,32}$")
_DEFAULTS: JSON = {
    "type": SLASH,
    "description": "",
    "default_member_permissions": None,
    "dm_permission": True,
    "contexts": None,
    "integration_types": [0],
    "nsfw": False,
    "name_localizations": None,
    "description_localizations": None,
}
_IN_GUILD, _IN_BOT_DM, _IN_PRIVATE_CHANNEL = 0, 1, 2
_FOR_USERS = 1
_ROLE, _USER, _CHANNEL = 1, 2, 3
_MOST_PERMISSIONS = 100


class Commands:
    """Holds the commands, and says which of them somebody is offered."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, application: Application, guild_id: int | None) -> list[Command]:
        """Those of one server, or with None the global ones."""
        mine = [c for c in self._state.commands.values() if c.application_id == application.id]
        return [command for command in mine if command.guild_id == guild_id]

    def get(self, application: Application, guild_id: int | None, command_id: int) -> Command:
        """Raises `Refused` 10063."""
        command = self._state.commands.get(command_id)
        if command is None or command not in self.of(application, guild_id):
            raise Refused(Code.UNKNOWN_COMMAND)
        return command

    def overwrite(self, application: Application, guild_id: int | None, wanted: list[JSON]) -> list[Command]:
        """Let these be all there are; those that keep their name and type keep their id."""
        definitions = [_checked(each) for each in wanted]
        keys = [(each["type"], each["name"]) for each in definitions]
        if len(set(keys)) < len(keys):
            raise InvalidForm(
                "0.name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        for kind, most in _MOST.items():
            if sum(each["type"] == kind for each in definitions) > most:
                raise InvalidForm("0", "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        known = {(command.type, command.name): command for command in self.of(application, guild_id)}
        for key, command in known.items():
            if key not in keys:
                del self._state.commands[command.id]
        result = [
            self._put(application, guild_id, known.get(key), each) for key, each in zip(keys, definitions, strict=True)
        ]
        self._tell(guild_id)
        return result

    def upsert(self, application: Application, guild_id: int | None, definition: JSON) -> Command:
        """Make one, or replace the one of its type and name."""
        checked = _checked(definition)
        same = (c for c in self.of(application, guild_id) if (c.type, c.name) == (checked["type"], checked["name"]))
        command = self._put(application, guild_id, next(same, None), checked)
        self._tell(guild_id)
        return command

    def edit(self, command: Command, changes: JSON) -> Command:
        """Change what is mentioned."""
        command.definition = _checked({**command.definition, **changes})
        command.version = self._state.snowflakes.make()
        self._tell(command.guild_id)
        return command

    def delete(self, command: Command) -> None:
        """Take one away."""
        del self._state.commands[command.id]
        self._tell(command.guild_id)

    def offered(self, user_id: int, channel: Channel) -> list[Command]:
        """What a user may run in a channel: of the applications that are there, as far as each command allows it.

        https://discord.com/developers/docs/interactions/application-commands#permissions
        """
        if channel.thread is not None and channel.thread.archived:
            return []
        if not self._state.permissions(channel, user_id) & Permission.USE_APPLICATION_COMMANDS:
            return []
        return [command for command in self._state.commands.values() if self._is_offered(command, user_id, channel)]

    def _is_offered(self, command: Command, user_id: int, channel: Channel) -> bool:
        bot = self._state.application(command.application_id).bot
        contexts = command.definition["contexts"]
        if self._brings_along(command, user_id) and bot.id not in self._members(channel):
            place = _IN_PRIVATE_CHANNEL if channel.guild_id is None else _IN_GUILD
            return contexts is None or place in contexts
        if channel.type is ChannelType.DM:
            there = _IN_BOT_DM in contexts if contexts is not None else command.definition["dm_permission"]
            return command.guild_id is None and there and bot in channel.recipients
        guild = self._state.guild(channel.guild_id or 0)
        if bot.id not in guild.members or command.guild_id not in (None, guild.id):
            return False
        if contexts is not None and _IN_GUILD not in contexts and command.guild_id is None:
            return False
        return self._is_permitted(command, guild, user_id, self._state.governing(channel).id)

    def _brings_along(self, command: Command, user_id: int) -> bool:
        """https://docs.discord.com/developers/interactions/application-commands#installation-context"""
        application = self._state.application(command.application_id)
        installed = user_id in application.installed_by
        return command.guild_id is None and installed and _FOR_USERS in command.definition["integration_types"]

    def _members(self, channel: Channel) -> set[int]:
        if channel.guild_id is not None:
            return set(self._state.guild(channel.guild_id).members)
        return {user.id for user in channel.recipients}

    def permit(self, guild: Guild, command: Command, granted: list[JSON]) -> None:
        """Say who may use a command where, as an admin does in the settings; each is `{id, type, permission}`.

        Types: 1 role, 2 user, 3 channel; the guild's id is @everyone, and less one all channels. Bots cannot do this.
        https://docs.discord.com/developers/interactions/application-commands#permissions
        """
        if len(granted) > _MOST_PERMISSIONS:
            raise InvalidForm("permissions", "BASE_TYPE_MAX_LENGTH", f"Must be {_MOST_PERMISSIONS} or fewer in length.")
        command.granted[guild.id] = granted
        bot_id = self._state.application(command.application_id).bot.id
        data = self.permissions(guild, command)
        told = Event("APPLICATION_COMMAND_PERMISSIONS_UPDATE", data, guild.id, lambda user_id: user_id == bot_id)
        self._state.bus.emit(told)
        self._tell(guild.id)

    @staticmethod
    def permissions(guild: Guild, command: Command) -> JSON:
        """What an admin said of a command.

        https://docs.discord.com/developers/interactions/application-commands#application-command-permissions-object
        """
        return {
            "id": str(command.id),
            "application_id": str(command.application_id),
            "guild_id": str(guild.id),
            "permissions": command.granted.get(guild.id, list[JSON]()),
        }

    def _is_permitted(self, command: Command, guild: Guild, user_id: int, channel_id: int) -> bool:
        """Admins may all; then the channel, the user, roles, everyone count, last what the command asks by default."""
        member = guild.members[user_id]
        if permissions.in_guild(guild, member) == permissions.ALL:
            return True
        said = {(each["type"], int(each["id"])): bool(each["permission"]) for each in command.granted.get(guild.id, [])}
        if not said.get((_CHANNEL, channel_id), said.get((_CHANNEL, guild.id - 1), True)):
            return False
        if (_USER, user_id) in said:
            return said[_USER, user_id]
        roles = [said[_ROLE, role_id] for role_id in member.role_ids if (_ROLE, role_id) in said]
        if roles:
            return any(roles)
        if (_ROLE, guild.id) in said:
            return said[_ROLE, guild.id]
        return self._has_default_permissions(command, guild, user_id)

    @staticmethod
    def _has_default_permissions(command: Command, guild: Guild, user_id: int) -> bool:
        needed = command.definition["default_member_permissions"]
        if needed is None:
            return True
        granted = permissions.in_guild(guild, guild.members[user_id])
        if needed == "0":
            return granted == permissions.ALL
        return granted & int(needed) == int(needed)

    def _put(self, application: Application, guild_id: int | None, known: Command | None, definition: JSON) -> Command:
        if known is not None and known.definition == definition:
            return known
        version = self._state.snowflakes.make()
        command = Command(known.id if known else version, application.id, guild_id, version, definition)
        self._state.commands[command.id] = command
        return command

    def _tell(self, guild_id: int | None) -> None:
        """People's clients reload their list; no application is told."""
        data: JSON = {"guild_id": None if guild_id is None else str(guild_id)}
        self._state.bus.emit(Event("COMMANDS_UPDATE", data, guild_id))


def _checked(definition: JSON) -> JSON:
    """With Discord's defaults. Raises `InvalidForm`."""
    given = {name: value for name, value in definition.items() if name != "id" and value is not None}
    whole = {**_DEFAULTS, **given}
    name: Any = whole.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 32:
        raise InvalidForm("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 32 in length.")
    if whole["type"] == SLASH:
        _check_slash(name, whole)
    elif whole["description"]:
        raise InvalidForm("description", "APPLICATION_COMMAND_TYPE_DESCRIPTION", "Context menu commands have none")
    if whole["default_member_permissions"] is not None:
        whole["default_member_permissions"] = str(whole["default_member_permissions"])
    return whole


def _check_slash(name: str, whole: JSON) -> None:
    if not _SLASH_NAME.match(name) or name != name.lower():
        raise InvalidForm("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not 1 <= len(whole["description"]) <= 100:
        raise InvalidForm("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    whole["options"] = _options("options", whole.get("options") or [])


def _options(path: str, wanted: list[JSON]) -> list[JSON]:
    if len(wanted) > 25:
        raise InvalidForm(path, "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    return [_option(f"{path}.{index}", each) for index, each in enumerate(wanted)]


def _option(path: str, wanted: JSON) -> JSON:
    if not _SLASH_NAME.match(wanted["name"]):
        raise InvalidForm(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if not 1 <= len(wanted["description"]) <= 100:
        raise InvalidForm(f"{path}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    if len(wanted.get("choices") or []) > 25:
        raise InvalidForm(f"{path}.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    option = {name: value for name, value in wanted.items() if value is not None}
    if option["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP):
        option["options"] = _options(f"{path}.options", cast("list[JSON]", option.get("options") or []))
        option.pop("required", None)
    return option
