"""Several gateways on one PostgreSQL serve the same users; a PostgreSQL that goes away comes back unnoticed."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.wire import CreateUser
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import ask, chatting
from tests.gateway.conftest import Clock, Reply, RunningGateway, config_in, running
from tests.postgres import PostgresServer

SECRET = "the same on every machine, 43 characters....."


@pytest.fixture
async def three(postgres: PostgresServer, tmp_path: Path, clock: Clock) -> AsyncGenerator[list[RunningGateway]]:
    """Gateways with folders of their own and one database."""
    url, admin = postgres.new_database(), None
    async with AsyncExitStack() as stack:
        gateways = list[RunningGateway]()
        for name in ("a", "b", "c"):
            config = config_in(tmp_path / name, secret=SECRET, storage=url)
            gateways += [await stack.enter_async_context(running(config, clock, admin))]
            admin = gateways[0].admin_key
        yield gateways


async def whoami(gateway: RunningGateway, key: str) -> Reply:
    return await gateway.call("GET", "/api/whoami", key=key)


async def test_a_key_made_on_one_works_on_the_others_until_any_of_them_revokes_it(three: list[RunningGateway]) -> None:
    first, second, third = three
    bot = await first.make("bot", role="client")
    member = await second.make("1:1", key=bot)
    assert [(await whoami(gateway, member)).status for gateway in three] == [200, 200, 200]
    assert (await third.call("DELETE", "/api/users/1:1", key=bot)).status == 200
    assert [(await whoami(gateway, member)).code for gateway in three] == ["revoked_key"] * 3
    assert (await second.call("DELETE", "/api/users/bot", key=first.admin_key)).status == 200
    assert [(await whoami(gateway, bot)).code for gateway in three] == ["revoked_key"] * 3


async def test_of_many_who_make_the_same_user_at_once_one_does(three: list[RunningGateway]) -> None:
    asked = [
        gateway.call("POST", "/api/users", key=gateway.admin_key, json={"user_id": "mia"})
        for gateway in three
        for _ in range(10)
    ]
    replies = await asyncio.gather(*asked)
    assert sorted(reply.status for reply in replies) == [201] + [409] * 29


async def test_a_rotation_repeated_on_another_gateway_gives_the_same_key(three: list[RunningGateway]) -> None:
    await three[0].make("mia")
    replies = await asyncio.gather(
        *(
            gateway.call("POST", "/api/users/mia/key", key=gateway.admin_key, headers={"Idempotency-Key": "once"})
            for gateway in three
            for _ in range(3)
        )
    )
    assert [reply.status for reply in replies] == [200] * 9
    [key] = {reply.body["key"] for reply in replies}
    assert (await whoami(three[2], key)).status == 200


async def test_rotations_at_once_leave_one_key_that_works(three: list[RunningGateway]) -> None:
    await three[0].make("mia")
    replies = await asyncio.gather(
        *(gateway.call("POST", "/api/users/mia/key", key=gateway.admin_key) for gateway in three for _ in range(4))
    )
    statuses = [(await whoami(three[0], reply.body["key"])).status for reply in replies]
    assert sorted(statuses) == [200] + [401] * 11


async def test_a_conversation_goes_on_at_another_gateway(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.new_database()
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, storage=url) as one,
        chatting(tmp_path, upstream, storage=url) as other,
    ):
        made = await one.client.create_user(CreateUser(user_id="1:1"))
        first = await ask(one.client.acting_with(made.key), "How do I brew tea?")
        there = other.client.acting_with(made.key)
        await ask(there, "And coffee?", conversation_id=first.conversation_id)
        kept = await one.admin.get_conversation(first.conversation_id)
    assert [message.content.parts[0] for message in kept.messages if message.role == "user"] == [
        "How do I brew tea?",
        "And coffee?",
    ]
    assert kept.messages[2].parent_id == first.message_id


async def test_while_the_database_is_gone_callers_are_told_and_then_served_again(
    postgres: PostgresServer, three: list[RunningGateway], caplog: pytest.LogCaptureFixture
) -> None:
    member = await three[0].make("mia")
    postgres.stop()
    try:
        for gateway in three:
            reply = await whoami(gateway, member)
            assert (reply.status, reply.code) == (503, "storage_unreachable")
            assert "Retry-After" in reply.headers
            made = await gateway.call("POST", "/api/users", key=gateway.admin_key, json={"user_id": "x"})
            assert made.status == 503
            assert (await gateway.call("GET", "/health")).status == 200
    finally:
        postgres.start()
    assert [(await whoami(gateway, member)).status for gateway in three] == [200, 200, 200]
    assert (await three[1].call("POST", "/api/users", key=three[1].admin_key, json={"user_id": "x"})).status == 201
    assert "Traceback" not in caplog.text


@contextlib.asynccontextmanager
async def process(folder: Path, url: str, **settings: str) -> AsyncGenerator[Process]:
    """`rolekey gateway` on a free port, stopped as an operator would; `settings` go into its environment."""
    environment = {
        **os.environ,
        "ROLEKEY__GATEWAY__STORAGE": url,
        "ROLEKEY__GATEWAY__PORT": "0",
        "ROLEKEY_SECRET": SECRET,
        "PYTHONPATH": str(Path(__file__).parents[2]),
        **settings,
    }
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "gateway",
        cwd=folder,
        env=environment,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.send_signal(signal.SIGTERM)
        await started.communicate()
    assert started.returncode == 0


async def address(started: Process, said: list[str]) -> str:
    assert started.stdout is not None
    async with asyncio.timeout(30):
        async for line in started.stdout:
            said += [line.decode()]
            found = re.search(r"listening on (http://\S+)", said[-1])
            if found:
                return found[1]
    raise AssertionError("".join(said))


async def test_three_processes_started_at_once_on_an_empty_database_serve_the_same_users(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database().replace("postgres@", "postgres:quite-private@")
    async with AsyncExitStack() as stack:
        for name in "abc":
            (tmp_path / name).mkdir()
        started = [await stack.enter_async_context(process(tmp_path / name, url)) for name in "abc"]
        said: list[list[str]] = [[], [], []]
        first, second, third = await asyncio.gather(*map(address, started, said))
        everything = "".join(line for lines in said for line in lines)
        [admin] = set(re.findall(r"rk-[\w-]{30,}", everything))
        assert "quite-private" not in everything
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def call(method: str, address: str, key: str, json: Any = None) -> Any:
            headers = {"Authorization": f"Bearer {key}"}
            async with session.request(method, address, json=json, headers=headers) as response:
                return await response.json()

        member = (await call("POST", f"{first}/api/users", admin, {"user_id": "mia"}))["key"]
        assert (await call("GET", f"{second}/api/whoami", member))["name"] == "mia"
        await call("DELETE", f"{third}/api/users/mia", admin)
        for each in (first, second, third):
            assert (await call("GET", f"{each}/api/whoami", member))["error"]["code"] == "revoked_key"
