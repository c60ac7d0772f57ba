"""/share, /fork and "Fork to my own thread": conversations for others."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.conversations import Member, OwnConversations, check_owner
from bot.errors import UnknownConversation, UserError
from bot.guests import Guests
from bot.languages import Languages, counted, language_of
from bot.threads import Held, Threads
from cogs.conversations import shown
from cogs.conversations.commands import Recent, titles
from cogs.conversations.opening import Opening
from cogs.conversations.views import TakingBack

Interaction = discord.Interaction[Any]
_NOBODY = discord.AllowedMentions.none()
_FORK = "Fork to my own thread"
_CONTINUE = "Continue from here"


class SharingCog(commands.Cog):
    """Who may follow up in whose thread, and copies for those who would rather go their own way."""

    def __init__(
        self,
        bot: commands.AutoShardedBot,
        own: OwnConversations,
        opening: Opening,
        threads: Threads,
        guests: Guests,
        languages: Languages,
        recent: Recent,
    ) -> None:
        self._bot = bot
        self._own = own
        self._opening = opening
        self._threads = threads
        self._guests = guests
        self._languages = languages
        self._recent = recent
        self._menus = (
            app_commands.ContextMenu(name=_FORK, callback=self._fork_from_message),
            app_commands.ContextMenu(name=_CONTINUE, callback=self._continue_from_message),
        )

    async def cog_load(self) -> None:
        """Put the menus beside messages."""
        for menu in self._menus:
            menu.guild_only = True
            self._bot.tree.add_command(menu)

    async def cog_unload(self) -> None:
        """Take them away."""
        for menu in self._menus:
            self._bot.tree.remove_command(menu.name, type=menu.type)

    @app_commands.command(name="share", description="Let another member follow up in your thread, on their own limits")
    @app_commands.describe(
        member="With whom; without it you see with whom it is shared, and can take that back",
        conversation="Which conversation; without it the one in this thread",
    )
    @app_commands.guild_only()
    async def share(
        self, interaction: Interaction, member: discord.Member | None = None, conversation: str | None = None
    ) -> None:
        """The guest reads all of it and follows up with their own key; only the owner may share it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        owner = await self._own.member(interaction)
        chosen = await self._own.chosen(owner, conversation, interaction.channel_id)
        held = await self._threads.of_conversation(chosen)
        if held is None:
            raise UnknownConversation(
                "This conversation has no thread to share. Give it one with `/conversations open`."
            )
        check_owner(held, owner.member.id)
        if member is None:
            await self._show_guests(interaction, owner, chosen)
        else:
            await self._share_with(interaction, owner, chosen, member)

    async def _share_with(self, interaction: Interaction, owner: Member, chosen: str, member: discord.Member) -> None:
        if member.bot or member.id == owner.member.id:
            raise UserError("Choose another member of this server, not yourself and no bot.")
        thread = await self._opening.bring_back(chosen, member)
        if thread is None:
            raise UserError(
                "I can't let {member} into the thread. Is it locked, or can they not see the channel?",
                member=member.mention,
            )
        await self._own.share(chosen, member)
        words = self._languages.of_guild(thread.guild).say(
            "{owner} shares this conversation with {member}, who can follow up here, on their own limits.",
            owner=owner.member.mention,
            member=member.mention,
        )
        await thread.send(words, allowed_mentions=discord.AllowedMentions(users=[member]))
        words = language_of(interaction).say(
            "{member} can follow up in {thread} now and read all of it. Take that back with `/share`.",
            member=member.mention,
            thread=thread.mention,
        )
        await interaction.followup.send(words, ephemeral=True, allowed_mentions=_NOBODY)

    async def _show_guests(self, interaction: Interaction, owner: Member, chosen: str) -> None:
        language = language_of(interaction)
        guests = await self._own.guests(chosen)
        if not guests:
            words = language.say("It is shared with nobody. `/share` with a member lets them follow up.")
            await interaction.followup.send(words, ephemeral=True)
            return

        async def take_back(members: list[int]) -> str:
            for member_id in members:
                await self._own.take_back(chosen, owner.guild.id, member_id)
            return language.say(
                counted(
                    "Taken back from {count} member. What they wrote stays.",
                    "Taken back from {count} members. What they wrote stays.",
                    len(members),
                )
            )

        named = [(id_, member.display_name if (member := owner.guild.get_member(id_)) else str(id_)) for id_ in guests]
        words = language.say("It is shared with {members}.", members=[f"<@{id_}>" for id_ in guests])
        view = TakingBack(named, language.say("Take it back from…"), take_back)
        await interaction.followup.send(words, view=view, ephemeral=True, allowed_mentions=_NOBODY)

    @share.autocomplete("conversation")
    async def _titles(self, interaction: Interaction, words: str) -> list[app_commands.Choice[str]]:
        return await titles(self._recent, interaction, words)

    @app_commands.command(name="fork", description="Go on with this thread's conversation in a thread of your own")
    @app_commands.guild_only()
    async def fork(self, interaction: Interaction) -> None:
        """A copy of what was said so far, for whoever can read it here."""
        await self._fork(interaction, await self._threads.in_channel(interaction.channel_id or 0))

    async def _fork_from_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Fork what this message belongs to."""
        held = await self._threads.in_channel(message.channel.id) or await self._threads.of_answer(message.id)
        await self._fork(interaction, held)

    async def _continue_from_message(self, interaction: Interaction, message: discord.Message) -> None:
        """Another branch: what came after this answer is left out, and stays where it is."""
        held, ids = await self._threads.of_answer(message.id), await self._threads.answer_in(message.id)
        if held is None or ids is None or ids.reply_id is None:
            raise UnknownConversation("That is no answer of mine to go on from. Choose one that is finished.")
        await self._fork(interaction, held, ids.reply_id)

    async def _fork(self, interaction: Interaction, held: Held | None, reply_id: str | None = None) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        if held is None:
            raise UnknownConversation("There is no conversation of mine here. Use this in a thread with my answers.")
        member = await self._own.member(interaction)
        private = isinstance(interaction.channel, discord.Thread) and interaction.channel.is_private()
        if private and not await self._guests.includes(held.conversation_id, member.member.id):
            check_owner(held, member.member.id)
        parent = await self._opening.parent(interaction, private=private)
        if not (reply_id or await self._own.shows_replies(held)):
            await self._opening.note_replies(held)
        copy = await self._own.fork(held, member, reply_id)
        thread = await self._opening.make(parent, member.member, copy, private=private)
        words = language_of(interaction).say(
            "{title}, forked by {member} from {thread}. It goes on here on its own.",
            title=shown.title_of(copy.title),
            member=member.member.mention,
            thread=f"<#{held.channel_id}>",
        )
        await self._opening.remind(thread, await member.gateway.get_conversation(copy.id), interaction, words)
        words = language_of(interaction).say("Your own copy: {thread}", thread=thread.mention)
        await interaction.followup.send(words, ephemeral=True, allowed_mentions=_NOBODY)
