"""The pool of upstream accounts: whose turn it is, who answers which conversation, and how each is doing."""

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from gateway import wire
from gateway.config import Account, Config, Gateway
from gateway.errors import ApiError, PermissionDenied, Unavailable
from gateway.upstreams.base import Upstream
from gateway.upstreams.offline import OfflineUpstream
from gateway.upstreams.openai import OpenAIUpstream
from gateway.wire import PlusWish, Tier

log = logging.getLogger(__name__)

Monotonic = Callable[[], float]

# How long turn-taking passes over an account after such a failure, in seconds; a Retry-After says it better.
_COOL_DOWN = {
    "upstream_authentication": 60.0,
    "upstream_quota": 300.0,
    "upstream_rate_limited": 20.0,
}


@dataclass(slots=True)
class PooledAccount:
    """An account with its upstream and what happened to it since the start. `upstream` is None without its key."""

    account: Account
    upstream: Upstream | None
    in_flight: int = 0
    requests: int = 0
    failures: int = 0
    last_error: str | None = None
    cool_until: float = float("-inf")

    def to_wire(self) -> wire.Account:
        """What an admin sees of it."""
        return wire.Account(
            name=self.account.name,
            kind=self.account.kind,
            tier=self.account.tier,
            model=self.account.model,
            in_flight=self.in_flight,
            requests=self.requests,
            failures=self.failures,
            last_error=self.last_error,
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """The use of one account for one prompt."""

    account: Account
    upstream: Upstream


class AccountPool:
    """Gives out accounts. `monotonic` gives seconds from any start."""

    def __init__(
        self, accounts: Sequence[PooledAccount], *, affinity: Literal["strict", "prefer"], monotonic: Monotonic
    ) -> None:
        self._accounts = list(accounts)
        self._affinity = affinity
        self._monotonic = monotonic
        self._last: dict[Tier, int] = {"free": -1, "plus": -1}

    def pick(self, wish: PlusWish, *, user_plus: bool) -> PooledAccount:
        """The account whose turn it is, for a new conversation.

        Raises `PermissionDenied` (`plus_required`) and `Unavailable` (`no_account`).
        """
        tiers = _tiers(wish, user_plus=user_plus)
        for tier in tiers:
            if ready := [pooled for pooled in self._usable(tier) if not self._cooling(pooled)]:
                return self._next(tier, ready)
        for tier in tiers:
            if usable := self._usable(tier):
                return self._next(tier, usable)
        raise self._no_account(tiers)

    def pinned(self, name: str, tier: Tier, wish: PlusWish, *, user_plus: bool) -> PooledAccount:
        """The account that goes on with a conversation: the one that began it.

        Where affinity is "prefer", another one of the tier takes over from an account that is gone or cooling down.
        Raises `PermissionDenied` (`plus_required`) and `Unavailable` (`account_unavailable`).
        """
        if not user_plus and (tier == "plus" or wish in (True, "true")):
            raise _plus_required()
        usable = self._usable(tier)
        found = next((pooled for pooled in usable if pooled.account.name == name), None)
        if self._affinity == "prefer":
            ready = [pooled for pooled in usable if not self._cooling(pooled)]
            if found not in ready and (ready or not found) and usable:
                return self._next(tier, ready or usable)
        if found is None:
            raise Unavailable(
                f"The account {name}, which began this conversation, is not there any more. Begin a new conversation.",
                code="account_unavailable",
            )
        return found

    @contextmanager
    def lease(self, pooled: PooledAccount) -> Generator[Lease]:
        """Count one use of an account, and its failure where the block raises the upstream's `ApiError`."""
        if pooled.upstream is None:
            raise RuntimeError("an account without its key is never picked")
        pooled.requests += 1
        pooled.in_flight += 1
        try:
            yield Lease(pooled.account, pooled.upstream)
        except ApiError as error:
            self._note(pooled, error)
            raise
        finally:
            pooled.in_flight -= 1

    def to_wire(self) -> list[wire.Account]:
        """Every account as an admin sees it."""
        return [pooled.to_wire() for pooled in self._accounts]

    async def close(self) -> None:
        """Close every upstream."""
        for pooled in self._accounts:
            if pooled.upstream is not None:
                await pooled.upstream.close()

    def _usable(self, tier: Tier) -> list[PooledAccount]:
        return [pooled for pooled in self._accounts if pooled.account.tier == tier and pooled.upstream is not None]

    def _cooling(self, pooled: PooledAccount) -> bool:
        return self._monotonic() < pooled.cool_until

    def _next(self, tier: Tier, among: list[PooledAccount]) -> PooledAccount:
        """Whoever comes first after the one that had the last turn, in the order of the settings."""
        places = {self._accounts.index(pooled): pooled for pooled in among}
        place = min((place for place in places if place > self._last[tier]), default=min(places))
        self._last[tier] = place
        return places[place]

    def _note(self, pooled: PooledAccount, error: ApiError) -> None:
        # What the prompt brought upon itself, or the gateway's own trouble, is no failure of the account.
        if error.status == 400 or not error.code.startswith("upstream_"):
            return
        pooled.failures += 1
        pooled.last_error = error.code
        if error.code in _COOL_DOWN:
            wait = _COOL_DOWN[error.code] if error.retry_after is None else error.retry_after
            pooled.cool_until = self._monotonic() + wait

    def _no_account(self, tiers: Sequence[Tier]) -> Unavailable:
        if not self._accounts:
            words = "This gateway has no account yet: an admin must set OPENAI_API_KEY or add [[gateway.accounts]]."
        elif lacking := [p.account.api_key_env for p in self._accounts if p.account.tier in tiers]:
            words = f"No {' or '.join(tiers)} account has its key: an admin must set {' or '.join(lacking)}."
        else:
            words = f"This gateway has no {' or '.join(tiers)} account: an admin must add one to [[gateway.accounts]]."
        return Unavailable(words, code="no_account")


def build_pool(config: Config, *, monotonic: Monotonic) -> AccountPool:
    """The pool that the settings describe. Connects to nothing yet."""
    keys = config.secrets.accounts
    pooled = [PooledAccount(account, _upstream(account, keys)) for account in configured_accounts(config)]
    for entry in pooled:
        if entry.upstream is None:
            entry.last_error = "key_missing"
            name, variable = entry.account.name, entry.account.api_key_env
            log.warning("account %s is not used: %s is not set", name, variable)
    return AccountPool(pooled, affinity=config.gateway.affinity, monotonic=monotonic)


def configured_accounts(config: Config) -> list[Account]:
    """The accounts in the settings; where there are none, one of OpenAI's for each tier if `OPENAI_API_KEY` is set."""
    if config.gateway.accounts or not config.secrets.accounts.get("OPENAI_API_KEY"):
        return config.gateway.accounts
    return _default_accounts(config.gateway)


def _default_accounts(gateway: Gateway) -> list[Account]:
    models = gateway.default_models
    return [
        Account(name="openai-free", tier="free", model=models.free, api_key_env="OPENAI_API_KEY"),
        Account(
            name="openai-plus",
            tier="plus",
            model=models.plus,
            title_model=models.free,
            api_key_env="OPENAI_API_KEY",
        ),
    ]


def _upstream(account: Account, keys: dict[str, str]) -> Upstream | None:
    if account.kind == "offline":
        return OfflineUpstream()
    # A server of one's own often takes no key: then the account names none.
    if account.api_key_env and not keys.get(account.api_key_env):
        return None
    return OpenAIUpstream(account, keys.get(account.api_key_env, ""))


def _tiers(wish: PlusWish, *, user_plus: bool) -> Sequence[Tier]:
    if wish == "any":
        return ("plus", "free") if user_plus else ("free",)
    if wish in (True, "true"):
        if not user_plus:
            raise _plus_required()
        return ("plus",)
    return ("free",)


def _plus_required() -> PermissionDenied:
    return PermissionDenied(
        "This needs plus access, which this user does not have. Ask without plus, or ask an admin for access.",
        code="plus_required",
    )
