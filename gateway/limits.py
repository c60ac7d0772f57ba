"""Limits that hold: reserved before the upstream is asked, settled with what was used, given back where it failed.

A reservation belongs to the user, whichever key and whichever gateway it came by. It is checked and made in one
transaction, of which a user has one at a time among all processes. It runs out a minute after its process was last
heard of, so one that was killed gives back what it held.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from gateway import config
from gateway.allowances import MINUTE, InUse, Needs, effective, first_of_month, fit, measured, standing, to_wire, today
from gateway.config import TierLimits
from gateway.principals import Principal
from gateway.store import queries
from gateway.times import Clock, milliseconds
from gateway.wire import Tier, TierAllowances
from storage import Connection, Database, MissingReference, StorageError, Submitted, Work

log = logging.getLogger(__name__)

_HELD_FOR = MINUTE
_RENEWED_EVERY_SECONDS = 20.0


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What one answer used, of which tier and account; a title is no request of its own."""

    principal_id: int
    tier: Tier
    account: str
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    estimated: bool
    requests: int = 1


class Hold:
    """A share of a user's limits until it is settled. The answer may take `output_tokens`; `headers` say the rest, and
    `named` whether there is room for a title.

    `identity` is the reservation's, made `at` milliseconds; None where there was nothing to reserve. What was written
    along with it stays once it is `begun`.
    """

    def __init__(
        self, identity: int | None, output_tokens: int, headers: dict[str, str], at: int = 0, *, named: bool = True
    ) -> None:
        self.identity = identity
        self.output_tokens = output_tokens
        self.headers = headers
        self.at = at
        self.named = named
        self.begun = False
        self.settled = False
        self._kept: Submitted[Hold] | None = None

    async def on_disk(self) -> None:
        """Return once it is on disk, with what was written along with it. Raises `storage.StorageError`."""
        if self._kept is None:
            return
        try:
            await self._kept.on_disk()
        except Exception:
            self.forget()  # as the database has
            raise

    def kept(self, submitted: "Submitted[Hold]") -> None:
        """This is what wrote it."""
        self._kept = submitted

    def forget(self) -> None:
        """There is nothing to give back, nor to take back."""
        self.identity = None
        self.begun = self.settled = True


class Along(msgspec.Struct, frozen=True):
    """What is written along with a reservation, and what undoes it."""

    write: Work
    undo: Work


class Limits:
    """Holds everybody to their limits. All methods may raise `storage.StorageError`."""

    def __init__(self, database: Database, settings: config.Limits, *, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._sql = queries(database, "limits")
        self._held = set[int]()
        self._renewing: asyncio.Task[None] | None = None
        self._endings = set[asyncio.Task[None]]()

    @asynccontextmanager
    async def hold(self, user: Principal, needs: Needs, also: Along | None = None) -> AsyncGenerator[Hold]:
        """Reserve what a prompt may need, and give it back at the end unless it was settled.

        What is to be written `also` goes into the same transaction, and is undone at the end unless the hold was
        `begun` by then. Of one user's transactions of either kind only one runs at a time. Where the reservation
        holds already it may not be on disk; see `Hold.on_disk`.
        Raises `LimitReached` with code `limit_requests`, `limit_tokens`, `limit_cost` or `limit_concurrent`, and what
        `also` raises.
        """
        hold = await self._reserve(user, needs, also)
        try:
            yield hold
        finally:
            if hold.identity is not None:
                self._held.discard(hold.identity)
            if work := self._giving_back(hold, user, needs, also):
                await asyncio.shield(self._finishing(self._give_back(work, user)))

    def settlement(self, hold: Hold, spent: Spent) -> Work:
        """Puts what was used in the place of what was held, within whoever's transaction.

        Once that is on disk, say so: `hold.settled = True`.
        """
        add = self.charge(spent)

        async def work(connection: Connection) -> None:
            if hold.identity is not None:
                await self._sql.end(connection, id=hold.identity)
            await add(connection)  # last, since others wait for the sums of usage until this is committed

        return work

    def charge(self, spent: Spent) -> Work:
        """Adds what was used to what its user has used, within whoever's transaction."""
        now = milliseconds(self._clock())

        async def work(connection: Connection) -> None:
            await self._sql.add(connection, day=today(now), **msgspec.structs.asdict(spent))

        return work

    async def settle(self, hold: Hold, spent: Spent) -> None:
        """The same in a transaction of its own; of a user who is gone nothing is kept."""
        with suppress(MissingReference):
            await self._database.transact(self.settlement(hold, spent), brief=True)
        hold.settled = True

    async def allowances(self, user: Principal) -> list[TierAllowances]:
        """What a user has used and has left of each tier that is open to it."""
        now = milliseconds(self._clock())
        async with self._database.read(brief=True) as connection:
            rows = await self._in_use(connection, user.id, now)
        tiers: tuple[Tier, ...] = ("free", "plus") if user.plus else ("free",)
        return [to_wire(tier, measured(tier, self._rules(tier), user.limits, rows, now)) for tier in tiers]

    async def renew(self) -> None:
        """Hold what is held for longer; done every twenty seconds while anything is."""
        held = sorted(self._held)

        async def work(connection: Connection) -> None:
            now = milliseconds(self._clock())
            for identity in held:
                await self._sql.renew(connection, id=identity, expires_at=now + _HELD_FOR, now=now)

        await self._database.transact(work, brief=True)

    async def close(self) -> None:
        """Finish what is being given back."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])
        if self._endings:
            await asyncio.wait(self._endings)

    def _rules(self, tier: Tier) -> TierLimits:
        return self._settings.plus if tier == "plus" else self._settings.free

    async def _reserve(self, user: Principal, needs: Needs, also: Along | None) -> Hold:
        rules = self._rules(needs.tier)
        limited = any(effective(rules, user.limits).values())
        if not limited and also is None:
            return Hold(None, needs.output_tokens, {})

        async def work(connection: Connection) -> Hold:
            hold = await reserve(connection) if limited else Hold(None, needs.output_tokens, {})
            if also is not None:
                await also.write(connection)
            return hold

        async def reserve(connection: Connection) -> Hold:
            now = milliseconds(self._clock())
            rows = await self._in_use(connection, user.id, now)
            found = measured(needs.tier, rules, user.limits, rows, now)
            share = fit(found, needs, now)
            whose = {"principal_id": user.id, "tier": needs.tier}
            if any(row.abandoned for row in rows):
                await self._sql.forget_abandoned(connection, principal_id=user.id, now=now)
            if found["requests_per_minute"].limit:
                await self._sql.count_request(connection, **whose, now=now, minute_ago=now - MINUTE)
            identity = await self._sql.reserve(
                connection, **whose, expires_at=now + _HELD_FOR, tokens=share.tokens, cost_usd=share.cost_usd
            )
            return Hold(identity, share.output_tokens, standing(found, share, now), now, named=share.named)

        reserving = self._database.submit(work, alone=_of(user))
        try:
            submitted = await asyncio.shield(reserving)
        except asyncio.CancelledError:
            self._finishing(self._give_back_once(reserving, user, needs, also))
            raise
        hold = submitted.result
        hold.kept(submitted)
        if hold.identity is not None:
            self._held.add(hold.identity)
            self._keep_renewing()
        return hold

    async def _in_use(self, connection: Connection, principal_id: int, now: int) -> list[InUse]:
        rows = self._sql.in_use(
            connection,
            principal_id=principal_id,
            minute_ago=now - MINUTE,
            now=now,
            today=today(now),
            first_of_month=first_of_month(now),
        )
        return [InUse.from_row(row) async for row in rows]

    def _giving_back(self, hold: Hold, user: Principal, needs: Needs, also: Along | None) -> Work | None:
        """What there is to give back and to undo; None where there is nothing."""
        reserved = hold.identity is not None and not hold.settled
        undone = None if hold.begun or also is None else also.undo
        if not reserved and undone is None:
            return None

        async def work(connection: Connection) -> None:
            if reserved:
                await self._sql.end(connection, id=hold.identity)
                if needs.given_back:
                    await self._sql.uncount_request(connection, principal_id=user.id, tier=needs.tier, at=hold.at)
            if undone is not None:
                await undone(connection)

        return work

    async def _give_back(self, work: Work, user: Principal) -> None:
        try:
            await self._database.transact(work, alone=_of(user), brief=True)
        except StorageError as error:
            log.warning("a reservation was not given back and runs out in a minute: %s", error)

    async def _give_back_once(
        self, reserving: asyncio.Future[Submitted[Hold]], user: Principal, needs: Needs, also: Along | None
    ) -> None:
        """The caller left while this was being reserved."""
        await asyncio.wait([reserving])
        if reserving.exception() is None:
            work = self._giving_back(reserving.result().result, user, needs, also)
            if work is not None:
                await self._give_back(work, user)

    def _finishing(self, ending: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(ending)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)
        return task

    def _keep_renewing(self) -> None:
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew_while_held())

    async def _renew_while_held(self) -> None:
        while self._held:
            await asyncio.sleep(_RENEWED_EVERY_SECONDS)
            try:
                await self.renew()
            except StorageError as error:
                log.warning("what requests under way hold was not renewed: %s", error)


def _of(user: Principal) -> str:
    """Where units about a user's limits and prompts wait for each other."""
    return f"limits of {user.id}"
