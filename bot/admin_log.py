"""What admins do with the bot, told in the channel they chose for it."""

import logging

import discord

from bot.guild_settings import Guilds
from bot.languages import Languages, Phrase
from bot.rendering.errors import TRANSIENT
from storage import StorageError

log = logging.getLogger(__name__)


class AdminLog:
    """Writes to a server's audit channel, in the server's language, where one is set."""

    def __init__(self, guilds: Guilds, languages: Languages) -> None:
        self._guilds = guilds
        self._languages = languages

    async def note(self, guild: discord.Guild, admin: discord.abc.User, what: Phrase) -> None:
        """Tell that an admin did something. Never raises: what they did is done."""
        try:
            await self._note(guild, admin, what)
        except (discord.HTTPException, StorageError, *TRANSIENT) as error:
            log.warning("could not write to the audit channel of guild %d: %s", guild.id, error)

    async def _note(self, guild: discord.Guild, admin: discord.abc.User, what: Phrase) -> None:
        channel_id = (await self._guilds.settings(guild.id)).audit_channel_id
        if channel_id is None:
            return
        channel = guild.get_channel(channel_id)
        if not isinstance(channel, discord.abc.Messageable):
            log.warning("the audit channel of guild %d is gone", guild.id)
            return
        say = self._languages.of_guild(guild).say
        words = say("🛡️ {admin} {what}", admin=admin.mention, what=what)
        await channel.send(words, allowed_mentions=discord.AllowedMentions.none(), suppress_embeds=True)
