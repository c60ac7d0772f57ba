"""After a crash: answers that were still growing are marked, so that nobody waits for them."""

import logging

import discord

from bot.rendering.live_message import CURSOR
from bot.rendering.splitter import MESSAGE_LIMIT
from bot.threads import Growing, Threads

log = logging.getLogger(__name__)
NOTE = "-# ⚠️ Interrupted: I was restarted. Follow up to go on."


async def mark_cut_off(client: discord.Client, threads: Threads) -> int:
    """Put a note under every message that was growing when the process died; returns how many there were."""
    cut_off = await threads.cut_off()
    for growing in cut_off:
        try:
            await _mark(client, growing)
        except discord.HTTPException as error:
            log.info("an answer that was cut off could not be marked: %s", error)
        await threads.grown(growing.message_id)
    return len(cut_off)


async def _mark(client: discord.Client, growing: Growing) -> None:
    channel = client.get_partial_messageable(growing.channel_id)
    message = await channel.fetch_message(growing.message_id)
    text = message.content.replace(CURSOR, "")
    if text.count("```") % 2:
        text += "\n```"
    await message.edit(
        content=f"{text[: MESSAGE_LIMIT - len(NOTE) - 1]}\n{NOTE}", allowed_mentions=discord.AllowedMentions.none()
    )
