"""A member's conversations: /conversations, /share, /fork and the menu beside a message."""

from cogs.conversations.commands import ConversationsCog
from cogs.conversations.opening import Opening
from cogs.conversations.sharing import SharingCog

__all__ = ["ConversationsCog", "Opening", "SharingCog"]
