"""/conversations: a member's own, seen and kept by nobody else."""

import io
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.conversations import Member, OwnConversations
from bot.errors import UserError
from bot.languages import language_of
from cogs.conversations import shown
from cogs.conversations.opening import Opening
from cogs.conversations.views import Confirmation, Pager, fixed
from gateway.errors import ApiError
from gateway.wire import Conversation

Interaction = discord.Interaction[Any]
Recent = Callable[[Interaction, str], Awaitable[list[Conversation]]]
Choices = list[app_commands.Choice[str]]
log = logging.getLogger(__name__)
_PAGE = 10
_TITLE = 100  # https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-choice-structure
_NOBODY = discord.AllowedMentions.none()


@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
class ConversationsCog(
    commands.GroupCog, group_name="conversations", group_description="Your conversations, which only you see here"
):
    """Everything here is shown to the member alone. `recent` finds their conversations by title, quickly."""

    def __init__(self, own: OwnConversations, opening: Opening, recent: Recent) -> None:
        self._own = own
        self._opening = opening
        self._recent = recent

    @app_commands.command(name="list", description="List your conversations, the last used first")
    async def list(self, interaction: Interaction) -> None:
        """With links to their threads."""
        member = await self._begin(interaction)
        language = language_of(interaction)

        async def load(cursor: str | None) -> tuple[discord.Embed, str | None]:
            page = await member.gateway.list_conversations(limit=_PAGE, cursor=cursor)
            lines = shown.listed([(entry, await self._opening.link(entry.id)) for entry in page.conversations])
            text = lines or language.say("You have none yet. Start one with `/ask`.")
            title = language.say("Your conversations in {server}", server=member.guild.name)
            return discord.Embed(title=title, description=text), page.next_cursor

        await Pager(load, language).show(interaction)

    @app_commands.command(name="show", description="Read a conversation again")
    @app_commands.describe(conversation="Which one; without it the one in this thread")
    async def show(self, interaction: Interaction, conversation: str | None = None) -> None:
        """From its beginning."""
        member = await self._begin(interaction)
        chosen = await self._own.chosen(member, conversation, interaction.channel_id)
        language = language_of(interaction)
        pages = shown.transcript(await member.gateway.get_conversation(chosen), language)
        await Pager(fixed(pages), language).show(interaction)

    @app_commands.command(name="search", description="Find words in your conversations")
    @app_commands.describe(words='All of these words; "several words" in a row; -without this one')
    async def search(self, interaction: Interaction, words: app_commands.Range[str, 1, 300]) -> None:
        """The newest first."""
        member = await self._begin(interaction)
        language = language_of(interaction)

        async def load(cursor: str | None) -> tuple[discord.Embed, str | None]:
            page = await member.gateway.search(words, limit=_PAGE, cursor=cursor)
            hits = shown.found([(hit, await self._opening.link(hit.conversation_id)) for hit in page.hits])
            text = hits or language.say("Nothing of yours has these words. Try fewer, or another form of them.")
            return discord.Embed(title=language.say("Found"), description=text), page.next_cursor

        await Pager(load, language).show(interaction)

    @app_commands.command(name="rename", description="Give a conversation another title")
    @app_commands.describe(title="The new title", conversation="Which one; without it the one in this thread")
    async def rename(
        self, interaction: Interaction, title: app_commands.Range[str, 1, _TITLE], conversation: str | None = None
    ) -> None:
        """Its thread gets the title, too."""
        member = await self._begin(interaction)
        title = " ".join(title.split())
        if not title:
            raise UserError("There is no title in that. Write one, then send it again.")
        chosen = await self._own.chosen(member, conversation, interaction.channel_id)
        renamed = await member.gateway.rename_conversation(chosen, title)
        say = language_of(interaction).say
        if await self._opening.rename(chosen, title):
            words = say("It is called {title} now.", title=shown.title_of(renamed.title))
        else:
            words = say(
                "It is called {title} now; Discord did not let me rename its thread.",
                title=shown.title_of(renamed.title),
            )
        await _say(interaction, words)

    @app_commands.command(name="export", description="Get a conversation as a file")
    @app_commands.describe(
        conversation="Which one; without it the one in this thread", format="Markdown to read, JSON for programs"
    )
    async def export(
        self,
        interaction: Interaction,
        conversation: str | None = None,
        format: Literal["Markdown", "JSON"] = "Markdown",  # noqa: A002  what members see
    ) -> None:
        """As the gateway writes it."""
        member = await self._begin(interaction)
        chosen = await self._own.chosen(member, conversation, interaction.channel_id)
        form: Literal["md", "json"] = "json" if format == "JSON" else "md"
        data = await member.gateway.export_conversation(chosen, form)
        if len(data) > member.guild.filesize_limit:
            raise UserError(
                "The file is larger than Discord takes here. Export it from the gateway, with your own key."
            )
        file = discord.File(io.BytesIO(data), filename=f"conversation-{chosen}.{form}")
        await interaction.followup.send(file=file, ephemeral=True)

    @app_commands.command(name="delete", description="Erase a conversation for good")
    @app_commands.describe(conversation="Which one; without it the one in this thread")
    async def delete(self, interaction: Interaction, conversation: str | None = None) -> None:
        """After a second look."""
        member = await self._begin(interaction)
        chosen = await self._own.chosen(member, conversation, interaction.channel_id)
        title = shown.title_of((await member.gateway.get_conversation(chosen)).conversation.title)
        say = language_of(interaction).say

        async def erase() -> str:
            await self._own.erase(member, chosen)
            return say("{title} is erased. What stands in Discord stays until you delete it there.", title=title)

        view = Confirmation(say("Erase"), say("Keep"), erase, say("{title} is kept.", title=title))
        words = say(
            "Erase {title}, with everything that was asked and answered in it? Nobody can undo that.", title=title
        )
        await interaction.followup.send(words, view=view, ephemeral=True, allowed_mentions=_NOBODY)

    @app_commands.command(name="open", description="Bring a conversation back: its thread, or a new one")
    @app_commands.describe(conversation="Which one?", public="Where a new thread is needed, let everybody here read it")
    async def open(self, interaction: Interaction, conversation: str, public: bool = False) -> None:
        """A new thread is private unless said otherwise, since nobody knows any more who saw the old one."""
        member = await self._begin(interaction)
        chosen = await self._own.chosen(member, conversation, None)
        answer = await member.gateway.get_conversation(chosen)
        say = language_of(interaction).say
        thread = await self._opening.bring_back(chosen, member.member)
        if thread is None:
            parent = await self._opening.parent(interaction, private=not public)
            thread = await self._opening.make(parent, member.member, answer.conversation, private=not public)
            words = say("{title} goes on here.", title=shown.title_of(answer.conversation.title))
            await self._opening.remind(thread, answer, interaction, words)
        await _say(interaction, say("It is open: {thread}", thread=thread.mention))

    @show.autocomplete("conversation")
    @rename.autocomplete("conversation")
    @export.autocomplete("conversation")
    @delete.autocomplete("conversation")
    @open.autocomplete("conversation")  # noqa: A003  the command above
    async def _titles(self, interaction: Interaction, words: str) -> Choices:
        return await titles(self._recent, interaction, words)

    async def _begin(self, interaction: Interaction) -> Member:
        await interaction.response.defer(ephemeral=True, thinking=True)
        return await self._own.member(interaction)


async def titles(recent: Recent, interaction: Interaction, words: str) -> Choices:
    """The member's conversations to choose from, the last used first; none where they cannot be had quickly."""
    try:
        found = await recent(interaction, words)
    except (ApiError, UserError, discord.HTTPException) as error:
        log.info("no completion: %s", error)
        return []
    return [app_commands.Choice(name=entry.title[:_TITLE], value=entry.id) for entry in found]


async def _say(interaction: Interaction, words: str) -> None:
    await interaction.followup.send(words, ephemeral=True, allowed_mentions=_NOBODY)
