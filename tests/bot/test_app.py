"""Starting and stopping the program, against a Discord on a real socket that knows just enough for it."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from discord.http import Route

from bot.app import create_bot, run
from bot.config import Config, ConfigError, Discord
from bot.intents import GUILD_MEMBERS, MESSAGE_CONTENT
from gateway.config import Account, Gateway, Secrets
from gateway.server import CannotListen

USER = {"id": "1", "username": "rolekey", "discriminator": "0", "avatar": None, "bot": True}


def _json(value: object, *, status: int = 200) -> web.Response:
    # discord.py takes this very type for JSON, and no other.
    return web.Response(body=msgspec.json.encode(value), headers={"Content-Type": "application/json"}, status=status)


@dataclass
class FakeDiscord:
    """Login, commands, and a gateway that says hello and ready."""

    token: str = "good"
    flags: int = 0
    url: str = ""
    identified: asyncio.Event = field(default_factory=asyncio.Event)
    identity: dict[str, Any] = field(default_factory=dict[str, Any])
    commands: list[str] = field(default_factory=list[str])
    calls: int = 0
    stop_at_login: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._check])
        app.router.add_get("/api/v10/users/@me", self._me)
        app.router.add_get("/api/v10/applications/@me", self._application)
        app.router.add_get("/api/v10/oauth2/applications/@me", self._application)
        app.router.add_put("/api/v10/applications/1/commands", self._commands)
        app.router.add_get("/api/v10/gateway/bot", self._gateway)
        app.router.add_get("/socket/", self._socket)
        return app

    @web.middleware
    async def _check(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls += 1
        if request.path.startswith("/api") and request.headers.get("Authorization") != f"Bot {self.token}":
            return _json({"message": "401: Unauthorized", "code": 0}, status=401)
        return await handler(request)

    async def _me(self, _request: web.Request) -> web.Response:
        if self.stop_at_login:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.05)
        return _json(USER)

    async def _application(self, _request: web.Request) -> web.Response:
        told = {"id": "1", "name": "rolekey", "description": "", "icon": None, "verify_key": "", "flags": self.flags}
        return _json({**told, "bot_public": True, "bot_require_code_grant": False, "owner": USER})

    async def _commands(self, request: web.Request) -> web.Response:
        self.commands = [command["name"] for command in await request.json()]
        return _json([])

    async def _gateway(self, _request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 1}
        return _json({"url": f"ws{self.url[4:]}/socket/", "shards": 1, "session_start_limit": limit})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 40_000}})
        async for message in socket:
            payload = message.json()
            if payload["op"] == 2:
                self.identity = payload["d"]
                ready = {"v": 10, "user": USER, "guilds": [], "session_id": "s", "shard": [0, 1]}
                ready |= {"resume_gateway_url": f"ws{self.url[4:]}/socket/", "application": {"id": "1", "flags": 0}}
                await socket.send_json({"op": 0, "t": "READY", "s": 1, "d": ready})
                self.identified.set()
        self.left.set()
        return socket


@pytest.fixture
async def discord(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[FakeDiscord]:
    monkeypatch.setattr(Route, "BASE", Route.BASE)
    fake = FakeDiscord()
    runner = web.AppRunner(fake.app(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield fake
    await runner.cleanup()


@pytest.fixture
def config(tmp_path: Path, discord: FakeDiscord) -> Config:
    accounts = [Account(name=tier, tier=tier, kind="offline", model="offline") for tier in ("free", "plus")]
    return Config(
        data_dir=tmp_path / "data",
        discord=Discord(api_url=f"{discord.url}/api/v10"),
        gateway=Gateway(port=0, accounts=accounts),
        secrets=Secrets(discord_token="good"),
    )


def nobody(_key: str) -> None:
    """Is shown the admin key."""


async def terminated(discord: FakeDiscord) -> None:
    """Ask the program to stop, as a service manager does, once it is connected."""
    await discord.identified.wait()
    os.kill(os.getpid(), signal.SIGTERM)


async def test_sighup_gives_its_gateway_the_accounts_of_the_settings_as_they_are_now(
    config: Config, discord: FakeDiscord, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    more = [*config.gateway.accounts, Account(name="newcomer", tier="free", kind="offline", model="offline")]
    reads = [
        ConfigError("config.toml: is not valid TOML"),
        msgspec.structs.replace(config, gateway=msgspec.structs.replace(config.gateway, accounts=more)),
    ]

    def reread() -> Config:
        read = reads.pop(0)
        if isinstance(read, ConfigError):
            raise read
        return read

    async def hang_up() -> None:
        await discord.identified.wait()
        while reads:
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    code, _ = await asyncio.gather(run(config, nobody, reread), hang_up())
    assert code == 0
    assert "the settings stay as they were: config.toml: is not valid TOML" in caplog.text
    assert "accounts added: newcomer" in caplog.text


async def test_it_starts_shows_the_admin_key_once_and_stops_cleanly_when_asked_to(
    config: Config, discord: FakeDiscord
) -> None:
    shown: list[str] = []
    for _ in range(2):
        discord.identified.clear()
        code, _ = await asyncio.gather(run(config, shown.append), terminated(discord))
        assert code == 0
        await asyncio.wait_for(discord.left.wait(), 1)
    assert len(shown) == 1
    assert shown[0].startswith("rk-")
    members = {"about", "ask", "conversations", "export", "followup", "fork", "forget", "key", "privacy", "share"}
    members |= {"server", "usage", "Ask about this message", "Continue from here", "Fork to my own thread"}
    assert set(discord.commands) == members | {"access", "admin", "setup"}


@pytest.mark.parametrize(
    ("flags", "content", "members"), [(0, False, False), (MESSAGE_CONTENT | GUILD_MEMBERS, True, True)]
)
async def test_it_asks_for_the_privileged_intents_that_the_application_has(
    config: Config, discord: FakeDiscord, flags: int, content: bool, members: bool
) -> None:
    discord.flags = flags
    await asyncio.gather(run(config, nobody), terminated(discord))
    intents = discord.identity["intents"]
    assert bool(intents & 1 << 15) is content
    assert bool(intents & 1 << 1) is members


async def test_asked_to_stop_before_it_is_connected_it_stops_cleanly_too(config: Config, discord: FakeDiscord) -> None:
    discord.stop_at_login = True
    assert await asyncio.wait_for(run(config, nobody), 5) == 0
    assert [task for task in asyncio.all_tasks() if task.get_name() in {"bot", "stop"}] == []


async def test_a_token_that_discord_refuses_is_named(config: Config) -> None:
    secrets = msgspec.structs.replace(config.secrets, discord_token="bad")
    with pytest.raises(ConfigError, match="does not accept DISCORD_TOKEN"):
        await run(msgspec.structs.replace(config, secrets=secrets), nobody)


async def test_a_port_that_is_taken_is_named_and_nothing_is_left_running(config: Config, discord: FakeDiscord) -> None:
    port = int(discord.url.rpartition(":")[2])
    taken = msgspec.structs.replace(config, gateway=msgspec.structs.replace(config.gateway, port=port))
    with pytest.raises(CannotListen, match=r"set \[gateway\] port"):
        await run(taken, nobody)
    assert [task for task in asyncio.all_tasks() if task.get_name() in {"bot", "stop"}] == []


async def test_discord_out_of_reach_is_said_with_the_address(config: Config) -> None:
    away = msgspec.structs.replace(config, discord=Discord(api_url="http://127.0.0.1:9/api/v10"))
    with pytest.raises(ConfigError, match="http://127.0.0.1:9/api/v10"):
        await run(away, nobody)


MISSING: list[tuple[str, Gateway, Secrets]] = [
    ("DISCORD_TOKEN", Gateway(accounts=[Account(name="a", tier="free", kind="offline", model="m")]), Secrets()),
    ("OPENAI_API_KEY", Gateway(), Secrets(discord_token="good")),
    (
        "MY_KEY",
        Gateway(accounts=[Account(name="a", tier="free", model="m", api_key_env="MY_KEY")]),
        Secrets(discord_token="good"),
    ),
    ("ROLEKEY_CLIENT_KEY", Gateway(url="http://127.0.0.1:9"), Secrets(discord_token="good")),
]


@pytest.mark.parametrize(("name", "gateway", "secrets"), MISSING)
async def test_a_secret_that_is_missing_is_named_before_anything_is_done(
    config: Config, discord: FakeDiscord, name: str, gateway: Gateway, secrets: Secrets
) -> None:
    with pytest.raises(ConfigError, match=f"{name} is missing"):
        await run(msgspec.structs.replace(config, gateway=gateway, secrets=secrets), nobody)
    assert discord.calls == 0
    assert not config.data_dir.exists()


async def test_making_a_bot_opens_nothing(config: Config, discord: FakeDiscord) -> None:
    create_bot(config)
    assert discord.calls == 0
    assert not config.data_dir.exists()
