"""Views and forms that live in this process alone, and what is said to who uses one that is from before a restart.

discord.py hands an interaction to its view, if it has one, before anybody hears of it as an event. So a view that lives
has made its claim by the time a listener runs; what nobody claimed is from before a restart, or its time is over.
"""

import asyncio
from typing import Any

import discord
from discord import ui

from bot.languages import Phrase
from bot.tree import fail_privately, reply_privately

_CLAIMED = "claimed"
OUTLIVED = Phrase("This is from before a restart, or has run out. Run the command again.")
NAMED = "rolekey:"
"""How the custom ids of all that outlives a restart begin: those are claimed by their names."""


class LiveView(ui.View):
    """A view that ends with its process. Errors are told to the member."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Claim it."""
        interaction.extras[_CLAIMED] = True
        return True

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, _item: ui.Item[Any], /) -> None:
        """Tell the member."""
        await fail_privately(interaction, error)


class LiveForm(ui.Modal):
    """A form that ends with its process. Errors are told to the member."""

    async def interaction_check(self, interaction: discord.Interaction[Any], /) -> bool:
        """Claim it."""
        interaction.extras[_CLAIMED] = True
        return True

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, /) -> None:
        """Tell the member."""
        await fail_privately(interaction, error)


async def answer_outlived(interaction: discord.Interaction[Any]) -> None:
    """Say of a press or a form that nobody claims what to do. Never raises."""
    if interaction.type not in {discord.InteractionType.component, discord.InteractionType.modal_submit}:
        return
    custom_id = str((interaction.data or {}).get("custom_id", ""))
    if custom_id.startswith(NAMED):
        return
    await asyncio.sleep(0)  # a view's task was made first, and claims in its first step
    if _CLAIMED not in interaction.extras:
        await reply_privately(interaction, OUTLIVED)
