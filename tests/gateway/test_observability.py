"""What whoever runs a gateway can see of it: readiness, figures for Prometheus, log lines; and what nobody can."""

import logging
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.config import Recovery
from gateway.errors import ApiError
from gateway.request_trace import current_request_id
from tests.fakes.upstream import FakeUpstream, Refuse
from tests.gateway.chatting import FREE_KEY, PLUS_KEY, Chatting, accounts_at, ask, chatting

Sample = dict[tuple[str, frozenset[tuple[str, str]]], float]


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    async with chatting(tmp_path, upstream) as running:
        yield running


async def get(room: Chatting, path: str, name: str | None = "root") -> tuple[int, str]:
    headers = {} if name is None else {"Authorization": f"Bearer {room.keys[name]}"}
    async with aiohttp.ClientSession() as session, session.get(room.server.url + path, headers=headers) as response:
        return response.status, await response.text()


async def figures(room: Chatting) -> Sample:
    status, text = await get(room, "/metrics")
    assert status == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Sample, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


async def test_metrics_tell_of_requests_tokens_cost_and_accounts(room: Chatting) -> None:
    user = await room.user()
    answer = await ask(user, "Hi")
    room.upstream.play(Refuse(401))
    with pytest.raises(ApiError):
        await ask(user, "Hi again")
    found = await figures(room)
    assert value(found, "rolekey_http_requests_total", method="POST", route="/api/chat", status="200") == 1
    assert value(found, "rolekey_http_requests_total", method="POST", route="/api/chat", status="502") == 1
    assert value(found, "rolekey_http_request_seconds_count", route="/api/chat") == 2
    assert value(found, "rolekey_first_token_seconds_count", route="/api/chat") == 1
    assert value(found, "rolekey_http_requests_in_flight") == 1
    spent = answer.usage
    assert value(found, "rolekey_tokens_total", direction="in", tier="free", model="gpt-free") == spent.input_tokens
    assert value(found, "rolekey_tokens_total", direction="out", tier="free", model="gpt-free") == spent.output_tokens
    assert value(found, "rolekey_cost_usd_total", tier="free", model="gpt-free") == (spent.cost_usd or 0)
    assert value(found, "rolekey_account_requests_total", account="main-free", tier="free") == 2
    assert value(found, "rolekey_account_failures_total", account="main-free", tier="free") == 1
    assert value(found, "rolekey_account_state", account="main-free", tier="free", state="disabled") == 1
    assert value(found, "rolekey_account_state", account="main-free", tier="free", state="closed") == 0


async def test_metrics_hold_no_user_and_nothing_of_a_key_nor_what_a_caller_made_up(room: Chatting) -> None:
    user = await room.user("member-4711")
    answer = await ask(user, "SECRET-PROMPT")
    assert answer.conversation_id is not None
    await get(room, f"/api/conversations/{answer.conversation_id}", "member-4711")
    await get(room, "/api/users/member-4711")
    await get(room, "/made/up")
    async with aiohttp.ClientSession() as session, session.request("PROPFIND", room.server.url + "/health"):
        pass
    _, text = await get(room, "/metrics")
    secrets = ("member-4711", "SECRET-PROMPT", answer.conversation_id, "made", "PROPFIND", FREE_KEY, PLUS_KEY)
    for secret in (*secrets, *room.keys.values(), *(key[-8:] for key in room.keys.values())):
        assert secret not in text


async def test_metrics_are_the_admins_unless_the_settings_say_otherwise(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream) as room:
        await room.user()
        assert [(await get(room, "/metrics", name))[0] for name in (None, "mia", "bot", "root")] == [401, 403, 403, 200]
    async with chatting(tmp_path, upstream, metrics="open") as room:
        assert (await get(room, "/metrics", None))[0] == 200
    async with chatting(tmp_path, upstream, metrics="off") as room:
        assert (await get(room, "/metrics"))[0] == 404


async def test_a_gateway_is_ready_while_each_tier_has_an_account_that_can_be_used(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    async with chatting(tmp_path, upstream, recovery=Recovery(failures=1)) as room:
        assert (await get(room, "/health/ready", None))[0] == 200
        upstream.play(Refuse(500))
        with pytest.raises(ApiError):
            await ask(await room.user(), "Hi")
        status, text = await get(room, "/health/ready", None)
        assert (status, "no account of the tier free" in text, "plus" in text) == (503, True, False)
        assert (await get(room, "/health", None))[0] == 200


async def test_a_gateway_without_accounts_is_not_ready(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream, accounts=[]) as room:
        status, text = await get(room, "/health/ready", None)
        assert (status, "there is no account" in text) == (503, True)


async def test_a_slow_request_is_logged_with_its_route_its_name_and_its_first_text(
    tmp_path: Path, upstream: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    async with chatting(tmp_path, upstream, slow_request_seconds=0.000_001) as room:
        await ask(await room.user(), "Hi")
    slow = [record.getMessage() for record in caplog.records if record.getMessage().startswith("slow: POST /api/chat ")]
    assert len(slow) == 1
    assert "first text after" in slow[0]


async def test_every_line_of_a_request_carries_its_name(room: Chatting, caplog: pytest.LogCaptureFixture) -> None:
    seen = list[tuple[str, str | None]]()

    class Listening(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.name.startswith("gateway"):
                seen.append((record.name, current_request_id()))

    await room.user()
    caplog.set_level(logging.INFO)
    listening = Listening()
    logging.getLogger().addHandler(listening)
    try:
        room.upstream.play(Refuse(500))
        async with room.raw("mia", {"prompt": "Hi"}) as response:
            name = response.headers["X-Request-ID"]
    finally:
        logging.getLogger().removeHandler(listening)
    assert ("gateway.upstreams.openai", name) in seen
    assert ("gateway.access", name) in seen
    assert current_request_id() is None


async def test_the_provider_learns_who_speaks_by_a_stable_hash_only(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream) as room:
        mia, ben = await room.user("mia"), await room.user("ben")
        for user in (mia, mia, ben):
            await ask(user, "Hi")
        first, second, third = [request.body["user"] for request in upstream.requests]
        assert first == second != third
        assert (len(first), "mia" in first) == (64, False)
    async with chatting(tmp_path, upstream, user_hash=False) as room:
        await ask(await room.user("carl"), "Hi")
        assert "user" not in upstream.requests[-1].body


async def test_a_provider_that_takes_no_user_is_asked_without(room: Chatting) -> None:
    user = await room.user()
    room.upstream.play(Refuse(400, param="user", message="Unknown parameter: 'user'."))
    await ask(user, "Hi")
    await ask(user, "Hi")
    assert ["user" in request.body for request in room.upstream.requests] == [True, False, False]


async def test_accounts_tell_their_state_to_the_admin(tmp_path: Path, upstream: FakeUpstream) -> None:
    async with chatting(tmp_path, upstream, accounts=accounts_at(upstream, max_in_flight=3)) as room:
        upstream.play(Refuse(429, headers={"Retry-After": "40"}))
        user = await room.user()
        with pytest.raises(ApiError):
            await ask(user, "Hi")
        with pytest.raises(ApiError) as caught:
            await ask(user, "Hi")
        assert (caught.value.code, caught.value.retry_after) == ("accounts_resting", pytest.approx(40, abs=5))
        free, plus = (await room.admin.accounts()).accounts
        assert (free.state, free.retry_after, free.max_in_flight) == ("cooling", pytest.approx(40, abs=5), 3)
        assert (plus.state, plus.retry_after) == ("closed", None)
        assert len(upstream.requests) == 1
