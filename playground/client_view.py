"""What a member's Discord client knows: the state when it opens, and each event as it would be told of it."""

from collections.abc import Callable, Iterable

from playground.standin.world import shapes
from playground.standin.world.entities import (
    JSON,
    THREAD_TYPES,
    Channel,
    ChannelType,
    Guild,
    Message,
    MessageFlag,
    User,
)
from playground.standin.world.events import Event
from playground.standin.world.world import World


class ClientView:
    """The world as one of the people in it sees it."""

    def __init__(self, world: World, viewer: User) -> None:
        self._world = world
        self.viewer = viewer
        self._more: dict[str, Callable[[Event], Iterable[JSON]]] = {
            "GUILD_CREATE": self._guild_created,
            "GUILD_MEMBER_UPDATE": self._member_updated,
            "COMMANDS_UPDATE": self._commands_updated,
            "MESSAGE_CREATE": self._message_created,
        }

    # The state

    def guilds(self) -> list[JSON]:
        """Every server they are in, whole."""
        return [self.guild(guild) for guild in self._world.state.guilds.values() if self.viewer.id in guild.members]

    def guild(self, guild: Guild) -> JSON:
        """A server: its roles and members, and of channels, threads and commands what they see of them."""
        state = self._world.state
        channels = [each for each in state.guild_channels(guild) if state.can_view(each, self.viewer.id)]
        threads = [each for each in state.threads_of(guild) if state.can_view(each, self.viewer.id)]
        return self._world.shapes.guild(guild) | {
            "members": [shapes.member(each) | {"guild_id": str(guild.id)} for each in guild.members.values()],
            "channels": [self._world.shapes.channel(each) for each in channels],
            "threads": [self._world.shapes.thread(each, self.viewer.id) for each in threads],
            "commands": self.commands(guild),
        }

    def commands(self, guild: Guild) -> list[JSON]:
        """What they may run on a server."""
        state = self._world.state
        for channel in state.guild_channels(guild):
            if channel.type is ChannelType.TEXT and state.can_view(channel, self.viewer.id):
                return [shapes.command(each) for each in self._world.commands.offered(self.viewer.id, channel)]
        return []

    def direct_messages(self) -> list[JSON]:
        """Their direct message channels, each with the other one."""
        return [
            self._world.shapes.channel(each) | {"recipients": [shapes.user(other)]}
            for each in self._world.state.channels.values()
            if each.type is ChannelType.DM and self.viewer in each.recipients
            for other in each.recipients
            if other is not self.viewer
        ]

    def messages(self, channel: Channel, before: int | None, most: int) -> list[JSON]:
        """The newest messages they see of a channel, older than `before`; newest last. Raises `Refused`."""
        seen = self._world.messages.history(self.viewer.id, channel.id)
        return [self.message(each) for each in seen if before is None or each.id < before][-most:]

    def message(self, message: Message) -> JSON:
        """A message, with their own reactions marked."""
        shape = self._world.shapes.message(message)
        for reaction in shape.get("reactions", ()):
            reaction["me"] = self.viewer.id in message.reactions.get(reaction["emoji"]["name"], ())
        return shape

    # Events

    def frames(self, event: Event) -> Iterable[JSON]:
        """What their client is told of an event: nothing, or the event, and what they see differently by it."""
        if not event.sees(self.viewer.id):
            return
        special = self._more.get(event.name)
        if special is not None:
            yield from special(event)
            return
        data = event.data
        if event.message is not None and event.message.reactions:
            data = data | {"reactions": self.message(event.message)["reactions"]}
        yield _frame(event.name, data)

    def _guild_created(self, event: Event) -> Iterable[JSON]:
        guild = self._world.state.guilds[int(event.data["id"])]
        yield _frame(event.name, self.guild(guild))

    def _member_updated(self, event: Event) -> Iterable[JSON]:
        yield _frame(event.name, event.data)
        if event.data["user"]["id"] == str(self.viewer.id):
            yield self._commands_frame(self._world.state.guilds[int(event.data["guild_id"])])

    def _commands_updated(self, event: Event) -> Iterable[JSON]:
        for guild in self._world.state.guilds.values():
            if self.viewer.id in guild.members and event.guild_id in (None, guild.id):
                yield self._commands_frame(guild)

    def _commands_frame(self, guild: Guild) -> JSON:
        return _frame("COMMANDS_UPDATE", {"guild_id": str(guild.id), "commands": self.commands(guild)})

    def _message_created(self, event: Event) -> Iterable[JSON]:
        """With the thread's new count, which Discord's own client counts by itself."""
        yield _frame(event.name, event.data)
        channel = self._world.state.channels.get(int(event.data["channel_id"]))
        if channel is not None and channel.type in THREAD_TYPES and not event.data["flags"] & MessageFlag.EPHEMERAL:
            yield _frame("THREAD_UPDATE", self._world.shapes.thread(channel, self.viewer.id))


def _frame(name: str, data: JSON) -> JSON:
    return {"t": name, "d": data}
