"""After a crash: answers that were still growing are marked, so that nobody waits for them."""

import logging
from collections.abc import Sequence

import discord
import msgspec

from bot.answers import AnswerIds, AnswerViews
from bot.languages import Language, Languages, Phrase
from bot.rendering import fences
from bot.rendering.errors import TRANSIENT, is_passing
from bot.rendering.live_message import CURSOR
from bot.rendering.splitter import MESSAGE_LIMIT
from bot.threads import Held, Shown, Threads

log = logging.getLogger(__name__)
_LONGEST_CLOSING = len(fences.Fence("```", quote=fences.QUOTE).closing)  # pages have fences of three backticks alone
NOTE = Phrase("⚠️ Interrupted: I was restarted. Follow up to go on.")


async def mark_cut_off(
    client: discord.Client,
    threads: Threads,
    cut_off: Sequence[Shown],
    languages: Languages,
    views: AnswerViews,
) -> int:
    """Put a note under messages that were growing when the process died; returns how many have it now.

    All is in the server's language, since nobody is there whose language is known. What Discord fails on is tried
    again at the next start.
    """
    marked = 0
    for growing in cut_off:
        try:
            held = await threads.in_channel(growing.channel_id)
            language = languages.of_guild(client.get_guild(held.guild_id) if held else None)
            view = await _view(threads, growing, held, language, views)
            await mark(client, growing, f"-# {language.say(NOTE)}", view)
            marked += 1
        except TRANSIENT as error:
            log.info("an answer that was cut off could not be marked: %s", error)
            if is_passing(error):
                continue
        await threads.grown(growing.message_id)
    return marked


async def _view(
    threads: Threads, growing: Shown, held: Held | None, language: Language, views: AnswerViews
) -> discord.ui.View | None:
    """The buttons; what the answer said may not have been kept, so that nothing can follow it in particular."""
    ids = await threads.answer_in(growing.message_id)
    if ids is None and held is not None and held.conversation_id is not None:
        ids = AnswerIds(conversation_id=held.conversation_id)
    return views.when_done(msgspec.structs.replace(ids, reply_id=None), language) if ids else None


async def mark(client: discord.Client, growing: Shown, note: str, view: discord.ui.View | None) -> None:
    """Put a note under what had arrived, and the buttons of an answer that is over."""
    channel = client.get_partial_messageable(growing.channel_id)
    message = await channel.fetch_message(growing.message_id)
    text = message.content.replace(CURSOR, "")[: MESSAGE_LIMIT - _LONGEST_CLOSING - len(note) - 1]
    fence = fences.after_text(None, text)
    if fence is not None:
        text += fence.closing
    nobody = discord.AllowedMentions.none()
    await message.edit(content=f"{text}\n{note}", view=view, allowed_mentions=nobody, suppress=True)
