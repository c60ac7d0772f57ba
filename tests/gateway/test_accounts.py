"""The pool of accounts: turns, tiers, affinity, cooling down."""

import asyncio
from collections import Counter

import msgspec
import pytest

from gateway.accounts import AccountPool, PooledAccount, build_pool
from gateway.accounts.probing import Probing
from gateway.config import Account, Config, Gateway, Secrets
from gateway.errors import ApiError, InvalidRequest, PermissionDenied, RateLimited, Unavailable, UpstreamFailed
from gateway.upstreams.offline import OfflineUpstream
from gateway.upstreams.openai import OpenAIUpstream
from gateway.wire import PlusWish, Tier
from tests.fakes.upstream import FakeUpstream


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def entry(name: str, tier: Tier) -> PooledAccount:
    return PooledAccount(Account(name=name, tier=tier, model=f"{name}-model", kind="offline"), OfflineUpstream())


def pool(*names: str, affinity: str = "strict", clock: Clock | None = None) -> AccountPool:
    """Accounts by name; those that begin with p are plus."""
    entries = [entry(name, "plus" if name.startswith("p") else "free") for name in names]
    return AccountPool(entries, affinity="prefer" if affinity == "prefer" else "strict", monotonic=clock or Clock())


def picks(accounts: AccountPool, count: int, wish: PlusWish = False, *, user_plus: bool = False) -> str:
    return " ".join(accounts.pick(wish, user_plus=user_plus).account.name for _ in range(count))


def fail(accounts: AccountPool, wish: PlusWish, error: ApiError) -> None:
    pooled = accounts.pick(wish, user_plus=True)
    with pytest.raises(ApiError), accounts.lease(pooled):
        raise error


def test_the_accounts_of_a_tier_take_turns() -> None:
    accounts = pool("f1", "p1", "f2", "p2", "f3")
    assert picks(accounts, 4) == "f1 f2 f3 f1"
    assert picks(accounts, 3, True, user_plus=True) == "p1 p2 p1"
    assert picks(accounts, 2) == "f2 f3"


@pytest.mark.parametrize("wish", [True, "true"])
def test_plus_without_plus_access_is_refused(wish: PlusWish) -> None:
    with pytest.raises(PermissionDenied) as caught:
        pool("f1", "p1").pick(wish, user_plus=False)
    assert caught.value.code == "plus_required"


@pytest.mark.parametrize("wish", [False, "false"])
def test_a_plus_user_who_asks_for_free_gets_free(wish: PlusWish) -> None:
    assert picks(pool("p1", "f1"), 2, wish, user_plus=True) == "f1 f1"


def test_any_is_the_best_that_the_user_may_use_and_that_is_there() -> None:
    assert picks(pool("f1", "p1"), 1, "any", user_plus=True) == "p1"
    assert picks(pool("f1", "p1"), 1, "any", user_plus=False) == "f1"
    assert picks(pool("f1"), 1, "any", user_plus=True) == "f1"


def test_any_passes_over_a_tier_that_cools_down() -> None:
    clock = Clock()
    accounts = pool("f1", "p1", clock=clock)
    fail(accounts, True, RateLimited("", code="upstream_rate_limited", retry_after=5))
    assert picks(accounts, 1, "any", user_plus=True) == "f1"
    clock.now += 5
    assert picks(accounts, 1, "any", user_plus=True) == "p1"


@pytest.mark.parametrize(("names", "wish"), [(("p1",), False), (("f1",), True), ((), "any")])
def test_a_tier_without_an_account_says_what_an_admin_must_do(names: tuple[str, ...], wish: PlusWish) -> None:
    with pytest.raises(Unavailable) as caught:
        pool(*names).pick(wish, user_plus=True)
    assert caught.value.code == "no_account"
    assert "[[gateway.accounts]]" in caught.value.message


def test_an_account_that_fails_is_passed_over_until_it_has_cooled_down() -> None:
    clock = Clock()
    accounts = pool("f1", "f2", clock=clock)
    fail(accounts, False, RateLimited("", code="upstream_rate_limited"))
    assert picks(accounts, 3) == "f2 f2 f2"
    clock.now += 20
    assert picks(accounts, 2) == "f1 f2"


def test_while_every_account_cools_down_it_is_said_when_to_come_back() -> None:
    accounts = pool("f1", "f2")
    fail(accounts, False, RateLimited("", code="upstream_rate_limited", retry_after=40))
    fail(accounts, False, RateLimited("", code="upstream_rate_limited", retry_after=7))
    with pytest.raises(Unavailable) as caught:
        accounts.pick(False, user_plus=False)
    assert (caught.value.code, caught.value.retry_after) == ("accounts_resting", 7)


def test_what_a_prompt_brought_upon_itself_is_no_failure_of_the_account() -> None:
    accounts = pool("f1")
    fail(accounts, False, InvalidRequest("", code="upstream_rejected"))
    fail(accounts, False, Unavailable("", code="storage_busy"))
    assert accounts.to_wire()[0].failures == 0


def test_the_pool_counts_what_is_under_way_and_what_failed() -> None:
    accounts = pool("f1")
    with accounts.seat(accounts.pick(False, user_plus=False)):
        assert accounts.to_wire()[0].in_flight == 1
    fail(accounts, False, UpstreamFailed(""))
    state = accounts.to_wire()[0]
    assert (state.in_flight, state.requests, state.failures, state.last_error) == (0, 1, 1, "upstream_error")


def test_the_account_that_began_a_conversation_goes_on_with_it() -> None:
    accounts = pool("f1", "f2")
    assert [accounts.pinned("f2", "free", False, user_plus=False).account.name for _ in range(2)] == ["f2", "f2"]


@pytest.mark.parametrize("name", ["gone", "p1"])
def test_with_strict_affinity_nobody_takes_over_from_an_account_that_is_gone(name: str) -> None:
    with pytest.raises(Unavailable) as caught:
        pool("f1", "p1").pinned(name, "free", False, user_plus=True)
    assert caught.value.code == "account_unavailable"
    assert name in caught.value.message


def test_with_affinity_prefer_another_of_the_tier_takes_over() -> None:
    accounts = pool("p1", "f1", "f2", affinity="prefer")
    assert accounts.pinned("f2", "free", False, user_plus=False).account.name == "f2"
    assert accounts.pinned("gone", "free", False, user_plus=False).account.name == "f1"
    with pytest.raises(Unavailable):
        pool("p1", affinity="prefer").pinned("gone", "free", False, user_plus=True)


def test_with_affinity_prefer_another_takes_over_from_one_that_cools_down() -> None:
    accounts = pool("f1", "f2", affinity="prefer")
    fail(accounts, False, RateLimited("", code="upstream_rate_limited"))
    assert accounts.pinned("f1", "free", False, user_plus=False).account.name == "f2"


@pytest.mark.parametrize(("tier", "wish"), [("plus", False), ("plus", "any"), ("free", True)])
def test_a_plus_conversation_ends_with_plus_access(tier: Tier, wish: PlusWish) -> None:
    with pytest.raises(PermissionDenied) as caught:
        pool("p1", "f1").pinned("p1", tier, wish, user_plus=False)
    assert caught.value.code == "plus_required"


def test_one_provider_key_alone_makes_an_account_for_each_tier() -> None:
    config = Config(secrets=Secrets(accounts={"OPENAI_API_KEY": "sk-test"}))
    accounts = build_pool(config, monotonic=Clock())
    models = config.gateway.default_models
    assert [(state.name, state.tier, state.model) for state in accounts.to_wire()] == [
        ("openai-free", "free", models.free),
        ("openai-plus", "plus", models.plus),
    ]


def test_an_account_without_its_key_is_not_used_and_says_which_variable_is_missing() -> None:
    lacking = Account(name="f1", tier="free", model="m", api_key_env="SOME_KEY")
    accounts = build_pool(Config(gateway=Gateway(accounts=[lacking])), monotonic=Clock())
    assert accounts.to_wire()[0].last_error == "key_missing"
    with pytest.raises(Unavailable) as caught:
        accounts.pick(False, user_plus=False)
    assert "SOME_KEY" in caught.value.message
    keyless = msgspec.structs.replace(lacking, name="f2", api_key_env="")
    accounts = build_pool(Config(gateway=Gateway(accounts=[lacking, keyless])), monotonic=Clock())
    assert picks(accounts, 2) == "f2 f2"


async def test_a_thousand_picks_at_once_are_shared_out_evenly() -> None:
    accounts = pool("f1", "f2", "f3")
    taken = Counter[str]()

    async def prompt() -> None:
        pooled = accounts.pick(False, user_plus=False)
        with accounts.seat(pooled), accounts.lease(pooled):
            await asyncio.sleep(0)
            taken[pooled.account.name] += 1

    await asyncio.gather(*(prompt() for _ in range(1000)))
    assert sorted(taken.values()) == [333, 333, 334]


def test_an_account_with_all_the_prompts_it_may_have_is_passed_over_and_when_all_are_full_that_is_said() -> None:
    capped = [
        PooledAccount(msgspec.structs.replace(entry(name, "free").account, max_in_flight=1), OfflineUpstream())
        for name in ("f1", "f2")
    ]
    accounts = AccountPool(capped, affinity="strict", monotonic=Clock())
    with accounts.seat(accounts.pick(False, user_plus=False)):
        assert picks(accounts, 2) == "f2 f2"
        with accounts.seat(accounts.pick(False, user_plus=False)), pytest.raises(Unavailable) as caught:
            accounts.pick(False, user_plus=False)
        assert (caught.value.code, caught.value.retry_after) == ("accounts_busy", 1)
        with pytest.raises(Unavailable, match="busy"):
            accounts.pinned("f1", "free", False, user_plus=False)
    assert picks(accounts, 2) == "f1 f2"


def test_repeated_failure_opens_the_breaker_and_one_prompt_at_a_time_tries_it_again() -> None:
    clock = Clock()
    accounts = pool("f1", clock=clock)
    for _ in range(5):
        assert accounts.to_wire()[0].state == "closed"
        fail(accounts, False, UpstreamFailed(""))
    state = accounts.to_wire()[0]
    assert (state.state, state.retry_after, state.consecutive_failures) == ("open", 30, 5)
    with pytest.raises(Unavailable, match="30 s"):
        accounts.pick(False, user_plus=False)
    clock.now += 30
    assert accounts.to_wire()[0].state == "half_open"
    with accounts.seat(accounts.pick(False, user_plus=False)), pytest.raises(Unavailable, match="busy"):
        accounts.pick(False, user_plus=False)
    fail(accounts, False, UpstreamFailed(""))
    assert accounts.to_wire()[0].state == "open"
    clock.now += 30
    with accounts.lease(accounts.pick(False, user_plus=False)):
        pass
    state = accounts.to_wire()[0]
    assert (state.state, state.consecutive_failures) == ("closed", 0)


async def test_an_account_whose_key_is_refused_is_not_asked_until_a_probe_succeeds() -> None:
    async with FakeUpstream(keys={"sk-right"}) as upstream:
        account = Account(name="f1", tier="free", model="m", base_url=upstream.base_url)
        endpoint = OpenAIUpstream(account, "sk-right")
        clock = Clock()
        accounts = AccountPool([PooledAccount(account, endpoint)], affinity="strict", monotonic=clock)
        probing = Probing(accounts, lambda: 30.0, random=lambda: 0.5)
        fail(accounts, False, UpstreamFailed("", code="upstream_authentication"))
        clock.now += 10_000
        assert accounts.to_wire()[0].state == "disabled"
        upstream.keys = set()
        await probing.probe()
        with pytest.raises(Unavailable, match="refuses the key"):
            accounts.pick(False, user_plus=False)
        upstream.keys = {"sk-right"}
        await probing.probe()
        assert accounts.to_wire()[0].state == "half_open"
        await probing.probe()
        assert (len(upstream.asked_for_models), upstream.requests) == (2, [])
        await accounts.close()


async def test_probing_waits_a_different_time_each_round_and_stops_cleanly() -> None:
    waits = list[float]()
    gone = asyncio.Event()
    numbers = iter((0.0, 1.0))

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            gone.set()
            await asyncio.Event().wait()

    probing = Probing(pool("f1"), lambda: 40.0, random=lambda: next(numbers), sleep=sleep)
    probing.start()
    await gone.wait()
    await probing.stop()
    assert waits == [30.0, 50.0]
