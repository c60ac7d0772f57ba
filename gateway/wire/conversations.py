"""Conversations and their messages."""

from typing import Annotated, Literal

import msgspec

from gateway.wire.attachments import Attachment
from gateway.wire.base import PRINTED_WORDS, Answer, MessageStatus, Moment, Name, Request, Tier
from gateway.wire.chat import Content, Usage

# No name and password before the host, which would hide where it leads.
Link = Annotated[
    str,
    msgspec.Meta(
        max_length=500, pattern=r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~%!$&'()*+,;=:@/?#-]*)?$(?!\n)"
    ),
]


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation as a list shows it. `link` is where it goes on for the client, such as a thread on Discord."""

    id: str
    title: str
    user_id: str
    tier: Tier
    created_at: Moment
    updated_at: Moment
    link: str | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt (`user`) or a reply (`assistant`); `parent_id` names the message it answers or follows.

    `user_id` tells who prompted, or of a reply whom it answers, where that is not the conversation's owner.
    """

    id: str
    parent_id: str | None
    role: Literal["user", "assistant"]
    content: Content
    status: MessageStatus
    created_at: Moment
    model: str | None = None
    usage: Usage | None = None
    attachments: list[Attachment] = []
    user_id: str | None = None


class ConversationPage(Answer, frozen=True, kw_only=True):
    """Some conversations, last used first."""

    conversations: list[Conversation]
    next_cursor: str | None = None


class ConversationAnswer(Answer, frozen=True, kw_only=True):
    """One conversation with all of its messages in the order they were written."""

    conversation: Conversation
    messages: list[Message]


class UpdateConversation(Request, frozen=True, kw_only=True):
    """`PATCH /api/conversations/{id}`. What is left out stays; `link` is the client's to give, null takes it back."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=PRINTED_WORDS)] | msgspec.UnsetType = (
        msgspec.UNSET
    )
    link: Link | msgspec.UnsetType | None = msgspec.UNSET

    def __post_init__(self) -> None:
        if self.title is msgspec.UNSET and self.link is msgspec.UNSET:
            raise ValueError("say what to change: title, or link")


class ErasedMessages(Answer, frozen=True, kw_only=True):
    """What `DELETE /api/conversations/{id}/messages/{message_id}` erased; `conversation_erased` where that was all."""

    message_ids: list[str]
    conversation_erased: bool


class CopyConversation(Request, frozen=True, kw_only=True):
    """`POST /api/conversations/{id}/copy`: whose the copy is to be, and the reply it goes up to, else the last one."""

    user_id: Name
    message_id: str | None = None


class ShareConversation(Request, frozen=True, kw_only=True):
    """`POST /api/conversations/{id}/shares`: who may read the conversation and go on with it."""

    user_id: Name


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with whom a conversation is shared."""

    user_id: str
    created_at: Moment


class ShareList(Answer, frozen=True, kw_only=True):
    """Everybody with whom a conversation is shared, the first one first."""

    shares: list[Share]


class ConversationSummary(Answer, frozen=True, kw_only=True):
    """One conversation without its messages."""

    conversation: Conversation
