"""Errors a member can act on, and how every other failure is said to them."""

import logging
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import LiteralString, Self

import discord
from discord import app_commands

from bot.gateway_words import IN_PLACE, translated
from bot.languages import Phrase, Value
from gateway.errors import ApiError
from storage import StorageError

log = logging.getLogger(__name__)


class UserError(Exception):
    """Something the person can mend: a phrase, or a literal sentence and its values, that says how.

    As `str` it is English, for logs.
    """

    def __init__(self, phrase: LiteralString | Phrase, /, **values: Value) -> None:
        self.phrase = Phrase(phrase, **values) if isinstance(phrase, str) else phrase
        super().__init__(self.phrase)


class SubscriptionHelps(UserError):
    """A subscription to one of `skus` would help, if there are any: `bot.offers` makes buttons of them."""

    skus: tuple[int, ...] = ()

    def offering(self, skus: Sequence[int]) -> Self:
        """The same error, with what would help."""
        self.skus = tuple(skus)
        return self


class NoAccess(SubscriptionHelps):
    """The member has no access at all."""


class PlusRequired(SubscriptionHelps):
    """Plus was asked for by somebody who has free."""


class NotYours(UserError):
    """The conversation belongs to somebody else."""


class UnknownConversation(UserError):
    """There is no such conversation, or it is gone."""


class ShuttingDown(UserError):
    """The bot is about to stop."""


# Beside every status from 500 up: what nobody can mend by asking in another way, so an admin has to know.
_NOT_THEIRS = {0, 401, "upstream_rejected"}
_NO_KEY_OF_OURS = Phrase("The gateway does not take my own key. Tell an admin: `rolekey check` says what to do.")


def explain(error: BaseException) -> Phrase:
    """The failure in words for the member; what is not theirs to mend is logged and shown with a reference."""
    if isinstance(error, app_commands.CommandInvokeError) and error.__cause__:
        return explain(error.__cause__)
    if isinstance(error, UserError):
        return error.phrase
    if isinstance(error, ApiError) and error.code != "internal_error":
        return _explain_gateway(error)
    if isinstance(error, app_commands.AppCommandError):
        phrase = _explain_command(error)
        if phrase:
            return phrase
    return _explain_fault(error)


def _explain_gateway(error: ApiError) -> Phrase:
    phrase = IN_PLACE.get(error.code) or Phrase.verbatim(error.message, otherwise=translated(error))
    if error.status == 401:
        phrase = _NO_KEY_OF_OURS
    says_when = "again in" in str(phrase)
    if error.status >= 500 or error.status in _NOT_THEIRS or error.code in _NOT_THEIRS:
        phrase = Phrase("{sentence} (reference `{reference}`)", sentence=phrase, reference=log_fault(error))
    if error.retry_after and not says_when:
        wait = timedelta(seconds=error.retry_after)
        phrase = Phrase("{sentence} You can try again in {time}.", sentence=phrase, time=wait)
    return phrase


def _explain_command(error: app_commands.AppCommandError) -> Phrase | None:
    if isinstance(error, app_commands.MissingPermissions):
        return _explain_permissions(error.missing_permissions)
    if isinstance(error, app_commands.NoPrivateMessage):
        return Phrase("This works in a server, not in direct messages.")
    if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return Phrase("This command has changed. Restart Discord (Ctrl+R), then try again.")
    if isinstance(error, app_commands.TransformerError):
        return _explain_value(error)
    return None


def _explain_permissions(missing: Sequence[str]) -> Phrase:
    if list(missing) == ["manage_guild"]:
        return Phrase("You need the Manage Server permission for this.")
    names = [name.replace("_", " ").replace("guild", "server").title() for name in missing]
    return Phrase("You need more permissions for this: {names}.", names=names)


def _explain_value(error: app_commands.TransformerError) -> Phrase | None:
    if isinstance(error.__cause__, UserError):
        return error.__cause__.phrase
    if error.__cause__ is not None:
        return None
    if isinstance(error.value, discord.abc.User):
        return Phrase("{member} is not a member of this server.", member=error.value.mention)
    return Phrase("One of the command's values is not one that it offers. Choose from the list as you type.")


def _explain_fault(error: BaseException) -> Phrase:
    reference = log_fault(error)
    if isinstance(error, StorageError):
        return Phrase(
            "I can't save anything right now, so I did nothing. Tell an admin, with the reference `{reference}`.",
            reference=reference,
        )
    if isinstance(error, discord.Forbidden):
        return Phrase(
            "Discord does not let me do that here: I lack a permission in this channel. "
            "Tell an admin, with the reference `{reference}`.",
            reference=reference,
        )
    if isinstance(error, discord.HTTPException):
        return Phrase(
            "Discord refused that. Try again; if it keeps happening tell an admin the reference `{reference}`.",
            reference=reference,
        )
    return Phrase(
        "Something went wrong on my side. Try again; if it keeps happening tell an admin the reference `{reference}`.",
        reference=reference,
    )


def log_fault(error: BaseException) -> str:
    """Log a failure under a new reference, and return the reference."""
    reference = secrets.token_hex(4)
    log.error("reference %s: %s", reference, type(error).__name__, exc_info=error)
    return reference
