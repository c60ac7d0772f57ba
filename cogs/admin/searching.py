"""/admin audit: an admin searches what a member wrote and was answered, where the server's notice says so."""

import discord

from bot.errors import UserError
from bot.guild_settings import Guilds
from bot.keys import user_id
from bot.languages import Language, counted
from bot.readings import Readings
from gateway.client import GatewayClient
from gateway.errors import NotFound
from gateway.wire import SearchHit

_HITS = 10
_PAGE = 100
_TITLE = 80


class Searching:
    """Each search is on disk, for the member to see, before the admin sees anything."""

    def __init__(self, guilds: Guilds, readings: Readings, gateway: GatewayClient) -> None:
        self._guilds = guilds
        self._readings = readings
        self._gateway = gateway

    async def search(
        self, guild: discord.Guild, member: discord.abc.User, admin: discord.abc.User, words: str
    ) -> list[SearchHit]:
        """The newest hits, of what was written since the notice says that admins may search.

        Raises `UserError` where it does not.
        """
        since = (await self._guilds.settings(guild.id)).readable_since
        if since is None:
            raise UserError(
                "The privacy notice of this server does not say that admins may search, so they may not. "
                "It can be made to with `/setup`, for what is written from then on."
            )
        await self._readings.note(guild.id, member.id, admin.id, words)
        try:
            found = await self._gateway.search(words, user_id=user_id(guild.id, member.id), limit=_PAGE)
        except NotFound:
            return []
        return [hit for hit in found.hits if hit.created_at.timestamp() >= since][:_HITS]


def found_card(member: discord.abc.User, hits: list[SearchHit], language: Language) -> discord.Embed:
    """What was found; nothing in it pings or opens anything."""
    say = language.say
    title = say("What was found of {member}", member=member.display_name)
    card = discord.Embed(title=title[:256], colour=discord.Colour(0xE0A526))
    card.description = say(counted("{count} hit, newest first", "{count} hits, newest first", len(hits)))
    for hit in hits:
        name = discord.utils.escape_markdown(hit.conversation_title)[:_TITLE] or "…"
        when = discord.utils.format_dt(hit.created_at, "R")
        card.add_field(name=name, value=f"{when} {discord.utils.escape_markdown(hit.snippet)}"[:350], inline=False)
    card.set_footer(text=say("The member sees with /about that you searched, and for what."))
    return card
