"""A prompt and its answer, whole or streamed."""

from typing import Annotated

import msgspec

from gateway.wire.attachments import NewAttachment
from gateway.wire.base import Answer, Name, PlusWish, Request, Switch, Tier


class ChatRequest(Request, frozen=True, kw_only=True):
    """`POST /api/chat`. How long a prompt may be is a setting of the gateway, which refuses in words of its own.

    With `access_token` (`POST /api/access-token`) the prompt runs on the caller's own credential; `user_plus` then
    takes the place of `plus`.

    `regenerate_id` names a reply, or a prompt that has none: that prompt is answered again, beside the replies it has,
    and `prompt` is empty. `edit_id` names a prompt in whose place this one is asked, beside it, with its attachments
    where none are sent. Follow-ups go on from the newest reply unless `parent_id` names another.
    """

    prompt: str
    conversation_id: str | None = None
    parent_id: str | None = None
    regenerate_id: str | None = None
    edit_id: str | None = None
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
