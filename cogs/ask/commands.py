"""/ask and /followup."""

import logging
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from cogs.ask.askers import Interaction
from cogs.ask.asking import Asking
from cogs.ask.buttons import COG, AnswerButton, Pressed, RetryButton
from cogs.ask.presses import Presses
from cogs.ask.targets import Targets
from gateway.errors import ApiError

log = logging.getLogger(__name__)
_CHOICE_CHARACTERS = 100


class AskCog(commands.Cog, name=COG):
    """Commands, their completion, and the buttons."""

    def __init__(self, bot: commands.AutoShardedBot, asking: Asking, targets: Targets, presses: Presses) -> None:
        self._bot = bot
        self._asking = asking
        self._targets = targets
        self._presses = presses

    async def cog_load(self) -> None:
        """Listen for presses on buttons of every earlier run."""
        self._bot.add_dynamic_items(AnswerButton, RetryButton)

    @app_commands.command(name="ask", description="Ask a question; the answer comes in a thread of your own")
    @app_commands.describe(
        prompt="What do you want to know?",
        tier="Which models to use; without it the best you have access to",
        private="Only you see the answer",
        file="An image or a text file that goes along",
        file2="Another file",
        file3="And one more",
    )
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def ask(
        self,
        interaction: Interaction,
        prompt: app_commands.Range[str, 1, 6000],
        tier: Literal["free", "plus"] | None = None,
        private: bool = False,
        file: discord.Attachment | None = None,
        file2: discord.Attachment | None = None,
        file3: discord.Attachment | None = None,
    ) -> None:
        """A new conversation."""
        files = [entry for entry in (file, file2, file3) if entry is not None]
        await self._asking.ask(interaction, prompt, tier, private=private, attachments=files)

    @app_commands.command(name="followup", description="Go on with a conversation, from anywhere")
    @app_commands.describe(
        prompt="What do you want to know next?",
        conversation="Which conversation; without it the one in this thread, or else your last one",
        file="An image or a text file that goes along",
    )
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def followup(
        self,
        interaction: Interaction,
        prompt: app_commands.Range[str, 1, 6000],
        conversation: str | None = None,
        file: discord.Attachment | None = None,
    ) -> None:
        """The next prompt of a conversation."""
        await self._asking.follow_up(interaction, prompt, conversation, [file] if file else [])

    @followup.autocomplete("conversation")
    async def _conversations(self, interaction: Interaction, words: str) -> list[app_commands.Choice[str]]:
        try:
            found = await self._targets.recent(interaction, words)
        except (ApiError, discord.HTTPException) as error:
            log.info("no completion: %s", error)
            return []
        return [app_commands.Choice(name=entry.title[:_CHOICE_CHARACTERS], value=entry.id) for entry in found]

    async def pressed(self, interaction: discord.Interaction[Any], pressed: Pressed) -> None:
        """A button under an answer."""
        await self._presses.act(interaction, pressed)

    async def asked_again(self, interaction: discord.Interaction[Any], promise_id: int) -> None:
        """Retry under a question that a crash left unasked."""
        await self._presses.ask_again(interaction, promise_id)
