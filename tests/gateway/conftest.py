"""A real gateway on loopback, spoken to as any HTTP client would."""

import asyncio
import json as jsonlib
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from gateway.app import create_app
from gateway.bootstrap import ensure_admin_key
from gateway.config import Config, Gateway, Secrets
from gateway.server import GatewayServer
from tests.gateway.engines import PLACES


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Reply(NamedTuple):
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> str:
        """The code of an error; an answer that is none fails the test."""
        assert self.body["status"] == "error", self.body
        return self.body["error"]["code"]


class RunningGateway:
    """A gateway, its admin's key and a way to call it."""

    def __init__(self, server: GatewayServer, session: aiohttp.ClientSession, admin_key: str, clock: Clock) -> None:
        self.server = server
        self.url = server.url
        self.admin_key = admin_key
        self.clock = clock
        self._session = session

    async def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        json: Any = None,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Ask as the holder of `key`; the body comes back as JSON where it is JSON."""
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        if json is not None:
            data = jsonlib.dumps(json).encode()
        async with self._session.request(
            method, URL(self.url + path, encoded=True), data=data, headers=sent
        ) as response:
            text = await response.text()
            body = jsonlib.loads(text) if text and response.content_type == "application/json" else text
            return Reply(response.status, body, response.headers)

    async def make(self, user_id: str, *, key: str | None = None, **fields: Any) -> str:
        """Make a user or a client, as the admin unless said otherwise; its key."""
        made = await self.call("POST", "/api/users", key=key or self.admin_key, json={"user_id": user_id, **fields})
        assert made.status == 201, made.body
        return made.body["key"]


def config_in(folder: Path, *, secret: str = "", **settings: Any) -> Config:
    """Settings of a gateway on a free port that keeps everything in one folder."""
    chosen: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "shutdown_grace_seconds": 1.0,
        "storage": PLACES.storage(folder),
        **settings,
    }
    return Config(
        data_dir=folder,
        gateway=Gateway(**chosen),
        secrets=Secrets(secret=secret),
    )


@asynccontextmanager
async def running(
    config: Config, clock: Clock, admin_key: str | None = None, *, app: web.Application | None = None
) -> AsyncGenerator[RunningGateway]:
    """A gateway that runs with these settings."""
    key = await ensure_admin_key(config, clock=clock) or admin_key
    assert key is not None
    async with (
        GatewayServer(config, app or create_app(config, clock=clock)) as server,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        yield RunningGateway(server, session, key, clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def gateway(tmp_path: Path, clock: Clock) -> AsyncGenerator[RunningGateway]:
    async with running(config_in(tmp_path / "data"), clock) as gateway:
        yield gateway


async def eventually(check: Any) -> Any:
    """What an async check returns as soon as it is true; a few turns of the loop are given, then it must be."""
    for _ in range(200):
        result = await check()
        if result:
            return result
        await asyncio.sleep(0.005)
    raise AssertionError("it never came true")
