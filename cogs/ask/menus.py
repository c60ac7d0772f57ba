"""What the menu of a message offers, under Apps."""

import logging
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.languages import Language, language_of
from bot.quoting import files_of, has_words, nothing_to_read
from bot.tree import fail_privately
from cogs.ask.asking import Asking, Interaction

log = logging.getLogger(__name__)
_FORM = "rolekey:question:"
_QUESTION_LIMIT = 4000  # https://discord.com/developers/docs/components/reference#text-input


class AskMenus(commands.Cog):
    """Message commands. Discord brings the message's words and files along, without any intent.

    `run` is this process's name, which no other has or had: its forms are known by it.
    """

    def __init__(self, bot: commands.AutoShardedBot, asking: Asking, run: str) -> None:
        self._bot = bot
        self._asking = asking
        self._forms = f"{_FORM}{run}:"
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
        custom_id = f"{self._forms}{interaction.id}"
        await interaction.response.send_modal(QuestionForm(self._asking, message, language_of(interaction), custom_id))

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        """A form of an earlier run, which nobody waits for any more: what was written is given back."""
        custom_id = str((interaction.data or {}).get("custom_id", ""))
        if interaction.type is not discord.InteractionType.modal_submit or not custom_id.startswith(_FORM):
            return
        if custom_id.startswith(self._forms):
            return
        try:
            words = language_of(interaction).say(
                "I was restarted while you wrote, and don't know any more which message this is about. Open the menu "
                "of the message again, and send this:"
            )
            card = discord.Embed(description=_written(interaction.data))
            await interaction.response.send_message(
                words, embed=card, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
            )
        except discord.HTTPException as error:
            log.warning("could not give back what was written into a form: %s", error)


def _written(data: Any) -> str:
    """What stands in the one field of a form that was sent."""
    [label] = data["components"]
    return label["component"]["value"]


class QuestionForm(ui.Modal):
    """One field for a question about a message. It is gone when the bot restarts, the message is not."""

    def __init__(self, asking: Asking, message: discord.Message, language: Language, custom_id: str) -> None:
        super().__init__(title=language.say("Ask about this message"), custom_id=custom_id)
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
