"""Which of a bot's shards one process runs, where several processes share them.

A guild is on shard `(guild_id >> 22) % count`, direct messages are on shard 0
(https://docs.discord.com/developers/events/gateway#sharding).
"""

import re
from typing import Self

import msgspec

_SHARDS = re.compile(r"(?P<ids>\d+(-\d+)?(,\d+(-\d+)?)*)/(?P<count>\d+)")
_MOST = 16_384  # far above what Discord gives anybody; a slip of the finger must not fill the memory


class Shards(msgspec.Struct, frozen=True):
    """The ids of a process's shards among `count`. Without a count it runs all, as many as Discord recommends."""

    ids: tuple[int, ...] = ()
    count: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "0-3/8", "0,2,5-7/8", or nothing for all.

        Raises `ValueError`, with a sentence that says what to write.
        """
        if not text:
            return cls()
        match = _SHARDS.fullmatch(text.replace(" ", ""))
        count = int(match["count"]) if match else 0
        if match is None or not 0 < count <= _MOST:
            raise ValueError(f'{text!r} names no shards; write for example "0-3/8", the first four of eight')
        ids = set[int]()
        for part in match["ids"].split(","):
            first, _, last = part.partition("-")
            ids.update(range(int(first), min(int(last or first), count) + 1))
        if not ids or max(ids) >= count:
            raise ValueError(f"{text!r} names shards that are not there: those of {count} are 0 to {count - 1}")
        return cls(tuple(sorted(ids)), count)

    @property
    def some(self) -> bool:
        """Whether other processes run the others."""
        return self.count is not None and len(self.ids) < self.count

    def has(self, guild_id: int) -> bool:
        """Whether a guild is on one of these."""
        return self.count is None or (guild_id >> 22) % self.count in self.ids

    def apart_from(self, other: "Shards") -> bool:
        """Whether the other process can run at the same time as this one: its shards are none of these.

        After the number of shards was changed no process of before is left.
        """
        return self.some and self.count == other.count and not {*self.ids} & {*other.ids}

    def __str__(self) -> str:
        return "" if self.count is None else f"{','.join(map(str, self.ids))}/{self.count}"
