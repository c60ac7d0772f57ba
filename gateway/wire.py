"""The typed requests and answers of the gateway's HTTP, shared by the server and the client library.

Times are UTC, RFC 3339. Durations are seconds, token counts are the provider's tokens, costs are US dollars.
Requests refuse unknown fields; answers may grow, so the client ignores what it does not know.
"""

from base64 import b64encode
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

Role = Literal["admin", "client", "user"]
Tier = Literal["free", "plus"]
PlusWish = bool | Literal["any", "true", "false"]
# Programs written for chatgpt-api-server send their booleans as text, and null for what they leave out.
Switch = bool | Literal["true", "false"] | None
MessageStatus = Literal["complete", "incomplete"]

# In Python alone `$` also matches before a line end, which a name must not end with.
_PRINTED = r"^[^\x00-\x1f\x7f]*$(?!\n)"
_PRINTED_WORDS = r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$(?!\n)"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=_PRINTED_WORDS)]
DisplayName = Annotated[str, msgspec.Meta(max_length=100, pattern=_PRINTED)]
FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=_PRINTED_WORDS)]
ProviderKey = Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[\x21-\x7e]+$(?!\n)")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=10 * 365 * 86_400)]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A body that the gateway takes."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A body that the gateway sends."""

    status: Literal["success"] = "success"


# Users and keys


class CreateUser(Request, frozen=True, kw_only=True):
    """`POST /api/users`. `expires_in` is the key's life in seconds, without it the key does not expire."""

    user_id: Name
    username: DisplayName = ""
    plus: bool = False
    role: Literal["user", "client"] = "user"
    expires_in: Seconds | None = None


Figure = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Dollars = Annotated[float, msgspec.Meta(ge=0, le=10**9)]


class UserLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one user that differ from the tier's; null is the tier's, 0 is no limit."""

    requests_per_minute: Figure | None = None
    tokens_per_day: Figure | None = None
    cost_per_month_usd: Dollars | None = None
    concurrent: Figure | None = None


class UpdateLimits(Request, frozen=True, kw_only=True):
    """What is left out stays, null goes back to the tier's limit, 0 is no limit."""

    requests_per_minute: Figure | msgspec.UnsetType | None = msgspec.UNSET
    tokens_per_day: Figure | msgspec.UnsetType | None = msgspec.UNSET
    cost_per_month_usd: Dollars | msgspec.UnsetType | None = msgspec.UNSET
    concurrent: Figure | msgspec.UnsetType | None = msgspec.UNSET


class UpdateUser(Request, frozen=True, kw_only=True):
    """`PATCH /api/users/{user_id}`. What is left out stays; `expires_in` counts from now, null lifts the expiry.

    `limits` take the place of the tier's, for both tiers together; null goes back to the tier's.
    """

    username: DisplayName | msgspec.UnsetType = msgspec.UNSET
    plus: bool | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    expires_in: Seconds | msgspec.UnsetType | None = msgspec.UNSET
    limits: UpdateLimits | msgspec.UnsetType | None = msgspec.UNSET


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a key. `client_id` is the name of the client that created it; `key_hint` the key's last characters."""

    user_id: str
    username: str
    role: Role
    client_id: str | None
    plus: bool
    disabled: bool
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    key_hint: str | None
    limits: UserLimits | None = None


class UserAnswer(Answer, frozen=True, kw_only=True):
    """One user."""

    user: User


class UserWithKey(Answer, frozen=True, kw_only=True):
    """The one answer that carries a key in plain text."""

    user: User
    key: str


class UserPage(Answer, frozen=True, kw_only=True):
    """Some users; `next_cursor` asks for the ones after them."""

    users: list[User]
    next_cursor: str | None = None


class WhoAmI(Answer, frozen=True, kw_only=True):
    """`GET /api/whoami`: what the key that asks is."""

    role: Role
    name: str
    client_id: str | None
    expires_at: Moment | None


# Chat


class NewAttachment(Request, frozen=True, kw_only=True):
    """A file that comes with a prompt: an image, or text in UTF-8. `data` is its bytes in base64.

    What it is decides its content; `content_type` only names the kind of a text.
    """

    name: FileName
    content_type: Annotated[str, msgspec.Meta(max_length=200)] = ""
    data: Annotated[str, msgspec.Meta(extra_json_schema={"contentEncoding": "base64"})]

    def __repr__(self) -> str:
        return f"NewAttachment({len(self.data)} characters)"

    @classmethod
    def of(cls, name: str, data: bytes, content_type: str = "") -> "NewAttachment":
        """The file of these bytes."""
        return cls(name=name, content_type=content_type, data=b64encode(data).decode("ascii"))


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file that came with a prompt. `size` is in bytes; `hash` is its SHA-256 in hex, which it is found by at
    `GET /api/conversations/{id}/attachments/{hash}`.
    """

    name: str
    content_type: str
    size: int
    hash: str


class ChatRequest(Request, frozen=True, kw_only=True):
    """`POST /api/chat`. How long a prompt may be is a setting of the gateway, which refuses in words of its own.

    With `access_token` (`POST /api/access-token`) the prompt runs on the caller's own credential; `user_plus` then
    takes the place of `plus`.
    """

    prompt: str
    conversation_id: str | None = None
    parent_id: str | None = None
    plus: PlusWish = False
    stream: bool = False
    system: Annotated[str, msgspec.Meta(max_length=20_000)] | None = None
    user_id: Name | None = None
    reply_only: Switch = False
    pretty: Switch = False
    access_token: str | None = None
    user_plus: Switch = False
    attachments: list[NewAttachment] = []

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.prompt)} characters)"


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer used. `cost_usd` is null where the model's price is not known; `estimated` where the provider
    gave no counts and four characters were taken for a token.
    """

    input_tokens: int
    output_tokens: int
    cost_usd: float | None = None
    estimated: bool = False


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says."""

    content_type: str = "text"
    parts: list[str]


class ReplyMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The reply within a chat answer."""

    id: str
    content: Content


class ChatAnswer(Answer, frozen=True, kw_only=True):
    """A finished answer, the body of `done` when streamed."""

    conversation_id: str
    conversation_title: str
    message: ReplyMessage
    message_id: str
    parent_id: str | None
    reply: str
    model: str
    tier: Tier
    finish_reason: str | None
    usage: Usage
    api_user: str
    api_client_id: str | None
    api_prompt: str
    api_prompt_time_origin: float
    api_prompt_time_origin_readable: str
    api_response_time_taken: float
    last_message_prompt: str | msgspec.UnsetType = msgspec.UNSET
    last_message_reply: str | msgspec.UnsetType = msgspec.UNSET


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Event `start`: the provider took the prompt, and the conversation and prompt are on disk."""

    conversation_id: str
    message_id: str
    parent_id: str | None
    model: str
    tier: Tier


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    """Event `delta`: the next piece of the reply."""

    text: str


# Access tokens


class AccessTokenRequest(Request, frozen=True, kw_only=True):
    """`POST /api/access-token`. `api_key` is a key of the caller's own at the provider; `user_plus` says at the
    provider of which tier. `email` and `password` are known only to be refused in words.
    """

    api_key: ProviderKey | None = None
    user_plus: Switch = False
    user_id: Name | None = None
    email: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return "AccessTokenRequest(hidden)"


class AccessTokenAnswer(Answer, frozen=True, kw_only=True):
    """A token that stands for the caller's own credential until `expires_at`. `Access Token` is the same once more,
    under the name that chatgpt-api-server gave it.
    """

    access_token: str
    expires_at: Moment
    access_token_again: str = msgspec.field(name="Access Token")

    def __repr__(self) -> str:
        return f"AccessTokenAnswer(until {self.expires_at})"


# Conversations


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as a list shows it."""

    id: str
    title: str
    user_id: str
    tier: Tier
    created_at: Moment
    updated_at: Moment


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt (`user`) or a reply (`assistant`); `parent_id` names the message it answers or follows."""

    id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    content: Content
    status: MessageStatus
    created_at: Moment
    model: str | None = None
    usage: Usage | None = None
    attachments: list[Attachment] = []


class ConversationPage(Answer, frozen=True, kw_only=True):
    """Some conversations, last used first."""

    conversations: list[Conversation]
    next_cursor: str | None = None


class ConversationAnswer(Answer, frozen=True, kw_only=True):
    """One conversation with all of its messages in the order they were written."""

    conversation: Conversation
    messages: list[Message]


class UpdateConversation(Request, frozen=True, kw_only=True):
    """`PATCH /api/conversations/{id}`."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=_PRINTED_WORDS)]


class ConversationSummary(Answer, frozen=True, kw_only=True):
    """One conversation without its messages."""

    conversation: Conversation


# Usage


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """One limit. `limit` and `left` are null where there is none; `used` counts what requests under way hold, too.

    It resets at `resets_at`; `concurrent` does whenever an answer is finished.
    """

    limit: int | float | None
    used: int | float
    left: int | float | None
    resets_at: Moment | None


class TierAllowances(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may use of a tier: requests by the minute that begins with the first, tokens by the UTC day, costs by
    the UTC month.
    """

    tier: Tier
    requests_per_minute: Allowance
    tokens_per_day: Allowance
    cost_per_month_usd: Allowance
    concurrent: Allowance


class UsageSum(msgspec.Struct, frozen=True, kw_only=True):
    """Answers, also those that broke off, and what they used.

    `estimated` says how many of them the provider did not count; an answer of unknown price counts nothing.
    """

    requests: int = 0
    estimated: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0


class UsageOfDay(UsageSum, frozen=True, kw_only=True):
    """What was used on one UTC day."""

    day: date


class UsageOfUser(UsageSum, frozen=True, kw_only=True):
    """What one user used. `client_id` is the name of the user's client."""

    user_id: str
    client_id: str | None


class UsageAnswer(Answer, frozen=True, kw_only=True, rename={"from_": "from"}):
    """`GET /api/usage`: from the first to the last day, both included.

    `limits` tell of one user's; `users` are a page of all that are meant, and `next_cursor` asks for those after them.
    """

    from_: date
    to: date
    total: UsageSum
    days: list[UsageOfDay]
    limits: list[TierAllowances] = []
    users: list[UsageOfUser] = []
    next_cursor: str | None = None


# Search, audit


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A hit within a snippet, from `start` up to but not including `end`, counted in Unicode code points."""

    start: int
    end: int


class SearchHit(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was found or, without `message_id` and `role`, a title. `snippet` is plain text in one line, cut
    at `…`; `marks` say where the hits are in it.
    """

    conversation_id: str
    conversation_title: str
    user_id: str
    message_id: str | None
    role: Literal["user", "assistant"] | None
    created_at: Moment
    snippet: str
    marks: list[Mark]


class SearchPage(Answer, frozen=True, kw_only=True):
    """Some of what was found, newest first."""

    hits: list[SearchHit]
    next_cursor: str | None = None


AuditAction = Literal["list", "read", "search", "export"]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An admin or a client read what users wrote: those of `user_id`, without one all of `client_id`, without that
    everybody. `request_id` is the answer's `X-Request-ID`.
    """

    at: Moment
    reader: str
    reader_role: Literal["admin", "client"]
    action: AuditAction
    user_id: str | None
    client_id: str | None
    conversation_id: str | None
    request_id: str


class AuditPage(Answer, frozen=True, kw_only=True):
    """Some of the audit log, newest first."""

    entries: list[AuditEntry]
    next_cursor: str | None = None


# Accounts, health, errors


AccountState = Literal["closed", "cooling", "open", "half_open", "disabled", "no_key"]
"""Of an account: closed is well; cooling waits for the provider's rate limit; open rests after failures in a row;
half_open is on trial with one prompt at a time; disabled had its key refused; no_key has none."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream account as an admin sees it; `last_error` is the code of its last failure.

    `retry_after` is in seconds, where it is known when the account is asked again; a `max_in_flight` of 0 is no limit.
    """

    name: str
    kind: str
    tier: Tier
    model: str
    state: AccountState
    retry_after: int | None
    in_flight: int
    max_in_flight: int
    requests: int
    failures: int
    consecutive_failures: int
    last_error: str | None


class AccountPage(Answer, frozen=True, kw_only=True):
    """Every account."""

    accounts: list[Account]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """`GET /health`."""

    status: Literal["ok"] = "ok"
    version: str


class Done(Answer, frozen=True, kw_only=True):
    """A success with nothing more to say."""


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong: `code` for programs, `message` for people."""

    code: str
    message: str


def is_on(switch: PlusWish | Switch) -> bool:
    """Whether a switch is on, however it is written."""
    return switch in (True, "true")


def _error() -> Literal["error"]:
    return "error"


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The one shape of every error, also of the streamed event `error`.

    In a stream `conversation_id` and `message_id` say what was kept of a reply that broke off.
    """

    error: ErrorBody
    message: str
    # A plain default would be left out with the others.
    status: Literal["error"] = msgspec.field(default_factory=_error)
    retry_after: float | None = None
    conversation_id: str | None = None
    message_id: str | None = None
