"""What the gateway holds of one user, and what it says of keeping it."""

from datetime import date

import msgspec

from gateway.wire.audit import AuditEntry
from gateway.wire.base import Answer, Tier
from gateway.wire.conversations import Conversation, Message
from gateway.wire.usage import UsageSum
from gateway.wire.users import User


class HeldUser(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="user"):
    """The user itself; the first line."""

    user: User


class HeldUsage(UsageSum, frozen=True, kw_only=True, tag_field="kind", tag="usage"):
    """What was used of one account and model on one UTC day."""

    day: date
    tier: Tier
    account: str
    model: str


class HeldConversation(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="conversation"):
    """A conversation; its messages come after it. `system` is what the model was told before them."""

    conversation: Conversation
    system: str | None


class HeldMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="message"):
    """A message of the conversation before it. Its attachments are downloaded by their hash."""

    conversation_id: str
    message: Message


class HeldReading(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="reading"):
    """Somebody else read in what the user wrote."""

    reading: AuditEntry


class HeldAll(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="end"):
    """The last line: without it something is missing."""


Held = HeldUser | HeldUsage | HeldConversation | HeldMessage | HeldReading | HeldAll
"""A line of `GET /api/users/{user_id}/data`."""


class Erased(Answer, frozen=True, kw_only=True):
    """How much there was and is no more. `usage_days` are those before this month."""

    conversations: int
    messages: int
    attachments: int
    usage_days: int


class Policy(Answer, frozen=True, kw_only=True):
    """`GET /api/policy`: how long conversations are kept after their last use, 0 for ever, and which hosts prompts are
    sent to; `moderated` where some of them look at prompts first.
    """

    retention_days: int
    providers: list[str]
    moderated: bool
