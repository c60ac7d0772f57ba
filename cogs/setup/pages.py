"""The pages of /setup: what is set now, and what there is to choose."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import discord
import msgspec
from discord import ui

from bot.access import TIERS, Grant, Tier
from bot.guild_settings import GuildSettings, PlaceName
from bot.languages import Language, Phrase
from cogs.setup.controls import ActButton, ChannelsMenu, ChoiceMenu, GoButton, RolesMenu, Step

_SHOWN = 900  # of an embed field's 1,024 characters
_NAVIGATION = 4
ANSWERED_IN = (
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.voice,
    discord.ChannelType.category,
)
_AUDITED_IN = (discord.ChannelType.text, discord.ChannelType.news)
PLACES: dict[PlaceName, Phrase] = {
    "thread": Phrase("in a new thread for each conversation"),
    "channel": Phrase("in the channel where it was asked"),
}
ELSEWHERE = {
    "no": Phrase("only here, and in direct messages with me"),
    "yes": Phrase("also where they bring me along: in other servers and direct messages, seen by them alone"),
}
READING = {
    "no": Phrase("Admins may not search members' conversations"),
    "yes": Phrase("Admins may search them; each member sees who did"),
}


class Now(msgspec.Struct, frozen=True):
    """What is set in a server, and in which language it is said."""

    guild: discord.Guild
    settings: GuildSettings
    grants: Sequence[Grant]
    default_place: PlaceName
    default_elsewhere: bool
    language: Language

    def roles(self, tier: Tier) -> list[discord.Role]:
        """The roles that give a tier, without @everyone."""
        found = [self.guild.get_role(grant.role_id) for grant in self.grants if grant.tier is tier]
        return [role for role in found if role is not None and not role.is_default()]

    @property
    def everyone(self) -> Tier:
        """What everybody has."""
        return next((grant.tier for grant in self.grants if grant.role_id == self.guild.id), Tier.NONE)

    @property
    def place(self) -> PlaceName:
        """Where answers come."""
        return self.settings.place or self.default_place

    @property
    def elsewhere(self) -> str:
        """Where members may ask on this server's access."""
        chosen = self.settings.elsewhere
        return "yes" if (self.default_elsewhere if chosen is None else chosen) else "no"

    def channels(self, ids: Sequence[int]) -> list[discord.abc.GuildChannel]:
        """Those that are still there."""
        return [channel for channel_id in ids if (channel := self.guild.get_channel(channel_id))]


class Page(msgspec.Struct, frozen=True):
    """One page, as it is sent."""

    embed: discord.Embed
    view: ui.View


def page(step: Step, now: Now) -> Page:
    """A page with what is set now."""
    steps, say = [*Step], now.language.say
    title, explanation, build = _PAGES[step]
    embed = discord.Embed(title=say(title), description=say(explanation), colour=discord.Colour(0x4F6BED))
    embed.set_footer(
        text=say(
            "Step {number} of {count}. What you choose holds at once; skip what you don't need.",
            number=steps.index(step) + 1,
            count=len(steps),
        )
    )
    view = ui.View(timeout=None)
    for item in build(now, embed):
        view.add_item(item)
    before, after = {later: earlier for earlier, later in pairwise(steps)}, dict(pairwise(steps))
    back = GoButton("back", before.get(step, step), say("Back"), row=_NAVIGATION, disabled=step not in before)
    view.add_item(back)
    if step in after:
        view.add_item(GoButton("next", after[step], say("Next"), row=_NAVIGATION))
    if step in before:
        view.add_item(GoButton("home", Step.OVERVIEW, say("Overview"), row=_NAVIGATION))
    return Page(embed, view)


Controls = Sequence[ui.Item[Any]]


def _overview(now: Now, embed: discord.Embed) -> Controls:
    say, settings = now.language.say, now.settings
    embed.add_field(name=say("Plus"), value=_mentions(now.roles(Tier.PLUS), now))
    embed.add_field(name=say("Free"), value=_mentions(now.roles(Tier.FREE), now))
    embed.add_field(name=say("Everybody else"), value=say(TIERS[now.everyone]))
    embed.add_field(name=say("I answer in"), value=_answered_in(now))
    embed.add_field(name=say("Answers come"), value=say(PLACES[now.place]))
    embed.add_field(name=say("Members may ask"), value=say(ELSEWHERE[now.elsewhere]))
    embed.add_field(name=say("Audit channel"), value=_audit_channel(now))
    embed.add_field(name=say("System prompt"), value=_text(settings.system_prompt, now, 200), inline=False)
    embed.add_field(name=say("Privacy notice"), value=_text(settings.notice, now, 200), inline=False)
    embed.add_field(name=say("Searching"), value=say(READING[_reading(now)]), inline=False)
    lines = [say(line) for line in channel_lines(settings)]
    if lines:
        shown = "\n".join(lines)
        embed.add_field(name=say("Channels of their own"), value=_cut(shown, _SHOWN), inline=False)
    return ()


def channel_lines(settings: GuildSettings) -> list[Phrase]:
    """What was chosen for single channels."""
    lines = list[Phrase]()
    for channel in settings.channels.values():
        where = f"<#{channel.channel_id}>"
        if channel.system_prompt:
            lines.append(Phrase("{channel} has a system prompt of its own", channel=where))
        if channel.tier is not None:
            tier = TIERS[Tier.named(channel.tier)]
            lines.append(Phrase("{channel}: {tier}, where nothing else is asked for", channel=where, tier=tier))
    return lines


def _roles(now: Now, embed: discord.Embed) -> Controls:
    say = now.language.say
    embed.add_field(name=say("Plus"), value=_mentions(now.roles(Tier.PLUS), now))
    embed.add_field(name=say("Free"), value=_mentions(now.roles(Tier.FREE), now))
    embed.add_field(name=say("Everybody else"), value=say(TIERS[now.everyone]))
    options = [
        discord.SelectOption(
            label=say("Everybody else: {tier}", tier=TIERS[tier]), value=tier.word, default=now.everyone is tier
        )
        for tier in (Tier.FREE, Tier.NONE, Tier.PLUS)
    ]
    return (
        RolesMenu("plus", say("Roles that give plus"), now.roles(Tier.PLUS), row=0),
        RolesMenu("free", say("Roles that give free"), now.roles(Tier.FREE), row=1),
        ChoiceMenu("everyone", options, row=2),
    )


def _place(now: Now, embed: discord.Embed) -> Controls:
    say = now.language.say
    embed.add_field(name=say("I answer in"), value=_answered_in(now))
    embed.add_field(name=say("Answers come"), value=say(PLACES[now.place]))
    embed.add_field(name=say("Members may ask"), value=say(ELSEWHERE[now.elsewhere]))
    labels: dict[PlaceName, str] = {
        "thread": say("Answer in a new thread for each conversation"),
        "channel": say("Answer in the channel where it was asked"),
    }
    options = [
        discord.SelectOption(label=label, value=place, default=place == now.place) for place, label in labels.items()
    ]
    chosen = now.channels(now.settings.answer_channels)
    hint = say("Channels and categories; none for everywhere")
    reaches = {
        "no": say("Members ask only here, and in direct messages with me"),
        "yes": say("Members may bring me along and ask elsewhere, too"),
    }
    elsewhere = [
        discord.SelectOption(label=label, value=value, default=value == now.elsewhere)
        for value, label in reaches.items()
    ]
    return (
        ChannelsMenu("answers", hint, chosen, kinds=ANSWERED_IN, row=0),
        ChoiceMenu("place", options, row=1),
        ChoiceMenu("elsewhere", elsewhere, row=2),
    )


def _prompt(now: Now, embed: discord.Embed) -> Controls:
    say = now.language.say
    text = _text(now.settings.system_prompt, now, _SHOWN)
    embed.add_field(name=say("System prompt"), value=text, inline=False)
    return (ActButton("prompt", say("Write it"), emoji="✏️", row=0),)


def _notice(now: Now, embed: discord.Embed) -> Controls:
    say = now.language.say
    embed.add_field(name=say("Privacy notice"), value=_text(now.settings.notice, now, _SHOWN), inline=False)
    embed.add_field(name=say("Searching"), value=say(READING[_reading(now)]), inline=False)
    options = [
        discord.SelectOption(label=say(phrase), value=value, default=value == _reading(now))
        for value, phrase in READING.items()
    ]
    return ActButton("notice", say("Write it"), emoji="✏️", row=0), ChoiceMenu("reading", options, row=1)


def _audit(now: Now, embed: discord.Embed) -> Controls:
    say = now.language.say
    embed.add_field(name=say("Audit channel"), value=_audit_channel(now))
    chosen = now.channels([now.settings.audit_channel_id or 0])
    return (ChannelsMenu("audit", say("One channel, or none"), chosen, kinds=_AUDITED_IN, most=1, row=0),)


def _try_out(now: Now, _embed: discord.Embed) -> Controls:
    return (ActButton("try", now.language.say("Send a test prompt"), emoji="🧪", row=0),)


_PAGES: dict[Step, tuple[Phrase, Phrase, Callable[[Now, discord.Embed], Controls]]] = {
    Step.OVERVIEW: (
        Phrase("Set-up"),
        Phrase("This is what is set now. Press Next to go through it."),
        _overview,
    ),
    Step.ROLES: (
        Phrase("Who may ask"),
        Phrase("Choose which roles give plus and which give free. The best of a member's roles counts."),
        _roles,
    ),
    Step.PLACE: (
        Phrase("Where I answer"),
        Phrase(
            "Choose the channels and categories where members may ask; choose none and they may everywhere. "
            "Threads go with their channel. Members who add me to their own account can bring me along to other "
            "servers and direct messages, on their access here, where you allow it."
        ),
        _place,
    ),
    Step.PROMPT: (
        Phrase("System prompt"),
        Phrase(
            "It tells the model how to answer on this server: its tone, its subject, its rules. Members can read it "
            "with `/about`. A channel gets one of its own by `/admin system-prompt`. Conversations keep the one they "
            "began with."
        ),
        _prompt,
    ),
    Step.NOTICE: (
        Phrase("Privacy notice"),
        Phrase(
            "Members see it before their first answer, and whenever they like with `/about`. Where it says that admins "
            "may search, `/admin audit` finds what was written from then on."
        ),
        _notice,
    ),
    Step.AUDIT: (
        Phrase("Audit channel"),
        Phrase("I tell there what admins do with me. Choose a channel that only they see."),
        _audit,
    ),
    Step.TRY_OUT: (
        Phrase("Try it out"),
        Phrase("A test prompt goes the way that members' prompts go, on your own access. Only you see the answer."),
        _try_out,
    ),
}


def _mentions(roles: Sequence[discord.Role], now: Now) -> str:
    return _cut(", ".join(role.mention for role in roles), _SHOWN) or now.language.say("no role")


def _answered_in(now: Now) -> str:
    chosen = now.settings.answer_channels
    if not chosen:
        return now.language.say("all channels")
    there = {channel.id for channel in now.channels(chosen)}
    gone = now.language.say("a channel that was deleted")
    return _cut(", ".join(f"<#{channel_id}>" if channel_id in there else gone for channel_id in chosen), _SHOWN)


def _audit_channel(now: Now) -> str:
    say, channel_id = now.language.say, now.settings.audit_channel_id
    if channel_id is None:
        return say("none")
    channel = now.guild.get_channel(channel_id)
    if channel is None:
        return say("a channel that was deleted")
    allowed = channel.permissions_for(now.guild.me)
    if allowed.view_channel and allowed.send_messages:
        return channel.mention
    return say("{channel} ⚠️ I may not write there: give me View Channel and Send Messages.", channel=channel.mention)


def _reading(now: Now) -> str:
    return "no" if now.settings.readable_since is None else "yes"


def _text(text: str, now: Now, longest: int) -> str:
    return _cut(text, longest) or now.language.say("none")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest].rstrip() + "…"
