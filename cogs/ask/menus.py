"""What the menu of a message offers, under Apps."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.languages import Language, language_of
from bot.quoting import files_of, has_words, nothing_to_read
from bot.tree import fail_privately
from cogs.ask.asking import Asking, Interaction

_QUESTION_LIMIT = 4000  # https://discord.com/developers/docs/components/reference#text-input


class AskMenus(commands.Cog):
    """Message commands. Discord brings the message's words and files along, without any intent."""

    def __init__(self, bot: commands.AutoShardedBot, asking: Asking) -> None:
        self._bot = bot
        self._asking = asking
        self._menus = (app_commands.ContextMenu(name="Ask about this message", callback=self._ask_about),)

    async def cog_load(self) -> None:
        """Put the commands into the menu."""
        for menu in self._menus:
            everywhere = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)(menu)
            self._bot.tree.add_command(app_commands.allowed_installs(guilds=True, users=True)(everywhere))

    async def cog_unload(self) -> None:
        """Take them out again."""
        for menu in self._menus:
            self._bot.tree.remove_command(menu.name, type=menu.type)

    async def _ask_about(self, interaction: Interaction, message: discord.Message) -> None:
        if not has_words(message) and not files_of(message):
            raise nothing_to_read()
        await interaction.response.send_modal(QuestionForm(self._asking, message, language_of(interaction)))


class QuestionForm(ui.Modal):
    """One field for a question about a message. It is gone when the bot restarts, the message is not."""

    def __init__(self, asking: Asking, message: discord.Message, language: Language) -> None:
        super().__init__(title=language.say("Ask about this message"))
        self._asking = asking
        self._message = message
        self._question = ui.TextInput[Any](
            custom_id="question", style=discord.TextStyle.paragraph, max_length=_QUESTION_LIMIT
        )
        self.add_item(ui.Label(text=language.say("What do you want to know about it?"), component=self._question))

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Begin the conversation."""
        await self._asking.ask_about(interaction, self._question.value, self._message)

    async def on_error(self, interaction: discord.Interaction[Any], error: Exception, /) -> None:
        """Tell the member, privately."""
        await fail_privately(interaction, error)
