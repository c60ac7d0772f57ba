"""Every error of every route has one shape."""

import logging
import re
from pathlib import Path

import pytest
from aiohttp import web

from gateway.app import create_app
from gateway.app_keys import ROUTES
from gateway.server import GatewayServer
from storage import StorageBusy, StorageError, StorageReadOnly, StorageUnreachable
from tests.gateway.conftest import Clock, Reply, RunningGateway, config_in, running
from tests.sqlite_files import lock

PLAIN = {"/api/ask", "/api/connections", "/admin/users", "/admin/users/add", "/admin/users/delete"}


def assert_one_shape(reply: Reply, status: int) -> None:
    assert reply.status == status, reply.body
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.body["status"] == "error"
    assert reply.body["error"]["code"]
    assert reply.body["message"] == reply.body["error"]["message"]
    assert reply.body["message"][-1] in ".!?…"
    assert set(reply.body) <= {"status", "error", "message", "retry_after"}
    assert reply.headers["X-Request-ID"]


def assert_shape_of(path: str, reply: Reply, status: int) -> None:
    """That of the address: OpenAI's below `/v1`, ChatGPT-API-server's where its programs ask, else ours."""
    if path in PLAIN and status not in (404, 405):
        assert reply.status == status, reply.body
        assert (reply.body["status"], reply.body["error"]) == ("error", reply.body["message"])
        assert reply.body["code"]
        return
    if not path.startswith("/v1/"):
        assert_one_shape(reply, status)
        return
    assert reply.status == status, reply.body
    assert reply.headers["Content-Type"].startswith("application/json")
    assert set(reply.body) == {"error"}
    assert set(reply.body["error"]) == {"message", "type", "param", "code"}
    assert reply.body["error"]["type"]
    assert reply.body["error"]["code"]
    assert reply.body["error"]["message"][-1] in ".!?…"
    assert reply.headers["X-Request-ID"]


def filled(path: str) -> str:
    """A route's path with something in its gaps."""
    return re.sub(r"\{\w+(:[^{}]*)?\}", "nothing", path.replace("{user_id}", "nobody"))


def routes_of(gateway: RunningGateway) -> list[tuple[str, str, bool]]:
    """Method, path with something in its gaps, and whether it is open."""
    routes = gateway.server.app[ROUTES]
    found = list[tuple[str, str, bool]]()
    for route in gateway.server.app.router.routes():
        assert route.resource is not None
        if route.method == "HEAD":  # has no body that could have a shape; see the test of its own
            continue
        if routes.contract(route).page:  # shows people its errors; see tests/gateway/web
            continue
        found.append((route.method, filled(route.resource.canonical), routes.allowed(route) is None))
    return found


async def test_every_route_is_closed_to_those_without_a_key(gateway: RunningGateway) -> None:
    routes = routes_of(gateway)
    assert len(routes) >= 12
    assert [path for _, path, is_open in routes if is_open] == ["/health", "/health/ready", "/openapi.json", "/docs"]
    for method, path, is_open in routes:
        if not is_open:
            assert_shape_of(path, await gateway.call(method, path), 401)
            assert_shape_of(path, await gateway.call(method, path, key="rk-nonsense"), 401)


async def test_every_route_is_closed_to_the_roles_it_does_not_name(gateway: RunningGateway) -> None:
    keys = {"admin": gateway.admin_key, "client": await gateway.make("bot", role="client")}
    keys["user"] = await gateway.make("mia", key=keys["client"])
    refused = 0
    for contract in gateway.server.app[ROUTES].contracts():
        path = filled(contract.path)
        for role, key in keys.items():
            if contract.roles is not None and role not in contract.roles:
                assert_shape_of(path, await gateway.call(contract.method, path, key=key), 403)
                refused += 1
    assert refused >= 6


async def test_every_route_tells_a_wrong_method_and_a_wrong_path(gateway: RunningGateway) -> None:
    for _, path, _ in routes_of(gateway):
        refused = await gateway.call("PUT", path, key=gateway.admin_key)
        assert_shape_of(path, refused, 405)
        assert refused.headers["Allow"]
        beyond = f"/v1/nothing{path}" if path.startswith("/v1/") else f"{path}/and/more"  # models' names have slashes
        assert_shape_of(beyond, await gateway.call("GET", beyond, key=gateway.admin_key), 404)


async def test_head_answers_as_get_does_without_a_body(gateway: RunningGateway) -> None:
    heads = [path for method, path, _ in routes_of(gateway) if method == "GET"]
    # Which do something, by the ways of older programs, or open a WebSocket.
    without = {"/api/chat", "/api/access-token", "/api/client/add-user", "/admin/add-user", "/api/remove-user"}
    without |= {"/api/remove-conversation", "/api/recall", "/client/register"}
    for path in heads:
        for key in (None, gateway.admin_key):
            head = await gateway.call("HEAD", path, key=key)
            assert head.body == ""
            if path in without:
                assert head.status == 405
                continue
            get = await gateway.call("GET", path, key=key)
            assert (head.status, head.headers["Content-Type"]) == (get.status, get.headers["Content-Type"]), path
            assert head.headers["X-Request-ID"]
            if path in {"/health", "/openapi.json", "/docs"}:
                assert head.headers["Content-Length"] == get.headers["Content-Length"]
    streamed = await gateway.call("HEAD", "/api/usage?format=csv", key=gateway.admin_key)
    assert (streamed.status, streamed.body) == (200, "")
    assert {"/health", "/health/ready", "/metrics", "/docs", "/api/usage"} <= set(heads)
    for path in without & set(heads):
        assert "HEAD" not in (await gateway.call("PUT", path, key=gateway.admin_key)).headers["Allow"]


async def test_every_route_with_a_gap_tells_when_nothing_fills_it(gateway: RunningGateway) -> None:
    user = await gateway.make("mia")
    for method, path, _ in routes_of(gateway):
        if path.startswith("/v1/") and "nothing" in path:
            assert_shape_of(path, await gateway.call(method, path, key=user), 404)
        elif "nobody" in path or "nothing" in path:
            body = {"title": "x"} if method == "PATCH" and "nothing" in path else {}
            if path.endswith(("/copy", "/shares")):
                body = {"user_id": "mia"}
            assert_one_shape(await gateway.call(method, path, key=gateway.admin_key, json=body), 404)


async def test_every_route_with_a_body_refuses_a_broken_or_a_huge_one(tmp_path: Path, clock: Clock) -> None:
    settings = config_in(tmp_path / "data", max_body_bytes=1000, max_attachments=0)
    async with running(settings, clock) as gateway:
        user = await gateway.make("mia")
        for method, path, _ in routes_of(gateway):
            if (method == "POST" and path == "/api/users") or method == "PATCH":
                assert_one_shape(await gateway.call(method, path, key=gateway.admin_key, data=b"{"), 400)
                assert_one_shape(await gateway.call(method, path, key=gateway.admin_key, data=b" " * 1001), 413)
            elif method == "POST" and path.startswith("/v1/"):
                assert_shape_of(path, await gateway.call(method, path, key=user, data=b"{"), 400)
                assert_shape_of(path, await gateway.call(method, path, key=user, data=b" " * 2000), 413)


async def test_a_success_has_a_request_id_too(gateway: RunningGateway) -> None:
    first, second = [await gateway.call("GET", "/health") for _ in range(2)]
    assert first.body["status"] == "ok"
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (StorageBusy("busy"), 503, "storage_busy"),
        (StorageUnreachable("gone"), 503, "storage_unreachable"),
        (StorageReadOnly("read only"), 503, "storage_read_only"),
        (StorageError("damaged"), 503, "storage_failed"),
        (ZeroDivisionError("secret words"), 500, "internal_error"),
        (web.HTTPTooManyRequests(), 429, "rate_limited"),
        (web.HTTPUnsupportedMediaType(), 415, "invalid_request"),
    ],
)
async def test_whatever_a_handler_raises_is_told_in_the_same_shape(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture, raised: Exception, status: int, code: str
) -> None:
    async def fail(request: web.Request) -> web.Response:
        raise raised

    config = config_in(tmp_path / "data")
    app = create_app(config, clock=clock)
    app[ROUTES].get("/fail", fail, roles="anyone")
    async with running(config, clock, app=app) as gateway:
        reply = await gateway.call("GET", "/fail")
    assert_one_shape(reply, status)
    assert reply.code == code
    assert "secret words" not in str(reply.body)
    assert ("Retry-After" in reply.headers) == (code in {"storage_busy", "storage_unreachable", "storage_read_only"})
    if status == 500:
        assert reply.headers["X-Request-ID"] in reply.body["message"]
        assert reply.headers["X-Request-ID"] in caplog.text


async def test_reading_goes_on_while_another_process_holds_the_write_lock(
    gateway: RunningGateway, tmp_path: Path
) -> None:
    other = await lock(tmp_path / "data" / "gateway.db")
    try:
        assert (await gateway.call("GET", "/api/users", key=gateway.admin_key)).status == 200
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert (await gateway.call("POST", "/api/users", key=gateway.admin_key, json={"user_id": "x"})).status == 201


async def test_the_log_names_the_route_and_never_a_key_or_a_query(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        reply = await gateway.call("GET", "/api/users/nobody?client_id=hidden", key=gateway.admin_key)
    assert "GET /api/users/{user_id} 404" in caplog.text
    assert reply.headers["X-Request-ID"] in caplog.text
    assert "hidden" not in caplog.text
    assert gateway.admin_key not in caplog.text


async def test_a_route_that_does_not_say_who_may_use_it_keeps_the_gateway_from_starting(tmp_path: Path) -> None:
    async def anything(request: web.Request) -> web.Response:
        return web.Response()

    app = create_app(config_in(tmp_path / "data"))
    app.router.add_get("/back-door", anything)
    with pytest.raises(RuntimeError, match="/back-door"):
        async with GatewayServer(config_in(tmp_path / "data"), app):
            pass
