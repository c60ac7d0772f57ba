"""A message that somebody asks about, as the model reads it."""

import re
from collections.abc import Iterator

import discord

from bot.errors import UserError

_BACKTICKS = re.compile("`{3,}")


def files_of(message: discord.Message) -> list[discord.Attachment]:
    """A message's files, and those of a message that it forwards."""
    return [*message.attachments, *(file for forwarded in message.message_snapshots for file in forwarded.attachments)]


def has_words(message: discord.Message) -> bool:
    """Whether there is anything to read in a message, besides its files."""
    return any(_words(message))


def nothing_to_read() -> UserError:
    """What to raise where a message has neither words nor files that can be used."""
    return UserError("There is nothing in that message that I can read. Choose one with text, images or text files.")


def about(question: str, message: discord.Message) -> str:
    """The question, and below it the message in a fence that nothing in it ends."""
    text = "\n\n".join(_words(message))
    if not text:
        return question
    longest = max(map(len, _BACKTICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{question}\n\nThis is about a message by {message.author.display_name}:\n{fence}\n{text}\n{fence}"


def _words(message: discord.Message) -> Iterator[str]:
    """Its own words, those it forwards, and those in its embeds."""
    for source in (message, *message.message_snapshots):
        if source.content.strip():
            yield source.content.strip()
        for embed in source.embeds:
            yield from filter(None, (embed.title, embed.description))
            for field in embed.fields:
                yield f"{field.name}: {field.value}"
