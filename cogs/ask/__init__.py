"""Asking: /ask, /followup, a message's menu, buttons under answers, and messages to the bot or in one's own thread."""

from cogs.ask.askers import Askers
from cogs.ask.asking import Asking
from cogs.ask.buttons import AnswerButton, AnswerButtons
from cogs.ask.commands import AskCog
from cogs.ask.menus import AskMenus
from cogs.ask.messages import AskMessages
from cogs.ask.presses import Presses
from cogs.ask.targets import Targets

__all__ = [
    "AnswerButton",
    "AnswerButtons",
    "AskCog",
    "AskMenus",
    "AskMessages",
    "Askers",
    "Asking",
    "Presses",
    "Targets",
]
