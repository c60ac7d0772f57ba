"""What can go wrong on the way into Discord, in words that may be shown to a member.

Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
"""

import aiohttp
import discord

from bot.languages import Phrase

TRANSIENT = (discord.HTTPException, discord.RateLimited, aiohttp.ClientError, OSError)
"""What a call to Discord raises when it did not work out, this time or for good."""

_UNKNOWN_MESSAGE = 10008
_EDITS_OF_OLD_MESSAGE = 30046
_THREAD_ARCHIVED = 50083
_NEEDS_NEW_MESSAGE = {_UNKNOWN_MESSAGE, _EDITS_OF_OLD_MESSAGE, _THREAD_ARCHIVED}
_TOO_LATE = Phrase("Discord no longer takes replies to this command; they are accepted for 15 minutes.")
_REASONS = {
    10003: Phrase("The channel or thread was deleted."),
    10004: Phrase("The server is no longer there."),
    10015: _TOO_LATE,
    10062: _TOO_LATE,
    50001: Phrase("I can no longer see the channel or thread."),
    50007: Phrase("I may not send direct messages here."),
    50013: Phrase("I lack the permission to write in the channel or thread."),
    50027: _TOO_LATE,
    50083: Phrase("The thread is archived and locked."),
    160005: Phrase("The thread is locked."),
}
_REFUSED = Phrase("Discord does not let me write there any more.")


class RenderingError(Exception):
    """An answer could not be shown. `reason` is a sentence that is safe to show."""

    def __init__(self, reason: Phrase) -> None:
        super().__init__(reason)
        self.reason = reason


class SurfaceGone(RenderingError):
    """The place of the answer was deleted, locked or closed to the bot. Trying again there is no use."""


class DeliveryFailed(RenderingError):
    """Discord kept failing, or refused the text itself. The place is still there."""


def surface_gone(error: BaseException) -> SurfaceGone | None:
    """The error to raise where `error`, of sending, says that nothing can be sent there any more."""
    if not isinstance(error, discord.HTTPException):
        return None
    reason = _REASONS.get(error.code, _REFUSED if error.status in {401, 403, 404} else None)
    return SurfaceGone(reason) if reason else None


def needs_new_message(error: BaseException) -> bool:
    """Whether `error`, of editing, says that this message cannot be edited though another could be sent.

    Sending into an archived thread opens it again, unless it is locked; editing in it does not.
    """
    return isinstance(error, discord.HTTPException) and error.code in _NEEDS_NEW_MESSAGE


def was_deleted(error: BaseException) -> bool:
    """Whether `error`, of editing, says that somebody deleted the message."""
    return isinstance(error, discord.HTTPException) and error.code == _UNKNOWN_MESSAGE


def is_passing(error: BaseException) -> bool:
    """Whether the same call may work in a moment."""
    return not isinstance(error, discord.HTTPException) or error.status >= 500 or error.status == 429
