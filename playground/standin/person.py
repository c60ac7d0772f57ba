"""Somebody one can act as. What Discord's own client would not allow raises `NotOffered` or `Refused`."""

from collections.abc import Iterable, Sequence
from typing import Any

from playground.standin.invocation import Invocation, Modal
from playground.standin.journal import Journal
from playground.standin.world.commands import SLASH
from playground.standin.world.components import labelled
from playground.standin.world.drafts import Draft, Upload
from playground.standin.world.entities import JSON, Channel, Command, Guild, Member, Message, User
from playground.standin.world.errors import NotOffered
from playground.standin.world.options import nest
from playground.standin.world.world import World


class Person:
    """A user, in one server or, without one, in direct messages."""

    def __init__(self, world: World, journal: Journal, user: User, guild: Guild | None) -> None:
        self._world = world
        self._journal = journal
        self.user = user
        self.guild = guild

    @property
    def id(self) -> int:
        """The user's id."""
        return self.user.id

    @property
    def server(self) -> Guild:
        """The server they act in. Raises `NotOffered` in direct messages."""
        if self.guild is None:
            raise NotOffered(f"{self.user.username} acts in direct messages")
        return self.guild

    @property
    def member(self) -> Member:
        """Their membership. Raises `Refused` 10007 once they are gone."""
        return self._world.state.member(self.server.id, self.user.id)

    # Messages

    async def send(
        self,
        channel: Channel,
        content: str = "",
        *,
        reply_to: Message | None = None,
        attachments: Sequence[Upload] = (),
        ping: bool = True,
    ) -> Message:
        """Write; `ping` says whether who is replied to is told."""
        body: JSON = {"content": content}
        if reply_to is not None:
            body["message_reference"] = {"message_id": str(reply_to.id)}
            body["allowed_mentions"] = {"parse": ["users", "roles", "everyone"], "replied_user": ping}
        return self._world.messages.send(self.id, channel.id, Draft(body, list(attachments)))

    async def edit(self, message: Message, content: str) -> Message:
        """Change one's own message."""
        return self._world.messages.edit(self.id, message.channel_id, message.id, Draft({"content": content}))

    async def delete(self, message: Message) -> None:
        """Delete a message; one that only they see is dismissed."""
        if message.ephemeral_to == self.id:
            self._world.messages.remove(self._world.state.channel(message.channel_id), message)
        else:
            self._world.messages.delete(self.id, message.channel_id, message.id)

    async def react(self, message: Message, emoji: str) -> None:
        """Add a reaction."""
        self._world.reactions.add(self.id, message.channel_id, message.id, emoji)

    async def type(self, channel: Channel) -> None:
        """Begin to write."""
        self._world.messages.typing(self.id, channel.id)

    def messages(self, channel: Channel) -> list[Message]:
        """What they see there, oldest first."""
        return self._world.messages.history(self.id, channel.id)

    def sees(self, channel: Channel) -> bool:
        """Whether a channel is there for them."""
        return channel.id in self._world.state.channels and self._world.state.can_view(channel, self.id)

    # Interactions

    async def slash(
        self, channel: Channel, command: str, *, attachments: Sequence[Upload] = (), **options: Any
    ) -> Invocation:
        """Run a command, such as "ask" or "access set"; users, roles and channels are given as they are."""
        found, nested = self._compose(channel, command, options)
        return self._invocation(self._world.invoking.slash(self.user, channel, found, nested, attachments))

    async def autocomplete(
        self, channel: Channel, command: str, *, option: str, value: str = "", **options: Any
    ) -> list[JSON]:
        """Type into an option of a command; the choices that come, `{name, value}` each."""
        found, nested = self._compose(channel, command, {**options, option: value})
        _focus(nested, option)
        return await self._invocation(self._world.invoking.autocomplete(self.user, channel, found, nested)).choices()

    async def context(self, channel: Channel, command: str, target: Message | User) -> Invocation:
        """Run a command of a message's or a user's menu."""
        kinds = (3,) if isinstance(target, Message) else (2,)
        found = self._command(channel, command, kinds)
        return self._invocation(self._world.invoking.context(self.user, channel, found, target.id))

    async def press(self, message: Message, custom_id: str = "", *, label: str | None = None) -> Invocation:
        """Press a button, known by its custom id or by what stands on it."""
        if label is not None:
            custom_id = labelled(message.components, label).get("custom_id") or label
        return self._invocation(self._world.invoking.press(self.user, message, custom_id))

    async def select(self, message: Message, custom_id: str, values: Iterable[str]) -> Invocation:
        """Choose in a menu."""
        return self._invocation(self._world.invoking.select(self.user, message, custom_id, list(values)))

    async def submit(self, modal: Modal, **values: str | list[str]) -> Invocation:
        """Send a form off; values by the fields' custom ids."""
        return self._invocation(self._world.invoking.submit(self.user, modal.interaction, values))

    def commands(self, channel: Channel) -> list[Command]:
        """What they are offered there."""
        return self._world.commands.offered(self.id, channel)

    def _invocation(self, interaction: Any) -> Invocation:
        return Invocation(interaction, self._journal)

    def _command(self, channel: Channel, name: str, kinds: Sequence[int]) -> Command:
        for command in self.commands(channel):
            if command.name == name and command.type in kinds:
                return command
        raise NotOffered(f"{name} is not offered to {self.user.username} there")

    def _compose(self, channel: Channel, words: str, options: dict[str, Any]) -> tuple[Command, list[JSON]]:
        name, *path = words.split()
        command = self._command(channel, name, (SLASH,))
        return command, nest(command.definition["options"], path, options)

    # Coming and going

    async def leave(self) -> None:
        """Leave the server."""
        self._world.guilds.leave(self.server, self.id)

    async def join(self) -> None:
        """Come back, without any role."""
        self._world.guilds.join(self.server, self.user)


def _focus(options: list[JSON], name: str) -> None:
    for option in options:
        _focus(option.get("options") or [], name)
        if option["name"] == name and "value" in option:
            option["focused"] = True
