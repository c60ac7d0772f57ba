"""A member's own conversations: found, erased, shared and copied, on the gateway and in what the bot remembers."""

import logging
from collections.abc import Sequence
from typing import Any

import discord
import msgspec

from bot.access import Access, Standing, Tier
from bot.errors import NoAccess, NotYours, UnknownConversation, UserError
from bot.guests import Guests
from bot.installs import is_elsewhere, server_of
from bot.keys import MemberKeys, parse_user_id, user_id
from bot.membership import Homes, member_of
from bot.threads import Held, Threads
from gateway.client import GatewayClient
from gateway.errors import NotFound
from gateway.wire import Conversation

log = logging.getLogger(__name__)
_MOST_TITLES = 200


class Member(msgspec.Struct, frozen=True):
    """A member who asks for their own, and the gateway by their own key."""

    guild: discord.Guild
    member: discord.Member
    standing: Standing
    gateway: GatewayClient


class OwnConversations:
    """Each call may raise `UserError`, `gateway.errors.ApiError` and `storage.StorageError`."""

    def __init__(
        self,
        *,
        client: discord.Client,
        access: Access,
        keys: MemberKeys,
        homes: Homes,
        threads: Threads,
        guests: Guests,
        gateway: GatewayClient,
    ) -> None:
        self._client = client
        self._access = access
        self._keys = keys
        self._homes = homes
        self._threads = threads
        self._guests = guests
        self._gateway = gateway

    async def member(self, interaction: discord.Interaction[Any]) -> Member:
        """Who asks; in direct messages as a member of the server whose access these use.

        Raises `NoAccess` where their roles give none.
        """
        await self._access.subscriptions.hear(interaction)
        guild, member, standing = await self._standing(interaction)
        if standing.tier is Tier.NONE:
            roles = await self._access.roles_giving(Tier.FREE, guild.id, guild.roles)
            standing.allow(None, roles, self._access.subscriptions.skus)
        key = await self._keys.ensure(guild.id, member.id, member.display_name, standing.tier)
        return Member(guild, member, standing, self._gateway.acting_with(key))

    async def chosen(self, member: Member, words: str | None, channel_id: int | None) -> str:
        """The conversation of that id or title; without words the member's own one in this channel.

        Raises `UnknownConversation`, and `NotYours` where the one here is somebody else's.
        """
        if words is None:
            held = await self._threads.in_channel(channel_id or 0)
            if held is None or held.conversation_id is None:
                raise UnknownConversation("There is no conversation here. Choose one from the list as you type.")
            check_owner(held, member.member.id)
            return held.conversation_id
        if is_id(words):
            return words
        page = await member.gateway.list_conversations(limit=_MOST_TITLES)
        for entry in page.conversations:
            if words.casefold() in entry.title.casefold():
                return entry.id
        raise UnknownConversation("You have no conversation of that name. Choose one from the list as you type.")

    async def erase(self, member: Member, conversation_id: str) -> None:
        """Erase a conversation on the gateway; the thread that held it begins another with its next prompt."""
        await member.gateway.delete_conversation(conversation_id)
        await self._threads.let_go(conversation_id)
        await self._guests.forget_conversation(conversation_id)

    async def share(self, conversation_id: str, member: discord.Member) -> None:
        """Let another member follow up, with a key of their own, which is made where there is none.

        Raises `NoAccess` where their roles give no access.
        """
        standing = await self._access.standing(member.guild.id, member)
        if standing.tier is Tier.NONE:
            raise NoAccess("{member} has no access here, so they could not follow up.", member=member.mention)
        await self._keys.ensure(member.guild.id, member.id, member.display_name, standing.tier)
        await self._gateway.share_conversation(conversation_id, user_id(member.guild.id, member.id))
        await self._guests.add(conversation_id, member.guild.id, member.id)

    async def guests(self, conversation_id: str) -> Sequence[int]:
        """The ids of the members with whom it is shared; what the bot remembers is brought up to date."""
        shares = await self._gateway.list_shares(conversation_id)
        ids = [found for share in shares if (found := parse_user_id(share.user_id))]
        for guild_id, member_id in ids:
            await self._guests.add(conversation_id, guild_id, member_id)
        members = [member_id for _, member_id in ids]
        for left in set(await self._guests.of(conversation_id)) - set(members):
            await self._guests.remove(conversation_id, left)
        return members

    async def take_back(self, conversation_id: str, guild_id: int, member_id: int) -> None:
        """End a share; where there is none, nothing happens."""
        try:
            await self._gateway.take_share_back(conversation_id, user_id(guild_id, member_id))
        except NotFound as error:
            if error.code != "not_shared":
                raise
        await self._guests.remove(conversation_id, member_id)

    async def shows_replies(self, held: Held) -> bool:
        """Whether it is known of any reply that the channel shows it."""
        conversation_id = held.conversation_id
        return conversation_id is not None and bool(await self._threads.replies_shown(conversation_id, held.channel_id))

    async def fork(self, held: Held, member: Member, reply_id: str | None = None) -> Conversation:
        """A conversation of the member's own with what was said in the one that is held, up to a reply, else up to the
        last one that its channel shows: what its owner asked elsewhere is not theirs to copy.

        Raises `UserError` where the two are of different servers.
        """
        if held.conversation_id is None:
            raise _nothing_to_fork()
        if held.guild_id != member.guild.id:
            raise UserError("This conversation uses another server's access. Fork it there.")
        owner = user_id(member.guild.id, member.member.id)
        shown = [reply_id] if reply_id else await self._threads.replies_shown(held.conversation_id, held.channel_id)
        for message_id in shown:
            try:
                return await self._gateway.copy_conversation(held.conversation_id, owner, message_id=message_id)
            except NotFound as error:
                if error.code != "unknown_parent":
                    raise
                log.info("a reply that a channel shows was not kept: %s", error.code)
        raise _nothing_to_fork()

    async def _standing(self, interaction: discord.Interaction[Any]) -> tuple[discord.Guild, discord.Member, Standing]:
        guild, member, elsewhere = server_of(interaction), interaction.user, is_elsewhere(interaction)
        if guild is None:
            held = await self._threads.in_channel(interaction.channel_id or 0)
            guild = self._client.get_guild(held.guild_id) if held else None
        if guild is None:
            return await self._homes.best(member.id, elsewhere=elsewhere)
        found = await member_of(guild, member)
        if found is None:
            raise UserError(
                "You are no longer a member of {server}, whose access this conversation uses.", server=guild.name
            )
        return guild, found, await self._access.standing(guild.id, found)


def _nothing_to_fork() -> UnknownConversation:
    return UnknownConversation("Nothing was answered here yet, so there is nothing to fork.")


def check_owner(held: Held, member_id: int) -> None:
    """Raises `NotYours` where it is somebody else's."""
    if held.owner_id != member_id:
        raise NotYours(
            "This conversation is {owner}'s. Start one of your own with `/ask`.", owner=f"<@{held.owner_id}>"
        )


def is_id(text: str) -> bool:
    """Whether a text is a conversation's id rather than a title."""
    return len(text) == 36 and all(character in "0123456789abcdef-" for character in text)
