"""What no well-behaved client sends, over raw sockets: always a clear answer in the one shape, and nothing breaks."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiohttp import web

from gateway.app import create_app
from gateway.app_keys import ROUTES
from tests.gateway.conftest import Clock, RunningGateway, config_in, eventually, running

SECRET = "rk-this-must-not-be-told"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        assert self.body["status"] == "error"
        assert self.body["message"] == self.body["error"]["message"]
        return self.body["error"]["code"]


class Wire:
    """A connection without an HTTP library on this side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """The next answer; it must name its request and no version of anything."""
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
            body = await self.reader.readexactly(int(headers["content-length"]))
        assert headers["server"] == "rolekey"
        assert headers["x-request-id"]
        assert headers["content-type"].startswith("application/json")
        assert SECRET not in head + body.decode()
        return Answer(int(first.split()[1]), headers, json.loads(body))

    async def is_closed(self) -> bool:
        """Whether the gateway has hung up, or does now."""
        async with asyncio.timeout(5):
            try:
                return not await self.reader.read(1)
            except ConnectionError:
                return True


@asynccontextmanager
async def wire(gateway: RunningGateway) -> AsyncGenerator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.server.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


async def told(gateway: RunningGateway, data: bytes) -> Answer:
    async with wire(gateway) as connection:
        await connection.send(data)
        return await connection.answer()


def post(gateway: RunningGateway, *headers: str, path: str = "/api/users") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {gateway.admin_key}", *headers]
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.fixture
async def small(tmp_path: Path, clock: Clock) -> AsyncGenerator[RunningGateway]:
    """A gateway of few connections, short bodies and little patience."""
    config = config_in(tmp_path / "data", max_body_bytes=1000, max_connections=3, request_timeout_seconds=0.15)
    async with running(config, clock) as gateway:
        yield gateway


# Below HTTP


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"hello\r\n\r\n", 400, "malformed_request"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 20, 400, "malformed_request"),
        (b"GET /health HTTP/9.9\r\nHost: x\r\n\r\n", 400, "malformed_request"),
        (b"GET /health HTTP/1.1\r\n\r\n", 400, "malformed_request"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nBad Name: 1\r\n\r\n", 400, "malformed_request"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 400, "malformed_request"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400, "malformed_request"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, "malformed_request"),
        (
            b"POST /api/users HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
            400,
            "malformed_request",
        ),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 400, "address_too_long"),
        (
            b"GET /health HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + SECRET.encode() + b"a" * 9000 + b"\r\n\r\n",
            431,
            "headers_too_large",
        ),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Flood: 1\r\n" * 200 + b"\r\n", 431, "headers_too_large"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n", 417, "invalid_request"),
        (b"GET /no/such/route HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n\r\n", 417, "invalid_request"),
        (b"BREW /health HTTP/1.1\r\nHost: x\r\n\r\n", 400, "malformed_request"),
        (b"PROPFIND /health HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed"),
        (b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404, "unknown_route"),
        (b"GET /health?x=%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_request"),
    ],
)
async def test_what_is_no_request_is_refused_in_the_one_shape(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture, sent: bytes, status: int, code: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await told(gateway, sent)
    assert (answer.status, answer.code) == (status, code)
    assert SECRET not in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_header_flood_that_never_ends_is_cut_off(gateway: RunningGateway) -> None:
    async with wire(gateway) as connection:
        await connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Flood: 1\r\n" * 1000)
        assert (await connection.answer()).status == 431
        assert await connection.is_closed()


# Bodies


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b"null", 400, "invalid_request"),
        (b"[]", 400, "invalid_request"),
        (b'{"user_id": 5}', 400, "invalid_request"),
        (b'{"user_id": null}', 400, "invalid_request"),
        (b'{"user_id": "x", "plus": "yes"}', 400, "invalid_request"),
        (b'{"user_id": "x", "plus": 1}', 400, "invalid_request"),
        (b'{"user_id": "x", "role": "admin"}', 400, "invalid_request"),
        (b'{"user_id": "x", "expires_in": 1e400}', 400, "invalid_request"),
        (b'{"user_id": "x", "expires_in": 99999999999999999999999}', 400, "invalid_request"),
        (b'{"user_id": "x", "surprise": 1}', 400, "invalid_request"),
        (b'{"user_id": "x\\u0000y"}', 400, "invalid_request"),
        (b'{"user_id": "x\\n"}', 400, "invalid_request"),
        (b'{"user_id": "x\0y"}', 400, "invalid_json"),
        (b'{"user_id": "\xff"}', 400, "invalid_json"),
        (b'{"user_id": "\\ud800"}', 400, "invalid_json"),
        (b"[" * 900, 400, "invalid_request"),
        (b'{"user_id": ' + b"[" * 900, 400, "invalid_request"),
        (b'{"user_id": "x"}' + b" " * 1000, 413, "too_large"),
    ],
)
async def test_a_bad_body_is_refused_with_words_that_say_what_to_change(
    small: RunningGateway, body: bytes, status: int, code: str
) -> None:
    answer = await told(small, post(small, f"Content-Length: {len(body)}") + body)
    assert (answer.status, answer.code) == (status, code)


async def test_a_body_that_says_it_is_huge_is_refused_before_it_is_sent(small: RunningGateway) -> None:
    answer = await told(small, post(small, "Content-Length: 100000000000"))
    assert (answer.status, answer.code) == (413, "too_large")


async def test_a_body_that_does_not_say_how_long_it_is_is_refused_once_it_is_too_long(small: RunningGateway) -> None:
    chunk = b"100\r\n" + b" " * 256 + b"\r\n"
    answer = await told(small, post(small, "Transfer-Encoding: chunked") + chunk * 5)
    assert (answer.status, answer.code) == (413, "too_large")


async def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(small: RunningGateway) -> None:
    bomb = gzip.compress(b" " * 1_000_000)
    assert len(bomb) < 1100
    answer = await told(small, post(small, "Content-Encoding: gzip", f"Content-Length: {len(bomb)}") + bomb)
    assert (answer.status, answer.code) == (413, "too_large")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Transfer-Encoding: chunked"], b"zz\r\nabc\r\n"),
        (["Content-Encoding: gzip", "Content-Length: 5"], b"hello"),
    ],
)
async def test_a_body_that_is_not_what_its_headers_say_is_refused(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture, headers: list[str], body: bytes
) -> None:
    async with wire(gateway) as connection:
        await connection.send(post(gateway, *headers) + body)
        assert (await connection.answer()).status == 400
        assert await connection.is_closed()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_body_that_breaks_off_breaks_nothing(gateway: RunningGateway, caplog: pytest.LogCaptureFixture) -> None:
    async def let_go() -> bool:
        return "POST /api/users 499" in caplog.text

    with caplog.at_level(logging.INFO):
        async with wire(gateway) as connection:
            await connection.send(post(gateway, "Content-Length: 100") + b'{"user')
        await eventually(let_go)
    assert (await gateway.call("GET", "/health")).status == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


# Parameters


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=99999999999999999999999999",
        "limit=-1",
        "limit=1.5",
        "limit=x",
        "limit=",
        "limit=1&limit=2",
        "limit=%00",
        "cursor=%FF",
        "cursor=%00",
        "client_id=",
        "client_id=" + "x" * 200,
        "surprise=1",
        "LIMIT=1",
    ],
)
async def test_absurd_pages_and_unknown_parameters_are_refused(gateway: RunningGateway, query: str) -> None:
    refused = await gateway.call("GET", f"/api/users?{query}", key=gateway.admin_key)
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert query.partition("=")[0] in refused.body["message"] or "NUL" in refused.body["message"]


async def test_a_route_without_parameters_says_so_instead_of_ignoring_them(gateway: RunningGateway) -> None:
    refused = await gateway.call("GET", "/api/whoami?verbose=1", key=gateway.admin_key)
    assert refused.status == 400
    assert "verbose" in refused.body["message"]


@pytest.mark.parametrize("value", ["", "x" * 201, "\xff\xfe"])
async def test_a_header_that_makes_no_sense_is_refused(gateway: RunningGateway, value: str) -> None:
    await gateway.make("mia")
    head = post(gateway, "Content-Length: 0", path="/api/users/mia/key")
    answer = await told(
        gateway, head.replace(b"\r\n\r\n", b"\r\nIdempotency-Key: " + value.encode("latin-1") + b"\r\n\r\n")
    )
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "Idempotency-Key" in answer.body["message"]


async def test_a_key_that_is_no_text_is_an_unknown_key(gateway: RunningGateway) -> None:
    answer = await told(gateway, b"GET /api/whoami HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
    assert (answer.status, answer.code) == (401, "invalid_key")


# Slow and many


async def test_a_head_that_dribbles_in_is_cut_off(small: RunningGateway) -> None:
    async with wire(small) as connection:
        await connection.send(b"GET /health HTTP/1.1\r\nX: ")
        answer = await connection.answer()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert await connection.is_closed()


async def test_dribbling_on_wins_no_time(small: RunningGateway) -> None:
    async def dribble(connection: Wire) -> None:
        while True:
            await connection.send(b"x")
            await asyncio.sleep(0.02)

    async with wire(small) as connection:
        await connection.send(b"GET /health HTTP/1.1\r\nX: ")
        dribbling = asyncio.create_task(dribble(connection))
        assert (await connection.answer()).status == 408
        dribbling.cancel()


async def test_a_connection_that_says_nothing_is_closed(small: RunningGateway) -> None:
    async with wire(small) as connection:
        assert await connection.is_closed()


async def test_the_second_head_of_a_connection_has_to_arrive_in_time_too(small: RunningGateway) -> None:
    async with wire(small) as connection:
        await connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await connection.answer()).status == 200
        await connection.send(b"GET /hea")
        assert (await connection.answer()).status == 408


async def test_a_connection_that_rests_between_requests_is_kept(small: RunningGateway) -> None:
    async with wire(small) as connection:
        for _ in range(2):
            await connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await connection.answer()).status == 200
            await asyncio.sleep(0.3)


@pytest.mark.parametrize("header", ["Content-Length: 100", "Transfer-Encoding: chunked"])
async def test_a_body_that_dribbles_in_is_cut_off(
    small: RunningGateway, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    async with wire(small) as connection:
        await connection.send(post(small, header))
        answer = await connection.answer()
        assert (answer.status, answer.code) == (408, "request_timeout")
        assert await connection.is_closed()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_a_body_that_arrives_in_pieces_but_in_time_is_taken(gateway: RunningGateway) -> None:
    body = b'{"user_id": "mia"}'
    async with wire(gateway) as connection:
        await connection.send(post(gateway, f"Content-Length: {len(body)}"))
        for byte in body:
            await connection.send(bytes([byte]))
        assert (await connection.answer()).status == 201


async def test_more_connections_than_there_may_be_are_told_so(small: RunningGateway) -> None:
    async with wire(small) as first, wire(small) as second, wire(small) as third:
        for connection in (first, second, third):
            await connection.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await connection.answer()).status == 200
        async with wire(small) as fourth:
            await fourth.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = await fourth.answer()
            assert (answer.status, answer.code) == (503, "too_many_connections")
            assert answer.headers["retry-after"] == "1"
            assert await fourth.is_closed()
    for _ in range(100):
        async with wire(small) as later:
            await later.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            if (await later.answer()).status == 200:
                return
    raise AssertionError("closed connections still count")


@pytest.fixture
def telling(tmp_path: Path, clock: Clock) -> Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Any]:
    """A gateway of little patience with one more route."""

    def start(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Any:
        config = config_in(tmp_path / "data", request_timeout_seconds=0.15)
        app = create_app(config, clock=clock)
        app[ROUTES].get("/tell", handler, roles="anyone")
        return running(config, clock, app=app)

    return start


async def test_a_caller_that_does_not_read_is_let_go(telling: Any) -> None:
    let_go = asyncio.Event()

    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 100_000)
        finally:
            let_go.set()

    async with telling(flood) as gateway, wire(gateway) as connection:
        await connection.send(b"GET /tell HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(5):
            await let_go.wait()


async def test_a_bug_outside_of_every_route_tells_nothing_of_itself(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    @web.middleware
    async def broken(request: web.Request, handler: Any) -> web.StreamResponse:
        raise ZeroDivisionError(SECRET)

    config = config_in(tmp_path / "data")
    app = create_app(config, clock=clock)
    app.middlewares.insert(0, broken)
    async with running(config, clock, app=app) as gateway:
        answer = await told(gateway, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert answer.headers["x-request-id"] in caplog.text
