"""Places in Discord where an answer can appear.

All that is sent here pings nobody and unfolds no links (see `bot.rendering.safety`).
"""

from collections.abc import Sequence
from typing import Any, Protocol

import discord
from discord.utils import MISSING

_NOBODY = discord.AllowedMentions.none()


class Posted(Protocol):
    """A message that was sent and can be edited. Each method raises what discord.py raises."""

    @property
    def id(self) -> int:
        """The message's snowflake."""
        ...

    async def edit(
        self, content: str, *, view: discord.ui.View | None = None, files: Sequence[discord.File] = ()
    ) -> None:
        """Replace the content. Without `view` or `files`, those stay as they are."""
        ...

    async def delete(self) -> None:
        """Delete the message."""
        ...


class Surface(Protocol):
    """Where an answer appears: a thread, a channel, an interaction's follow-ups."""

    async def send(
        self, content: str, *, view: discord.ui.View | None = None, files: Sequence[discord.File] = ()
    ) -> Posted:
        """Send a message. Raises what discord.py raises."""
        ...


class _SentMessage:
    """Discord's own message, from a channel or from a webhook."""

    def __init__(self, message: discord.Message | discord.WebhookMessage) -> None:
        self._message = message

    @property
    def id(self) -> int:
        return self._message.id

    async def edit(
        self, content: str, *, view: discord.ui.View | None = None, files: Sequence[discord.File] = ()
    ) -> None:
        shown = MISSING if view is None else view
        attachments = files or MISSING
        if isinstance(self._message, discord.WebhookMessage):
            await self._message.edit(content=content, view=shown, attachments=attachments, allowed_mentions=_NOBODY)
            return
        # Without `suppress` discord.py sends flags with every edit that bring embeds back.
        await self._message.edit(
            content=content, view=shown, attachments=attachments, allowed_mentions=_NOBODY, suppress=True
        )

    async def delete(self) -> None:
        await self._message.delete()


class ChannelSurface:
    """A channel, a thread or direct messages. The first message replies to `reference`, without a ping."""

    def __init__(self, channel: discord.abc.Messageable, reference: discord.Message | None = None) -> None:
        self._channel = channel
        self._reply: dict[str, Any] = {}
        if reference:
            self._reply = {"reference": reference.to_reference(fail_if_not_exists=False), "mention_author": False}

    async def send(
        self, content: str, *, view: discord.ui.View | None = None, files: Sequence[discord.File] = ()
    ) -> Posted:
        """Send a message; the first that succeeds is the reply."""
        message = await self._channel.send(
            content,
            view=MISSING if view is None else view,
            files=files or MISSING,
            allowed_mentions=_NOBODY,
            suppress_embeds=True,
            **self._reply,
        )
        self._reply = {}
        return _SentMessage(message)


class InteractionSurface:
    """The follow-ups of an interaction that was answered or deferred.

    Discord takes them, and edits of them, for 15 minutes
    (https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages).
    """

    def __init__(self, interaction: discord.Interaction, ephemeral: bool) -> None:
        self._followup = interaction.followup
        self._ephemeral = ephemeral

    async def send(
        self, content: str, *, view: discord.ui.View | None = None, files: Sequence[discord.File] = ()
    ) -> Posted:
        """Send a follow-up."""
        message = await self._followup.send(
            content,
            view=MISSING if view is None else view,
            files=files or MISSING,
            ephemeral=self._ephemeral,
            allowed_mentions=_NOBODY,
            suppress_embeds=True,
            wait=True,
        )
        return _SentMessage(message)
