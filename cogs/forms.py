"""A form with one field for a longer text."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
from discord import ui

from bot.live_views import LiveForm

_SECONDS = 15 * 60.0
"""How long a form may be open: without an end, forms that nobody sends would stay in memory."""
Save = Callable[[discord.Interaction[Any], str], Awaitable[None]]


class TextForm(LiveForm):
    """Shows what is there now; an empty one takes it away. `save` gets what was written, without blanks around it."""

    def __init__(self, save: Save, *, title: str, label: str, description: str, text: str, longest: int) -> None:
        super().__init__(title=title[:45], timeout=_SECONDS)
        self._save = save
        self._text = ui.TextInput[Any](
            custom_id="text",
            style=discord.TextStyle.paragraph,
            default=text,
            max_length=longest,
            required=False,
        )
        self.add_item(ui.Label(text=label[:45], description=description[:100], component=self._text))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Save it."""
        await self._save(interaction, self._text.value.strip())
