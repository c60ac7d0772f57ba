"""One way through a conversation's tree of messages, and where it forks."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from gateway.conversations import StoredMessage


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A message on the way, and the messages it could be exchanged for: itself is the `index`th of them."""

    message: StoredMessage
    versions: tuple[str, ...]

    @property
    def index(self) -> int:
        """Its place among them, from 0."""
        return self.versions.index(self.message.id)

    @property
    def earlier(self) -> str | None:
        """The version before this one."""
        return self.versions[self.index - 1] if self.index else None

    @property
    def later(self) -> str | None:
        """The version after this one."""
        return self.versions[self.index + 1] if self.index + 1 < len(self.versions) else None


def way_through(messages: Sequence[StoredMessage], at: str | None) -> list[Step]:
    """From the first prompt to a last message: through `at` where that is one of them, else through the newest."""
    by_id = {message.id: message for message in messages}
    children = defaultdict[str | None, list[StoredMessage]](list)
    for message in messages:
        children[message.parent_id if message.parent_id in by_id else None].append(message)
    last = by_id.get(at or "") or (messages[-1] if messages else None)
    while last is not None and children[last.id]:
        last = children[last.id][-1]
    way = list[Step]()
    while last is not None:
        parent = by_id.get(last.parent_id or "")
        versions = tuple(each.id for each in children[parent.id if parent else None])
        way.append(Step(message=last, versions=versions))
        last = parent
    return way[::-1]
