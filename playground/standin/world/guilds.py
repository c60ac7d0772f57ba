"""Servers and who is in them. https://discord.com/developers/docs/resources/guild"""

from datetime import datetime, timedelta

from playground.standin.world import permissions, shapes
from playground.standin.world.audit_log import Action, AuditLog
from playground.standin.world.entities import JSON, Guild, Member, Role, User, listed
from playground.standin.world.errors import Code, InvalidForm, Refused
from playground.standin.world.events import Event, Sees
from playground.standin.world.permissions import Permission
from playground.standin.world.shapes import Shapes
from playground.standin.world.state import State

LONGEST_TIMEOUT = timedelta(days=28)
_EDITS: dict[str, Permission] = {
    "nick": Permission.MANAGE_NICKNAMES,
    "roles": Permission.MANAGE_ROLES,
    "communication_disabled_until": Permission.MODERATE_MEMBERS,
}


class Guilds:
    """Makes servers, lets people in and out, changes members."""

    def __init__(self, state: State, shapes: Shapes, log: AuditLog) -> None:
        self._state = state
        self._log = log
        self._shapes = shapes

    def get(self, actor_id: int, guild_id: int) -> Guild:
        """Raises `Refused` 10004: a server one is not in might as well not exist."""
        guild = self._state.guild(guild_id)
        if actor_id not in guild.members:
            raise Refused(Code.UNKNOWN_GUILD)
        return guild

    def create(self, name: str, owner: User) -> Guild:
        """A new server with its owner in it and @everyone as Discord makes it."""
        guild = Guild(id=self._state.snowflakes.make(), name=name, owner_id=owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", permissions.EVERYONE, 0)
        self._state.guilds[guild.id] = guild
        self.join(guild, owner)
        return guild

    # Coming and going

    def join(self, guild: Guild, user: User, role_ids: list[int] | None = None) -> Member:
        """A user comes in. Raises `Refused` 50007 where they are banned."""
        if user.id in guild.bans:
            raise Refused(Code.CANNOT_MESSAGE_USER)
        member = Member(user, guild.id, self._state.clock.now(), list(role_ids or []))
        guild.members[user.id] = member
        others = self._others(guild, user.id)
        data = shapes.member(member) | {"guild_id": str(guild.id)}
        self._state.bus.emit(Event("GUILD_MEMBER_ADD", data, guild.id, others))
        self._tell_guild(guild, user)
        return member

    def install(self, guild: Guild, bot: User, granted: int) -> Member:
        """A bot is added, with a role of its own that has the permissions of its invitation."""
        position = len(guild.roles)
        role = Role(self._state.snowflakes.make(), bot.username, granted, position, bot_id=bot.id)
        guild.roles[role.id] = role
        return self.join(guild, bot, [role.id])

    def _tell_guild(self, guild: Guild, user: User) -> None:
        data = self._shapes.guild_create(guild, user.id)
        self._state.bus.emit(Event("GUILD_CREATE", data, guild.id, lambda user_id: user_id == user.id))

    def leave(self, guild: Guild, user_id: int) -> None:
        """A user is gone: left, kicked, or banned; Discord says the same of all three."""
        member = self._state.member(guild.id, user_id)
        del guild.members[user_id]
        for thread in self._state.threads_of(guild):
            if thread.thread is not None:
                thread.thread.members.pop(user_id, None)
        for role in [role for role in guild.roles.values() if role.bot_id == user_id]:
            del guild.roles[role.id]
        data = {"guild_id": str(guild.id), "user": shapes.user(member.user)}
        self._state.bus.emit(Event("GUILD_MEMBER_REMOVE", data, guild.id, self._members(guild)))
        self._state.bus.emit(
            Event("GUILD_DELETE", {"id": str(guild.id)}, guild.id, lambda other_id: other_id == user_id)
        )

    def kick(self, actor_id: int, guild: Guild, user_id: int, reason: str | None = None) -> None:
        """https://discord.com/developers/docs/resources/guild#remove-guild-member"""
        self._moderate(actor_id, guild, self._state.member(guild.id, user_id), Permission.KICK_MEMBERS)
        self.leave(guild, user_id)
        self._log.note(guild, Action.MEMBER_KICK, actor_id, user_id, reason=reason)

    def ban(self, actor_id: int, guild: Guild, user_id: int, reason: str | None = None) -> None:
        """https://discord.com/developers/docs/resources/guild#create-guild-ban"""
        user = self._state.user(user_id)
        self._state.require_in_guild(guild, actor_id, Permission.BAN_MEMBERS)
        if user_id in guild.members:
            self._moderate(actor_id, guild, guild.members[user_id], Permission.BAN_MEMBERS)
        guild.bans[user_id] = reason
        self._tell_ban("GUILD_BAN_ADD", guild, user)
        if user_id in guild.members:
            self.leave(guild, user_id)
        self._log.note(guild, Action.MEMBER_BAN_ADD, actor_id, user_id, reason=reason)

    def banned(self, actor_id: int, guild: Guild) -> dict[int, str | None]:
        """Who is banned and why, by id. https://docs.discord.com/developers/resources/guild#get-guild-bans"""
        self._state.require_in_guild(guild, actor_id, Permission.BAN_MEMBERS)
        return dict(sorted(guild.bans.items()))

    def unban(self, actor_id: int, guild: Guild, user_id: int) -> None:
        """https://discord.com/developers/docs/resources/guild#remove-guild-ban"""
        self._state.require_in_guild(guild, actor_id, Permission.BAN_MEMBERS)
        if user_id not in guild.bans:
            raise Refused(Code.UNKNOWN_BAN)
        del guild.bans[user_id]
        self._tell_ban("GUILD_BAN_REMOVE", guild, self._state.user(user_id))
        self._log.note(guild, Action.MEMBER_BAN_REMOVE, actor_id, user_id)

    def _tell_ban(self, name: str, guild: Guild, user: User) -> None:
        data = {"guild_id": str(guild.id), "user": shapes.user(user)}
        sees = self._with(guild, Permission.BAN_MEMBERS)
        self._state.bus.emit(Event(name, data, guild.id, sees))

    def delete(self, guild: Guild) -> None:
        """The server is no more."""
        sees = self._members(guild)
        self._state.bus.emit(Event("GUILD_DELETE", {"id": str(guild.id)}, guild.id, sees))
        for channel in [c for c in self._state.channels.values() if c.guild_id == guild.id]:
            del self._state.channels[channel.id]
            self._state.messages.pop(channel.id, None)
        del self._state.guilds[guild.id]

    def rename(self, guild: Guild, name: str) -> None:
        """https://discord.com/developers/docs/events/gateway-events#guild-update"""
        guild.name = name
        self._state.bus.emit(Event("GUILD_UPDATE", self._shapes.guild(guild), guild.id, self._members(guild)))

    def outage(self, guild: Guild) -> None:
        """The server is out of order: nobody hears of it. https://discord.com/developers/docs/events/gateway-events#guild-delete"""
        guild.unavailable = True
        data = {"id": str(guild.id), "unavailable": True}
        self._state.bus.emit(Event("GUILD_DELETE", data, guild.id, self._members(guild)))

    def outage_over(self, guild: Guild) -> None:
        """It is back. https://discord.com/developers/docs/events/gateway-events#guild-create"""
        guild.unavailable = False
        for member in list(guild.members.values()):
            self._tell_guild(guild, member.user)

    # Members

    def edit_member(self, actor_id: int, guild: Guild, user_id: int, body: JSON) -> Member:
        """https://discord.com/developers/docs/resources/guild#modify-guild-member"""
        member = self._state.member(guild.id, user_id)
        actor = self._state.require_in_guild(guild, actor_id)
        for name in body:
            if actor_id == user_id and name == "nick":
                self._state.require_in_guild(guild, actor_id, Permission.CHANGE_NICKNAME)
            elif name in _EDITS:
                self._state.require_in_guild(guild, actor_id, _EDITS[name])
                if name != "roles" and not permissions.outranks(guild, actor, member):
                    raise Refused(Code.MISSING_PERMISSIONS)
        if "roles" in body:
            self._set_roles(guild, actor, member, [int(role_id) for role_id in listed(body, "roles")])
        if "nick" in body:
            member.nick = _nick(body["nick"])
        if "communication_disabled_until" in body:
            until = body["communication_disabled_until"]
            member.timed_out_until = self._timeout(guild, member, until)
        self.tell_member(member)
        return member

    def _set_roles(self, guild: Guild, actor: Member, member: Member, role_ids: list[int]) -> None:
        for role_id in set(role_ids) ^ set(member.role_ids):
            if role_id not in guild.roles or role_id == guild.id:
                raise Refused(Code.UNKNOWN_ROLE)
            require_above(guild, actor, guild.roles[role_id])
        member.role_ids = list(dict.fromkeys(role_ids))

    def _timeout(self, guild: Guild, member: Member, until: str | None) -> datetime | None:
        """28 days at most, and nobody who is an administrator.

        https://docs.discord.com/developers/resources/guild#modify-guild-member
        """
        if until is None:
            return None
        moment = datetime.fromisoformat(until)
        if moment > self._state.clock.now() + LONGEST_TIMEOUT:
            raise InvalidForm("communication_disabled_until", "BASE_TYPE_MAX", "Must be within 28 days.")
        if permissions.in_guild(guild, member) == permissions.ALL:
            raise Refused(Code.MISSING_PERMISSIONS)
        return moment

    def tell_member(self, member: Member) -> None:
        """Tell that a member changed."""
        guild = self._state.guild(member.guild_id)
        data = shapes.member(member) | {"guild_id": str(guild.id)}
        self._state.bus.emit(Event("GUILD_MEMBER_UPDATE", data, guild.id, self._members(guild)))

    def _moderate(self, actor_id: int, guild: Guild, member: Member, needed: Permission) -> None:
        actor = self._state.require_in_guild(guild, actor_id, needed)
        if not permissions.outranks(guild, actor, member):
            raise Refused(Code.MISSING_PERMISSIONS)

    # Who is told

    @staticmethod
    def _members(guild: Guild) -> Sees:
        return lambda user_id: user_id in guild.members

    @staticmethod
    def _others(guild: Guild, but: int) -> Sees:
        return lambda user_id: user_id in guild.members and user_id != but

    @staticmethod
    def _with(guild: Guild, needed: Permission) -> Sees:
        def sees(user_id: int) -> bool:
            member = guild.members.get(user_id)
            return member is not None and bool(permissions.in_guild(guild, member) & needed)

        return sees


def require_above(guild: Guild, actor: Member, role: Role) -> None:
    """Raises `Refused` 50013 where a role is as high as the actor's own, or is a bot's.

    https://discord.com/developers/docs/topics/permissions#permission-hierarchy
    """
    if role.bot_id is not None or permissions.top_position(guild, actor) <= role.position:
        raise Refused(Code.MISSING_PERMISSIONS)


def _nick(nick: object) -> str | None:
    if nick is None or nick == "":
        return None
    if not isinstance(nick, str) or len(nick) > 32:
        raise InvalidForm("nick", "BASE_TYPE_MAX_LENGTH", "Must be 32 or fewer in length.")
    return nick
