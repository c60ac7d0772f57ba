"""What is pressed and chosen on /setup's pages. Ids say what it is for, so that it works after a restart."""

import re
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any, Protocol, Self, cast

import discord
from discord import app_commands, ui

from bot.tree import fail_privately

COG = "Setup"
Interaction = discord.Interaction[Any]


class Step(StrEnum):
    """The pages, in order."""

    OVERVIEW = "overview"
    ROLES = "roles"
    PLACE = "place"
    PROMPT = "prompt"
    NOTICE = "notice"
    AUDIT = "audit"
    TRY_OUT = "try"


class Handler(Protocol):
    """The cog that does what is asked for."""

    async def go(self, interaction: Interaction, step: Step) -> None:
        """Show another page."""
        ...

    async def press(self, interaction: Interaction, what: str) -> None:
        """A button that does something."""
        ...

    async def choose_roles(self, interaction: Interaction, what: str, roles: Sequence[discord.Role]) -> None:
        """Other roles were chosen."""
        ...

    async def choose_channels(self, interaction: Interaction, what: str, channel_ids: Sequence[int]) -> None:
        """Other channels were chosen."""
        ...

    async def choose(self, interaction: Interaction, what: str, value: str) -> None:
        """One of several values was chosen."""
        ...


def require_manager(interaction: Interaction) -> None:
    """Pages stay, and who sees one may have lost the permission meanwhile.

    Raises `MissingPermissions`.
    """
    if not interaction.permissions.manage_guild:
        raise app_commands.MissingPermissions(["manage_guild"])


async def _hand(interaction: Interaction, act: Callable[[Handler], Awaitable[None]]) -> None:
    """Let the cog act, for who may manage the server; say every failure."""
    try:
        require_manager(interaction)
        await act(cast("Handler", interaction.client.get_cog(COG)))
    except Exception as error:  # noqa: BLE001  whatever it was, it is logged and the admin is told
        await fail_privately(interaction, error)


_GO = r"rolekey:setup:(?P<way>back|next|home):(?P<step>[a-z]+)"


class GoButton(ui.DynamicItem[ui.Button[ui.View]], template=_GO):
    """Leads to another page; two on a page may lead to the same, so their ids say which way."""

    def __init__(self, way: str, step: Step, label: str = "", *, row: int = 4, disabled: bool = False) -> None:
        self.step = step
        custom_id = f"rolekey:setup:{way}:{step}"
        emoji = {"back": "◀️", "next": "▶️", "home": "🏠"}[way]
        super().__init__(ui.Button(label=label, emoji=emoji, custom_id=custom_id, row=row, disabled=disabled))

    @classmethod
    async def from_custom_id(cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """The button as Discord sent it back."""
        return cls(match["way"], Step(match["step"]))

    async def callback(self, interaction: Interaction) -> None:
        """Hand the press to the cog."""
        await _hand(interaction, lambda cog: cog.go(interaction, self.step))


class ActButton(ui.DynamicItem[ui.Button[ui.View]], template=r"rolekey:setup:act:(?P<what>[a-z]+)"):
    """Opens a form, or does something at once."""

    def __init__(self, what: str, label: str, *, row: int, emoji: str | None = None) -> None:
        self.what = what
        primary = discord.ButtonStyle.primary
        super().__init__(
            ui.Button(label=label, emoji=emoji, style=primary, custom_id=f"rolekey:setup:act:{what}", row=row)
        )

    @classmethod
    async def from_custom_id(cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """The button as Discord sent it back."""
        return cls(match["what"], "", row=4)

    async def callback(self, interaction: Interaction) -> None:
        """Hand the press to the cog."""
        await _hand(interaction, lambda cog: cog.press(interaction, self.what))


class RolesMenu(ui.DynamicItem[ui.RoleSelect[ui.View]], template=r"rolekey:setup:roles:(?P<what>[a-z]+)"):
    """A menu of roles, any number of them."""

    def __init__(self, what: str, hint: str = "", chosen: Sequence[discord.Role] = (), *, row: int = 0) -> None:
        self.what = what
        super().__init__(
            ui.RoleSelect(
                custom_id=f"rolekey:setup:roles:{what}",
                placeholder=hint,
                min_values=0,
                max_values=25,
                default_values=chosen[:25],
                row=row,
            )
        )

    @classmethod
    async def from_custom_id(cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """The menu as Discord sent it back."""
        return cls(match["what"])

    async def callback(self, interaction: Interaction) -> None:
        """Hand the choice to the cog."""
        await _hand(interaction, lambda cog: cog.choose_roles(interaction, self.what, self.item.values))


class ChannelsMenu(ui.DynamicItem[ui.ChannelSelect[ui.View]], template=r"rolekey:setup:channels:(?P<what>[a-z]+)"):
    """A menu of channels."""

    def __init__(
        self,
        what: str,
        hint: str = "",
        chosen: Sequence[discord.abc.GuildChannel] = (),
        *,
        kinds: Sequence[discord.ChannelType] = (),
        most: int = 25,
        row: int = 0,
    ) -> None:
        self.what = what
        super().__init__(
            ui.ChannelSelect(
                custom_id=f"rolekey:setup:channels:{what}",
                placeholder=hint,
                channel_types=[*kinds],
                min_values=0,
                max_values=most,
                default_values=chosen[:most],
                row=row,
            )
        )

    @classmethod
    async def from_custom_id(cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """The menu as Discord sent it back."""
        return cls(match["what"])

    async def callback(self, interaction: Interaction) -> None:
        """Hand the choice to the cog."""
        ids = [channel.id for channel in self.item.values]
        await _hand(interaction, lambda cog: cog.choose_channels(interaction, self.what, ids))


class ChoiceMenu(ui.DynamicItem[ui.Select[ui.View]], template=r"rolekey:setup:choice:(?P<what>[a-z]+)"):
    """A menu of a few values, of which one holds."""

    def __init__(self, what: str, options: Sequence[discord.SelectOption] = (), *, row: int = 0) -> None:
        self.what = what
        super().__init__(ui.Select(custom_id=f"rolekey:setup:choice:{what}", options=[*options], row=row))

    @classmethod
    async def from_custom_id(cls, _interaction: Interaction, _item: ui.Item[Any], match: re.Match[str], /) -> Self:
        """The menu as Discord sent it back."""
        return cls(match["what"])

    async def callback(self, interaction: Interaction) -> None:
        """Hand the choice to the cog."""
        await _hand(interaction, lambda cog: cog.choose(interaction, self.what, self.item.values[0]))


CONTROLS = (GoButton, ActButton, RolesMenu, ChannelsMenu, ChoiceMenu)
