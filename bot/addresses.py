"""Where Discord is. discord.py keeps its addresses on its classes, for the whole process; they are set here alone."""

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import HTTPClient, Route

from bot.config import Discord


def use_addresses(settings: Discord) -> None:
    """Let every request and every picture's address go where the settings say."""
    Route.BASE = settings.api_url
    discord.Asset.BASE = settings.cdn_url  # pyright: ignore[reportAttributeAccessIssue]  declared as Discord's own alone


async def use_gateway(http: HTTPClient, settings: Discord) -> None:
    """Let a session that cannot be resumed begin anew where the API says the gateway is.

    discord.py asks that once, and goes to Discord's own gateway after an invalid session.
    """
    if settings.api_url == Discord().api_url:
        return
    _, url, _ = await http.get_bot_gateway()
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
