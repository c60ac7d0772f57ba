"""What moderators did. https://docs.discord.com/developers/resources/audit-log"""

from dataclasses import dataclass
from enum import IntEnum

from playground.standin.world import permissions
from playground.standin.world.entities import JSON, Guild
from playground.standin.world.events import Event
from playground.standin.world.permissions import Permission
from playground.standin.world.state import State


class Action(IntEnum):
    """https://docs.discord.com/developers/resources/audit-log#audit-log-entry-object-audit-log-events"""

    MEMBER_KICK = 20
    MEMBER_BAN_ADD = 22
    MEMBER_BAN_REMOVE = 23
    MEMBER_ROLE_UPDATE = 25


@dataclass(frozen=True)
class Entry:
    """https://docs.discord.com/developers/resources/audit-log#audit-log-entry-object"""

    id: int
    guild_id: int
    action: Action
    actor_id: int
    target_id: int
    reason: str | None
    changes: tuple[JSON, ...] = ()

    @property
    def shape(self) -> JSON:
        """As Discord's JSON."""
        shape: JSON = {
            "id": str(self.id),
            "action_type": int(self.action),
            "user_id": str(self.actor_id),
            "target_id": str(self.target_id),
        }
        if self.changes:
            shape["changes"] = list(self.changes)
        return shape | {"reason": self.reason} if self.reason is not None else shape


class AuditLog:
    """Notes and lists what was done; only who may view the log is told or shown any of it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._entries: list[Entry] = []

    def note(
        self, guild: Guild, action: Action, actor_id: int, target_id: int, *changes: JSON, reason: str | None = None
    ) -> None:
        """https://docs.discord.com/developers/events/gateway-events#guild-audit-log-entry-create"""
        entry = Entry(self._state.snowflakes.make(), guild.id, action, actor_id, target_id, reason, changes)
        self._entries.append(entry)

        def sees(user_id: int) -> bool:
            member = guild.members.get(user_id)
            return member is not None and bool(permissions.in_guild(guild, member) & Permission.VIEW_AUDIT_LOG)

        data = entry.shape | {"guild_id": str(guild.id)}
        self._state.bus.emit(Event("GUILD_AUDIT_LOG_ENTRY_CREATE", data, guild.id, sees))

    def of(self, actor_id: int, guild: Guild) -> list[Entry]:
        """Newest first. Raises `Refused` 50013 without View Audit Log.

        https://docs.discord.com/developers/resources/audit-log#get-guild-audit-log
        """
        self._state.require_in_guild(guild, actor_id, Permission.VIEW_AUDIT_LOG)
        return [entry for entry in reversed(self._entries) if entry.guild_id == guild.id]
