"""The client library against a running gateway, and against what is none."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from gateway.client import (
    NEVER,
    BrokenAnswer,
    Conflict,
    GatewayClient,
    GatewayUnreachable,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    Retries,
    Unauthenticated,
)
from gateway.wire import ChatRequest, CreateUser, UpdateUser
from tests.gateway.conftest import RunningGateway

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def something_else(handler: Handler, retries: Retries = NEVER) -> AsyncGenerator[GatewayClient]:
    """A client that talks to an HTTP server of our making."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with GatewayClient(f"http://127.0.0.1:{runner.addresses[0][1]}/", "rk-x", retries=retries) as client:
            yield client
    finally:
        await runner.cleanup()


async def test_a_client_looks_after_its_users(gateway: RunningGateway) -> None:
    key = await gateway.make("bot", role="client")
    async with GatewayClient(gateway.url, key) as client:
        assert (await client.health()).status == "ok"
        assert (await client.whoami()).role == "client"
        made = await client.create_user(CreateUser(user_id="1:2", username="fred"))
        assert (await client.get_user("1:2")) == made.user
        assert (await client.update_user("1:2", UpdateUser(plus=True))).plus
        fresh = await client.rotate_key("1:2")
        assert (await client.acting_with(fresh.key).whoami()).name == "1:2"
        with pytest.raises(Unauthenticated):
            await client.acting_with(made.key).whoami()
        with pytest.raises(Conflict, match="1:2"):
            await client.create_user(CreateUser(user_id="1:2"))
        await client.delete_user("1:2")
        with pytest.raises(Unauthenticated):
            await client.acting_with(fresh.key).whoami()
        with pytest.raises(NotFound):
            await client.get_user("1:2")


async def test_every_user_is_listed_however_small_the_pages(gateway: RunningGateway) -> None:
    key = await gateway.make("bot", role="client")
    async with GatewayClient(gateway.url, key) as client:
        for number in range(7):
            await client.create_user(CreateUser(user_id=f"1:{number}"))
        assert {user.user_id async for user in client.list_users(page_size=3)} == {f"1:{n}" for n in range(7)}
        assert [user.user_id async for user in client.list_users(search=":3", role="user")] == ["1:3"]


async def test_what_a_key_may_not_do_says_so(gateway: RunningGateway) -> None:
    async with GatewayClient(gateway.url, await gateway.make("someone")) as client:
        with pytest.raises(PermissionDenied):
            await client.accounts()
        with pytest.raises(PermissionDenied):
            await client.create_user(CreateUser(user_id="other"))


async def test_nobody_there_is_said_in_one_way() -> None:
    async with GatewayClient(f"http://127.0.0.1:{unused_port()}", "rk-x", retries=NEVER) as client:
        with pytest.raises(GatewayUnreachable, match="does not answer"):
            await client.whoami()
        with pytest.raises(GatewayUnreachable, match="does not answer"):
            await client.ask(ChatRequest(prompt="Hi"))


@pytest.mark.parametrize("status", [200, 404, 500, 502])
async def test_another_server_at_the_address_is_recognised(status: int) -> None:
    async def page(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text="<h1>Welcome to nginx!</h1>", content_type="text/html")

    async with something_else(page) as client:
        with pytest.raises(ProtocolError):
            await client.whoami()


async def test_a_wait_that_the_gateway_asks_for_is_kept() -> None:
    async def limited(_: web.Request) -> web.StreamResponse:
        body = '{"status": "error", "message": "m", "retry_after": 7.5, "error": {"code": "requests", "message": "m"}}'
        return web.Response(status=429, text=body, content_type="application/json")

    async with something_else(limited) as client:
        with pytest.raises(RateLimited) as caught:
            await client.whoami()
    assert (caught.value.code, caught.value.retry_after) == ("requests", 7.5)


def streaming(*writes: bytes) -> Handler:
    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for data in writes:
            await response.write(data)
        return response

    return stream


async def test_a_stream_that_ends_without_its_answer_is_broken() -> None:
    async with something_else(streaming(b'event: delta\ndata: {"text": "Half"}\n\n')) as client:
        with pytest.raises(GatewayUnreachable, match="broke off"):
            await client.ask(ChatRequest(prompt="Hi"))


async def test_an_error_within_a_stream_says_what_was_kept() -> None:
    event = (
        b'event: error\ndata: {"status": "error", "message": "m", '
        b'"error": {"code": "upstream_timeout", "message": "m"}, "conversation_id": "c", "message_id": "m"}\n\n'
    )
    async with something_else(streaming(event[:30], event[30:])) as client:
        with pytest.raises(BrokenAnswer) as caught:
            await client.ask(ChatRequest(prompt="Hi"))
    assert (caught.value.code, caught.value.conversation_id) == ("upstream_timeout", "c")


async def test_events_and_comments_from_a_newer_gateway_are_passed_over() -> None:
    writes = (b": ping\n\n", b"event: news\ndata: {}\n\n", b'event: delta\ndata: {"te', b'xt": "Hi", "more": 1}\n\n')
    async with something_else(streaming(*writes)) as client:
        events = client.chat(ChatRequest(prompt="Hi"))
        assert (await anext(events)) is not None
        with pytest.raises(GatewayUnreachable):
            await anext(events)
