"""Messages as a page shows them: their Markdown as HTML, the reply alone, or the JSON that the API answers."""

from collections.abc import Sequence
from itertools import islice
from typing import Any, Literal

import msgspec

from gateway.conversations import ConversationRecord, StoredMessage
from gateway.times import moment
from gateway.web.branches import Step
from gateway.web.colouring import Colouring
from gateway.web.markdown import Markdown

View = Literal["pretty", "reply", "json"]


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A message as a page shows it. `html` is empty where its text is shown as it is."""

    step: Step
    html: str


def shown(markdown: Markdown, record: ConversationRecord, way: Sequence[Step], view: View) -> list[Shown]:
    """The messages of one way through a conversation. Prompts always look the same."""
    colouring = Colouring()
    return [
        Shown(step=step, html=_html(markdown, record, way[: number + 1], view, colouring))
        for number, step in enumerate(way)
    ]


def _html(markdown: Markdown, record: ConversationRecord, way: Sequence[Step], view: View, colouring: Colouring) -> str:
    message = way[-1].message
    if message.role == "user" or view == "pretty":
        return markdown.html(message.content, colouring=colouring)
    if view == "reply":
        return ""
    answer = msgspec.json.encode(answer_of(record, way))
    return markdown.code(msgspec.json.format(answer, indent=2).decode(), "json", colouring)


def answer_of(record: ConversationRecord, way: Sequence[Step]) -> dict[str, Any]:
    """What `POST /api/chat` answers with the last message of a way, a reply, as far as that is kept.

    When a prompt was answered again is not kept, so of such a reply the times are left out.
    """
    *before, last = way
    reply = last.message.to_wire()
    asked = before[-1].message if before else None
    answer: dict[str, Any] = {
        "status": "success",
        "conversation_id": record.id,
        "conversation_title": record.title,
        "message": {"id": reply.id, "content": reply.content},
        "message_id": reply.id,
        "parent_id": reply.parent_id,
        "reply": last.message.content,
        "model": reply.model,
        "tier": record.tier,
        "finish_reason": last.message.finish_reason,
        "usage": reply.usage,
        "api_user": last.message.author_name or record.owner_name,
        "api_client_id": record.client_name,
    }
    if asked is not None:
        answer["api_prompt"] = asked.content
        if last.index == 0:
            answer |= _times(asked, last.message)
    for role, name in (("user", "last_message_prompt"), ("assistant", "last_message_reply")):
        earlier = (step.message for step in islice(reversed(before), 1, None) if step.message.role == role)
        if (message := next(earlier, None)) is not None:
            answer[name] = message.content
    return answer


def _times(asked: StoredMessage, reply: StoredMessage) -> dict[str, Any]:
    return {
        "api_prompt_time_origin": asked.created_at / 1000,
        "api_prompt_time_origin_readable": f"{moment(asked.created_at):%Y-%m-%d %H:%M:%S} UTC",
        "api_response_time_taken": max(0, reply.created_at - asked.created_at) / 1000,
    }
