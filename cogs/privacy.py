"""/privacy, /export me and /forget me: what is stored of a member, a copy of it, and its end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.errors import UserError, explain
from bot.exporting import Exporter
from bot.guild_settings import Guilds
from bot.installs import server_of
from bot.languages import Language, Phrase, Value, counted, language_of
from bot.live_views import LiveForm
from bot.personal_data import PersonalData, Receipt, Whose
from cogs.notice import add_notice
from gateway.client import GatewayClient
from gateway.errors import ApiError
from gateway.wire import Policy

log = logging.getLogger(__name__)
Interaction = discord.Interaction[Any]
_MOST_FILE_BYTES = 25 * 2**20
_TOO_LATE = {10015, 50027}  # unknown webhook, invalid webhook token
_NOBODY = discord.AllowedMentions.none()


class PrivacyCog(commands.Cog):
    """Everything here is shown to the member alone, and works for whoever has no access any more, too.

    In a server of mine it is about that server, everywhere else about all of them.
    """

    forget = app_commands.Group(
        name="forget",
        description="Have what is stored of you erased",
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
    )
    export = app_commands.Group(
        name="export",
        description="Get a copy of what is stored of you",
        allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
        allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
    )

    def __init__(self, gateway: GatewayClient, guilds: Guilds, data: PersonalData, exporter: Exporter) -> None:
        self._gateway = gateway
        self._guilds = guilds
        self._data = data
        self._exporter = exporter

    @app_commands.command(name="privacy", description="What is stored of you, where, how long, and who can read it")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def privacy(self, interaction: Interaction) -> None:
        """The same for everybody, and true for this server."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            policy = await self._gateway.policy()
        except ApiError as error:
            explain(error)  # logged; what is known without the gateway is said all the same
            policy = None
        language = language_of(interaction)
        card = _privacy_card(policy, language)
        server = server_of(interaction)
        if server is not None:
            add_notice(card, await self._guilds.settings(server.id), language)
        await interaction.edit_original_response(embed=card)

    @export.command(name="me", description="Get a copy of all that is stored of you, as a ZIP file")
    async def export_me(self, interaction: Interaction) -> None:
        """Several files where one would be larger than Discord takes it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        language = language_of(interaction)
        with TemporaryDirectory(prefix="rolekey-export-") as folder:
            most = min(interaction.filesize_limit, _MOST_FILE_BYTES)
            parts = await self._exporter.write(_whose(interaction), Path(folder), most_bytes=most, language=language)
            await _send(interaction, parts, language)

    @forget.command(name="me", description="Erase all that is stored of you, for good, and kill your key")
    async def forget_me(self, interaction: Interaction) -> None:
        """Only after the member has typed that they mean it."""

        async def confirmed(submitted: Interaction) -> None:
            await submitted.response.defer(ephemeral=True, thinking=True)
            receipt = await self._data.erase(_whose(interaction))
            words = language_of(submitted).say(_outcome(receipt, server_of(interaction)))
            await submitted.edit_original_response(content=words, allowed_mentions=_NOBODY)

        await interaction.response.send_modal(ForgetForm(confirmed, server_of(interaction), language_of(interaction)))


class ForgetForm(LiveForm):
    """Says what will go, and takes a few words as a promise that it is meant."""

    def __init__(
        self, confirmed: Callable[[Interaction], Awaitable[None]], guild: discord.Guild | None, language: Language
    ) -> None:
        super().__init__(title=language.say("Erase your data"))
        self._confirmed = confirmed
        self._words = language.say("forget me")
        where = language.say(Phrase("on all servers") if guild is None else Phrase("in {server}", server=guild.name))
        self.add_item(
            ui.TextDisplay(
                language.say(
                    "This erases for good, {where}: your conversations with me and what came with them, your key, and "
                    "what I noted of you. Messages on Discord stay until they are deleted there. "
                    "`/export me` gives you a copy first.",
                    where=where,
                )
            )
        )
        self._typed = ui.TextInput[Any](custom_id="words", max_length=100)
        self.add_item(
            ui.Label(text=language.say("To confirm, type: {words}", words=self._words), component=self._typed)
        )

    async def on_submit(self, interaction: Interaction, /) -> None:
        """Erase, where the words are right."""
        if " ".join(self._typed.value.split()).casefold() != self._words.casefold():
            raise UserError(
                "Nothing was erased. To have it erased, run `/forget me` again and type: {words}", words=self._words
            )
        await self._confirmed(interaction)


def _whose(interaction: Interaction) -> Whose:
    server = server_of(interaction)
    return Whose(interaction.user.id, server.id if server else None)


async def _send(interaction: Interaction, parts: list[Path], language: Language) -> None:
    if not parts:
        await interaction.edit_original_response(content=language.say("Nothing is stored of you here."))
        return
    for number, part in enumerate(parts, start=1):
        if len(parts) == 1:
            words = language.say(
                "This is all that is stored of you: conversations, use, your key's state, and who else read what you "
                "wrote. Only you see it."
            )
        else:
            words = language.say(
                "Part {number} of {all} of what is stored of you: open them all into one folder.",
                number=number,
                all=len(parts),
            )
        await _hand_over(interaction, words, part, first=number == 1)


async def _hand_over(interaction: Interaction, words: str, part: Path, *, first: bool) -> None:
    """By the interaction; in direct messages once Discord takes no more answers to it, after 15 minutes.

    Never in the channel: it is nobody else's to see.
    """
    file = await asyncio.to_thread(discord.File, part)
    try:
        if first:
            await interaction.edit_original_response(content=words, attachments=[file])
        else:
            await interaction.followup.send(words, file=file, ephemeral=True)
        return
    except discord.HTTPException as error:
        if not interaction.is_expired() and error.code not in _TOO_LATE:
            raise
        log.info("a copy took longer than its interaction lives; it goes by direct message")
    file = await asyncio.to_thread(discord.File, part)  # sending closed the first one
    await interaction.user.send(words, file=file, allowed_mentions=_NOBODY)


def _outcome(receipt: Receipt, guild: discord.Guild | None) -> Phrase:
    if not (receipt.keys or receipt.conversations or receipt.notes):
        return Phrase("Nothing was stored of you, so nothing was erased.")
    counts = [
        (receipt.conversations, counted("{count} conversation", "{count} conversations", receipt.conversations)),
        (receipt.messages, counted("{count} message", "{count} messages", receipt.messages)),
        (receipt.attachments, counted("{count} file", "{count} files", receipt.attachments)),
        (receipt.keys, counted("{count} key", "{count} keys", receipt.keys)),
        (receipt.notes, counted("{count} note of mine", "{count} notes of mine", receipt.notes)),
    ]
    where = (
        counted("on {count} server", "on {count} servers", receipt.servers)
        if guild is None
        else Phrase("in {server}", server=guild.name)
    )
    return Phrase(
        "Erased {where}: {list_of_counts}.\n"
        "What stays until the month is over, without your name: how much you used, so that limits hold; and a block, "
        "if an admin set one. Who read your conversations stays in the log, without a word of them. "
        "Messages on Discord are yours to delete.",
        where=where,
        list_of_counts=[phrase for count, phrase in counts if count],
    )


def _privacy_card(policy: Policy | None, language: Language) -> discord.Embed:
    say = language.say
    card = discord.Embed(title=say("Your data"))
    card.add_field(
        name=say("What is stored"),
        value=say(
            "Your questions and files, the answers, your name and language on Discord, how much you used each day, and "
            "your key: sealed, and as a fingerprint. Of what you write elsewhere on Discord I store nothing."
        ),
        inline=False,
    )
    card.add_field(
        name=say("Where"),
        value=say(
            "In the database of whoever runs me. Your questions are sent to: {providers}. Threads and their messages "
            "are on Discord.",
            providers=_providers(policy),
        ),
        inline=False,
    )
    kept = say("A question that a restart of mine cut off I keep sealed, for a day at most, so that you can retry it.")
    card.add_field(name=say("How long"), value=f"{say(_retention(policy))} {kept}", inline=False)
    card.add_field(
        name=say("Who can read it"),
        value=say(
            "You; on Discord whoever can see the thread, where the answer was not private; and whoever runs me. "
            "If others read your conversations there, it is noted, and `/export me` shows you the notes."
        ),
        inline=False,
    )
    card.add_field(
        name=say("What you can do"),
        value=say("`/export me` gives you a copy of it all. `/forget me` erases it and kills your key."),
        inline=False,
    )
    return card


def _providers(policy: Policy | None) -> Value:
    if policy is None:
        return Phrase("whom the gateway asks")
    if not policy.providers:
        return Phrase("nobody else")
    return [f"`{host}`" for host in policy.providers]


def _retention(policy: Policy | None) -> Phrase:
    if policy is None:
        return Phrase("The gateway does not say how long it keeps conversations. Ask an admin.")
    if policy.retention_days == 0:
        return Phrase("Until you delete it. What you used stays as numbers.")
    return Phrase(
        "A conversation is erased {days} after it was last used. What you used stays as numbers.",
        days=counted("{count} day", "{count} days", policy.retention_days),
    )
