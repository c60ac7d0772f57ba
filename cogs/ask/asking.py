"""From who asks, what and where, to an answer: shared by commands, messages and buttons."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

import discord
import msgspec

from bot.access import Access, Standing, Tier
from bot.answering import Asker, Prompt
from bot.attachments import Attachments, names_of
from bot.errors import NoAccess, NotYours, UnknownConversation, UserError
from bot.guests import Guests
from bot.guild_settings import Applying, Guilds
from bot.installs import is_elsewhere, server_of
from bot.keys import MemberKeys
from bot.languages import Language, Phrase, language_of
from bot.membership import Homes, member_of
from bot.places import Place, Places, here, in_held_thread, show_card
from bot.promises import Promises
from bot.prompting import Prompting
from bot.quoting import about, files_of, has_words, nothing_to_read
from bot.rendering.errors import RenderingError
from bot.threads import Held, Threads
from bot.tree import reply_privately
from cogs.ask.cards import prompt_card
from cogs.ask.deferring import gain_time, gaining_time
from cogs.notice import add_notice
from gateway.client import GatewayClient
from gateway.wire import Conversation, PlusWish

log = logging.getLogger(__name__)
Interaction = discord.Interaction[Any]
Wish = Literal["free", "plus"] | None
Asked = TypeVar("Asked", discord.Interaction[Any], discord.Message)
P = ParamSpec("P")
_CHOICES = 25  # https://discord.com/developers/docs/interactions/application-commands#autocomplete


class Who(msgspec.Struct, frozen=True):
    """Somebody who asks, and where their access comes from."""

    asker: Asker
    standing: Standing
    plus_roles: list[int]
    skus: tuple[int, ...]

    def allow(self, wish: Wish, default: Wish = None) -> PlusWish:
        """What to ask the gateway for; the channel's `default` counts where nothing is wished and roles reach.

        Raises `UserError` where the member's access does not reach.
        """
        if wish is None and default is not None and Tier.named(default) <= self.standing.tier:
            wish = default
        return self.standing.allow(wish, self.plus_roles, self.skus)

    def tier(self, plus: PlusWish) -> Tier:
        """The tier that is asked for, for the card."""
        return Tier.FREE if plus is False else self.standing.tier


def _promised(
    method: "Callable[Concatenate[Asking, Asked, P], Awaitable[None]]",
) -> "Callable[Concatenate[Asking, Asked, P], Awaitable[None]]":
    """While it runs, what was asked counts as a promise: a crash does not make anybody wait in vain."""

    @wraps(method)
    async def keeping(self: "Asking", asked: Asked, *args: P.args, **kwargs: P.kwargs) -> None:
        async with self._promises.kept(asked):  # pyright: ignore[reportPrivateUsage]
            await method(self, asked, *args, **kwargs)

    return keeping


class Asking:
    """The ways of asking. Each raises `UserError` before anything is posted, and answers in place after that."""

    def __init__(
        self,
        *,
        client: discord.Client,
        access: Access,
        guilds: Guilds,
        keys: MemberKeys,
        homes: Homes,
        places: Places,
        prompting: Prompting,
        promises: Promises,
        threads: Threads,
        guests: Guests,
        gateway: GatewayClient,
        attachments: Attachments,
    ) -> None:
        self._client = client
        self._access = access
        self._guilds = guilds
        self._keys = keys
        self._homes = homes
        self._places = places
        self._prompting = prompting
        self._promises = promises
        self._threads = threads
        self._guests = guests
        self._gateway = gateway
        self._attachments = attachments

    @_promised
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
        await gain_time(interaction, ephemeral=private)
        language = language_of(interaction)
        who = await self._who_runs(interaction, server_of(interaction))
        applying = await self._guilds.applying(who.asker.guild_id, interaction.channel)
        plus = who.allow(wish, applying.tier)
        files = await gaining_time(interaction, self._attachments.fetch(attachments), ephemeral=private)
        prompt = Prompt(text, plus, system_prompt=applying.system_prompt, attachments=files)
        server = self._server_beyond(server_of(interaction), who)
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
        await self.answer(interaction, who, prompt, place)

    async def try_out(self, interaction: Interaction, text: str) -> None:
        """A prompt on the way that members' prompts take, wherever it is asked; only who asks sees the answer."""
        text = self._prompting.admit(text)
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = language_of(interaction)
        who = await self._who_runs(interaction, server_of(interaction))
        settings = await self._guilds.settings(who.asker.guild_id)
        prompt = Prompt(text, who.allow(None), system_prompt=settings.system_prompt)
        card = prompt_card(interaction.user, text, who.tier(prompt.plus), language)
        await self.answer(interaction, who, prompt, await self._places.beside_command(interaction, card))

    @_promised
    async def ask_about(self, interaction: Interaction, text: str, message: discord.Message) -> None:
        """A new conversation about a message, whose words and files go along."""
        text = self._prompting.admit(text)
        await gain_time(interaction)
        who = await self._who_runs(interaction, server_of(interaction))
        applying = await self._guilds.applying(who.asker.guild_id, interaction.channel)
        plus = who.allow(None, applying.tier)
        attachments = files_of(message)
        files, left_out = await gaining_time(interaction, self._attachments.fetch_usable(attachments))
        if not files and not has_words(message):
            raise nothing_to_read()
        taken = [name for name in names_of(attachments) if name not in left_out]
        language = language_of(interaction)
        server = self._server_beyond(server_of(interaction), who)
        card = prompt_card(interaction.user, text, who.tier(plus), language, taken, left_out, server)
        card.add_field(name=language.say("About"), value=message.jump_url, inline=False)
        prompt = Prompt(about(text, message), plus, system_prompt=applying.system_prompt, attachments=files)
        await self._begin(interaction, who, prompt, card, applying, private=False)

    @_promised
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
        await gain_time(interaction)
        held = await self._target(interaction, conversation)
        runs = interaction.user.id
        if not await self._may_follow_up(held, runs):
            if not (by_button and _is_admin(interaction, held)):
                raise _not_yours(held)
            runs = held.owner_id
        guild = self._client.get_guild(held.guild_id) or server_of(interaction)
        language = language_of(interaction)
        who = await self.who(interaction, guild, runs)
        where = self._client.get_channel(held.channel_id) or interaction.channel
        applying = await self._guilds.applying(who.asker.guild_id, where)
        prompt = msgspec.structs.replace(
            _follow_up(text, who, applying, held),
            parent_id=parent_id,
            attachments=await gaining_time(interaction, self._attachments.fetch(attachments)),
        )
        server = self._server_beyond(server_of(interaction), who)
        card = prompt_card(interaction.user, text, who.standing.tier, language, names_of(attachments), server=server)
        await self.answer(interaction, who, prompt, await self._place_of(interaction, held, card))

    @_promised
    async def from_message(self, message: discord.Message, text: str, held: Held | None, language: Language) -> None:
        """A plain message: the next prompt of what `held` names, or the first of a new conversation."""
        if not text and message.attachments:
            text = language.say("Look at {list_of_files}.", list_of_files=names_of(message.attachments))
        text = self._prompting.admit(text)
        guild = message.guild or (self._client.get_guild(held.guild_id) if held else None)
        if held is not None:
            await self._check_may_follow_up(held, message.author.id)
        await self._access.subscriptions.look_up(message.author.id, guild.id if guild else None)
        who = await self._who(message.author, guild, language)
        applying = await self._guilds.applying(who.asker.guild_id, message.channel)
        prompt = _follow_up(text, who, applying, held)
        prompt = msgspec.structs.replace(prompt, attachments=await self._attachments.fetch(message.attachments))
        if held is None:
            await self._name_server(message, who)
        if held is not None and held.channel_id == message.channel.id:
            place = await self._holding(message.channel, held, message)
        elif applying.place == "thread":
            place = await self._places.for_message(message, text)
        else:
            place = here(message.channel, message)
        await self._prompting.answer(who.asker, prompt, place)

    async def check_owner(
        self, interaction: Interaction, conversation_id: str, *, or_guest: bool = False
    ) -> Held | None:
        """What is known of the conversation.

        Raises `NotYours` where that says that it is somebody else's, unless an admin of its server asks or, with
        `or_guest`, it is shared with the member.
        """
        held = await self._held(interaction, conversation_id)
        if held is None or held.owner_id == interaction.user.id or _is_admin(interaction, held):
            return held
        if or_guest:
            await self._check_may_follow_up(held, interaction.user.id)
            return held
        raise _not_yours(held)

    def check_open(self) -> None:
        """Raises `ShuttingDown` where nothing can be answered any more."""
        self._prompting.check_open()

    async def recent(self, interaction: Interaction, words: str) -> list[Conversation]:
        """The member's recent conversations whose title has these words; none where there is nothing to ask with."""
        guild_id = await self.guild_of(interaction)
        key = await self._keys.peek(guild_id, interaction.user.id)
        if key is None:
            return []
        page = await self._gateway.acting_with(key).list_conversations(limit=100)
        found = [entry for entry in page.conversations if words.casefold() in entry.title.casefold()]
        return found[:_CHOICES]

    # Who

    async def who(self, interaction: Interaction, guild: discord.Guild | None, owner_id: int) -> Who:
        """On whose access it runs, who need not be the one who presses.

        Raises `UserError` where they are not a member any more, or were blocked.
        """
        if owner_id == interaction.user.id:
            return await self._who_runs(interaction, guild)
        await self._access.subscriptions.look_up(owner_id, guild.id if guild else None)
        elsewhere = is_elsewhere(interaction)
        return await self._who(discord.Object(owner_id), guild, language_of(interaction), elsewhere=elsewhere)

    async def _who_runs(self, interaction: Interaction, guild: discord.Guild | None) -> Who:
        await self._access.subscriptions.hear(interaction)
        elsewhere = is_elsewhere(interaction)
        return await self._who(interaction.user, guild, language_of(interaction), elsewhere=elsewhere)

    async def _who(
        self, user: discord.abc.Snowflake, guild: discord.Guild | None, language: Language, *, elsewhere: bool = False
    ) -> Who:
        if guild is None:
            guild, member, standing = await self._homes.best(user.id, elsewhere=elsewhere)
        else:
            if elsewhere:
                await self._homes.check_elsewhere(guild)
            member = await member_of(guild, user)
            if member is None:
                raise UserError(
                    "You are no longer a member of {server}, whose access this conversation uses.", server=guild.name
                )
            standing = await self._access.standing(guild.id, member)
        if await self._keys.is_blocked(guild.id, member.id):
            raise NoAccess("An admin of {server} has blocked your access. Ask one to unblock it.", server=guild.name)
        plus_roles = await self._access.roles_giving(Tier.PLUS, guild.id, guild.roles)
        asker = Asker(guild.id, member.id, member.display_name, standing.tier, language)
        return Who(asker, standing, plus_roles, self._access.subscriptions.skus)

    def _server_beyond(self, here: discord.Guild | None, who: Who) -> str | None:
        """The name of the server whose access is used, where that is not the one they are in."""
        guild = self._client.get_guild(who.asker.guild_id)
        return guild.name if guild is not None and (here is None or here.id != guild.id) else None

    async def _name_server(self, message: discord.Message, who: Who) -> None:
        """At the beginning of a conversation in direct messages; without it, it is answered all the same."""
        server = self._server_beyond(message.guild, who)
        if server is None:
            return
        words = who.asker.language.say(
            "-# You ask on your access in {server}. Choose another server with `/server`.", server=server
        )
        try:
            await message.channel.send(words, allowed_mentions=discord.AllowedMentions.none())
        except discord.HTTPException as error:
            log.info("could not name a server: %s", error)

    # What

    async def _check_may_follow_up(self, held: Held, member_id: int) -> None:
        if not await self._may_follow_up(held, member_id):
            raise _not_yours(held)

    async def _may_follow_up(self, held: Held, member_id: int) -> bool:
        return held.owner_id == member_id or await self._guests.includes(held.conversation_id, member_id)

    async def _target(self, interaction: Interaction, conversation: str | None) -> Held:
        if conversation is not None and not _is_id(conversation):
            conversation = await self._by_title(interaction, conversation)
        held = await self._held(interaction, conversation)
        if held is None:
            conversation = conversation or await self._by_title(interaction, "")
            held = await self._threads.of_conversation(conversation) or Held(
                channel_id=0,
                guild_id=await self.guild_of(interaction),
                owner_id=interaction.user.id,
                conversation_id=conversation,
            )
        return held

    async def _held(self, interaction: Interaction, conversation: str | None) -> Held | None:
        """What is known of a conversation, or of the one in this channel."""
        if conversation is not None:
            return await self._threads.whose(conversation)
        return await self._threads.in_channel(interaction.channel_id or 0)

    async def _by_title(self, interaction: Interaction, words: str) -> str:
        """The last conversation with these words in its title.

        Raises `UnknownConversation`.
        """
        await self._make_key(interaction)
        found = await self.recent(interaction, words)
        if found:
            return found[0].id
        if words:
            raise UnknownConversation("You have no conversation of that name. Choose one from the list as you type.")
        raise UnknownConversation("You have no conversation to go on with yet. Start one with `/ask`.")

    async def _make_key(self, interaction: Interaction) -> None:
        """Conversations outlive a key that was revoked or has expired; only with a key are they found."""
        guild = self._client.get_guild(await self.guild_of(interaction))
        asker = (await self._who_runs(interaction, guild)).asker
        if asker.tier is not Tier.NONE:
            await self._keys.ensure(asker.guild_id, asker.member_id, asker.name, asker.tier)

    async def guild_of(self, interaction: Interaction) -> int:
        """The server whose access is used where an interaction comes from.

        Raises `NoAccess` where there is none.
        """
        server = server_of(interaction)
        if server is not None:
            return server.id
        held = await self._threads.in_channel(interaction.channel_id or 0)
        if held is not None:
            return held.guild_id
        guild, _, _ = await self._homes.best(interaction.user.id, elsewhere=is_elsewhere(interaction))
        return guild.id

    # Where

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


def _not_yours(held: Held) -> NotYours:
    return NotYours("This conversation is {owner}'s. Start one of your own with `/ask`.", owner=f"<@{held.owner_id}>")


def _is_admin(interaction: Interaction, held: Held) -> bool:
    """Whether they may manage the server whose access the conversation uses."""
    return interaction.guild_id == held.guild_id and interaction.permissions.manage_guild


def _is_id(text: str) -> bool:
    return len(text) == 36 and all(character in "0123456789abcdef-" for character in text)
