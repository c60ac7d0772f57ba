"""Three gateways in processes of their own, on one database: a limit holds across them."""

import asyncio
import json
import re
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec
import pytest

from gateway.client import GatewayClient
from gateway.wire import CreateUser
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import accounts_at
from tests.gateway.engines import PLACES
from tests.gateway.test_limits import outcome
from tests.gateway.test_shared_database import address, process

pytestmark = pytest.mark.usefixtures("either_engine")


async def test_of_a_hundred_at_once_at_three_processes_exactly_ten_get_through(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        upstream = await stack.enter_async_context(FakeUpstream())
        accounts = msgspec.to_builtins(accounts_at(upstream, api_key_env=""))
        settings = {
            "ROLEKEY__GATEWAY__ACCOUNTS": json.dumps(accounts),
            "ROLEKEY__GATEWAY__LIMITS__FREE__REQUESTS_PER_MINUTE": "10",
            "ROLEKEY__GATEWAY__LIMITS__FREE__CONCURRENT": "0",
            "ROLEKEY__GATEWAY__LIMITS__FREE__TOKENS_PER_DAY": "0",
        }
        started = [
            await stack.enter_async_context(process(tmp_path, PLACES.storage(tmp_path), **settings)) for _ in range(3)
        ]
        said: list[list[str]] = [[], [], []]
        places = await asyncio.gather(*map(address, started, said))
        [admin_key] = set(re.findall(r"rk-[\w-]{30,}", "".join(line for lines in said for line in lines)))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        made = await GatewayClient(places[0], admin_key, session=session).create_user(CreateUser(user_id="mia"))
        users = [GatewayClient(place, made.key, session=session) for place in places]
        results = await asyncio.gather(*(outcome(users[number % 3]) for number in range(100)))
        assert (results.count("answered"), results.count("limit_requests")) == (10, 90)
        assert (await users[0].usage()).total.requests == 10
