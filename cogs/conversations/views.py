"""Private messages with buttons: pages, and a question before something is erased. They end with their interaction."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
from discord import ui

from bot.languages import Language
from bot.live_views import LiveView

Interaction = discord.Interaction[Any]
Load = Callable[[str | None], Awaitable[tuple[discord.Embed, str | None]]]
_SECONDS = 14 * 60  # an interaction's token lives for 15 minutes
_NOBODY = discord.AllowedMentions.none()


class _Private(LiveView):
    """A view under a message that only one member sees."""

    def __init__(self) -> None:
        super().__init__(timeout=_SECONDS)


class Pager(_Private):
    """Goes back and forth among pages. `load` gives a page from its cursor, None for the first, and the next cursor."""

    def __init__(self, load: Load, language: Language) -> None:
        super().__init__()
        self._load = load
        self._cursors: list[str | None] = [None]
        self._back = _Turn(language.say("Back"), -1)
        self._on = _Turn(language.say("More"), 1)
        self.add_item(self._back).add_item(self._on)

    async def show(self, interaction: Interaction) -> None:
        """Answer an interaction, privately, with the first page."""
        page = await self._page()
        if page["view"] is None:
            del page["view"]
        await interaction.followup.send(**page, ephemeral=True, allowed_mentions=_NOBODY)

    async def turn(self, interaction: Interaction, step: int) -> None:
        """Show the page before or after."""
        if step < 0:
            del self._cursors[-2:]
        await interaction.response.defer()
        await interaction.edit_original_response(**await self._page(), allowed_mentions=_NOBODY)

    async def _page(self) -> dict[str, Any]:
        """The page of the last cursor; afterwards the last cursor is that of the page after it."""
        if not self._cursors:
            self._cursors = [None]
        shown, after = await self._load(self._cursors[-1])
        self._back.disabled = len(self._cursors) < 2
        self._on.disabled = after is None
        alone = self._back.disabled and self._on.disabled
        self._cursors.append(after)
        return {"embed": shown, "view": None if alone else self}


class _Turn(ui.Button[Pager]):
    def __init__(self, label: str, step: int) -> None:
        super().__init__(label=label, style=discord.ButtonStyle.secondary)
        self._step = step

    async def callback(self, interaction: Interaction) -> None:
        if self.view is not None:
            await self.view.turn(interaction, self._step)


def fixed(pages: Sequence[str]) -> Load:
    """Pages that are all there already; their cursors are their numbers."""

    async def load(cursor: str | None) -> tuple[discord.Embed, str | None]:
        number = int(cursor or 0)
        page = discord.Embed(description=pages[number])
        return page, str(number + 1) if number + 1 < len(pages) else None

    return load


class Confirmation(_Private):
    """Does something that cannot be undone once the member says so again."""

    def __init__(self, label: str, keep: str, confirmed: Callable[[], Awaitable[str]], kept: str) -> None:
        super().__init__()
        self._confirmed = confirmed
        self._kept = kept
        self.add_item(_Choice(label, discord.ButtonStyle.danger, yes=True))
        self.add_item(_Choice(keep, discord.ButtonStyle.secondary, yes=False))

    async def chosen(self, interaction: Interaction, *, yes: bool) -> None:
        """Do it or not, and say so in place of the question."""
        await interaction.response.defer()
        words = await self._confirmed() if yes else self._kept
        await interaction.edit_original_response(content=words, view=None, allowed_mentions=_NOBODY)
        self.stop()


class _Choice(ui.Button[Confirmation]):
    def __init__(self, label: str, style: discord.ButtonStyle, *, yes: bool) -> None:
        super().__init__(label=label, style=style)
        self._yes = yes

    async def callback(self, interaction: Interaction) -> None:
        if self.view is not None:
            await self.view.chosen(interaction, yes=self._yes)


class TakingBack(_Private):
    """A menu of members; those chosen are handed to `chosen`, which says what became of it."""

    def __init__(
        self, members: Sequence[tuple[int, str]], placeholder: str, chosen: Callable[[list[int]], Awaitable[str]]
    ) -> None:
        super().__init__()
        shown = members[:25]  # https://discord.com/developers/docs/components/reference#string-select
        options = [discord.SelectOption(label=name[:100], value=str(id_)) for id_, name in shown]
        self.add_item(_Members(placeholder=placeholder, options=options, max_values=len(options)))
        self._chosen = chosen

    async def picked(self, interaction: Interaction, values: list[str]) -> None:
        """Act on the members picked."""
        await interaction.response.defer()
        words = await self._chosen([int(value) for value in values])
        await interaction.edit_original_response(content=words, view=None, allowed_mentions=_NOBODY)
        self.stop()


class _Members(ui.Select[TakingBack]):
    async def callback(self, interaction: Interaction) -> None:
        if self.view is not None:
            await self.view.picked(interaction, self.values)
