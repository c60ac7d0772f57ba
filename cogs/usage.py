"""/usage: what one used and what is left; for admins also what others used, and who used most."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import TIERS, Tier
from bot.installs import is_elsewhere, server_of
from bot.keys import parse_user_id, user_id
from bot.languages import Dollars, Language, Phrase, counted, language_of
from bot.membership import Homes
from bot.usage_chart import Bar, draw
from gateway.client import GatewayClient
from gateway.errors import NotFound
from gateway.wire import Allowance, TierAllowances, UsageAnswer, UsageOfDay, UsageSum

Interaction = discord.Interaction[Any]
_NOBODY = discord.AllowedMentions.none()
_DAYS = 30
_TOP = 10
_PICTURE = "usage.png"


class UsageCog(commands.Cog):
    """Shown to whoever asks alone. Numbers only: nobody sees here what somebody asked."""

    def __init__(self, gateway: GatewayClient, homes: Homes, *, now: Callable[[], datetime]) -> None:
        self._gateway = gateway
        self._homes = homes
        self._now = now

    @app_commands.command(name="usage", description="What you used today and this month, and what is left")
    @app_commands.describe(
        member="Whose use instead of your own; for admins",
        top="Who used most instead of your own; for admins",
    )
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def usage(
        self,
        interaction: Interaction,
        member: discord.User | None = None,
        top: Literal["today", "month"] | None = None,
    ) -> None:
        """Discord lets no command be one and a group as well, so the ranking is an option."""
        if member is not None or top is not None:
            _require_admin(interaction)
        await interaction.response.defer(ephemeral=True, thinking=True)
        if top is not None:
            await self._show_top(interaction, top)
        else:
            await self._show_one(interaction, member or interaction.user)

    async def _show_one(self, interaction: Interaction, user: discord.abc.User) -> None:
        guild = server_of(interaction) or (await self._homes.best(user.id, elsewhere=is_elsewhere(interaction))).guild
        usage = await self._usage_of(guild.id, user.id)
        language = language_of(interaction)
        card = _card_of(usage, language)
        card.title = (
            language.say("Your use in {server}", server=guild.name)
            if user.id == interaction.user.id
            else language.say("What {member} used in {server}", member=user.display_name, server=guild.name)
        )
        bars = _bars(usage)
        if not any(bar.tokens for bar in bars):
            await interaction.edit_original_response(embed=card)
            return
        picture = await asyncio.to_thread(draw, bars)
        card.set_image(url=f"attachment://{_PICTURE}")
        card.set_footer(text=language.say("Tokens a day, the last {count} days (UTC)", count=len(bars)))
        described = language.say("A bar chart of the tokens used each day")
        file = discord.File(BytesIO(picture), _PICTURE, description=described)
        await interaction.edit_original_response(embed=card, attachments=[file])

    async def _show_top(self, interaction: Interaction, top: Literal["today", "month"]) -> None:
        guild = server_of(interaction)
        if guild is None:
            raise app_commands.NoPrivateMessage
        today = self._now().date()
        since = today if top == "today" else today.replace(day=1)
        usage = await self._gateway.usage(since=since, until=today, starting=f"{guild.id}:", top=_TOP)
        say = language_of(interaction).say
        title = (
            say("Who used most in {server} today", server=guild.name)
            if top == "today"
            else say("Who used most in {server} this month", server=guild.name)
        )
        card = discord.Embed(title=title, description=say("Nobody used anything yet."))
        if usage.users:
            ranked = enumerate(usage.users, start=1)
            lines = [f"{place}. {_mention(user.user_id)} · {say(_sum(user))}" for place, user in ranked]
            card.description = "\n".join(lines)
            card.add_field(name=say("Everybody together"), value=say(_sum(usage.total)))
        await interaction.edit_original_response(embed=card, allowed_mentions=_NOBODY)

    async def _usage_of(self, guild_id: int, member_id: int) -> UsageAnswer:
        """The last days and all of this month; nothing where the gateway does not know the member yet."""
        today = self._now().date()
        since = min(today.replace(day=1), today - timedelta(days=_DAYS - 1))
        try:
            return await self._gateway.usage(user_id(guild_id, member_id), since=since, until=today)
        except NotFound:
            return UsageAnswer(from_=since, to=today, total=UsageSum(), days=[])


def _require_admin(interaction: Interaction) -> None:
    """Raises what the tree says in words."""
    if server_of(interaction) is None:
        raise app_commands.NoPrivateMessage
    if not interaction.permissions.manage_guild:
        raise app_commands.MissingPermissions(["manage_guild"])


def _card_of(usage: UsageAnswer, language: Language) -> discord.Embed:
    say = language.say
    card = discord.Embed()
    card.add_field(name=say("Today"), value=say(_sum(_since(usage.days, usage.to))))
    card.add_field(name=say("This month"), value=say(_sum(_since(usage.days, usage.to.replace(day=1)))))
    for allowances in usage.limits:
        name = say("Left ({tier})", tier=TIERS[Tier.named(allowances.tier)])
        lines = [say(line) for line in _left(allowances)]
        card.add_field(name=name, value="\n".join(lines) or say("There is no limit."), inline=False)
    return card


def _since(days: list[UsageOfDay], first: date) -> UsageSum:
    wanted = [day for day in days if day.day >= first]
    return UsageSum(**{name: sum(getattr(day, name) for day in wanted) for name in UsageSum.__struct_fields__})


def _sum(used: UsageSum) -> Phrase:
    return Phrase(
        "{answers}, {tokens}, {cost}",
        answers=counted("{count} answer", "{count} answers", used.requests),
        tokens=counted("{count} token", "{count} tokens", used.input_tokens + used.output_tokens),
        cost=Dollars(used.cost_usd),
    )


def _left(allowances: TierAllowances) -> list[Phrase]:
    """A line for each limit there is."""
    lines = list[Phrase]()
    minute, day, month = allowances.requests_per_minute, allowances.tokens_per_day, allowances.cost_per_month_usd
    if day.left is not None and day.limit is not None:
        lines.append(
            Phrase("{left} of {limit} tokens today, {reset}", left=day.left, limit=day.limit, reset=_reset(day))
        )
    if month.left is not None and month.limit is not None:
        lines.append(
            Phrase(
                "{left} of {limit} this month, {reset}",
                left=Dollars(month.left),
                limit=Dollars(month.limit),
                reset=_reset(month),
            )
        )
    if minute.left is not None and minute.limit is not None:
        lines.append(Phrase("{left} of {limit} questions this minute", left=minute.left, limit=minute.limit))
    return lines


def _reset(allowance: Allowance) -> Phrase | str:
    if allowance.resets_at is None:
        return ""
    return Phrase("all of it again {when}", when=discord.utils.format_dt(allowance.resets_at, "R"))


def _bars(usage: UsageAnswer) -> list[Bar]:
    tokens = {day.day: day.input_tokens + day.output_tokens for day in usage.days}
    days = [usage.to - timedelta(days=back) for back in range(_DAYS - 1, -1, -1)]
    return [Bar(day, tokens.get(day, 0)) for day in days]


def _mention(who: str) -> str:
    ids = parse_user_id(who)
    return f"<@{ids[1]}>" if ids else who
