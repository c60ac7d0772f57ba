"""The typed requests and answers of the gateway's HTTP, shared by the server and the client library.

Times are UTC, RFC 3339. Durations are seconds, token counts are the provider's tokens, costs are US dollars.
Requests refuse unknown fields; answers may grow, so the client ignores what it does not know.

Each module holds one subject; everything is imported from here.
"""

from gateway.wire.access_tokens import AccessTokenAnswer, AccessTokenRequest, ProviderKey
from gateway.wire.accounts import Account, AccountPage, AccountState, AgentDialect, ConnectedAgent
from gateway.wire.attachments import Attachment, FileName, NewAttachment
from gateway.wire.audit import AuditAction, AuditEntry, AuditPage
from gateway.wire.base import (
    Answer,
    DisplayName,
    Dollars,
    Done,
    Figure,
    MessageStatus,
    Moment,
    Name,
    PlusWish,
    Request,
    Role,
    Seconds,
    Switch,
    Tier,
    is_on,
)
from gateway.wire.chat import ChatAnswer, ChatRequest, Content, Delta, ReplyMessage, Start, Usage
from gateway.wire.conversations import (
    Conversation,
    ConversationAnswer,
    ConversationPage,
    ConversationSummary,
    ErasedMessages,
    Message,
    UpdateConversation,
)
from gateway.wire.errors import ErrorAnswer, ErrorBody
from gateway.wire.health import Health
from gateway.wire.personal_data import (
    Erased,
    Held,
    HeldAll,
    HeldConversation,
    HeldMessage,
    HeldReading,
    HeldUsage,
    HeldUser,
    Policy,
)
from gateway.wire.search import Mark, SearchHit, SearchPage
from gateway.wire.usage import Allowance, TierAllowances, UsageAnswer, UsageOfDay, UsageOfUser, UsageSum
from gateway.wire.users import (
    CreateUser,
    UpdateLimits,
    UpdateUser,
    User,
    UserAnswer,
    UserLimits,
    UserPage,
    UserWithKey,
    WhoAmI,
)

__all__ = [
    "AccessTokenAnswer",
    "AccessTokenRequest",
    "Account",
    "AccountPage",
    "AccountState",
    "AgentDialect",
    "Allowance",
    "Answer",
    "Attachment",
    "AuditAction",
    "AuditEntry",
    "AuditPage",
    "ChatAnswer",
    "ChatRequest",
    "ConnectedAgent",
    "Content",
    "Conversation",
    "ConversationAnswer",
    "ConversationPage",
    "ConversationSummary",
    "CreateUser",
    "Delta",
    "DisplayName",
    "Dollars",
    "Done",
    "Erased",
    "ErasedMessages",
    "ErrorAnswer",
    "ErrorBody",
    "Figure",
    "FileName",
    "Health",
    "Held",
    "HeldAll",
    "HeldConversation",
    "HeldMessage",
    "HeldReading",
    "HeldUsage",
    "HeldUser",
    "Mark",
    "Message",
    "MessageStatus",
    "Moment",
    "Name",
    "NewAttachment",
    "PlusWish",
    "Policy",
    "ProviderKey",
    "ReplyMessage",
    "Request",
    "Role",
    "SearchHit",
    "SearchPage",
    "Seconds",
    "Start",
    "Switch",
    "Tier",
    "TierAllowances",
    "UpdateConversation",
    "UpdateLimits",
    "UpdateUser",
    "Usage",
    "UsageAnswer",
    "UsageOfDay",
    "UsageOfUser",
    "UsageSum",
    "User",
    "UserAnswer",
    "UserLimits",
    "UserPage",
    "UserWithKey",
    "WhoAmI",
    "is_on",
]
