"""A server's privacy notice, with what it says about admins."""

from datetime import UTC, datetime

import discord

from bot.guild_settings import GuildSettings
from bot.languages import Language

_FIELD = 1000  # of the 1,024 characters that Discord takes


def add_notice(card: discord.Embed, settings: GuildSettings, language: Language) -> None:
    """The server's privacy notice, and what it says about admins."""
    say = language.say
    notice = settings.notice
    lines = [notice[at : at + _FIELD] for at in range(0, len(notice), _FIELD)]
    if settings.readable_since is not None:
        since = discord.utils.format_dt(datetime.fromtimestamp(settings.readable_since, UTC), "d")
        lines.append(
            say(
                "Admins of this server may search what you asked and were answered since {date}. You see here who did.",
                date=since,
            )
        )
    else:
        lines.append(say("Admins of this server may not search your conversations."))
    for number, line in enumerate(lines):
        card.add_field(name=say("Privacy notice") if number == 0 else "\u200b", value=line, inline=False)
