"""How conversations and what was found in them look."""

from collections.abc import Iterable, Sequence

import discord

from bot.languages import Language
from bot.rendering.pages import Pages
from gateway.wire import Conversation, ConversationAnswer, SearchHit

_TITLE = 80
_DESCRIPTION = 4096  # https://discord.com/developers/docs/resources/message#embed-object-embed-limits


def plain(text: str) -> str:
    """Text that Discord shows as it is, in one line."""
    return discord.utils.escape_markdown(" ".join(text.split())).replace("[", "\\[").replace("]", "\\]")


def title_of(title: str) -> str:
    """A title, short and as it is."""
    return plain(title if len(title) <= _TITLE else title[: _TITLE - 1].rstrip() + "…")


def listed(conversations: Iterable[tuple[Conversation, str | None]]) -> str:
    """A line for each, with the link of its thread where it has one."""
    return _lines(
        f"• {_linked(title_of(entry.title), link)} · {discord.utils.format_dt(entry.updated_at, 'R')}"
        for entry, link in conversations
    )


def found(hits: Iterable[tuple[SearchHit, str | None]]) -> str:
    """What a search found, two lines for each hit, the words in bold."""
    return _lines(
        f"• {_linked(title_of(hit.conversation_title), link)} · {discord.utils.format_dt(hit.created_at, 'R')}\n"
        f"> {_marked(hit)}"
        for hit, link in hits
    )


def transcript(answer: ConversationAnswer, language: Language) -> list[str]:
    """Everything that was said, as pages that each fit a message and have their code blocks closed."""
    pages = Pages()
    pages.feed(f"**{title_of(answer.conversation.title)}**\n\n")
    for message in answer.messages:
        when = discord.utils.format_dt(message.created_at, "f")
        if message.role == "assistant":
            who = language.say("Answer")
        elif message.user_id is None:
            who = language.say("You asked")
        else:
            who = language.say("{member} asked", member=f"<@{message.user_id.rpartition(':')[2]}>")
        text = "".join(message.content.parts)
        fence = "\n```" if text.count("```") % 2 else ""
        pages.feed(f"**{who}** · {when}\n{text}{fence}\n\n")
    pages.finish()
    return pages.complete


def _lines(lines: Iterable[str]) -> str:
    text = ""
    for line in lines:
        if len(text) + len(line) < _DESCRIPTION:
            text += line + "\n"
    return text


def _linked(words: str, link: str | None) -> str:
    return f"[{words}]({link})" if link else f"**{words}**"


def _marked(hit: SearchHit) -> str:
    """A snippet with its hits in bold."""
    parts, at = list[str](), 0
    for mark in _in_order(hit):
        parts += [_escaped(hit.snippet[at : mark[0]]), f"**{_escaped(hit.snippet[mark[0] : mark[1]])}**"]
        at = mark[1]
    return "".join([*parts, _escaped(hit.snippet[at:])])


def _escaped(text: str) -> str:
    return discord.utils.escape_markdown(text)


def _in_order(hit: SearchHit) -> Sequence[tuple[int, int]]:
    return sorted((mark.start, mark.end) for mark in hit.marks)
