"""Errors a member can act on, and how every other failure is said to them."""

import logging
import secrets

import discord
from discord import app_commands

from gateway.errors import ApiError
from storage import StorageError

log = logging.getLogger(__name__)


class UserError(Exception):
    """Something the person can mend; the message says how and is safe to show."""


class NoAccess(UserError):
    """The member's roles give no access at all."""


class PlusRequired(UserError):
    """Plus was asked for by somebody whose roles give free."""


class NotYours(UserError):
    """The conversation belongs to somebody else."""


class UnknownConversation(UserError):
    """There is no such conversation, or it is gone."""


class ShuttingDown(UserError):
    """The bot is about to stop."""


# What a member can do about it; for every other code the gateway's own sentence is shown.
_GATEWAY_WORDS = {
    "gateway_unreachable": "I can't reach the gateway right now. Try again in a minute; if it stays so, tell an admin.",
    "unknown_conversation": "That conversation is gone. Start a new one with `/ask`.",
    "unknown_parent": "That conversation has changed meanwhile. Send your follow-up again.",
    "plus_required": "This conversation needs plus access, which you no longer have. Start a free one with `/ask`.",
    "disabled": "An admin has switched your access off. Ask one to switch it on again.",
    "storage_busy": "The gateway is busy. Try again in a few seconds.",
    "storage_read_only": "The gateway can't save anything right now. Tell an admin: its disk is full or read-only.",
}
# Beside every status from 500 up: what nobody can mend by asking in another way, so an admin has to know.
_NOT_THEIRS = {0, 401, "upstream_rejected"}


def explain(error: BaseException) -> str:
    """The failure in words for the member; what is not theirs to mend is logged and shown with a reference."""
    if isinstance(error, app_commands.CommandInvokeError) and error.__cause__:
        return explain(error.__cause__)
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, ApiError) and error.code != "internal_error":
        return _explain_gateway(error)
    if isinstance(error, app_commands.AppCommandError):
        words = _explain_command(error)
        if words:
            return words
    return _explain_fault(error)


def _explain_gateway(error: ApiError) -> str:
    words = _GATEWAY_WORDS.get(error.code, error.message)
    if error.status == 401:
        words = "The gateway does not take my own key. Tell an admin: `rolekey check` says what to do."
    if error.status >= 500 or error.status in _NOT_THEIRS or error.code in _NOT_THEIRS:
        reference = log_fault(error)
        words = f"{words} (reference `{reference}`)"
    if error.retry_after and "again in" not in words:
        words = f"{words} You can try again in {wait_in_words(error.retry_after)}."
    return words


def _explain_command(error: app_commands.AppCommandError) -> str | None:
    if isinstance(error, app_commands.MissingPermissions):
        needed = ", ".join(
            name.replace("_", " ").replace("guild", "server").title() for name in error.missing_permissions
        )
        return f"You need the {needed} permission for this."
    if isinstance(error, app_commands.NoPrivateMessage):
        return "This works in a server, not in direct messages."
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return "This command has changed. Restart Discord (Ctrl+R), then try again."
    if isinstance(error, app_commands.TransformerError):
        return _explain_value(error)
    return None


def _explain_value(error: app_commands.TransformerError) -> str | None:
    if isinstance(error.__cause__, UserError):
        return str(error.__cause__)
    if error.__cause__ is not None:
        return None
    if isinstance(error.value, discord.abc.User):
        return f"{error.value.mention} is not a member of this server."
    return "One of the command's values is not one that it offers. Choose from the list as you type."


def _explain_fault(error: BaseException) -> str:
    reference = log_fault(error)
    if isinstance(error, StorageError):
        return f"I can't save anything right now, so I did nothing. Tell an admin, with the reference `{reference}`."
    if isinstance(error, discord.Forbidden):
        return (
            "Discord does not let me do that here: I lack a permission in this channel. "
            f"Tell an admin, with the reference `{reference}`."
        )
    if isinstance(error, discord.HTTPException):
        return f"Discord refused that. Try again; if it keeps happening tell an admin the reference `{reference}`."
    return (
        f"Something went wrong on my side. Try again; if it keeps happening tell an admin the reference `{reference}`."
    )


def log_fault(error: BaseException) -> str:
    """Log a failure under a new reference, and return the reference."""
    reference = secrets.token_hex(4)
    log.error("reference %s: %s", reference, type(error).__name__, exc_info=error)
    return reference


def wait_in_words(seconds: float) -> str:
    """A duration as a person says it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    if seconds < 48 * 3600:
        return f"{round(seconds / 3600)} h"
    return f"{round(seconds / 86_400)} days"
