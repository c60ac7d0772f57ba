"""Rate limits as Discord has them, by raw requests and by discord.py's own limiter."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import discord
import pytest
from discord.http import Route

from playground.standin.rate_limits import STRICT, Limit
from playground.standin.server import StandIn
from playground.standin.world.clock import ManualClock
from playground.standin.world.entities import Channel
from playground.standin.world.errors import Code
from tests.playground.standin.conftest import MakeStandIn

HI = {"content": "hi"}


class Client:
    """Sends requests as the bot and looks at what the headers say."""

    def __init__(self, session: aiohttp.ClientSession, standin: StandIn, token: str | None = None) -> None:
        self._session = session
        self._url = standin.api_url
        self._headers = {"Authorization": f"Bot {token or standin.application.token}"}

    async def __call__(self, method: str, path: str, body: Any = None) -> aiohttp.ClientResponse:
        async with self._session.request(method, self._url + path, json=body, headers=self._headers) as response:
            await response.read()
            return response

    async def statuses(self, times: int, method: str, path: str, body: Any = None) -> list[int]:
        return [(await self(method, path, body)).status for _ in range(times)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def standin(make_standin: MakeStandIn, clock: ManualClock) -> AsyncGenerator[StandIn]:
    async with make_standin(clock=clock) as standin:
        standin.control.rate_limits("strict")
        yield standin


@pytest.fixture
def channels(standin: StandIn) -> list[Channel]:
    guild = standin.control.create_guild("Academy")
    return [standin.control.create_channel(guild, name) for name in ("general", "random")]


@pytest.fixture
def client(session: aiohttp.ClientSession, standin: StandIn) -> Client:
    return Client(session, standin)


async def test_headers_count_a_bucket_down_until_429_and_it_is_full_again_when_they_said(
    client: Client, channels: list[Channel], clock: ManualClock
) -> None:
    """https://discord.com/developers/docs/topics/rate-limits#header-format"""
    messages = f"/channels/{channels[0].id}/messages"
    answers = [await client("POST", messages, HI) for _ in range(5)]
    assert [each.headers["X-RateLimit-Remaining"] for each in answers] == ["4", "3", "2", "1", "0"]
    assert {each.headers["X-RateLimit-Limit"] for each in answers} == {"5"}
    assert float(answers[0].headers["X-RateLimit-Reset"]) == pytest.approx(clock.now().timestamp() + 5, abs=0.001)
    assert "X-RateLimit-Scope" not in answers[0].headers
    clock.advance(3.5)
    refused = await client("POST", messages, HI)
    assert refused.status == 429
    assert await refused.json() == {"message": "You are being rate limited.", "retry_after": 1.5, "global": False}
    assert (refused.headers["Retry-After"], refused.headers["X-RateLimit-Reset-After"]) == ("2", "1.500")
    assert refused.headers["X-RateLimit-Scope"] == "user"
    assert "X-RateLimit-Global" not in refused.headers
    assert refused.headers["Via"]
    clock.advance(1.5)
    assert (await client("POST", messages, HI)).headers["X-RateLimit-Remaining"] == "4"


async def test_buckets_are_of_one_route_in_one_channel_and_sending_and_editing_count_apart(
    client: Client, channels: list[Channel]
) -> None:
    """https://discord.com/developers/docs/topics/rate-limits (top-level resources)"""
    general, random = (f"/channels/{channel.id}/messages" for channel in channels)
    sent = await client("POST", general, HI)
    message = f"{general}/{(await sent.json())['id']}"
    assert await client.statuses(5, "POST", general, HI) == [200] * 4 + [429]
    edited = await client("PATCH", message, HI)
    assert edited.status == 200
    assert edited.headers["X-RateLimit-Bucket"] == sent.headers["X-RateLimit-Bucket"]
    assert (await client("POST", random, HI)).headers["X-RateLimit-Remaining"] == "4"
    assert await client.statuses(5, "PATCH", message, HI) == [200] * 4 + [429]
    assert (await client("DELETE", message)).headers["X-RateLimit-Bucket"] != sent.headers["X-RateLimit-Bucket"]
    assert "X-RateLimit-Limit" not in (await client("GET", general)).headers


async def test_a_channel_or_thread_is_renamed_twice_in_ten_minutes_by_whomever(
    client: Client, session: aiohttp.ClientSession, standin: StandIn, channels: list[Channel], clock: ManualClock
) -> None:
    """https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit (shared: per resource)"""
    general = f"/channels/{channels[0].id}"
    started = await client("POST", f"{general}/threads", {"name": "one", "type": 11})
    thread = f"/channels/{(await started.json())['id']}"
    for path in (general, thread):
        assert await client.statuses(2, "PATCH", path, {"name": "new"}) == [200, 200]
        clock.advance(15)
        refused = await client("PATCH", path, {"name": "newer"})
        assert (refused.status, refused.headers["X-RateLimit-Scope"]) == (429, "shared")
        assert int(refused.headers["X-RateLimit-Remaining"]) > 0
        body = await refused.json()
        assert (body["message"], body["retry_after"]) == ("The resource is being rate limited.", 585)
    assert (await client("PATCH", general, {"topic": "of something else"})).status == 200
    assert (await client("PATCH", thread, {"archived": True})).status == 200
    other = standin.world.create_application("Other", standin.application.owner)
    standin.world.guilds.install(standin.world.state.guild(channels[0].guild_id or 0), other.bot, -1)
    assert (await Client(session, standin, other.token)("PATCH", general, {"name": "mine"})).status == 429
    clock.advance(600)
    assert (await client("PATCH", general, {"name": "mine"})).status == 200


async def test_fifty_requests_a_second_are_all_but_answers_to_interactions_are_not_bound_to_it(
    client: Client, channels: list[Channel], clock: ManualClock
) -> None:
    """https://discord.com/developers/docs/topics/rate-limits#global-rate-limit"""
    assert await client.statuses(51, "GET", "/users/@me") == [200] * 50 + [429]
    refused = await client("POST", f"/channels/{channels[0].id}/messages", HI)
    assert (refused.status, (await refused.json())["global"]) == (429, True)
    assert (refused.headers["X-RateLimit-Global"], refused.headers["X-RateLimit-Scope"]) == ("true", "global")
    assert (await client("POST", "/interactions/1/token/callback", {"type": 5})).status == 404
    clock.advance(1)
    assert (await client("GET", "/users/@me")).status == 200


async def test_too_many_invalid_requests_are_banned_by_cloudflare_and_shared_limits_do_not_count(
    client: Client, standin: StandIn, channels: list[Channel], clock: ManualClock
) -> None:
    """https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans"""
    assert STRICT.invalid == Limit("invalid", 10_000, 600)
    standin.control.rate_limits(replace(STRICT, invalid=Limit("invalid", 4, 600)))
    general = f"/channels/{channels[0].id}"
    assert await client.statuses(6, "PATCH", general, {"name": "new"}) == [200] * 2 + [429] * 4
    standin.control.fail("GET", "/users/@me", code=Code.MISSING_PERMISSIONS, times=3)
    assert await client.statuses(4, "GET", "/users/@me") == [403] * 3 + [200]
    clock.advance(600)
    standin.control.fail("GET", "/users/@me", code=Code.MISSING_PERMISSIONS, times=4)
    assert await client.statuses(4, "GET", "/users/@me") == [403] * 4
    banned = await client("GET", "/users/@me")
    assert (banned.status, banned.headers["Retry-After"], await banned.text()) == (429, "3600", "error code: 1015")
    assert "Via" not in banned.headers
    clock.advance(3600)
    assert (await client("GET", "/users/@me")).status == 200


async def test_nothing_is_limited_until_a_preset_says_so_and_off_takes_it_back(
    client: Client, standin: StandIn, channels: list[Channel]
) -> None:
    messages = f"/channels/{channels[0].id}/messages"
    standin.control.rate_limits("off")
    assert await client.statuses(60, "POST", messages, HI) == [200] * 60
    standin.control.rate_limits("strict")
    assert await client.statuses(6, "POST", messages, HI) == [200] * 5 + [429]
    standin.control.rate_limits("off")
    assert "X-RateLimit-Limit" not in (await client("POST", messages, HI)).headers


@asynccontextmanager
async def logged_in(standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[discord.Client]:
    monkeypatch.setattr(Route, "BASE", standin.api_url)
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(standin.application.token)
        yield client


async def test_discord_py_keeps_to_buckets_waits_out_limits_it_cannot_see_and_says_when_it_is_banned(
    make_standin: MakeStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with make_standin() as standin, logged_in(standin, monkeypatch) as client:
        control = standin.control
        guild = control.create_guild("Academy")
        general = control.create_channel(guild, "general")
        channel = client.get_partial_messageable(general.id)
        control.rate_limits(STRICT.faster(50))
        await asyncio.gather(*(channel.send(str(number)) for number in range(12)))
        assert [each.status for each in control.requests if each.method == "POST"] == [200] * 12
        for name in ("one", "two"):
            await client.http.edit_channel(general.id, name=name)
        control.rate_limits(replace(STRICT, fields={("PATCH", "/channels/{channel_id}", "name"): Limit("n", 1, 0.2)}))
        for name in ("three", "four"):
            await client.http.edit_channel(general.id, name=name)
        assert [each.status for each in control.requests if each.method == "PATCH"][2:] == [200, 429, 200]
        assert general.name == "four"
        control.rate_limits(replace(STRICT, globally=Limit("global", 3, 0.2)))
        await asyncio.gather(*(client.http.get_guild(guild.id) for _ in range(4)))
        assert [each.status for each in control.requests if each.route == "/guilds/{guild_id}"].count(200) == 4
        assert any(each.answer["global"] for each in control.requests if each.status == 429)
        control.rate_limits(replace(STRICT, invalid=Limit("invalid", 1, 600)))
        control.fail("GET", "/users/*", code=Code.MISSING_PERMISSIONS)
        with pytest.raises(discord.Forbidden):
            await client.fetch_user(client.application_id or 0)
        with pytest.raises(discord.HTTPException) as banned:
            await client.fetch_user(client.application_id or 0)
        assert banned.value.status == 429
