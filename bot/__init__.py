"""Everything between Discord and the gateway that is not a command."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.client import RolekeyBot
    from bot.config import Config


def create_bot(config: "Config") -> "RolekeyBot":
    """A bot ready to be started; see `bot.app.create_bot`."""
    from bot.app import create_bot as create

    return create(config)
