"""What people set off: commands, completion, buttons, forms; it becomes the INTERACTION_CREATE the application gets.

https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object
"""

import secrets
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from playground.standin.world import shapes
from playground.standin.world.commands import MESSAGE, SLASH, SUBCOMMAND, SUBCOMMAND_GROUP, Commands
from playground.standin.world.components import BUTTON, SELECTS, nested_components, select_range
from playground.standin.world.drafts import Upload
from playground.standin.world.entities import JSON, Attachment, Channel, Command, Message, User, listed
from playground.standin.world.errors import NotOffered
from playground.standin.world.events import Event
from playground.standin.world.interaction import Interaction, InteractionType, Stage
from playground.standin.world.options import check_options
from playground.standin.world.permissions import EVERYONE
from playground.standin.world.pictures import picture_size
from playground.standin.world.shapes import Shapes
from playground.standin.world.state import State

_USER, _CHANNEL, _ROLE, _MENTIONABLE, _ATTACHMENT = 6, 7, 8, 9, 11
_UPLOAD_LIMIT = 10 * 1024 * 1024


class Invoking:
    """Turns what a user does into an interaction. Raises `NotOffered` where Discord's client would not let them."""

    def __init__(self, state: State, shapes: Shapes, commands: Commands, *, answer_within: timedelta) -> None:
        self._state = state
        self._shapes = shapes
        self._commands = commands
        self._answer_within = answer_within

    def slash(
        self,
        user: User,
        channel: Channel,
        command: Command,
        options: list[JSON],
        uploads: Iterable[Upload] = (),
        nonce: str | None = None,
    ) -> Interaction:
        """Run a slash command; `options` as Discord nests them, an attachment's value is its upload's slot."""
        self._require_offered(user, channel, command)
        check_options(command.definition["options"], options)
        files = self._upload(channel, uploads)
        for option in _leaves(options):
            if option["type"] == _ATTACHMENT:
                option["value"] = str(files[int(option["value"])].id)
        data = self._command_data(command) | {"options": options}
        data["resolved"] = self._resolved(channel, options, files.values())
        return self._begin(InteractionType.COMMAND, command.application_id, user, channel, data, nonce=nonce)

    def autocomplete(
        self, user: User, channel: Channel, command: Command, options: list[JSON], nonce: str | None = None
    ) -> Interaction:
        """Ask for choices while typing; the option with `focused` is the one that is typed."""
        self._require_offered(user, channel, command)
        data = self._command_data(command) | {"options": options}
        data["resolved"] = self._resolved(channel, options, ())
        return self._begin(InteractionType.AUTOCOMPLETE, command.application_id, user, channel, data, nonce=nonce)

    def context(
        self, user: User, channel: Channel, command: Command, target_id: int, nonce: str | None = None
    ) -> Interaction:
        """Run a menu command on a message or a user."""
        self._require_offered(user, channel, command)
        data = self._command_data(command) | {"target_id": str(target_id)}
        if command.type == MESSAGE:
            message = self._visible(user, self._state.message(channel.id, target_id))
            data["resolved"] = {"messages": {str(target_id): self._shapes.message(message)}}
        else:
            option = {"type": _USER, "value": str(target_id)}
            data["resolved"] = self._resolved(channel, [option], ())
        return self._begin(InteractionType.COMMAND, command.application_id, user, channel, data, nonce=nonce)

    def press(self, user: User, message: Message, custom_id: str, nonce: str | None = None) -> Interaction:
        """Press a button."""
        component = self._component(user, message, custom_id)
        if component["type"] != BUTTON:
            raise NotOffered(f"{custom_id} is no button")
        data = {"id": component["id"], "custom_id": custom_id, "component_type": BUTTON}
        return self._on_message(user, message, data, nonce)

    def select(
        self, user: User, message: Message, custom_id: str, values: list[str], nonce: str | None = None
    ) -> Interaction:
        """Choose in a menu."""
        component = self._component(user, message, custom_id)
        if component["type"] not in SELECTS:
            raise NotOffered(f"{custom_id} is no menu to choose from")
        least, most = select_range(component)
        if not least <= len(values) <= most:
            raise NotOffered("that is too few or too many")
        known = {option["value"] for option in listed(component, "options")}
        if known and not set(values) <= known:
            raise NotOffered("that is not in the menu")
        data: JSON = {
            "id": component["id"],
            "custom_id": custom_id,
            "component_type": component["type"],
            "values": values,
        }
        kind = {5: _USER, 6: _ROLE, 7: _MENTIONABLE, 8: _CHANNEL}.get(component["type"])
        if kind is not None:
            channel = self._state.channel(message.channel_id)
            data["resolved"] = self._resolved(channel, [{"type": kind, "value": value} for value in values], ())
        return self._on_message(user, message, data, nonce)

    def submit(
        self, user: User, opened_by: Interaction, values: dict[str, str | list[str]], nonce: str | None = None
    ) -> Interaction:
        """Send a form off; `values` by the fields' custom ids, absent ones are left as they were."""
        if opened_by.modal is None or opened_by.user is not user:
            raise NotOffered("there is no such form")
        modal = opened_by.modal
        data: JSON = {
            "id": str(opened_by.id),
            "custom_id": modal["custom_id"],
            "components": [_filled(component, values) for component in modal["components"]],
            "resolved": {},
        }
        return self._begin(
            InteractionType.MODAL,
            opened_by.application.id,
            user,
            opened_by.channel,
            data,
            source=opened_by.source,
            nonce=nonce,
            triggered_by=opened_by,
        )

    # Beginning

    def _begin(
        self,
        kind: InteractionType,
        application_id: int,
        user: User,
        channel: Channel,
        data: JSON,
        **more: Any,
    ) -> Interaction:
        guild = self._state.guilds.get(channel.guild_id or 0)
        interaction = Interaction(
            id=self._state.snowflakes.make(),
            token=secrets.token_urlsafe(48),
            type=kind,
            application=self._state.application(application_id),
            user=user,
            channel=channel,
            guild=guild,
            member=guild.members.get(user.id) if guild is not None else None,
            data=data,
            created_at=self._state.clock.now(),
            **more,
        )
        self._state.interactions[interaction.token] = interaction
        seconds = self._answer_within / timedelta(seconds=1)
        interaction.deadline = self._state.clock.call_later(seconds, lambda: self._give_up(interaction))
        self._tell_user("INTERACTION_CREATE", interaction)
        bot_id = interaction.application.bot.id
        self._state.bus.emit(
            Event("INTERACTION_CREATE", self._payload(interaction), channel.guild_id, lambda user_id: user_id == bot_id)
        )
        return interaction

    def _give_up(self, interaction: Interaction) -> None:
        if interaction.stage is Stage.WAITING:
            interaction.stage = Stage.FAILED
            self._tell_user("INTERACTION_FAILURE", interaction, reason="The application did not respond")

    def _tell_user(self, name: str, interaction: Interaction, **more: str) -> None:
        data = {"id": str(interaction.id), "nonce": interaction.nonce, **more}
        self._state.bus.emit(
            Event(name, data, interaction.channel.guild_id, lambda user_id: user_id == interaction.user.id)
        )

    def _payload(self, of: Interaction) -> JSON:
        bot_id = of.application.bot.id
        shape: JSON = {
            "id": str(of.id),
            "application_id": str(of.application.id),
            "type": int(of.type),
            "token": of.token,
            "version": 1,
            "data": of.data,
            "channel_id": str(of.channel.id),
            "channel": self._shapes.interaction_channel(of.channel, of.user.id),
            "app_permissions": str(self._state.permissions(of.channel, bot_id) if of.bot_is_there else EVERYONE),
            "locale": of.user.locale,
            "entitlements": self._entitlements(of),
            "authorizing_integration_owners": of.owners,
            "context": of.context,
            "attachment_size_limit": _UPLOAD_LIMIT,
        }
        if of.source is not None:
            shape["message"] = self._shapes.message(of.source)
        if of.guild is None or of.member is None:
            return shape | {"user": shapes.user(of.user)}
        member = self._shapes.resolved_member(of.member, of.channel) | {"user": shapes.user(of.user)}
        guild = {"id": str(of.guild.id), "locale": of.guild.locale, "features": list[str]()}
        return shape | {
            "guild_id": str(of.guild.id),
            "guild": guild,
            "guild_locale": of.guild.locale,
            "member": member,
        }

    def _entitlements(self, of: Interaction) -> list[JSON]:
        now = self._state.clock.now()
        return [
            shapes.entitlement(each)
            for each in self._state.entitlements.values()
            if each.application_id == of.application.id
            and not each.deleted
            and (each.ends_at is None or each.ends_at > now)
            and (each.user_id == of.user.id or (of.guild is not None and each.guild_id == of.guild.id))
        ]

    # Checking

    def _require_offered(self, user: User, channel: Channel, command: Command) -> None:
        if not self._state.can_view(channel, user.id) or command not in self._commands.offered(user.id, channel):
            raise NotOffered(f"{command.name} is not offered to {user.username} there")

    def _visible(self, user: User, message: Message) -> Message:
        if message.ephemeral_to not in (None, user.id):
            raise NotOffered("they do not see that message")
        if not self._state.can_view(self._state.channel(message.channel_id), user.id):
            raise NotOffered("they do not see that channel")
        return message

    def _component(self, user: User, message: Message, custom_id: str) -> JSON:
        self._visible(user, message)
        for component in nested_components(message.components):
            if component.get("custom_id") == custom_id:
                if component.get("disabled"):
                    raise NotOffered(f"{custom_id} is disabled")
                return component
        raise NotOffered(f"the message has no {custom_id}")

    def _on_message(self, user: User, message: Message, data: JSON, nonce: str | None) -> Interaction:
        channel = self._state.channel(message.channel_id)
        application = self._state.application_of(message.author.id)
        if application is None:
            raise NotOffered("the message is of no application")
        return self._begin(InteractionType.COMPONENT, application.id, user, channel, data, source=message, nonce=nonce)

    # Data

    @staticmethod
    def _command_data(command: Command) -> JSON:
        data: JSON = {"id": str(command.id), "name": command.name, "type": command.type}
        if command.type == SLASH:
            data["options"] = []
        return data | {"guild_id": str(command.guild_id)} if command.guild_id is not None else data

    def _upload(self, channel: Channel, uploads: Iterable[Upload]) -> dict[int, Attachment]:
        files: dict[int, Attachment] = {}
        for upload in uploads:
            width, height = picture_size(upload.data) or (None, None)
            file = Attachment(
                self._state.snowflakes.make(),
                upload.filename,
                upload.content_type,
                upload.data,
                ephemeral=True,
                width=width,
                height=height,
            )
            self._state.attachments[file.id] = (channel.id, file)
            files[upload.slot] = file
        return files

    def _resolved(self, channel: Channel, options: list[JSON], files: Iterable[Attachment]) -> JSON:
        """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-resolved-data-structure"""
        resolved: JSON = {}
        resolvers: dict[int, Callable[[Channel, int, JSON], object]] = {
            _USER: self._resolve_user,
            _CHANNEL: self._resolve_channel,
            _ROLE: self._resolve_role,
            _MENTIONABLE: self._resolve_mentionable,
        }
        for option in _leaves(options):
            if option["type"] in resolvers:
                resolvers[option["type"]](channel, int(option["value"]), resolved)
        for file in files:
            resolved.setdefault("attachments", {})[str(file.id)] = self._shapes.attachment(file)
        return resolved

    def _resolve_user(self, channel: Channel, user_id: int, resolved: JSON) -> None:
        resolved.setdefault("users", {})[str(user_id)] = shapes.user(self._state.user(user_id))
        guild = self._state.guilds.get(channel.guild_id or 0)
        if guild is not None and user_id in guild.members:
            member = self._shapes.resolved_member(guild.members[user_id], channel)
            resolved.setdefault("members", {})[str(user_id)] = member

    def _resolve_role(self, channel: Channel, role_id: int, resolved: JSON) -> None:
        role = self._state.guild(channel.guild_id or 0).roles[role_id]
        resolved.setdefault("roles", {})[str(role_id)] = shapes.role(role)

    def _resolve_channel(self, _channel: Channel, channel_id: int, resolved: JSON) -> None:
        found = self._state.channel(channel_id)
        shape = self._shapes.channel(found) | {"permissions": "0"}
        resolved.setdefault("channels", {})[str(channel_id)] = shape

    def _resolve_mentionable(self, channel: Channel, snowflake: int, resolved: JSON) -> None:
        if snowflake in self._state.users:
            self._resolve_user(channel, snowflake, resolved)
        else:
            self._resolve_role(channel, snowflake, resolved)


def _leaves(options: Iterable[JSON]) -> Iterable[JSON]:
    """The options that have values, out of subcommands."""
    for option in options:
        if option["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP):
            yield from _leaves(option.get("options") or [])
        else:
            yield option


def _filled(component: JSON, values: dict[str, str | list[str]]) -> JSON:
    """A form's component as it is sent back: https://discord.com/developers/docs/components/reference#anatomy-of-a-component"""
    sent: JSON = {"type": component["type"], "id": component["id"]}
    if component.get("components") is not None:
        return sent | {"components": [_filled(inner, values) for inner in component["components"]]}
    if component.get("component"):
        return sent | {"component": _filled(component["component"], values)}
    custom_id = component.get("custom_id")
    if custom_id is None:
        return sent
    if component["type"] in SELECTS:
        chosen = values.get(custom_id, [])
        return sent | {"custom_id": custom_id, "values": [chosen] if isinstance(chosen, str) else chosen}
    value = values.get(custom_id, component.get("value") or "")
    _check_field(component, value)
    return sent | {"custom_id": custom_id, "value": value}


def _check_field(component: JSON, value: object) -> None:
    if not isinstance(value, str):
        raise NotOffered(f"{component['custom_id']} takes text")
    if not value and component.get("required", True):
        raise NotOffered(f"{component['custom_id']} must be filled in")
    if value and not (component.get("min_length") or 0) <= len(value) <= (component.get("max_length") or 4000):
        raise NotOffered(f"{component['custom_id']} is too short or too long")
