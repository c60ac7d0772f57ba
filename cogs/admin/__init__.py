"""/admin: how the bot is doing, and what admins may do about single members and channels."""

from cogs.admin.commands import AdminCog
from cogs.admin.searching import Searching
from cogs.admin.status import Status

__all__ = ["AdminCog", "Searching", "Status"]
