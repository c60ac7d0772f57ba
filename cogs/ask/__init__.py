"""Asking: /ask, /followup, the buttons under answers, and messages in a thread, to the bot, or in reply to it."""

from cogs.ask.asking import Asking
from cogs.ask.buttons import AnswerButton, AnswerButtons
from cogs.ask.commands import AskCog
from cogs.ask.messages import AskMessages
from cogs.ask.presses import Presses

__all__ = ["AnswerButton", "AnswerButtons", "AskCog", "AskMessages", "Asking", "Presses"]
