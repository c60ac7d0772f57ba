"""The card under which an answer comes: who asked, what, and what went along."""

from collections.abc import Sequence

import discord

from bot.access import TIERS, Tier
from bot.attachments import in_code
from bot.languages import Language

_CARD_CHARACTERS = 1000
_FIELD_CHARACTERS = 1024  # https://discord.com/developers/docs/resources/message#embed-object-embed-limits
_COLOURS = {Tier.PLUS: discord.Colour(0xE0A526), Tier.FREE: discord.Colour(0x4F6BED)}


def prompt_card(
    user: discord.User | discord.Member,
    text: str,
    tier: Tier,
    language: Language,
    files: Sequence[str] = (),
    left_out: Sequence[str] = (),
    server: str | None = None,
) -> discord.Embed:
    """The prompt as everybody in the channel sees it; `files` went along, and `left_out` did not.

    `server` is named where it is not the one this stands in.
    """
    shown = text if len(text) <= _CARD_CHARACTERS else text[:_CARD_CHARACTERS].rstrip() + "…"
    card = discord.Embed(description=shown, colour=_COLOURS.get(tier))
    card.set_author(name=language.say("{member} asks", member=user.display_name), icon_url=user.display_avatar.url)
    if files:
        card.add_field(name=language.say("Files"), value=_listed(files), inline=False)
    if left_out:
        card.add_field(name=language.say("Files left out"), value=_listed(left_out), inline=False)
    footer = language.say(TIERS[tier])
    if server is not None:
        footer = language.say("{tier} · on your access in {server}", tier=footer, server=server)
    return card.set_footer(text=footer)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(in_code, names))
    return shown if len(shown) <= _FIELD_CHARACTERS else shown[: _FIELD_CHARACTERS - 1] + "…"
