"""The sweep: keys, members and the gateway's users are compared, what differs is mended, and it is said what was."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import discord
import msgspec

from bot.census import Census, Comparison
from bot.keys import MemberKeys
from bot.links import Links
from bot.rendering.errors import TRANSIENT
from bot.roster import Roster, Tally
from bot.shards import Shards
from bot.subscriptions import Subscriptions
from bot.turns import Turns
from gateway.errors import ApiError
from storage import StorageError, Store

log = logging.getLogger(__name__)
_NAME = "sweep"
_COMPARED = "comparison"


class SweepReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep found and did. Times are UTC.

    `compared` is none where another process compared with the gateway meanwhile. `failures` are sentences about what
    could not be done and is tried again in the next sweep; a member whose key could not be looked at counts in `tally`.
    """

    began: datetime
    ended: datetime
    compared: Comparison | None
    guilds: int
    guilds_left: int
    tally: Tally
    failures: list[str]

    def __str__(self) -> str:
        parts = [f"{self.tally.checked} members' keys in {self.guilds} servers"]
        if self.compared is not None:
            parts.append(f"{self.compared.users} users on the gateway")
        done = {
            "tiers changed": self.tally.changed - self.tally.switched_off,
            "switched off": self.tally.switched_off,
            "renewed": self.tally.renewed,
            "revoked because the member is gone": self.tally.revoked,
            "servers left": self.guilds_left,
            "not checked": self.tally.failed,
        }
        if self.compared is not None:
            done |= {
                "revoked because only the gateway knew them": self.compared.revoked,
                "forgotten because the gateway did not know them": self.compared.forgotten,
                "put right on the gateway": self.compared.corrected,
            }
        parts.extend(f"{count} {what}" for what, count in done.items() if count)
        seconds = (self.ended - self.began).total_seconds()
        return f"{', '.join(parts)}; took {seconds:.0f} s"


class _Report(msgspec.Struct):
    report: str


class _Compared(msgspec.Struct):
    """When the last comparison that came to its end began, and which process did it."""

    began: datetime
    holder: str


class Sweep:
    """Compares with the gateway in turns with other processes, then looks at the guilds of this process's shards.

    A guild is on one shard, and a shard in one process, so no guild is looked at by two. `shards` are this process's,
    `every` is the time from sweep to sweep. `now` gives aware UTC time.
    """

    def __init__(
        self,
        client: discord.Client,
        store: Store,
        keys: MemberKeys,
        census: Census,
        subscriptions: Subscriptions,
        roster: Roster,
        turns: Turns,
        shards: Shards,
        links: Links,
        *,
        every: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._store = store
        self._keys = keys
        self._census = census
        self._subscriptions = subscriptions
        self._roster = roster
        self._turns = turns
        self._shards = shards
        self._links = links
        self._every = every
        self._now = now
        self._made = now()

    async def run(self) -> SweepReport:
        """Sweep once; what fails is in the report. Raises `storage.StorageError` where the store cannot be read."""
        began = self._now()
        failures = list[str]()
        compared = await self._compare(failures)
        left = await self._leave_guilds(failures)
        tally, guilds = Tally(), 0
        for guild_id in await self._keys.guilds():
            guild = self._client.get_guild(guild_id)
            if guild is not None and not guild.unavailable:
                guilds += 1
                _add(tally, await self._roster.sweep(guild))
        report = SweepReport(
            began=began,
            ended=self._now(),
            compared=compared,
            guilds=guilds,
            guilds_left=left,
            tally=tally,
            failures=failures,
        )
        log.info("sweep: %s", report)
        await self._store.run("put_report", name=_NAME, report=msgspec.json.encode(report).decode())
        return report

    async def last(self) -> SweepReport | None:
        """The report of the last sweep, also where that was before a restart."""
        row = await self._store.one("get_report", _Report, name=_NAME)
        return None if row is None else msgspec.json.decode(row.report, type=SweepReport)

    async def _compare(self, failures: list[str]) -> Comparison | None:
        async with self._turns.taken(_NAME) as mine:
            if not mine or await self._was_compared():
                return None
            began, compared = self._now(), None
            try:
                compared = await self._census.compare()
                await self._links.mend()
            except (ApiError, StorageError) as error:
                failures.append(f"The gateway could not be compared with: {error}")
                log.warning("could not compare keys with the gateway, will try again: %s", error)
            try:
                await self._subscriptions.read_all()
            except TRANSIENT as error:
                failures.append(f"Discord did not list the subscriptions: {error}")
                log.warning("could not list subscriptions, will try again: %s", error)
            await self._turns.tidy()
            if not failures:
                done = msgspec.json.encode(_Compared(began, self._turns.holder)).decode()
                await self._store.run("put_report", name=_COMPARED, report=done)
            return compared

    async def _was_compared(self) -> bool:
        """Whether another process did it for this sweep.

        What a process of before left behind when it died is found by a comparison that began after this one started.
        """
        row = await self._store.one("get_report", _Report, name=_COMPARED)
        if row is None:
            return False
        last = msgspec.json.decode(row.report, type=_Compared)
        others = last.holder != self._turns.holder
        return others and last.began > max(self._made, self._now() - self._every / 2)

    async def _leave_guilds(self, failures: list[str]) -> int:
        left = 0
        for guild_id in await self._keys.guilds():
            if not self._shards.has(guild_id) or self._client.get_guild(guild_id) is not None:
                continue
            try:
                if await self._was_removed_from(guild_id):
                    await self._roster.guild_left(guild_id)
                    left += 1
            except (ApiError, StorageError, *TRANSIENT) as error:
                failures.append(f"It is not known whether I am still in server {guild_id}: {error}")
                log.warning("could not find out about guild %d, will try again: %s", guild_id, error)
        return left

    async def _was_removed_from(self, guild_id: int) -> bool:
        """Discord tells a bot of its removal once, and not one that is away."""
        try:
            await self._client.fetch_guild(guild_id, with_counts=False)
        except (discord.NotFound, discord.Forbidden):
            return True
        return False


def _add(to: Tally, tally: Tally) -> None:
    for name in tally.__struct_fields__:
        setattr(to, name, getattr(to, name) + getattr(tally, name))
