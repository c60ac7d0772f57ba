"""Prompts on a caller's own key at the provider, by a token that is the key, sealed."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.config import Limits, TierLimits
from gateway.errors import (
    ApiError,
    Conflict,
    InvalidRequest,
    PermissionDenied,
    RateLimited,
    Unavailable,
    UpstreamFailed,
)
from gateway.server import GatewayServer
from gateway.wire import AccessTokenRequest, ChatAnswer, CreateUser
from tests.fakes.upstream import FakeUpstream, Hang, Refuse
from tests.gateway.chatting import FREE_KEY, PLUS_KEY, Chatting, accounts_at, ask, chatting, events_of
from tests.gateway.conftest import Clock, RunningGateway, config_in, running

OWN_KEY = "sk-own-abcdefghijklmnop"


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Chatting]:
    keys = {FREE_KEY, PLUS_KEY, OWN_KEY}
    async with FakeUpstream(keys=keys) as upstream, chatting(tmp_path, upstream) as room:
        await room.user("mia")
        await room.user("noa")
        yield room


def all_within(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def token_of(room: Chatting, name: str, **fields: Any) -> str:
    user = room.client.acting_with(room.keys[name])
    return (await user.make_access_token(AccessTokenRequest(api_key=OWN_KEY, **fields))).access_token


async def use_of(room: Chatting) -> list[tuple[str, int, int]]:
    return [(account.name, account.requests, account.failures) for account in (await room.admin.accounts()).accounts]


async def test_a_prompt_with_a_token_runs_on_the_callers_own_key_and_counts_for_no_account(room: Chatting) -> None:
    mia = room.client.acting_with(room.keys["mia"])
    made = await mia.make_access_token(AccessTokenRequest(api_key=OWN_KEY))
    assert made.access_token == made.access_token_again
    assert [asked.key for asked in room.upstream.asked_for_models] == [OWN_KEY]
    answer = await ask(mia, "Hi", access_token=made.access_token)
    assert (answer.reply, answer.model, answer.tier) == ("Hello from the fake upstream.", "gpt-free", "free")
    again = await ask(mia, "More", access_token=made.access_token, conversation_id=answer.conversation_id)
    assert again.last_message_prompt == "Hi"
    assert {request.key for request in [*room.upstream.requests, *room.upstream.title_requests]} == {OWN_KEY}
    assert await use_of(room) == [("main-free", 0, 0), ("main-plus", 0, 0)]
    events = await events_of(mia, "And streamed", access_token=made.access_token)
    assert isinstance(events[-1], ChatAnswer)


async def test_user_plus_asks_for_the_plus_account_model_and_takes_no_plus_access(room: Chatting) -> None:
    mia = room.client.acting_with(room.keys["mia"])
    token = await token_of(room, "mia", user_plus="true")
    for user_plus, model in ((True, "gpt-plus"), ("true", "gpt-plus"), ("false", "gpt-free"), (None, "gpt-free")):
        answer = await ask(mia, "Hi", access_token=token, user_plus=user_plus, plus="any")
        assert answer.model == model


async def test_a_conversation_is_not_continued_the_other_way(room: Chatting) -> None:
    mia = room.client.acting_with(room.keys["mia"])
    token = await token_of(room, "mia")
    own = await ask(mia, "Hi", access_token=token)
    built_in = await ask(mia, "Hi")
    asked = len(room.upstream.requests)
    with pytest.raises(Conflict) as without:
        await ask(mia, "More", conversation_id=own.conversation_id)
    with pytest.raises(Conflict) as with_token:
        await ask(mia, "More", conversation_id=built_in.conversation_id, access_token=token)
    assert without.value.code == with_token.value.code == "conversation_kind"
    assert "Send one" in without.value.message
    assert "Leave it out" in with_token.value.message
    assert len(room.upstream.requests) == asked
    assert len((await mia.get_conversation(own.conversation_id)).messages) == 2


async def test_a_token_works_for_nobody_else(room: Chatting) -> None:
    token = await token_of(room, "mia")
    noa = room.client.acting_with(room.keys["noa"])
    for wrong in (token, token[:-4], "rk-at-nonsense", "nonsense", room.keys["mia"]):
        with pytest.raises(PermissionDenied) as refused:
            await ask(noa, "Hi", access_token=wrong)
        assert refused.value.code == "invalid_access_token"
    assert room.upstream.requests == []


async def test_a_client_makes_and_uses_the_token_of_its_user(room: Chatting) -> None:
    made = await room.client.make_access_token(AccessTokenRequest(api_key=OWN_KEY, user_id="mia"))
    answer = await ask(room.client, "Hi", user_id="mia", access_token=made.access_token)
    assert answer.api_user == "mia"
    with pytest.raises(InvalidRequest):
        await room.client.make_access_token(AccessTokenRequest(api_key=OWN_KEY))
    with pytest.raises(PermissionDenied):
        await ask(room.client, "Hi", user_id="noa", access_token=made.access_token)


async def test_a_key_that_the_provider_refuses_gets_no_token(room: Chatting, caplog: pytest.LogCaptureFixture) -> None:
    mia = room.client.acting_with(room.keys["mia"])
    with pytest.raises(PermissionDenied) as refused:
        await mia.make_access_token(AccessTokenRequest(api_key="sk-wrong-abcdefghijklmnop"))
    assert refused.value.code == "credential_refused"
    assert "your own API key" in refused.value.message
    assert "sk-wrong" not in refused.value.message + caplog.text
    assert await use_of(room) == [("main-free", 0, 0), ("main-plus", 0, 0)]


async def test_a_key_revoked_later_is_the_callers_trouble_and_no_accounts(room: Chatting) -> None:
    mia = room.client.acting_with(room.keys["mia"])
    token = await token_of(room, "mia")
    assert room.upstream.keys is not None
    room.upstream.keys.remove(OWN_KEY)
    with pytest.raises(PermissionDenied) as refused:
        await ask(mia, "Hi", access_token=token)
    assert refused.value.code == "credential_refused"
    room.upstream.keys.add(OWN_KEY)
    room.upstream.play(Refuse(429, "insufficient_quota"))
    with pytest.raises(PermissionDenied) as spent:
        await ask(mia, "Hi", access_token=token)
    assert spent.value.code == "credential_quota"
    assert await use_of(room) == [("main-free", 0, 0), ("main-plus", 0, 0)]
    assert (await ask(mia, "Hi")).tier == "free"
    assert (await mia.list_conversations()).conversations[1:] == []


async def test_proving_keys_is_limited_as_prompts_are(tmp_path: Path) -> None:
    limits = Limits(free=TierLimits(concurrent=1))
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, limits=limits) as room:
        mia = await room.user("mia")
        upstream.play(Hang())
        asking = asyncio.create_task(ask(mia, "Hi"))
        await upstream.paused.wait()
        with pytest.raises(RateLimited) as refused:
            await mia.make_access_token(AccessTokenRequest(api_key=OWN_KEY))
        assert refused.value.code == "limit_concurrent"
        assert upstream.asked_for_models == []
        upstream.release.set()
        await asyncio.wait([asking])
        assert asking.exception() is not None


async def test_a_provider_in_trouble_proves_nothing(tmp_path: Path) -> None:
    upstream = FakeUpstream()
    async with upstream:
        accounts = accounts_at(upstream)
    async with chatting(tmp_path, upstream, accounts) as room:
        mia = await room.user("mia")
        with pytest.raises(UpstreamFailed) as unreachable:
            await mia.make_access_token(AccessTokenRequest(api_key=OWN_KEY))
        assert unreachable.value.code == "upstream_unreachable"


async def test_an_email_and_a_password_are_refused_with_what_to_do_instead(room: Chatting) -> None:
    given = {"user": room.keys["mia"], "email": "mia@example.org", "password": "correct horse"}
    async with aiohttp.ClientSession() as session:
        for send in (
            session.post(f"{room.server.url}/api/access-token", json=given),
            session.get(f"{room.server.url}/api/access-token", params=given),
            session.post(f"{room.server.url}/api/access-token", json={**given, "api_key": OWN_KEY}),
        ):
            async with send as response:
                assert response.status == 400
                error = (await response.json())["error"]
            assert error["code"] == "password_refused"
            assert "API key" in error["message"]
            assert "horse" not in error["message"]
    assert room.upstream.asked_for_models == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_old_argument_names_make_and_use_a_token(room: Chatting, method: str) -> None:
    key = {"user": room.keys["mia"]}
    made = await send(room, method, "/api/access-token", {**key, "api_key": OWN_KEY})
    prompt = {**key, "prompt": "Hi", "access_token": made["Access Token"], "user_plus": "false"}
    assert (await send(room, method, "/api/chat", prompt))["status"] == "success"
    assert [request.key for request in room.upstream.requests] == [OWN_KEY]


async def send(room: Chatting, method: str, path: str, arguments: dict[str, str]) -> Any:
    """GET with the arguments in the query, POST with them as JSON."""
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method,
            room.server.url + path,
            params=arguments if method == "GET" else None,
            json=arguments if method == "POST" else None,
        ) as response,
    ):
        assert response.headers["Cache-Control"] == "no-store"
        return await response.json()


async def test_a_key_no_header_could_carry_is_refused_in_words(room: Chatting) -> None:
    mia = room.client.acting_with(room.keys["mia"])
    for api_key in ("sk-own\r\nX-Other: 1", "sk own", "clé", ""):
        with pytest.raises(InvalidRequest) as refused:
            await mia.make_access_token(AccessTokenRequest(api_key=api_key))
        assert "api_key" in refused.value.message
    assert room.upstream.asked_for_models == []


async def test_nothing_of_the_credential_is_stored_or_logged(
    room: Chatting, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mia = room.client.acting_with(room.keys["mia"])
    with caplog.at_level(logging.DEBUG):
        token = await token_of(room, "mia")
        await ask(mia, "Hi", access_token=token)
        room.upstream.play(Refuse(401, "invalid_api_key", message=f"Incorrect API key provided: {OWN_KEY}"))
        with pytest.raises(ApiError):
            await ask(mia, "Hi", access_token=token)
    assert room.upstream.requests
    written = all_within(tmp_path)
    assert b"Hello from the fake upstream." in written
    for secret in (OWN_KEY, token):
        assert secret.encode() not in written
        assert secret not in caplog.text
    assert OWN_KEY not in token


# Time, settings and restarts


@pytest.fixture
async def gateway(tmp_path: Path, clock: Clock) -> AsyncGenerator[tuple[RunningGateway, FakeUpstream, str]]:
    async with FakeUpstream() as upstream:
        config = config_in(tmp_path / "data", accounts=accounts_at(upstream, api_key_env=""), access_token_hours=2.0)
        async with running(config, clock) as gateway:
            yield gateway, upstream, await gateway.make("mia")


async def test_a_token_expires_when_it_says(gateway: tuple[RunningGateway, FakeUpstream, str], clock: Clock) -> None:
    running_gateway, _, key = gateway
    made = await running_gateway.call("POST", "/api/access-token", key=key, json={"api_key": OWN_KEY})
    assert made.status == 200
    prompt = {"prompt": "Hi", "access_token": made.body["access_token"]}
    clock.advance(2 * 3600 - 1)
    assert (await running_gateway.call("POST", "/api/chat", key=key, json=prompt)).status == 200
    clock.advance(2)
    late = await running_gateway.call("POST", "/api/chat", key=key, json=prompt)
    assert (late.status, late.code) == (403, "expired_access_token")


async def test_a_token_never_goes_to_another_endpoint_than_it_was_proven_at(tmp_path: Path) -> None:
    async with FakeUpstream() as first, FakeUpstream() as second:
        async with chatting(tmp_path, first) as room:
            await room.user("mia")
            token, key = await token_of(room, "mia"), room.keys["mia"]
            begun = await ask(room.client.acting_with(key), "Hi", access_token=token)
        async with chatting(tmp_path, second) as room:
            mia = room.client.acting_with(key)
            for conversation_id in (None, begun.conversation_id):
                with pytest.raises(Unavailable) as gone:
                    await ask(mia, "Hi", access_token=token, conversation_id=conversation_id)
                assert gone.value.code == "account_unavailable"
            assert second.requests == []
        async with chatting(tmp_path, first) as room:
            mia = room.client.acting_with(key)
            assert (await ask(mia, "Hi", access_token=token, conversation_id=begun.conversation_id)).reply


async def test_without_an_endpoint_there_are_no_tokens(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream:
        offline = accounts_at(upstream, kind="offline")
        async with chatting(tmp_path, upstream, offline) as room:
            mia = await room.client.create_user(CreateUser(user_id="mia"))
            with pytest.raises(Unavailable) as nowhere:
                await room.client.acting_with(mia.key).make_access_token(AccessTokenRequest(api_key=OWN_KEY))
            assert nowhere.value.code == "no_account"
            assert isinstance(room.server, GatewayServer)
