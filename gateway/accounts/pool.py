"""The pool: gives out accounts in turn, and takes others in and out while answers are under way."""

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Literal

from gateway import wire
from gateway.accounts.breaker import Breaker, Monotonic
from gateway.accounts.pooled import Lease, PooledAccount
from gateway.accounts.refusals import account_gone, account_resting, all_busy, all_resting, no_account, plus_required
from gateway.config import Account, Recovery
from gateway.errors import ApiError
from gateway.upstreams.base import Upstream
from gateway.wire import PlusWish, Tier

_DEFAULT_RECOVERY = Recovery()


class AccountPool:
    """Gives out accounts. `monotonic` gives seconds from any start."""

    def __init__(
        self,
        accounts: Sequence[PooledAccount],
        *,
        affinity: Literal["strict", "prefer"],
        monotonic: Monotonic,
        recovery: Recovery = _DEFAULT_RECOVERY,
    ) -> None:
        self._monotonic = monotonic
        self._turns = 0
        self._removed = list[PooledAccount]()
        self._closing = set[asyncio.Task[None]]()
        self._accounts = list[PooledAccount]()
        self.replace(accounts, affinity=affinity, recovery=recovery)

    @property
    def accounts(self) -> Sequence[PooledAccount]:
        """Those of the settings, in their order."""
        return tuple(self._accounts)

    @property
    def configured(self) -> list[Account]:
        """Their settings."""
        return [pooled.account for pooled in self._accounts]

    def pick(
        self, wish: PlusWish, *, user_plus: bool, images: bool = False, fits: Callable[[Account], bool] | None = None
    ) -> PooledAccount:
        """The account whose turn it is, for a new conversation: the one that had its last turn longest ago.

        With `images` one that takes them, where any does; with `fits` only one of which that is true.
        Raises `PermissionDenied` (`plus_required`) and `Unavailable`: `accounts_busy` where each has all the prompts
        it may have at once, `accounts_resting` where each cools down or failed too often, and `no_account`.
        """
        tiers = _tiers(wish, user_plus=user_plus)
        fit = {tier: [pooled for pooled in self._of(tier) if fits is None or fits(pooled.account)] for tier in tiers}
        seeing = {tier: [pooled for pooled in fit[tier] if pooled.account.images] for tier in tiers}
        if images and any(seeing.values()):
            fit = seeing
        for tier in tiers:
            if ready := [pooled for pooled in fit[tier] if pooled.usable and not pooled.full]:
                return self._next(ready)
        there = [pooled for tier in tiers for pooled in fit[tier]]
        if any(pooled.usable for pooled in there):
            raise all_busy()
        if there:
            raise all_resting(there)
        raise no_account(self.configured, tiers)

    def pinned(self, name: str, tier: Tier, wish: PlusWish, *, user_plus: bool) -> PooledAccount:
        """The account that goes on with a conversation: the one that began it.

        Where affinity is "prefer", another one of the tier takes over from an account that is gone, full or resting.
        Raises `PermissionDenied` (`plus_required`) and `Unavailable` (`account_unavailable`, `accounts_busy`,
        `accounts_resting`).
        """
        if not user_plus and (tier == "plus" or wish in (True, "true")):
            raise plus_required()
        found = next((pooled for pooled in self._of(tier) if pooled.account.name == name), None)
        if found is not None and found.usable and not found.full:
            return self._next([found])
        ready = [pooled for pooled in self._of(tier) if pooled.usable and not pooled.full]
        if self._affinity == "prefer" and ready:
            return self._next(ready)
        if found is None:
            raise account_gone(name)
        raise all_busy() if found.usable else account_resting(found)

    @contextmanager
    def seat(self, pooled: PooledAccount) -> Generator[None]:
        """Count a prompt as in flight from the moment it was given its account, so that a cap holds for all of them."""
        pooled.in_flight += 1
        try:
            with self.hold(pooled):
                yield
        finally:
            pooled.in_flight -= 1

    @contextmanager
    def hold(self, pooled: PooledAccount) -> Generator[None]:
        """Keep an upstream from being closed while something needs it, also when its account is removed meanwhile."""
        pooled.holds += 1
        try:
            yield
        finally:
            pooled.holds -= 1
            if pooled.removed:
                self._let_go(pooled)

    @contextmanager
    def lease(self, pooled: PooledAccount) -> Generator[Lease]:
        """One use of an account: counts it, and how it ended; a failure is the upstream's `ApiError`."""
        if pooled.upstream is None:
            raise RuntimeError("an account without its key is never picked")
        pooled.requests += 1
        try:
            yield Lease(pooled.account, pooled.upstream)
        except ApiError as error:
            _note(pooled, error)
            raise
        if pooled.breaker is not None:
            pooled.breaker.succeeded()

    def replace(
        self, accounts: Sequence[PooledAccount], *, affinity: Literal["strict", "prefer"], recovery: Recovery
    ) -> None:
        """Go on with these accounts. One that was there already is given again to keep it as it is.

        Those left out finish the answers under way, and are closed after the last one.
        """
        self._affinity = affinity
        gone = [pooled for pooled in self._accounts if pooled not in accounts]
        self._accounts = list(accounts)
        for pooled in accounts:
            if pooled.breaker is None:
                pooled.breaker = Breaker(recovery, self._monotonic)
            pooled.breaker.settings = recovery
        for pooled in gone:
            pooled.removed = True
            self._removed.append(pooled)
            self._let_go(pooled)

    def to_wire(self) -> list[wire.Account]:
        """Every account as an admin sees it."""
        return [pooled.to_wire() for pooled in self._accounts]

    async def close(self) -> None:
        """Close every upstream."""
        if self._closing:
            await asyncio.wait(self._closing)
        for pooled in (*self._accounts, *self._removed):
            if pooled.upstream is not None:
                await pooled.upstream.close()

    def _of(self, tier: Tier) -> list[PooledAccount]:
        return [pooled for pooled in self._accounts if pooled.account.tier == tier and pooled.upstream is not None]

    def _next(self, among: Sequence[PooledAccount]) -> PooledAccount:
        """Whoever had a turn longest ago; an account that comes back gets one turn, not all those it missed."""
        chosen = min(among, key=lambda pooled: pooled.turn)
        self._turns += 1
        chosen.turn = self._turns
        return chosen

    def _let_go(self, pooled: PooledAccount) -> None:
        if pooled.holds or pooled not in self._removed:
            return
        self._removed.remove(pooled)
        if pooled.upstream is not None:
            task = asyncio.create_task(_close(pooled.upstream))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _close(upstream: Upstream) -> None:
    await upstream.close()


def _note(pooled: PooledAccount, error: ApiError) -> None:
    # What the prompt brought upon itself, or the gateway's own trouble, is no failure of the account.
    if error.status == 400 or not error.code.startswith("upstream_") or error.code == "upstream_empty_answer":
        return
    pooled.failures += 1
    pooled.last_error = error.code
    if pooled.breaker is not None:
        pooled.breaker.failed(error)


def _tiers(wish: PlusWish, *, user_plus: bool) -> Sequence[Tier]:
    if wish == "any":
        return ("plus", "free") if user_plus else ("free",)
    if wish in (True, "true"):
        if not user_plus:
            raise plus_required()
        return ("plus",)
    return ("free",)
