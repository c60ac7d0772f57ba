"""Tells in words what happens on the stand-in Discord, as far as it bears on access."""

from collections.abc import Callable

from playground.standin.world.entities import JSON
from playground.standin.world.events import Event
from playground.standin.world.world import World

MEMBERSHIP = {"GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE", "GUILD_MEMBER_UPDATE"}
_COMMAND = 2


class Narrator:
    """Hears every event; `tell` takes a heading and words."""

    def __init__(self, world: World, tell: Callable[[str, str], None]) -> None:
        self._world = world
        self._tell = tell
        self._roles = {
            (guild.id, member.user.id): set(member.role_ids)
            for guild in world.state.guilds.values()
            for member in guild.members.values()
        }
        self._hears: dict[str, Callable[[JSON], None]] = {
            "GUILD_MEMBER_ADD": self._joined,
            "GUILD_MEMBER_REMOVE": self._left,
            "GUILD_MEMBER_UPDATE": self._roles_changed,
            "INTERACTION_CREATE": self._invoked,
            "THREAD_CREATE": self._thread_opened,
        }

    def hear(self, event: Event) -> None:
        """Something happened."""
        hear = self._hears.get(event.name)
        if hear is not None:
            hear(event.data)

    def _joined(self, data: JSON) -> None:
        self._roles[_member(data)] = set(map(int, data["roles"]))
        self._tell("Member joined", f"{self._name(data)} is in {self._guild(data)}")

    def _left(self, data: JSON) -> None:
        self._roles.pop(_member(data), None)
        self._tell("Member left", f"{self._name(data)} is not in {self._guild(data)} any more")

    def _roles_changed(self, data: JSON) -> None:
        before, now = self._roles.get(_member(data), set[int]()), set(map(int, data["roles"]))
        self._roles[_member(data)] = now
        roles = self._world.state.guilds[int(data["guild_id"])].roles
        for role_id in before ^ now:
            if role_id in roles:
                words = "has" if role_id in now else "has no longer"
                self._tell("Role changed", f"{self._name(data)} {words} {roles[role_id].name}")

    def _invoked(self, data: JSON) -> None:
        """The bot's own event tells what was used; that of who used it only that something was."""
        if data.get("type") == _COMMAND:
            user = data["member"]["user"] if "member" in data else data["user"]
            self._tell("Command", f"{user['global_name'] or user['username']} uses {data['data']['name']}")

    def _thread_opened(self, data: JSON) -> None:
        if data.get("newly_created"):
            self._tell("Thread", f"“{data['name']}” is opened")

    def _guild(self, data: JSON) -> str:
        return self._world.state.guilds[int(data["guild_id"])].name

    @staticmethod
    def _name(data: JSON) -> str:
        return data["user"]["global_name"] or data["user"]["username"]


def _member(data: JSON) -> tuple[int, int]:
    return int(data["guild_id"]), int(data["user"]["id"])
