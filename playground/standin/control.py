"""How people and tests hold the stand-in: act as anybody, change the world, disturb the network, watch everything."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from aiohttp import WSCloseCode

from playground.standin.faults import Fault, Faults
from playground.standin.journal import Journal
from playground.standin.person import Person
from playground.standin.rate_limits import PRESETS, RateLimits, Rules
from playground.standin.rest.routing import Exchange
from playground.standin.socket.gateway import Gateway
from playground.standin.socket.protocol import Opcode
from playground.standin.socket.session import Dispatched
from playground.standin.world.entities import (
    Application,
    Channel,
    Entitlement,
    Guild,
    Message,
    Overwrite,
    Role,
    User,
)
from playground.standin.world.errors import Code
from playground.standin.world.permissions import EVERYONE, Permission
from playground.standin.world.world import World

T = TypeVar("T")

INVITED = EVERYONE | int(
    Permission.MANAGE_ROLES | Permission.MANAGE_THREADS | Permission.MANAGE_MESSAGES | Permission.MANAGE_CHANNELS
)
"""What a bot is invited with, unless told otherwise."""


class Control:
    """World changes are those of a server's owner: they always succeed. `application` is the bot's."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        journal: Journal,
        faults: Faults,
        limits: RateLimits,
        application: Application,
    ) -> None:
        self.world = world
        self.faults = faults
        self.application = application
        self._gateway = gateway
        self._journal = journal
        self._limits = limits

    # People

    def member(self, guild: Guild, user: User) -> Person:
        """Somebody, in a server."""
        return Person(self.world, self._journal, user, guild)

    def user(self, user: User) -> Person:
        """Somebody, in direct messages."""
        return Person(self.world, self._journal, user, None)

    def create_user(self, username: str, global_name: str | None = None) -> User:
        """Somebody new, in no server yet."""
        return self.world.create_user(username, global_name)

    def add_member(self, guild: Guild, user: User, roles: Iterable[Role] = ()) -> Person:
        """Let somebody in."""
        self.world.guilds.join(guild, user, [role.id for role in roles])
        return self.member(guild, user)

    # Servers

    def create_guild(
        self, name: str, owner: User | None = None, *, with_bot: bool = True, bot_permissions: int = INVITED
    ) -> Guild:
        """A new server, with the bot in it and no channel yet."""
        guild = self.world.guilds.create(name, owner or self.application.owner)
        if with_bot:
            self.add_bot(guild, bot_permissions)
        return guild

    def add_bot(self, guild: Guild, permissions: int = INVITED) -> None:
        """The bot is invited."""
        self.world.guilds.install(guild, self.application.bot, permissions)

    def install_for(self, user: User) -> None:
        """Somebody installs the application for themselves, and brings it along to wherever they go."""
        self.application.installed_by.add(user.id)

    def remove_bot(self, guild: Guild) -> None:
        """The bot is thrown out."""
        self.world.guilds.leave(guild, self.application.bot.id)

    def delete_guild(self, guild: Guild) -> None:
        """The server is no more."""
        self.world.guilds.delete(guild)

    def rename_guild(self, guild: Guild, name: str) -> None:
        """The server has another name."""
        self.world.guilds.rename(guild, name)

    def outage(self, guild: Guild, *, over: bool = False) -> None:
        """The server is out of order, or back."""
        (self.world.guilds.outage_over if over else self.world.guilds.outage)(guild)

    def create_channel(self, guild: Guild, name: str, **traits: Any) -> Channel:
        """A text channel; `traits` as in Discord's Create Guild Channel."""
        return self.world.channels.create(guild, {"name": name, **traits})

    def overwrite(self, channel: Channel, whom: Role | Guild | User, *, allow: int = 0, deny: int = 0) -> None:
        """Set what a role, everyone (the guild) or a user may do in a channel."""
        kind = 1 if isinstance(whom, User) else 0
        self.world.channels.overwrite(channel, Overwrite(whom.id, kind, int(allow), int(deny)))

    def archive(self, thread: Channel, *, archived: bool = True) -> None:
        """Archive a thread, as time does, or open it."""
        self.world.channels.archive(thread, archived=archived)

    def lock(self, thread: Channel) -> None:
        """Archive a thread so that only moderators open it."""
        self.world.channels.archive(thread, archived=True, locked=True)

    def direct_messages(self, user: User) -> Channel:
        """Somebody's direct messages with the bot."""
        return self.world.channels.direct(user, self.application.bot)

    def direct_messages_between(self, one: User, other: User) -> Channel:
        """Two people's direct messages."""
        return self.world.channels.direct(one, other)

    def threads(self, channel: Channel) -> list[Channel]:
        """The threads of a channel, oldest first."""
        guild = self.world.state.guild(channel.guild_id or 0)
        return [thread for thread in self.world.state.threads_of(guild) if thread.parent_id == channel.id]

    # Roles and membership

    def create_role(self, guild: Guild, name: str, permissions: int = 0, **traits: Any) -> Role:
        """A role; `traits` as in Discord's Create Guild Role."""
        return self.world.roles.create(guild, {"name": name, "permissions": str(int(permissions)), **traits})

    def give_role(self, member: Person, role: Role) -> None:
        """An admin gives a role."""
        self.world.roles.give(member.server, member.id, role.id)

    def take_role(self, member: Person, role: Role) -> None:
        """An admin takes a role."""
        self.world.roles.take(member.server, member.id, role.id)

    def delete_role(self, guild: Guild, role: Role) -> None:
        """A role is no more."""
        self.world.roles.remove(guild, role.id)

    def kick(self, member: Person) -> None:
        """The owner kicks somebody."""
        self.world.guilds.kick(member.server.owner_id, member.server, member.id)

    def ban(self, member: Person) -> None:
        """The owner bans somebody."""
        self.world.guilds.ban(member.server.owner_id, member.server, member.id)

    def entitle(self, sku_id: int, *, user: User | None = None, guild: Guild | None = None) -> Entitlement:
        """Somebody, or a server, subscribes."""
        return self.world.entitlements.create(
            self.application, sku_id, user_id=user.id if user else None, guild_id=guild.id if guild else None
        )

    # Network

    def drop_connections(self, *, resumable: bool = True) -> None:
        """Cut every WebSocket off; without `resumable` their sessions are lost too."""
        for connection in list(self._gateway.connections):
            self._gateway.cut(connection, resumable=resumable)

    def ask_reconnect(self) -> None:
        """Tell every bot to connect anew and resume. https://discord.com/developers/docs/events/gateway-events#reconnect"""
        for connection in self._gateway.connections:
            connection.put({"op": int(Opcode.RECONNECT), "d": None})

    def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Tell every bot that its session is invalid. https://discord.com/developers/docs/events/gateway-events#invalid-session"""
        for connection in self._gateway.connections:
            self._gateway.invalidate(connection, resumable=resumable)

    def close_connections(self, code: int = WSCloseCode.GOING_AWAY) -> None:
        """End every WebSocket with a close code."""
        for connection in self._gateway.connections:
            connection.close(code)

    def rate_limits(self, rules: str | Rules) -> None:
        """Limit requests as a preset says ("strict" or "off"), or by rules of one's own; counts begin anew."""
        self._limits.rules = PRESETS[rules] if isinstance(rules, str) else rules

    def fail(
        self, method: str, pattern: str, *, status: int = 500, code: Code | None = None, times: int | None = 1
    ) -> Fault:
        """Answer requests with a status, or one of Discord's errors; `pattern` is a path such as `/channels/*`.

        `times` None is until `heal`. https://discord.com/developers/docs/topics/opcodes-and-status-codes#http
        """
        return self.faults.fail(method, pattern, status=status, code=code, times=times)

    def delay(self, method: str, pattern: str, seconds: float, *, times: int | None = 1) -> Fault:
        """Keep requests waiting before they are done."""
        return self.faults.delay(method, pattern, seconds, times=times)

    def drop(self, method: str, pattern: str, *, times: int | None = 1) -> Fault:
        """Cut the connection of requests instead of answering; what they ask for is not done."""
        return self.faults.drop(method, pattern, times=times)

    def heal(self, fault: Fault | None = None) -> None:
        """Let everything work again, or what one fault is about."""
        self.faults.clear(fault)

    # Watching

    @property
    def requests(self) -> list[Exchange]:
        """Every REST request with its answer, oldest first."""
        return self._journal.requests

    @property
    def events(self) -> list[Dispatched]:
        """Every event a shard was sent, oldest first."""
        return self._journal.events

    async def until(self, predicate: Callable[[], T | None], timeout: float = 30.0) -> T:  # noqa: ASYNC109
        """What `predicate` gives, once that is true. Raises `TimeoutError` after so many seconds."""
        return await self._journal.until(predicate, timeout)

    def messages(self, channel: Channel, as_member: Person) -> list[Message]:
        """What somebody sees of a channel, oldest first."""
        return as_member.messages(channel)
