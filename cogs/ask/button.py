"""The Follow up button under an answer. It carries the conversation's id, so it works after a restart."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, Self, cast

import discord
from discord import ui

from bot.languages import Language
from bot.tree import fail_privately

COG = "Ask"
_PROMPT_LIMIT = 4000  # https://discord.com/developers/docs/components/reference#text-input
Submit = Callable[[discord.Interaction[Any], str], Awaitable[None]]


class Owner(Protocol):
    """The cog that answers a press."""

    async def follow_up_pressed(self, interaction: discord.Interaction[Any], conversation_id: str) -> None:
        """Somebody wants to go on with a conversation."""
        ...


class FollowUpButton(ui.DynamicItem[ui.Button[ui.View]], template=r"rolekey:followup:(?P<conversation>[0-9a-f-]{36})"):
    """Opens a form for the next prompt."""

    def __init__(self, conversation_id: str, label: str | None) -> None:
        self.conversation_id = conversation_id
        super().__init__(
            ui.Button(
                label=label,
                emoji="💬",
                style=discord.ButtonStyle.secondary,
                custom_id=f"rolekey:followup:{conversation_id}",
            )
        )

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """The button as Discord sent it back."""
        return cls(match["conversation"], item.label if isinstance(item, ui.Button) else None)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the press to the cog."""
        cog = cast("Owner", interaction.client.get_cog(COG))
        try:
            await cog.follow_up_pressed(interaction, self.conversation_id)
        except Exception as error:  # noqa: BLE001  whatever it was, it is logged and the member is told
            await fail_privately(interaction, error)


class PromptForm(ui.Modal):
    """One field for the next prompt."""

    def __init__(self, submit: Submit, language: Language) -> None:
        super().__init__(title=language.say("Follow up"))
        self._submit = submit
        self._prompt = ui.TextInput[Any](
            custom_id="prompt", style=discord.TextStyle.paragraph, max_length=_PROMPT_LIMIT
        )
        self.add_item(ui.Label(text=language.say("What do you want to know next?"), component=self._prompt))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Go on with the conversation."""
        await self._submit(interaction, self._prompt.value)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, /) -> None:
        """Tell the member, privately."""
        await fail_privately(interaction, error)


def answer_view(conversation_id: str, language: Language) -> ui.View:
    """The buttons under an answer."""
    return ui.View(timeout=None).add_item(FollowUpButton(conversation_id, language.say("Follow up")))
