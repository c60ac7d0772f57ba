"""Answers to interactions that have to be put off, since Discord wants one within 3 seconds."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import discord

from bot.installs import is_elsewhere, server_of

_PATIENCE_SECONDS = 1.5
T = TypeVar("T")


async def gain_time(interaction: discord.Interaction[Any], *, ephemeral: bool = False) -> None:
    """In direct messages, and where a member brings the app along, Discord must be asked who is a member where, which
    can take longer than 3 seconds.
    """
    if server_of(interaction) is None:
        await interaction.response.defer(ephemeral=ephemeral or is_elsewhere(interaction), thinking=True)


async def gaining_time(
    interaction: discord.Interaction[Any], work: Coroutine[Any, Any, T], *, ephemeral: bool = False
) -> T:
    """Do what may take longer than 3 seconds, and put the answer off where it does.

    Not before: after that nothing can be said privately, and most files that are refused are so at once.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
        if not task.done() and not interaction.response.is_done():
            await interaction.response.defer(ephemeral=ephemeral, thinking=True)
        return await task
    finally:
        task.cancel()
