"""Copies of conversations, from one user of a client to another."""

from collections.abc import Callable, Sequence
from itertools import dropwhile

import msgspec

from gateway.accounts import AccountPool
from gateway.conversations import ConversationRecord, Conversations, StoredMessage
from gateway.errors import Conflict
from gateway.principals import Principal
from gateway.times import Clock, milliseconds


class Copying:
    """Makes copies. `clock` gives seconds since the epoch, `new_id` a UUID that nobody has yet."""

    def __init__(
        self, conversations: Conversations, pool: AccountPool, *, clock: Clock, new_id: Callable[[], str]
    ) -> None:
        self._conversations = conversations
        self._pool = pool
        self._clock = clock
        self._new_id = new_id

    async def copy(
        self, original: ConversationRecord, owner: Principal, *, message_id: str | None = None
    ) -> ConversationRecord:
        """A conversation of `owner`'s with what leads to a reply of another one, else to its last one.

        Nothing ties it to the other one any more, nor to its account: the best that `owner` may use goes on with it.
        Who wrote what is kept. Raises `Conflict` with code `nothing_to_copy` or, for a conversation on a credential of
        its owner's, `conversation_kind`; `NotFound` with code `unknown_parent`; `Unavailable` as `AccountPool.pick`;
        and `storage.StorageError`.
        """
        if original.own_credential:
            raise Conflict("A conversation on somebody's own provider key is not copied.", code="conversation_kind")
        path = _answered(await self._conversations.path_to(original.id, message_id))
        if not path:
            raise Conflict("Nothing in this conversation was answered yet.", code="nothing_to_copy")
        images = any(file.is_image for message in path for file in message.files)
        account = self._pool.pick("any", user_plus=owner.plus, images=images).account
        now = milliseconds(self._clock())
        record = msgspec.structs.replace(
            original,
            id=self._new_id(),
            owner_id=owner.id,
            owner_name=owner.name,
            title_source="user" if original.title_source == "user" and original.owner_id == owner.id else "generated",
            tier=account.tier,
            account=account.name,
            model=account.model,
            created_at=now,
            updated_at=now,
            link=None,
        )
        await self._conversations.record_copy(record, self._copied(path, original, record))
        return record

    def _copied(
        self, path: Sequence[StoredMessage], original: ConversationRecord, copy: ConversationRecord
    ) -> list[tuple[StoredMessage, str]]:
        """Each with the id of what it is a copy of. What it used was used once, by the other one."""
        copies, parent_id = list[tuple[StoredMessage, str]](), None
        for message in path:
            author_id = message.author_id or original.owner_id
            copies.append(
                (
                    msgspec.structs.replace(
                        message,
                        id=self._new_id(),
                        conversation_id=copy.id,
                        parent_id=parent_id,
                        author_id=None if author_id == copy.owner_id else author_id,
                        input_tokens=None,
                        output_tokens=None,
                        cost_usd=None,
                        estimated=False,
                    ),
                    message.id,
                )
            )
            parent_id = copies[-1][0].id
        return copies


def _answered(path: Sequence[StoredMessage]) -> list[StoredMessage]:
    """Up to its last reply."""
    return list(dropwhile(lambda message: message.role == "user", reversed(path)))[::-1]
