"""Roles. https://discord.com/developers/docs/resources/guild#get-guild-roles"""

from playground.standin.world import permissions, shapes
from playground.standin.world.audit_log import Action, AuditLog
from playground.standin.world.entities import JSON, Guild, Member, Role
from playground.standin.world.errors import Code, Refused
from playground.standin.world.events import Event
from playground.standin.world.guilds import Guilds, require_above
from playground.standin.world.permissions import Permission
from playground.standin.world.state import State


class Roles:
    """Makes and changes roles, gives and takes them."""

    def __init__(self, state: State, guilds: Guilds, log: AuditLog) -> None:
        self._log = log
        self._state = state
        self._guilds = guilds

    def create(self, guild: Guild, body: JSON) -> Role:
        """A new role, lowest but for @everyone, as the server's owner makes it."""
        for role in guild.roles.values():
            role.position += 1 if role.position else 0
        everyone = guild.roles[guild.id]
        granted = body.get("permissions")
        role = Role(
            id=self._state.snowflakes.make(),
            name=body.get("name") or "new role",
            permissions=everyone.permissions if granted is None else int(granted),
            position=1,
            colour=_colour(body, 0),
            hoist=bool(body.get("hoist")),
            mentionable=bool(body.get("mentionable")),
        )
        guild.roles[role.id] = role
        self._tell("GUILD_ROLE_CREATE", guild, {"role": shapes.role(role)})
        return role

    def create_as(self, actor_id: int, guild: Guild, body: JSON) -> Role:
        """https://discord.com/developers/docs/resources/guild#create-guild-role"""
        actor = self._state.require_in_guild(guild, actor_id, Permission.MANAGE_ROLES)
        _require_granted(guild, actor, int(body.get("permissions") or 0))
        return self.create(guild, body)

    def edit(self, actor_id: int, guild: Guild, role_id: int, body: JSON) -> Role:
        """https://discord.com/developers/docs/resources/guild#modify-guild-role"""
        actor = self._state.require_in_guild(guild, actor_id, Permission.MANAGE_ROLES)
        role = self.get(guild, role_id)
        if permissions.top_position(guild, actor) <= role.position:
            raise Refused(Code.MISSING_PERMISSIONS)
        if "permissions" in body:
            granted = int(body["permissions"] or 0)
            _require_granted(guild, actor, granted & ~role.permissions)
            role.permissions = granted
        role.name = body.get("name") or role.name
        role.colour = _colour(body, role.colour)
        role.hoist = bool(body.get("hoist", role.hoist))
        role.mentionable = bool(body.get("mentionable", role.mentionable))
        self._tell("GUILD_ROLE_UPDATE", guild, {"role": shapes.role(role)})
        return role

    def delete(self, actor_id: int, guild: Guild, role_id: int) -> None:
        """https://discord.com/developers/docs/resources/guild#delete-guild-role"""
        actor = self._state.require_in_guild(guild, actor_id, Permission.MANAGE_ROLES)
        role = self.get(guild, role_id)
        if role_id == guild.id:
            raise Refused(Code.INVALID_ROLE)
        require_above(guild, actor, role)
        self.remove(guild, role_id)

    def remove(self, guild: Guild, role_id: int) -> None:
        """Take a role away, from its members too."""
        del guild.roles[role_id]
        for member in guild.members.values():
            if role_id in member.role_ids:
                member.role_ids.remove(role_id)
        self._tell("GUILD_ROLE_DELETE", guild, {"role_id": str(role_id)})

    def get(self, guild: Guild, role_id: int) -> Role:
        """Raises `Refused` 10011."""
        if role_id not in guild.roles:
            raise Refused(Code.UNKNOWN_ROLE)
        return guild.roles[role_id]

    def give(self, guild: Guild, user_id: int, role_id: int, actor_id: int | None = None) -> None:
        """Give a role, as the server's owner does unless `actor_id` says who else."""
        member = self._state.member(guild.id, user_id)
        role = self.get(guild, role_id)
        if role_id not in member.role_ids:
            member.role_ids.append(role_id)
            self._guilds.tell_member(member)
            self._note(guild, actor_id, user_id, "$add", role)

    def take(self, guild: Guild, user_id: int, role_id: int, actor_id: int | None = None) -> None:
        """Take a role, as the server's owner does unless `actor_id` says who else."""
        member = self._state.member(guild.id, user_id)
        role = self.get(guild, role_id)
        if role_id in member.role_ids:
            member.role_ids.remove(role_id)
            self._guilds.tell_member(member)
            self._note(guild, actor_id, user_id, "$remove", role)

    def _note(self, guild: Guild, actor_id: int | None, user_id: int, key: str, role: Role) -> None:
        change: JSON = {"key": key, "new_value": [{"id": str(role.id), "name": role.name}]}
        self._log.note(guild, Action.MEMBER_ROLE_UPDATE, actor_id or guild.owner_id, user_id, change)

    def require_giving(self, actor_id: int, guild: Guild, role_id: int) -> None:
        """Raises `Refused` where a user may not give or take a role.

        https://discord.com/developers/docs/resources/guild#add-guild-member-role
        """
        actor = self._state.require_in_guild(guild, actor_id, Permission.MANAGE_ROLES)
        require_above(guild, actor, self.get(guild, role_id))

    def _tell(self, name: str, guild: Guild, what: JSON) -> None:
        data = {"guild_id": str(guild.id)} | what
        self._state.bus.emit(Event(name, data, guild.id, lambda user_id: user_id in guild.members))


def _require_granted(guild: Guild, actor: Member, granted: int) -> None:
    """Nobody gives what they have not."""
    if granted & ~permissions.in_guild(guild, actor):
        raise Refused(Code.MISSING_PERMISSIONS)


def _colour(body: JSON, otherwise: int) -> int:
    colours: JSON = body.get("colors") or {}
    colour: int | None = colours.get("primary_color", body.get("color"))
    return otherwise if colour is None else colour
