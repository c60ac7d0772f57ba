"""Limits: no more goes through than they say, whoever asks at once; what was only reserved comes back."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.allowances import Needs
from gateway.client import GatewayClient
from gateway.config import Limits as Settings
from gateway.config import PlusLimits, TierLimits
from gateway.errors import ApiError, LimitReached, RateLimited, Unavailable
from gateway.keys import KeyHasher
from gateway.limits import Limits, Spent
from gateway.principals import Principal
from gateway.store import open_database
from gateway.users import NewPrincipal, Users
from gateway.wire import ChatRequest, Conversation, CreateUser, Delta, Tier, UpdateLimits, UpdateUser, UserLimits
from storage import Database, Sealer
from tests.fakes.upstream import Answer, BreakOff, FakeUpstream, Refuse
from tests.gateway.chatting import accounts_at, ask, chatting
from tests.gateway.conftest import Clock, eventually
from tests.gateway.engines import PLACES

pytestmark = pytest.mark.usefixtures("either_engine")

NONE: dict[str, Any] = {"requests_per_minute": 0, "tokens_per_day": 0, "cost_per_month_usd": 0.0, "concurrent": 0}
# Each prompt "Hi" is one token long and its answer one at most; that one costs a cent.
TEN: dict[str, dict[str, Any]] = {
    "limit_requests": {"requests_per_minute": 10},
    "limit_tokens": {"tokens_per_day": 20},
    "limit_cost": {"cost_per_month_usd": 0.1},
    "limit_concurrent": {"concurrent": 10},
}
SHORT: dict[str, Any] = {"max_output_tokens": 1, "input_usd_per_mtok": 0.0, "output_usd_per_mtok": 10_000.0}


def limits(plus: dict[str, Any] | None = None, **free: Any) -> Settings:
    """No limits but these."""
    return Settings(free=TierLimits(**{**NONE, **free}), plus=PlusLimits(**{**NONE, **(plus or {})}))


async def outcome(user: GatewayClient) -> str:
    try:
        await ask(user, "Hi")
    except RateLimited as error:
        return error.code
    return "answered"


@pytest.mark.parametrize("gateways", [1, 3])
@pytest.mark.parametrize("code", TEN)
async def test_of_a_hundred_at_once_exactly_ten_get_through(tmp_path: Path, code: str, gateways: int) -> None:
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream())
        accounts = accounts_at(upstream, **SHORT)
        rooms = [
            await stack.enter_async_context(chatting(tmp_path, upstream, accounts, limits=limits(**TEN[code])))
            for _ in range(gateways)
        ]
        await rooms[0].user()
        users = [room.client.acting_with(rooms[0].keys["mia"]) for room in rooms]
        upstream.play(*[Answer(text="Yes", pause_at=0)] * 10)
        asking = [asyncio.create_task(outcome(users[number % gateways])) for number in range(100)]

        async with asyncio.timeout(20):
            for told in itertools.islice(asyncio.as_completed(asking), 90):
                await told
        upstream.release.set()
        results = await asyncio.gather(*asking)
        assert (results.count("answered"), results.count(code)) == (10, 90)
        assert len(upstream.requests) == 10
        assert (await users[-1].usage()).total.requests == 10


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    database = await open_database(PLACES.storage(tmp_path) or tmp_path / "gateway.db")
    yield database
    await database.close()


@pytest.fixture
async def mia(database: Database, clock: Clock) -> Principal:
    users = Users(database, hasher=KeyHasher(["x"]), seal=Sealer(["x"], b"t"), clock=clock, random=lambda n: b"r" * n)
    return (await users.create(NewPrincipal(name="mia", plus=True))).principal


def needs(tier: Tier = "free", *, tokens: int = 100, answer: int = 900, own: bool = False) -> Needs:
    """A prompt whose every token costs a hundredth of a cent."""
    return Needs(
        tier=tier,
        input_tokens=tokens,
        output_tokens=answer,
        price=lambda asked, answered: (asked + answered) * 1e-4,
        own_credential=own,
    )


def spent(user: Principal, tokens: int, tier: Tier = "free") -> Spent:
    return Spent(
        principal_id=user.id,
        tier=tier,
        account="main",
        model="gpt",
        input_tokens=0,
        output_tokens=tokens,
        cost_usd=tokens * 1e-4,
        estimated=False,
    )


Make = Callable[..., Limits]


@pytest.fixture
async def make(database: Database, clock: Clock) -> AsyncGenerator[Make]:
    """Makes the limits of one more gateway on the same database."""
    made = list[Limits]()

    def make(settings: Settings) -> Limits:
        made.append(Limits(database, settings, clock=clock))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def use(limits: Limits, user: Principal, tokens: int = 0, tier: Tier = "free") -> dict[str, str]:
    """Answer a prompt that used so many tokens; what its answer's headers said."""
    async with limits.hold(user, needs(tier)) as hold:
        await limits.settle(hold, spent(user, tokens, tier))
    return hold.headers


async def refused(limits: Limits, user: Principal, wanted: Needs | None = None) -> LimitReached:
    with pytest.raises(LimitReached) as caught:
        async with limits.hold(user, wanted or needs()):
            pass
    return caught.value


async def test_a_minute_begins_with_its_first_request(make: Make, mia: Principal, clock: Clock) -> None:
    held = make(limits(requests_per_minute=2))
    assert (await use(held, mia))["X-RateLimit-Remaining"] == "1"
    clock.advance(40)
    assert (await use(held, mia))["X-RateLimit-Remaining"] == "0"
    error = await refused(held, mia)
    assert (error.code, error.retry_after) == ("limit_requests", 20)
    assert error.headers == {
        "X-RateLimit-Resource": "requests_per_minute",
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "20",
    }
    clock.advance(20)
    assert (await use(held, mia))["X-RateLimit-Remaining"] == "1"
    assert (await use(held, mia))["X-RateLimit-Reset"] == "60"
    assert (await refused(held, mia)).retry_after == 60


async def test_a_day_ends_at_midnight_and_a_month_with_its_last_day(make: Make, mia: Principal, clock: Clock) -> None:
    clock.now = 1_798_761_600 - 3600  # an hour before 2027
    held = make(limits(tokens_per_day=2000, cost_per_month_usd=0.3))
    await use(held, mia, tokens=1500)
    error = await refused(held, mia, needs(tokens=1000))
    assert (error.code, error.retry_after) == ("limit_tokens", 3600)
    assert "500 of 2,000" in error.message
    dear = await refused(held, mia, needs(tokens=1400, answer=300))
    assert (dear.code, dear.retry_after) == ("limit_tokens", 3600)
    clock.advance(-86_400)
    assert (await refused(held, mia, needs(tokens=1400, answer=300))).code == "limit_cost"
    clock.advance(86_400 + 3600)
    await use(held, mia, tokens=1500)


async def test_what_is_held_comes_back_when_the_answer_used_less(make: Make, mia: Principal) -> None:
    held = make(limits(tokens_per_day=2000))
    async with held.hold(mia, needs()) as first:
        error = await refused(held, mia, needs(tokens=1700))
        assert error.retry_after == 2
        assert "Others of your prompts" in error.message
        await held.settle(first, spent(mia, 10))
    async with held.hold(mia, needs(tokens=1700)) as second:
        assert second.output_tokens == 256


async def test_one_answer_gets_a_quarter_of_what_is_left_and_never_too_little_to_help(
    make: Make, mia: Principal
) -> None:
    by_tokens, by_cost = make(limits(tokens_per_day=2000)), make(limits(cost_per_month_usd=0.2))
    for held in (by_tokens, by_cost):
        async with held.hold(mia, needs()) as first, held.hold(mia, needs()) as second:
            assert (first.output_tokens, second.output_tokens) == (400, 275)
            async with held.hold(mia, needs(answer=200)) as third:
                assert third.output_tokens == 200
            async with held.hold(mia, needs(tokens=800)) as fourth:
                assert fourth.output_tokens == 256
            assert "limit_" in (await refused(held, mia, needs(tokens=900))).code


async def test_what_fails_gives_everything_back(make: Make, mia: Principal) -> None:
    held = make(limits(requests_per_minute=1, tokens_per_day=1000, concurrent=1))
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with held.hold(mia, needs()):
                raise ZeroDivisionError
    async with held.hold(mia, needs()):
        pass


async def test_what_is_not_given_back_counts_although_it_failed(make: Make, mia: Principal) -> None:
    held = make(limits(requests_per_minute=1, concurrent=1))
    async with held.hold(mia, msgspec.structs.replace(needs(), given_back=False)):
        pass
    assert (await refused(held, mia)).code == "limit_requests"


async def test_what_a_killed_gateway_held_comes_back_after_a_minute(make: Make, mia: Principal, clock: Clock) -> None:
    killed, alive = make(limits(concurrent=1)), make(limits(concurrent=1))
    abandoned = killed.hold(mia, needs())
    await abandoned.__aenter__()
    clock.advance(50)
    await killed.renew()
    clock.advance(50)
    assert (await refused(alive, mia)).code == "limit_concurrent"
    clock.advance(10)
    async with alive.hold(mia, needs()):
        pass
    await abandoned.__aexit__(None, None, None)


async def test_what_is_over_is_not_held_again(make: Make, mia: Principal, clock: Clock) -> None:
    held = make(limits(concurrent=1))
    async with held.hold(mia, needs()) as hold:
        await held.settle(hold, spent(mia, 1))
        clock.advance(1)
        await held.renew()
        async with held.hold(mia, needs()):
            pass


async def test_whoever_leaves_while_it_is_reserved_leaves_nothing_behind(make: Make, mia: Principal) -> None:
    held = make(limits(concurrent=1))

    async def ask() -> None:
        async with held.hold(mia, needs()):
            await asyncio.sleep(10)

    asking = asyncio.create_task(ask())
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])

    await held.close()
    async with held.hold(mia, needs()):
        pass


async def test_each_tier_has_its_own_budget_and_a_limit_of_ones_own_holds_for_both(make: Make, mia: Principal) -> None:
    held = make(limits(tokens_per_day=1000, plus={"tokens_per_day": 2000}))
    await use(held, mia, tokens=1000)
    assert (await refused(held, mia)).code == "limit_tokens"
    await use(held, mia, tokens=500, tier="plus")
    own = msgspec.structs.replace(mia, limits=UserLimits(tokens_per_day=1600))
    assert (await refused(held, own, needs("plus"))).code == "limit_tokens"
    assert [each.tokens_per_day.left for each in await held.allowances(own)] == [100, 100]
    await use(held, msgspec.structs.replace(mia, limits=UserLimits(tokens_per_day=0)))


async def test_a_prompt_on_ones_own_credential_counts_as_a_request_alone(make: Make, mia: Principal) -> None:
    held = make(limits(requests_per_minute=2, tokens_per_day=1, cost_per_month_usd=0.0001))
    async with held.hold(mia, needs(own=True)) as hold:
        own = msgspec.structs.replace(spent(mia, 500), account="own:main", cost_usd=0.0)
        await held.settle(hold, own)
    [free, _] = await held.allowances(mia)
    assert (free.requests_per_minute.left, free.tokens_per_day.left) == (1, 1)


async def test_of_what_is_over_and_of_what_was_abandoned_nothing_is_left_lying_about(
    make: Make, mia: Principal, clock: Clock, database: Database
) -> None:
    held = make(limits(requests_per_minute=100))
    abandoned = held.hold(mia, needs())
    await abandoned.__aenter__()
    clock.advance(61)
    for _ in range(3):
        await use(held, mia)
    async with database.read() as connection:
        [row] = await connection.fetch("SELECT count(*) AS number FROM reservations")
    assert row["number"] == 0
    await abandoned.__aexit__(None, None, None)


# Over HTTP


async def test_what_a_failed_provider_took_no_part_in_is_given_back(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, limits=limits(requests_per_minute=1, concurrent=1)) as room,
    ):
        user = await room.user()
        upstream.play(Refuse(500), Refuse(400))
        for _ in range(2):
            with pytest.raises(ApiError, match=r".") as caught:
                await ask(user, "Hi")
            assert caught.value.status != 429
        await ask(user, "Hi")
        assert await outcome(user) == "limit_requests"
        assert (await user.usage()).total.requests == 1


async def test_what_broke_off_was_used_and_is_told_to_be_estimated(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, limits=limits(concurrent=1)) as room:
        user = await room.user()
        upstream.title = Refuse(500)
        upstream.play(BreakOff(), Answer(pause_at=1))
        with pytest.raises(ApiError):
            await ask(user, "Hi")
        async with aclosing(user.chat(ChatRequest(prompt="Hi"))) as events:
            async for event in events:
                if isinstance(event, Delta):
                    break

        async def both_are_counted() -> bool:
            return (await user.usage()).total.requests == 2

        await eventually(both_are_counted)
        usage = await user.usage()
        assert usage.total.estimated == 2
        assert usage.total.output_tokens == 6
        assert usage.limits[0].concurrent.used == 0


async def test_a_conversation_deleted_meanwhile_was_used_all_the_same(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        user = await room.user()
        upstream.play(Answer(pause_at=1))
        asking = asyncio.create_task(ask(user, "Hi"))
        await upstream.paused.wait()

        async def begun() -> list[Conversation]:
            return (await user.list_conversations()).conversations

        [conversation] = await eventually(begun)
        await user.delete_conversation(conversation.id)
        upstream.release.set()
        with pytest.raises(ApiError):
            await asking
        assert (await user.usage()).total.requests == 1


async def test_a_new_key_has_what_the_old_one_left(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, limits=limits(requests_per_minute=1)) as room,
    ):
        user = await room.user()
        await ask(user, "Hi")
        again = room.client.acting_with((await user.rotate_key("mia")).key)
        assert await outcome(again) == "limit_requests"
        await room.client.delete_user("mia")
        back = await room.client.create_user(CreateUser(user_id="mia"))
        assert await outcome(room.client.acting_with(back.key)) == "limit_requests"


async def test_answers_tell_what_is_left_and_refusals_when_to_come_back(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, limits=limits(requests_per_minute=2)) as room,
    ):
        await room.user()
        left = list[str]()
        for body in ({"prompt": "Hi"}, {"prompt": "Hi", "stream": True}):
            async with room.raw("mia", body) as response:
                assert response.status == 200
                assert response.headers["X-RateLimit-Resource"] == "requests_per_minute"
                left.append(response.headers["X-RateLimit-Remaining"])
                await response.read()
        assert left == ["1", "0"]
        async with room.raw("mia", {"prompt": "Hi", "stream": True}) as response:
            assert response.status == 429
            wait = int(response.headers["Retry-After"])
            assert 0 < wait <= 60
            assert int(response.headers["X-RateLimit-Reset"]) == wait
            said = await response.json()
        assert said["error"]["code"] == "limit_requests"
        assert said["retry_after"] == wait
        assert "2 prompts a minute" in said["message"]


async def test_where_there_are_no_limits_nothing_is_said_of_them(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, limits=limits()) as room:
        await room.user()
        async with room.raw("mia", {"prompt": "Hi"}) as response:
            assert not [name for name in response.headers if "RateLimit" in name]


async def test_with_little_left_the_model_is_asked_for_less(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, limits=limits(tokens_per_day=4000)) as room:
        await ask(await room.user(), "Hi")
        assert upstream.requests[0].body["max_completion_tokens"] == 999


@pytest.mark.parametrize(
    ("room_for_both", "room_for_one"),
    [({"tokens_per_day": 2000}, {"tokens_per_day": 900}), ({"cost_per_month_usd": 20.0}, {"cost_per_month_usd": 9.0})],
)
async def test_a_title_is_asked_for_only_where_there_is_room_for_it(
    tmp_path: Path, room_for_both: dict[str, Any], room_for_one: dict[str, Any]
) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, accounts_at(upstream, **SHORT)) as room:
        user = await room.user()

        async def titled(limits: dict[str, Any]) -> str:
            await room.client.update_user("mia", UpdateUser(limits=UpdateLimits(**limits)))
            return (await ask(user, "Hi")).conversation_title

        assert await titled(room_for_one) == "Hi"
        assert upstream.title_requests == []
        assert await titled(room_for_both) == "A Fine Title"


async def test_a_limit_in_dollars_takes_no_model_whose_price_is_not_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, limits=limits(concurrent=5)) as room:
        assert "account main-free: what gpt-free costs is not known" in caplog.text
        user = await room.user()
        await ask(user, "Hi")
        await room.client.update_user("mia", UpdateUser(limits=UpdateLimits(cost_per_month_usd=1.0)))
        with pytest.raises(Unavailable) as caught:
            await ask(user, "Hi")
        assert caught.value.code == "price_unknown"
        for word in ("gpt-free", "main-free", "input_usd_per_mtok"):
            assert word in caught.value.message
        assert len(upstream.requests) == 1
        assert (await user.usage()).limits[0].concurrent.used == 0


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"kind": "offline"}, "Hi"),
        ({"input_usd_per_mtok": 0.0, "output_usd_per_mtok": 0.0}, "A Fine Title"),
        ({"model": "gpt-4o-mini", "title_model": "unheard-of"}, "Hi"),
    ],
)
async def test_a_limit_in_dollars_takes_what_is_free_or_has_a_price(
    tmp_path: Path, changes: dict[str, Any], title: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeUpstream() as upstream:
        accounts = accounts_at(upstream, **changes)
        async with chatting(tmp_path, upstream, accounts, limits=limits(cost_per_month_usd=0.01)) as room:
            assert (await ask(await room.user(), "Hi")).conversation_title == title
    assert "costs is not known" not in caplog.text


async def test_a_users_limits_are_changed_one_by_one_and_go_back_to_the_tiers(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, accounts_at(upstream, **SHORT), limits=limits(requests_per_minute=1)) as room,
    ):
        user = await room.user()

        async def change(changes: UpdateLimits | None) -> UserLimits | None:
            return (await room.client.update_user("mia", UpdateUser(limits=changes))).limits

        assert await change(UpdateLimits(requests_per_minute=2)) == UserLimits(requests_per_minute=2)
        told = await change(UpdateLimits(concurrent=1, cost_per_month_usd=1.5))
        assert told == UserLimits(requests_per_minute=2, concurrent=1, cost_per_month_usd=1.5)
        assert (await user.get_user("mia")).limits == told
        assert [await outcome(user) for _ in range(3)] == ["answered", "answered", "limit_requests"]
        assert await change(UpdateLimits(requests_per_minute=0)) is not None
        assert await outcome(user) == "answered"
        assert await change(UpdateLimits(requests_per_minute=None, cost_per_month_usd=None)) == UserLimits(concurrent=1)
        assert await outcome(user) == "limit_requests"
        assert await change(None) is None
        assert (await room.client.update_user("mia", UpdateUser(username="Mia"))).limits is None


@pytest.mark.sqlite
async def test_limits_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        user = await room.user()
        with pytest.raises(ApiError, match=r"limits.concurrent"):
            await room.client.update_user("mia", UpdateUser(limits=UpdateLimits(concurrent=-1)))
        with pytest.raises(ApiError) as caught:
            await user.update_user("mia", UpdateUser(limits=UpdateLimits(concurrent=1)))
        assert caught.value.status == 403
