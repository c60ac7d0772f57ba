"""What the client library asks again, and what it never sends twice."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from gateway.client import (
    ApiError,
    GatewayClient,
    GatewayUnreachable,
    NotFound,
    RateLimited,
    Retries,
    Unavailable,
)
from gateway.wire import ChatRequest, CreateUser
from tests.gateway.test_client import something_else

WHO = '{"status": "success", "role": "user", "name": "mia", "client_id": null, "expires_at": null}'
USER = (
    '{"user_id": "mia", "username": "", "role": "user", "client_id": null, "plus": false, "disabled": false, '
    '"created_at": "2026-01-01T00:00:00Z", "expires_at": null, "last_used_at": null, "key_hint": null}'
)
WITH_KEY = f'{{"status": "success", "key": "rk-new", "user": {USER}}}'


@dataclass
class Waits:
    """Waiting that takes no time; random numbers are all one half."""

    waited: list[float] = field(default_factory=list[float])

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    def retries(self) -> Retries:
        return Retries(
            repeats=2, first_seconds=1.0, random=lambda: 0.5, sleep=self.sleep, token=iter(["once", "twice"]).__next__
        )


def hung_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


def said(status: int, text: str, **headers: str) -> web.StreamResponse:
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


def refused(status: int, **headers: str) -> web.StreamResponse:
    return said(status, '{"status": "error", "message": "m", "error": {"code": "c", "message": "m"}}', **headers)


class InTurn:
    """A server that gives these answers one after another."""

    def __init__(self, *answers: Callable[[web.Request], web.StreamResponse]) -> None:
        self.asked = list[web.Request]()
        self._left = list(answers)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return self._left.pop(0)(request)


def page(_: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="<h1>Bad Gateway</h1>", content_type="text/html")


def out_of_service(_: web.Request) -> web.StreamResponse:
    return refused(503)


async def test_reading_is_tried_again_after_longer_and_longer_waits_until_it_works() -> None:
    waits, server = Waits(), InTurn(hung_up, page, lambda _: said(200, WHO))
    async with something_else(server.answer, waits.retries()) as client:
        assert (await client.whoami()).name == "mia"
    assert (len(server.asked), waits.waited) == (3, [0.5, 1.0])


async def test_the_last_error_is_the_one_that_is_told() -> None:
    waits, server = Waits(), InTurn(page, page, lambda _: refused(503))
    async with something_else(server.answer, waits.retries()) as client:
        with pytest.raises(Unavailable):
            await client.usage()
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500])
async def test_what_will_fail_again_is_asked_once(status: int) -> None:
    waits, server = Waits(), InTurn(lambda _: refused(status))
    async with something_else(server.answer, waits.retries()) as client:
        with pytest.raises(ApiError) as caught:
            await client.whoami()
    assert (caught.value.status, waits.waited) == (status, [])


async def test_a_wait_that_the_gateway_asks_for_is_kept_unless_it_is_long() -> None:
    waits = Waits()
    server = InTurn(lambda _: refused(429, **{"Retry-After": "3"}), lambda _: refused(429, **{"Retry-After": "60"}))
    async with something_else(server.answer, waits.retries()) as client:
        with pytest.raises(RateLimited) as caught:
            await client.whoami()
    assert (caught.value.retry_after, waits.waited) == (60.0, [3.5])


@pytest.mark.parametrize("answer", [hung_up, page, out_of_service])
async def test_a_prompt_or_a_new_user_is_not_sent_twice(answer: Callable[[web.Request], web.StreamResponse]) -> None:
    waits, server = Waits(), InTurn(answer, answer)
    async with something_else(server.answer, waits.retries()) as client:
        with pytest.raises(ApiError):
            await client.ask(ChatRequest(prompt="Hi"))
        with pytest.raises(ApiError):
            await client.create_user(CreateUser(user_id="mia"))
    assert (len(server.asked), waits.waited) == (2, [])


async def test_what_never_left_is_sent_again_whatever_it_is() -> None:
    waits = Waits()
    async with GatewayClient(f"http://127.0.0.1:{unused_port()}", "rk-x", retries=waits.retries()) as client:
        with pytest.raises(GatewayUnreachable):
            await client.ask("Hi")
    assert waits.waited == [0.5, 1.0]


async def test_a_key_is_rotated_once_though_the_first_answer_was_lost() -> None:
    waits, server = Waits(), InTurn(hung_up, lambda _: said(200, WITH_KEY))
    async with something_else(server.answer, waits.retries()) as client:
        assert (await client.rotate_key("mia")).key == "rk-new"
    assert [request.headers["Idempotency-Key"] for request in server.asked] == ["once", "once"]


async def test_what_the_lost_request_erased_is_erased() -> None:
    waits = Waits()
    server = InTurn(hung_up, lambda _: refused(404), lambda _: refused(404))
    async with something_else(server.answer, waits.retries()) as client:
        await client.delete_conversation("c")
        with pytest.raises(NotFound):
            await client.delete_conversation("c")


async def test_an_answer_that_broke_off_is_not_begun_again() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'event: delta\ndata: {"text": "Half"}\n\n')
        return hung_up(request)

    asked, waits = list[web.Request](), Waits()
    async with something_else(half, waits.retries()) as client:
        with pytest.raises(GatewayUnreachable):
            await client.ask("Hi")
    assert (len(asked), waits.waited) == (1, [])
