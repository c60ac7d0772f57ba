"""Where an interaction comes from: a server of the bot's, its direct messages, or a place members bring the app to.

Somebody who installed the app for themselves can use it in servers that the bot is no member of, and in other people's
direct messages (https://docs.discord.com/developers/resources/application#installation-context). There the bot sees and
sends nothing but through the interaction, whatever `app_permissions` say, and its answers are for that member alone.
"""

from typing import Any

import discord

Interaction = discord.Interaction[Any]


def server_of(interaction: Interaction) -> discord.Guild | None:
    """The server in which it was set off, where the bot is a member of that; discord.py makes up any other."""
    return interaction.client.get_guild(interaction.guild_id or 0)


def is_elsewhere(interaction: Interaction) -> bool:
    """Whether the bot itself is not there."""
    if interaction.guild_id is not None:
        return server_of(interaction) is None
    return bool(interaction.context.private_channel)
