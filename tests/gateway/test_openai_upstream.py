"""The OpenAI upstream against a provider on a real socket."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec
import pytest

from gateway.config import Account
from gateway.errors import ApiError, InvalidRequest, RateLimited, Unavailable, UpstreamFailed, UpstreamTimeout
from gateway.upstreams.base import Accepted, Completion, Event, Finished, Text, Turn
from gateway.upstreams.openai import OpenAIUpstream
from gateway.wire import Usage
from tests.fakes.socks5 import Socks5Proxy
from tests.fakes.upstream import (
    Act,
    Answer,
    BreakOff,
    ErrorEvent,
    FakeUpstream,
    Hang,
    HangUp,
    Raw,
    Refuse,
    Whole,
)

KEY = "sk-test-0123456789abcdef"
PROMPT = "The secret of the prompt"
ASK = Completion(model="gpt-plus", turns=(Turn("user", PROMPT),), max_output_tokens=100)


def account(base_url: str, **changes: Any) -> Account:
    settings = Account(name="main", tier="plus", model="gpt-plus", base_url=base_url, api_key_env="MAIN_KEY")
    return msgspec.structs.replace(settings, **changes)


def port_of(fake: FakeUpstream) -> int:
    return int(fake.base_url.split(":")[2].split("/")[0])


@asynccontextmanager
async def provider(*acts: Act, **changes: Any) -> AsyncGenerator[tuple[FakeUpstream, OpenAIUpstream]]:
    async with FakeUpstream() as fake:
        fake.play(*acts)
        upstream = OpenAIUpstream(account(fake.base_url, **changes), KEY, clock=lambda: 1_000.0)
        try:
            yield fake, upstream
        finally:
            await upstream.close()


async def events(upstream: OpenAIUpstream) -> list[Event]:
    async with asyncio.timeout(5):
        return [event async for event in upstream.stream(ASK)]


def text(seen: list[Event]) -> str:
    return "".join(event.text for event in seen if isinstance(event, Text))


async def refused(act: Act, **changes: Any) -> ApiError:
    async with provider(act, **changes) as (_, upstream):
        with pytest.raises(ApiError) as caught:
            await events(upstream)
        assert "sk-" not in caught.value.message
        return caught.value


async def test_an_answer_comes_accepted_then_text_then_finished_with_its_usage() -> None:
    async with provider(Answer("Hello, wörld 🎉")) as (fake, upstream):
        seen = await events(upstream)
    assert isinstance(seen[0], Accepted)
    assert text(seen) == "Hello, wörld 🎉"
    assert seen[-1] == Finished(reason="stop", usage=Usage(input_tokens=5, output_tokens=3))
    request = fake.requests[0]
    assert request.key == KEY
    assert request.messages == [("user", PROMPT)]
    assert request.body["stream"] is True
    assert request.body["stream_options"] == {"include_usage": True}
    assert request.body["max_completion_tokens"] == 100
    assert "user" not in request.body


async def test_one_connection_serves_one_answer_after_another() -> None:
    body = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
    async with provider(Raw((body,), hold_end=True)) as (fake, upstream):
        reading = asyncio.create_task(events(upstream))
        await fake.paused.wait()
        fake.release.set()
        await reading
        await events(upstream)
        first, second = fake.requests
        assert first.connection is second.connection


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\r\n\r\ndata: [DONE]\r\n\r\n',
        (
            b': hello\n\ndata: {"choices":[{"delta":{"content":null}}]}\n\nevent: x\nid: 1\n'
            b'data:{"choices":[{"delta":\ndata: {"content":"Hi"}}]}\n\ndata: [DONE]'
        ),
        (
            b'\xef\xbb\xbfdata: {"choices":[{"delta":{"role":"assistant","content":"Hi"}}],"more":1}\n\n'
            b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}'
        ),
        b'data: {"choices":[{"delta":{"refusal":"Hi"}}]}\n\ndata: {"choices":[],"usage":null}\n\ndata: [DONE]\n\n',
    ],
    ids=["plain", "crlf", "comments-and-lines", "no-farewell", "refusal"],
)
async def test_every_way_of_writing_a_stream_is_read(body: bytes) -> None:
    async with provider(Raw((body,)), Raw(tuple(bytes([byte]) for byte in body))) as (_, upstream):
        assert text(await events(upstream)) == "Hi"
        assert text(await events(upstream)) == "Hi"


async def test_usage_on_the_last_piece_of_text_is_read() -> None:
    body = (
        b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":7,"completion_tokens":2}}\n\ndata: [DONE]\n\n'
    )
    async with provider(Raw((body,))) as (_, upstream):
        assert (await events(upstream))[-1] == Finished(reason="stop", usage=Usage(input_tokens=7, output_tokens=2))


async def test_a_server_that_does_not_count_gives_no_usage() -> None:
    async with provider(Answer(usage=False)) as (_, upstream):
        assert (await events(upstream))[-1] == Finished(reason="stop", usage=None)


async def test_a_server_that_does_not_stream_is_read_whole() -> None:
    async with provider(Whole()) as (fake, upstream):
        seen = await events(upstream)
    assert text(seen) == fake.reply
    assert isinstance(seen[0], Accepted)
    assert isinstance(seen[-1], Finished)
    assert seen[-1].reason == "stop"


async def test_a_server_that_knows_only_max_tokens_is_asked_that_way_from_then_on() -> None:
    unknown = Refuse(400, "unknown_parameter", "Unrecognized request argument: max_completion_tokens")
    async with provider(unknown) as (fake, upstream):
        await events(upstream)
        await events(upstream)
    asked = [{name for name in request.body if name.startswith("max_")} for request in fake.requests]
    assert asked == [{"max_completion_tokens"}, {"max_tokens"}, {"max_tokens"}]


async def test_a_server_without_stream_options_is_asked_without_them_from_then_on() -> None:
    unknown = Refuse(422, None, "Extra inputs are not permitted", param="stream_options")
    async with provider(unknown) as (fake, upstream):
        await events(upstream)
        await events(upstream)
    assert ["stream_options" in request.body for request in fake.requests] == [True, False, False]


async def test_a_limit_that_is_refused_under_both_names_is_given_up_and_not_remembered() -> None:
    wrong = [Refuse(400, "invalid_value", f"{name} is too large") for name in ("max_completion_tokens", "max_tokens")]
    async with provider(*wrong) as (fake, upstream):
        with pytest.raises(InvalidRequest) as caught:
            await events(upstream)
        assert caught.value.code == "upstream_rejected"
        await events(upstream)
    assert "max_completion_tokens" in fake.requests[2].body


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_key_names_the_account_and_the_variable_to_check(status: int) -> None:
    error = await refused(Refuse(status, "invalid_api_key"))
    assert isinstance(error, UpstreamFailed)
    assert error.code == "upstream_authentication"
    assert "main" in error.message
    assert "MAIN_KEY" in error.message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:17:10 GMT"}, 30.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-reset-tokens": "20ms"}, 90.0),
        (
            {
                "x-ratelimit-reset-requests": "8h",
                "x-ratelimit-remaining-requests": "9",
                "x-ratelimit-reset-tokens": "6.5s",
                "x-ratelimit-remaining-tokens": "0",
            },
            6.5,
        ),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "999999999"}, 86_400.0),
        ({}, None),
    ],
)
async def test_a_rate_limit_says_when_to_come_back(headers: dict[str, str], seconds: float | None) -> None:
    error = await refused(Refuse(429, "rate_limit_exceeded", headers=headers))
    assert isinstance(error, RateLimited)
    assert error.code == "upstream_rate_limited"
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("act", "kind", "code"),
    [
        (Refuse(429, "insufficient_quota"), Unavailable, "upstream_quota"),
        (Refuse(429, "project_spend_limit_exceeded", type="insufficient_quota"), Unavailable, "upstream_quota"),
        (Refuse(402), Unavailable, "upstream_quota"),
        (Refuse(400, "context_length_exceeded"), InvalidRequest, "context_too_long"),
        (Refuse(400, message="This model's maximum context length is 5 tokens"), InvalidRequest, "context_too_long"),
        (Refuse(413), InvalidRequest, "context_too_long"),
        (Refuse(400, "content_policy_violation"), InvalidRequest, "upstream_content_filter"),
        (Refuse(400), InvalidRequest, "upstream_rejected"),
        (Refuse(422), InvalidRequest, "upstream_rejected"),
        (Refuse(404, "model_not_found"), UpstreamFailed, "upstream_model"),
        (Refuse(404, message="Not Found"), UpstreamFailed, "upstream_protocol"),
        (Refuse(301, headers={"Location": "http://elsewhere.invalid/"}), UpstreamFailed, "upstream_protocol"),
        (Refuse(408), UpstreamTimeout, "upstream_timeout"),
        (Refuse(500), UpstreamFailed, "upstream_error"),
        (Refuse(529), UpstreamFailed, "upstream_error"),
        (HangUp(), UpstreamFailed, "upstream_error"),
        (Raw((b"<html>Welcome</html>",), "text/html"), UpstreamFailed, "upstream_protocol"),
        (Raw((b"data: what?\n\n",)), UpstreamFailed, "upstream_protocol"),
        (Raw((b"not an event stream",)), UpstreamFailed, "upstream_protocol"),
        (Raw((b"{",), "application/json"), UpstreamFailed, "upstream_protocol"),
        (Raw((b'{"status":"ok"}',), "application/json"), UpstreamFailed, "upstream_protocol"),
        (Raw((b"data: " + b"x" * 2_000_000,)), UpstreamFailed, "upstream_protocol"),
        (Raw((b'{"error":{"code":"insufficient_quota"}}',), "application/json"), Unavailable, "upstream_quota"),
    ],
)  # fmt: skip
async def test_every_trouble_has_its_own_code(act: Act, kind: type[ApiError], code: str) -> None:
    error = await refused(act)
    assert type(error) is kind
    assert error.code == code


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (BreakOff(), "upstream_broken_stream"),
        (Raw((b'data: {"choices":[{"delta":{"content":"Half"}}]}\n\n',)), "upstream_broken_stream"),
        (ErrorEvent(), "upstream_error"),
        (ErrorEvent(code="rate_limit_exceeded"), "upstream_rate_limited"),
        (ErrorEvent(code=401), "upstream_authentication"),
        (ErrorEvent(code="context_length_exceeded"), "context_too_long"),
    ],
)
async def test_trouble_in_the_middle_comes_after_what_had_arrived(act: Act, code: str) -> None:
    seen = list[Event]()
    async with provider(act) as (_, upstream):
        with pytest.raises(ApiError) as caught:
            async for event in upstream.stream(ASK):
                seen.append(event)
    assert caught.value.code == code
    assert text(seen).startswith("Half")


async def test_silence_before_the_answer_and_within_it_is_a_timeout() -> None:
    assert (
        await refused(Hang(), first_byte_timeout_seconds=0.02, connect_timeout_seconds=0.03)
    ).code == "upstream_timeout"
    paused = Answer(pause_at=1)
    error = await refused(paused, idle_timeout_seconds=0.05, first_byte_timeout_seconds=0.05)
    assert error.code == "upstream_timeout"


async def test_a_server_that_forgets_to_hang_up_after_the_last_word_has_still_answered() -> None:
    finish = b'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n'
    async with provider(Raw((finish,)), idle_timeout_seconds=0.05) as (_, upstream):
        assert (await events(upstream))[-1] == Finished(reason="stop", usage=None)


async def test_a_provider_nobody_can_reach_is_said_to_be_so() -> None:
    async with FakeUpstream() as fake:
        gone = fake.base_url
    for url in (gone, "http://nobody.invalid/v1", "http://[broken/v1"):
        upstream = OpenAIUpstream(account(url), KEY)
        with pytest.raises(UpstreamFailed) as caught:
            await events(upstream)
        assert caught.value.code == "upstream_unreachable"
        await upstream.close()


@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
async def test_a_proxy_nobody_can_reach_is_said_to_be_so(scheme: str) -> None:
    async with FakeUpstream() as fake:
        port = port_of(fake)
    error = await refused(Answer(), proxy=f"{scheme}://127.0.0.1:{port}")
    assert error.code == "upstream_unreachable"
    assert "proxy" in error.message


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_is_used_and_resolves_the_name(scheme: str) -> None:
    async with FakeUpstream() as fake, Socks5Proxy(port_of(fake)).serving() as proxy:
        through = proxy.url.replace("socks5", scheme)
        upstream = OpenAIUpstream(account("http://provider.invalid/v1", proxy=through), KEY)
        assert text(await events(upstream)) == fake.reply
        assert proxy.asked_for == ["provider.invalid"]
        await upstream.close()


async def test_an_http_proxy_is_used() -> None:
    async with FakeUpstream() as fake:
        # A proxy is asked for the whole address, which any aiohttp server takes for its own.
        through = f"http://127.0.0.1:{port_of(fake)}"
        upstream = OpenAIUpstream(account("http://provider.invalid/v1", proxy=through), KEY)
        assert text(await events(upstream)) == fake.reply
        assert fake.requests[0].headers["Host"] == "provider.invalid"
        await upstream.close()


async def test_closing_the_stream_stops_the_answer_at_the_provider() -> None:
    async with provider(Answer(pause_at=1)) as (fake, upstream):
        async with aclosing(upstream.stream(ASK)) as stream:
            async for event in stream:
                if isinstance(event, Text):
                    break
        async with asyncio.timeout(5):
            await fake.deserted.wait()


async def test_the_log_tells_the_providers_reason_without_key_or_prompt(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    words = f"Incorrect API key provided: {KEY[:12]}******cdef for {KEY}. You asked: {PROMPT}"
    await refused(Refuse(401, "invalid_api_key", words))
    assert "invalid_api_key" in caplog.text
    assert "Incorrect API key provided" in caplog.text
    for secret in (KEY, KEY[:12], "cdef", PROMPT):
        assert secret not in caplog.text
    assert PROMPT not in repr(ASK)


@pytest.mark.parametrize(
    ("base_url", "field"),
    [
        ("https://api.openai.com/v1", "safety_identifier"),
        ("https://eu.api.openai.com/v1", "safety_identifier"),
        ("https://notopenai.com/v1", "user"),
        ("http://[broken/v1", "user"),
    ],
)
def test_openai_is_told_who_speaks_under_its_own_name_for_it(base_url: str, field: str) -> None:
    account = Account(name="a", tier="free", model="m", base_url=base_url)
    assert OpenAIUpstream(account, "sk-test")._options.user == field
