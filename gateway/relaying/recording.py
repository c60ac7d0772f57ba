"""Keeps what was asked and answered in OpenAI's own form as conversations, where the settings say so.

Each request brings its whole conversation along and says nothing of where that is kept. So a reply's id is made from
the messages up to it: the request that repeats them finds the conversation by it, and goes on there.
"""

import hashlib
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from gateway.accounts import PooledAccount
from gateway.conversations import ConversationRecord, Conversations, StoredMessage
from gateway.limits import Along
from gateway.principals import Principal
from gateway.relaying.asked import Said
from gateway.relaying.reply import Reply
from gateway.times import Clock, milliseconds
from gateway.titles import provisional_title
from gateway.wire import Usage
from storage import Duplicate, Work


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Where one request and its answer are kept."""

    record: ConversationRecord
    new: bool
    prompt: StoredMessage
    said: Sequence[Said]


class Recording:
    """Writes to `conversations`. `clock` gives seconds since the epoch, `new_id` a UUID that nobody has yet."""

    def __init__(self, conversations: Conversations, *, clock: Clock, new_id: Callable[[], str]) -> None:
        self._conversations = conversations
        self._clock = clock
        self._new_id = new_id

    async def place(self, user: Principal, said: Sequence[Said], pooled: PooledAccount) -> Kept:
        """Where what was said is to be kept: in the conversation it goes on with, else in a new one."""
        before, prompt = _parted(said)
        now = milliseconds(self._clock())
        parent_id = _id_after(user, before) if before else None
        record = None if parent_id is None else await self._conversations.holding(parent_id, user)
        new = record is None
        if record is None:
            parent_id = None
            record = ConversationRecord(
                id=self._new_id(),
                owner_id=user.id,
                owner_name=user.name,
                client_id=user.client_id,
                client_name=user.client_name,
                title=provisional_title(prompt),
                title_source="provisional",
                tier=pooled.account.tier,
                account=pooled.account.name,
                model=pooled.account.model,
                system=None,
                created_at=now,
                updated_at=now,
            )
        message = StoredMessage(
            id=self._new_id(),
            conversation_id=record.id,
            parent_id=parent_id,
            role="user",
            content=prompt,
            created_at=now,
        )
        return Kept(record=record, new=new, prompt=message, said=said)

    def along(self, kept: Kept) -> Along:
        """Writes the prompt down, with what is reserved for it."""
        return Along(
            self._conversations.prompt_record(kept.record, new=kept.new, prompt=kept.prompt),
            undo=self._conversations.prompt_withdrawal(kept.record.id, kept.prompt.id),
        )

    async def reply(
        self, user: Principal, kept: Kept, reply: Reply, usage: Usage, pooled: PooledAccount, also: Work
    ) -> None:
        """Write a reply down, and what else there is to. Raises `NotFound` where the prompt was deleted meanwhile."""
        text = _storable(reply.text)
        message = StoredMessage(
            id=_id_after(user, [*kept.said, Said("assistant", text)]),
            conversation_id=kept.record.id,
            parent_id=kept.prompt.id,
            role="assistant",
            content=text,
            created_at=milliseconds(self._clock()),
            status="complete" if reply.finished else "incomplete",
            finish_reason=reply.finish_reason,
            model=pooled.account.model,
            account=pooled.account.name,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            estimated=usage.estimated,
        )
        try:
            await self._conversations.record_reply(message, also=also)
        except Duplicate:
            # The same was asked and answered before: whoever goes on from there goes on in the first conversation.
            other = msgspec.structs.replace(message, id=self._new_id())
            await self._conversations.record_reply(other, also=also)


def _parted(said: Sequence[Said]) -> tuple[Sequence[Said], str]:
    """The messages up to the last that a model said, and the words of what follows."""
    replies = [number for number, message in enumerate(said) if message.role == "assistant"]
    # Where nothing follows a model is to go on with its own words.
    end = replies[-1] + 1 if replies and replies[-1] + 1 < len(said) else 0
    return said[:end], _storable("\n\n".join(message.text for message in said[end:] if message.text))


def _storable(text: str) -> str:
    """Neither database keeps a NUL in text alike."""
    return text.replace("\0", "")


def _id_after(user: Principal, said: Sequence[Said]) -> str:
    digest = hashlib.sha256(msgspec.json.encode((user.id, [(message.role, message.text) for message in said])))
    return str(UUID(bytes=digest.digest()[:16], version=4))
