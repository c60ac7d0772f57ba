"""Which conversation is meant, whose it is, and who may go on with it."""

from typing import Any

import discord

from bot.access import Tier
from bot.errors import NotYours, UnknownConversation
from bot.guests import Guests
from bot.keys import MemberKeys
from bot.threads import Held, Threads
from cogs.ask.askers import Askers
from gateway.client import GatewayClient
from gateway.wire import Conversation

Interaction = discord.Interaction[Any]
_CHOICES = 25  # https://discord.com/developers/docs/interactions/application-commands#autocomplete


class Targets:
    """Finds conversations by what members say of them, and keeps others off.

    Completion, which Discord waits 3 seconds for, asks the gateway; whatever else can wait asks one that is `patient`.
    """

    def __init__(
        self,
        *,
        client: discord.Client,
        askers: Askers,
        keys: MemberKeys,
        threads: Threads,
        guests: Guests,
        gateway: GatewayClient,
        patient: GatewayClient,
    ) -> None:
        self._client = client
        self._askers = askers
        self._keys = keys
        self._threads = threads
        self._guests = guests
        self._gateway = gateway
        self._patient = patient

    async def check_owner(
        self, interaction: Interaction, conversation_id: str, *, or_guest: bool = False
    ) -> Held | None:
        """What is known of the conversation.

        Raises `NotYours` where that says that it is somebody else's, unless an admin of its server asks or, with
        `or_guest`, it is shared with the member.
        """
        held = await self._held(interaction, conversation_id)
        if held is None or held.owner_id == interaction.user.id or is_admin(interaction, held):
            return held
        if or_guest:
            await self.check_may_follow_up(held, interaction.user.id)
            return held
        raise not_yours(held)

    async def recent(self, interaction: Interaction, words: str) -> list[Conversation]:
        """The member's recent conversations whose title has these words; none where there is nothing to ask with."""
        return await self._recent(interaction, words, self._gateway)

    async def _recent(self, interaction: Interaction, words: str, gateway: GatewayClient) -> list[Conversation]:
        guild_id = await self._askers.guild_of(interaction)
        key = await self._keys.peek(guild_id, interaction.user.id)
        if key is None:
            return []
        page = await gateway.acting_with(key).list_conversations(limit=100)
        found = [entry for entry in page.conversations if words.casefold() in entry.title.casefold()]
        return found[:_CHOICES]

    async def check_may_follow_up(self, held: Held, member_id: int) -> None:
        """Raises `NotYours` where the member is neither its owner nor a guest in it."""
        if not await self.may_follow_up(held, member_id):
            raise not_yours(held)

    async def may_follow_up(self, held: Held, member_id: int) -> bool:
        """Whether the member is its owner, or a guest in it."""
        return held.owner_id == member_id or await self._guests.includes(held.conversation_id, member_id)

    async def named(self, interaction: Interaction, conversation: str | None) -> Held:
        """The conversation of this id or title; without one that of this channel, else the member's last one.

        Raises `UnknownConversation`.
        """
        if conversation is not None and not _is_id(conversation):
            conversation = await self._by_title(interaction, conversation)
        held = await self._held(interaction, conversation)
        if held is None:
            conversation = conversation or await self._by_title(interaction, "")
            held = await self._threads.of_conversation(conversation) or Held(
                channel_id=0,
                guild_id=await self._askers.guild_of(interaction),
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
        found = await self._recent(interaction, words, self._patient)
        if found:
            return found[0].id
        if words:
            raise UnknownConversation("You have no conversation of that name. Choose one from the list as you type.")
        raise UnknownConversation("You have no conversation to go on with yet. Start one with `/ask`.")

    async def _make_key(self, interaction: Interaction) -> None:
        """Conversations outlive a key that was revoked or has expired; only with a key are they found."""
        guild = self._client.get_guild(await self._askers.guild_of(interaction))
        asker = (await self._askers.of_interaction(interaction, guild)).asker
        if asker.tier is not Tier.NONE:
            await self._keys.ensure(asker.guild_id, asker.member_id, asker.name, asker.tier)


def not_yours(held: Held) -> NotYours:
    """Says whose it is."""
    return NotYours("This conversation is {owner}'s. Start one of your own with `/ask`.", owner=f"<@{held.owner_id}>")


def is_admin(interaction: Interaction, held: Held) -> bool:
    """Whether they may manage the server whose access the conversation uses."""
    return interaction.guild_id == held.guild_id and interaction.permissions.manage_guild


def _is_id(text: str) -> bool:
    return len(text) == 36 and all(character in "0123456789abcdef-" for character in text)
