"""Asking: /ask, /followup, the Follow up button, and messages in a thread, to the bot, or in reply to it."""

from cogs.ask.asking import Asking
from cogs.ask.button import FollowUpButton, answer_view
from cogs.ask.commands import AskCog
from cogs.ask.messages import AskMessages

__all__ = ["AskCog", "AskMessages", "Asking", "FollowUpButton", "answer_view"]
