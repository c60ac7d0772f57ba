"""/about: what holds for a member here: the system prompt, the default tier, the notice, and who searched."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.access import TIERS, Tier
from bot.guild_settings import Applying, Guilds, lineage_of
from bot.languages import Language, Phrase, language_of
from bot.readings import Reading, Readings
from cogs.notice import add_notice
from cogs.setup.cog import guild_of

Interaction = discord.Interaction[Any]
_SHOWN = 900  # of an embed field's 1,024 characters
_PROMPT = 600  # of which each line is quoted with two characters more
_READINGS = 5


class AboutCog(commands.Cog):
    """Shown to the member alone."""

    def __init__(self, guilds: Guilds, readings: Readings) -> None:
        self._guilds = guilds
        self._readings = readings

    @app_commands.command(name="about", description="See what I am told here, and who may read what you ask")
    @app_commands.guild_only()
    async def about(self, interaction: Interaction) -> None:
        """In the channel where it is asked; a thread is like its channel."""
        guild = guild_of(interaction)
        settings = await self._guilds.settings(guild.id)
        lineage = lineage_of(interaction.channel)
        applying = settings.applying(lineage, self._guilds.default_place)
        language = language_of(interaction)
        say = language.say
        card = discord.Embed(title=say("About me in {server}", server=guild.name), colour=discord.Colour(0x4F6BED))
        if not settings.answers_in(lineage):
            there = [f"<#{channel_id}>" for channel_id in settings.answer_channels]
            words = say("I don't answer in this channel. Ask in {channels}.", channels=there)
            card.add_field(name=say("Here"), value=_cut(words), inline=False)
        card.add_field(name=say("Tier, where you choose none"), value=say(_tier(applying)), inline=False)
        card.add_field(name=say(_prompt_title(applying)), value=_prompt(applying, language), inline=False)
        add_notice(card, settings, language)
        read = await self._readings.of_member(guild.id, interaction.user.id, most=_READINGS)
        if read:
            card.add_field(name=say("Admins who searched yours"), value=_read_by(read, language), inline=False)
        whole = applying.system_prompt if len(applying.system_prompt) > _PROMPT else ""
        await interaction.response.send_message(
            embed=card,
            files=[discord.File(BytesIO(whole.encode()), "system-prompt.txt")] if whole else [],
            ephemeral=True,
            allowed_mentions=discord.AllowedMentions.none(),
        )


def _tier(applying: Applying) -> Phrase:
    if applying.tier is None:
        return Phrase("the best that your roles give")
    tier = TIERS[Tier.named(applying.tier)]
    return Phrase("{tier}, as chosen for {channel}", tier=tier, channel=f"<#{applying.tier_of}>")


def _prompt_title(applying: Applying) -> Phrase:
    if applying.prompt_of is None:
        return Phrase("System prompt of this server")
    return Phrase("System prompt of {channel}", channel=f"<#{applying.prompt_of}>")


def _prompt(applying: Applying, language: Language) -> str:
    if not applying.system_prompt:
        return language.say("Admins wrote none.")
    shown = applying.system_prompt[:_PROMPT]
    if shown != applying.system_prompt:
        shown += "…"
    return _cut("\n".join(f"> {line}" for line in shown.splitlines()))


def _read_by(readings: Sequence[Reading], language: Language) -> str:
    lines = [
        language.say(
            "{when}: {admin} searched for “{words}”",
            when=f"<t:{reading.at // 1000}:f>",
            admin=f"<@{reading.admin_id}>",
            words=discord.utils.escape_markdown(reading.words[:100]),
        )
        for reading in readings
    ]
    return _cut("\n".join(lines))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…"
