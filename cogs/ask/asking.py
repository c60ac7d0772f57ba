"""From who asks, what and where, to an answer: shared by commands, messages and buttons."""

import logging
from collections.abc import Sequence
from typing import Any

import discord
import msgspec

from bot.answering import Prompt
from bot.attachments import Attachments, names_of
from bot.guild_settings import Applying, Guilds
from bot.installs import is_elsewhere, server_of
from bot.keys import MemberKeys
from bot.languages import Language, Phrase, language_of
from bot.places import Place, Places, beneath, here, in_held_thread, show_card
from bot.promises import Promise, Promises, Question
from bot.prompting import Prompting
from bot.quoting import about, files_of, has_words, nothing_to_read
from bot.rendering.errors import RenderingError
from bot.threads import Held, Threads
from bot.tree import reply_privately
from cogs.ask.askers import Askers, Interaction, Who, Wish
from cogs.ask.cards import prompt_card
from cogs.ask.deferring import gain_time, gaining_time
from cogs.ask.targets import Targets, is_admin, not_yours
from cogs.notice import add_notice

log = logging.getLogger(__name__)


class Asking:
    """The ways of asking. Each raises `UserError` before anything is posted, and answers in place after that."""

    def __init__(
        self,
        *,
        client: discord.Client,
        askers: Askers,
        targets: Targets,
        guilds: Guilds,
        keys: MemberKeys,
        places: Places,
        prompting: Prompting,
        promises: Promises,
        threads: Threads,
        attachments: Attachments,
    ) -> None:
        self._client = client
        self._askers = askers
        self._targets = targets
        self._guilds = guilds
        self._keys = keys
        self._places = places
        self._prompting = prompting
        self._promises = promises
        self._threads = threads
        self._attachments = attachments

    async def ask(
        self,
        interaction: Interaction,
        text: str,
        wish: Wish,
        *,
        private: bool,
        attachments: Sequence[discord.Attachment] = (),
    ) -> None:
        """`/ask`: a new conversation, in a thread of its own where that can be."""
        text = self._prompting.admit(text)
        self._attachments.check(attachments)
        question = None if attachments else Question(text=text, wish=wish)
        async with self._promises.kept(interaction, question):
            await self._ask(interaction, text, wish, attachments, private=private)

    async def _ask(
        self,
        interaction: Interaction,
        text: str,
        wish: Wish,
        attachments: Sequence[discord.Attachment],
        *,
        private: bool,
    ) -> None:
        await gain_time(interaction, ephemeral=private)
        language = language_of(interaction)
        who = await self._askers.of_interaction(interaction, server_of(interaction))
        applying = await self._guilds.applying(who.asker.guild_id, interaction.channel)
        plus = who.allow(wish, applying.tier)
        files = await gaining_time(interaction, self._attachments.fetch(attachments), ephemeral=private)
        prompt = Prompt(text, plus, system_prompt=applying.system_prompt, attachments=files)
        server = self._askers.server_beyond(server_of(interaction), who)
        card = prompt_card(interaction.user, text, who.tier(plus), language, names_of(attachments), server=server)
        await self._begin(interaction, who, prompt, card, applying, private=private)

    async def _begin(
        self,
        interaction: Interaction,
        who: Who,
        prompt: Prompt,
        card: discord.Embed,
        applying: Applying,
        *,
        private: bool,
    ) -> None:
        """A new conversation, under `card`, in the place that holds here."""
        if is_elsewhere(interaction):
            place = await self._places.for_them_alone(interaction, card)
        elif private:
            place = await self._places.for_private_command(interaction, card)
        elif applying.place == "thread":
            place = await self._places.for_command(interaction, card, card.description or prompt.text)
        else:
            place = await self._places.beside_command(interaction, card)
        if await self._keys.holder(who.asker.guild_id, who.asker.member_id) is None:
            await self._show_notice(interaction, who.asker.guild_id, language_of(interaction))
        await self._answer_there(interaction, who, prompt, place)

    async def try_out(self, interaction: Interaction, text: str) -> None:
        """A prompt on the way that members' prompts take, wherever it is asked; only who asks sees the answer."""
        text = self._prompting.admit(text)
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = language_of(interaction)
        who = await self._askers.of_interaction(interaction, server_of(interaction))
        settings = await self._guilds.settings(who.asker.guild_id)
        prompt = Prompt(text, who.allow(None), system_prompt=settings.system_prompt)
        card = prompt_card(interaction.user, text, who.tier(prompt.plus), language)
        await self.answer(interaction, who, prompt, await self._places.beside_command(interaction, card))

    async def ask_about(self, interaction: Interaction, text: str, message: discord.Message) -> None:
        """A new conversation about a message, whose words and files go along."""
        text = self._prompting.admit(text)
        question = None if files_of(message) else Question(text=about(text, message))
        async with self._promises.kept(interaction, question):
            await self._ask_about(interaction, text, message)

    async def _ask_about(self, interaction: Interaction, text: str, message: discord.Message) -> None:
        await gain_time(interaction)
        who = await self._askers.of_interaction(interaction, server_of(interaction))
        applying = await self._guilds.applying(who.asker.guild_id, interaction.channel)
        plus = who.allow(None, applying.tier)
        attachments = files_of(message)
        files, left_out = await gaining_time(interaction, self._attachments.fetch_usable(attachments))
        if not files and not has_words(message):
            raise nothing_to_read()
        taken = [name for name in names_of(attachments) if name not in left_out]
        language = language_of(interaction)
        server = self._askers.server_beyond(server_of(interaction), who)
        card = prompt_card(interaction.user, text, who.tier(plus), language, taken, left_out, server)
        card.add_field(name=language.say("About"), value=message.jump_url, inline=False)
        prompt = Prompt(about(text, message), plus, system_prompt=applying.system_prompt, attachments=files)
        await self._begin(interaction, who, prompt, card, applying, private=False)

    async def follow_up(
        self,
        interaction: Interaction,
        text: str,
        conversation: str | None,
        attachments: Sequence[discord.Attachment] = (),
        *,
        parent_id: str | None = None,
        by_button: bool = False,
    ) -> None:
        """`/followup` and the button: the next prompt of a conversation, where that conversation lives.

        With `parent_id` it follows that reply, else the newest. By the button an admin may, on the owner's access.
        """
        text = self._prompting.admit(text)
        self._attachments.check(attachments)
        question = Question(text=text, follows=True, conversation=conversation, parent_id=parent_id)
        async with self._promises.kept(interaction, None if attachments else question):
            await self._follow_up(interaction, question, attachments, by_button=by_button)

    async def _follow_up(
        self,
        interaction: Interaction,
        question: Question,
        attachments: Sequence[discord.Attachment],
        *,
        by_button: bool,
    ) -> None:
        text = question.text
        await gain_time(interaction)
        named = self._targets.named(interaction, question.conversation)
        held = await gaining_time(interaction, named, ephemeral=is_elsewhere(interaction))
        runs = interaction.user.id
        if not await self._targets.may_follow_up(held, runs):
            if not (by_button and is_admin(interaction, held)):
                raise not_yours(held)
            runs = held.owner_id
        guild = self._client.get_guild(held.guild_id) or server_of(interaction)
        language = language_of(interaction)
        who = await self._askers.on_access_of(interaction, guild, runs)
        where = self._client.get_channel(held.channel_id) or interaction.channel
        applying = await self._guilds.applying(who.asker.guild_id, where)
        prompt = msgspec.structs.replace(
            _follow_up(text, who, applying, held),
            parent_id=question.parent_id,
            attachments=await gaining_time(interaction, self._attachments.fetch(attachments)),
        )
        server = self._askers.server_beyond(server_of(interaction), who)
        card = prompt_card(interaction.user, text, who.standing.tier, language, names_of(attachments), server=server)
        await self._answer_there(interaction, who, prompt, await self._place_of(interaction, held, card))

    async def again(self, interaction: Interaction, promise: Promise, question: Question) -> None:
        """What a crash left unasked, on the access of who had asked it, beneath the button that was pressed."""
        held = await self._threads.in_channel(interaction.channel_id or 0)
        if held is None and question.follows:
            held = await self._targets.named(interaction, question.conversation)
        if held is not None and not await self._targets.may_follow_up(held, promise.member_id):
            raise not_yours(held)
        guild = (self._client.get_guild(held.guild_id) if held else None) or server_of(interaction)
        who = await self._askers.on_access_of(interaction, guild, promise.member_id)
        applying = await self._guilds.applying(who.asker.guild_id, interaction.channel)
        prompt = msgspec.structs.replace(_follow_up(question.text, who, applying, held), parent_id=question.parent_id)
        if held is None or held.conversation_id is None:
            prompt = msgspec.structs.replace(prompt, plus=who.allow(question.wish, applying.tier))
        place = beneath(interaction, holds=False)
        if held is not None and held.channel_id == interaction.channel_id and not place.ephemeral:
            place = await self._holding(interaction.channel, held, interaction.message)
        await self.answer(interaction, who, prompt, place)

    async def from_message(self, message: discord.Message, text: str, held: Held | None, language: Language) -> None:
        """A plain message: the next prompt of what `held` names, or the first of a new conversation."""
        if not text and message.attachments:
            text = language.say("Look at {list_of_files}.", list_of_files=names_of(message.attachments))
        text = self._prompting.admit(text)
        question = None if message.attachments else Question(text=text, follows=held is not None)
        async with self._promises.kept(message, question):
            await self._from_message(message, text, held, language)

    async def _from_message(self, message: discord.Message, text: str, held: Held | None, language: Language) -> None:
        guild = message.guild or (self._client.get_guild(held.guild_id) if held else None)
        if held is not None:
            await self._targets.check_may_follow_up(held, message.author.id)
        who = await self._askers.of_message(message, guild, language)
        applying = await self._guilds.applying(who.asker.guild_id, message.channel)
        prompt = _follow_up(text, who, applying, held)
        prompt = msgspec.structs.replace(prompt, attachments=await self._attachments.fetch(message.attachments))
        if held is None:
            await self._askers.name_server(message, who)
        if held is not None and held.channel_id == message.channel.id:
            place = await self._holding(message.channel, held, message)
        elif applying.place == "thread":
            place = await self._places.for_message(message, text)
        else:
            place = here(message.channel, message)
        await self._prompting.answer(who.asker, prompt, place)

    def check_open(self) -> None:
        """Raises `ShuttingDown` where nothing can be answered any more."""
        self._prompting.check_open()

    async def _show_notice(self, interaction: Interaction, guild_id: int, language: Language) -> None:
        """What a server wants its members to know, to who has not asked before; without a notice there is nothing."""
        settings = await self._guilds.settings(guild_id)
        if not settings.notice and settings.readable_since is None:
            return
        card = discord.Embed()
        add_notice(card, settings, language)
        try:
            await interaction.followup.send(embed=card, ephemeral=True, allowed_mentions=discord.AllowedMentions.none())
        except discord.HTTPException as error:
            log.warning("a privacy notice could not be shown: %s", error)

    async def _place_of(self, interaction: Interaction, held: Held, card: discord.Embed) -> Place:
        if held.channel_id == interaction.channel_id and await self._threads.in_channel(held.channel_id):
            shown = await show_card(interaction, card)
            return (await self._holding(interaction.channel, held)).under(shown)
        if await self._threads.in_channel(held.channel_id):
            place = await self._elsewhere(interaction, held, card)
            if place is not None:
                return place
        return await self._places.beside_command(interaction, card)

    async def _holding(self, channel: Any, held: Held, reference: discord.Message | None = None) -> Place:
        """The thread that holds the conversation; it still gets a title where its first answer failed."""
        known = await self._threads.in_channel(held.channel_id)
        untitled = known is not None and not known.renamed and held.conversation_id is None
        thread = channel if untitled and isinstance(channel, discord.Thread) else None
        return in_held_thread(channel, reference, thread)

    async def _elsewhere(self, interaction: Interaction, held: Held, card: discord.Embed) -> Place | None:
        """Go on in the conversation's own thread; none where that is gone or locked."""
        if not interaction.response.is_done():
            await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            channel = self._client.get_channel(held.channel_id) or await self._client.fetch_channel(held.channel_id)
            if not isinstance(channel, discord.Thread | discord.DMChannel):
                return None
            card_message = await channel.send(embed=card, allowed_mentions=discord.AllowedMentions.none())
        except discord.NotFound:
            await self._threads.forget(held.channel_id)
            return None
        except discord.HTTPException:
            return None
        words = language_of(interaction).say("Going on there: {link}", link=card_message.jump_url)
        await interaction.edit_original_response(content=words)
        return (await self._holding(channel, held)).under(card_message)

    async def _answer_there(self, interaction: Interaction, who: Who, prompt: Prompt, place: Place) -> None:
        """Answer; where a card elsewhere shows the question that is noted, so that it is looked for there."""
        if place.card_id is not None and place.card_channel_id != interaction.channel_id:
            await self._promises.moved(interaction.id, place.card_channel_id, place.card_id)
        await self.answer(interaction, who, prompt, place)

    async def answer(self, interaction: Interaction, who: Who, prompt: Prompt, place: Place) -> None:
        """Answer in a place; whoever asked is told privately where that cannot be written to."""
        try:
            await self._prompting.answer(who.asker, prompt, place)
        except RenderingError as error:
            await reply_privately(
                interaction,
                Phrase("{reason} The answer itself is kept: go on with it by `/followup`.", reason=error.reason),
            )


def _follow_up(text: str, who: Who, applying: Applying, held: Held | None) -> Prompt:
    """The next prompt of what is held, or the first one of a new conversation.

    A conversation stays at the tier it has; one that never began is like a new one.
    """
    begun = held.conversation_id if held else None
    plus = who.allow(None, None if begun else applying.tier)
    return Prompt(
        text,
        plus,
        begun,
        follows=held is not None,
        system_prompt=applying.system_prompt,
        owner_id=held.owner_id if held else None,
    )
