import asyncio
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import gateway as gateway_package
from gateway.app import create_app
from gateway.bootstrap import create_key, ensure_admin_key, ensure_client_key, list_keys, revoke
from gateway.config import Config
from gateway.errors import Conflict, NotFound
from gateway.server import CannotListen, GatewayServer
from storage import StorageReadOnly
from tests.gateway.conftest import Clock, RunningGateway, config_in, running

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_in(tmp_path / "data")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def role_of(gateway: RunningGateway, key: str) -> str:
    reply = await gateway.call("GET", "/api/whoami", key=key)
    return reply.body["role"] if reply.status == 200 else reply.code


async def test_the_first_start_makes_one_admin_key_and_no_later_one_does(config: Config) -> None:
    made = await asyncio.gather(*(ensure_admin_key(config) for _ in range(3)))
    assert len([key for key in made if key]) == 1
    assert await ensure_admin_key(config) is None
    await revoke(config, "admin")
    assert await ensure_admin_key(config) is None


@pytest.mark.sqlite
async def test_what_holds_secrets_is_readable_by_its_owner_only(config: Config, clock: Clock) -> None:
    async with running(config, clock):
        await ensure_client_key(config)
        for path in config.data_dir.iterdir():
            assert mode(path) == 0o600, path.name
    assert {"gateway.secret", "client.key", "gateway.db"} <= {path.name for path in config.data_dir.iterdir()}


async def test_the_client_key_stays_the_same_from_start_to_start(config: Config, clock: Clock) -> None:
    async with running(config, clock) as gateway:
        key = await ensure_client_key(config, clock=clock)
        assert await role_of(gateway, key) == "client"
        assert await ensure_client_key(config, clock=clock) == key
        assert key.encode() not in (config.data_dir / "client.key").read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"garbage", b"\xff\x00"])
async def test_a_lost_or_broken_client_key_is_replaced(config: Config, clock: Clock, content: bytes | None) -> None:
    file = config.data_dir / "client.key"
    async with running(config, clock) as gateway:
        old = await ensure_client_key(config, clock=clock)
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        new = await ensure_client_key(config, clock=clock)
        assert await role_of(gateway, new) == "client"
        assert await role_of(gateway, old) == "revoked_key"
    assert mode(file) == 0o600


async def test_a_dead_client_key_is_replaced_and_a_switched_off_one_is_not(config: Config, clock: Clock) -> None:
    async with running(config, clock) as gateway:
        first = await ensure_client_key(config, clock=clock)
        await gateway.call("POST", "/api/users/bot/key", key=gateway.admin_key)
        second = await ensure_client_key(config, clock=clock)
        assert first != second
        await gateway.call("PATCH", "/api/users/bot", key=gateway.admin_key, json={"expires_in": 1})
        clock.advance(2)
        third = await ensure_client_key(config, clock=clock)
        assert await role_of(gateway, third) == "client"
        await gateway.call("DELETE", "/api/users/bot", key=gateway.admin_key)
        fourth = await ensure_client_key(config, clock=clock)
        assert await role_of(gateway, fourth) == "client"
        await gateway.call("PATCH", "/api/users/bot", key=gateway.admin_key, json={"disabled": True})
        assert await ensure_client_key(config, clock=clock) == fourth


async def test_the_client_key_survives_a_new_secret_in_front(tmp_path: Path, clock: Clock) -> None:
    key = await ensure_client_key(config_in(tmp_path, secret="old"), clock=clock)
    assert await ensure_client_key(config_in(tmp_path, secret="new,old"), clock=clock) == key


async def test_keys_are_made_listed_and_revoked_beside_a_running_gateway(config: Config, clock: Clock) -> None:
    async with running(config, clock) as gateway:
        alice = await create_key(config, "admin", "alice", clock=clock)
        client = await create_key(config, "client", "shop", clock=clock)
        assert await role_of(gateway, alice) == "admin"
        assert await role_of(gateway, client) == "client"
        await gateway.make("1:1", key=client)
        listed = await list_keys(config, clock=clock)
        assert [(user.user_id, user.role) for user in listed] == [
            ("admin", "admin"),
            ("alice", "admin"),
            ("shop", "client"),
        ]
        assert listed[1].key_hint == alice[-4:]
        with pytest.raises(Conflict):
            await create_key(config, "admin", "alice")
        await revoke(config, "alice")
        assert await role_of(gateway, alice) == "revoked_key"
        with pytest.raises(NotFound):
            await revoke(config, "alice")
        with pytest.raises(NotFound):
            await revoke(config, "1:1")


async def test_a_secret_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageReadOnly, match="gateway.secret"):
        await ensure_admin_key(config_in(tmp_path / "file"))


async def test_making_an_app_touches_nothing(config: Config) -> None:
    create_app(config)
    assert not config.data_dir.exists()
    assert gateway_package.create_app is create_app


def test_the_client_library_loads_no_server() -> None:
    code = "import sys, gateway.client; assert not {'cryptography', 'aiosqlite', 'gateway.app'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


async def test_a_port_in_use_is_told_with_the_setting_to_change(config: Config, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"127.0.0.1:{port} is in use; set \[gateway\] port"):
            async with GatewayServer(config_in(tmp_path / "data", port=port)):
                pass


async def test_an_address_of_another_machine_is_told_with_the_setting_to_change(tmp_path: Path) -> None:
    with pytest.raises(CannotListen, match=r"set \[gateway\] host"):
        async with GatewayServer(config_in(tmp_path / "data", host="192.0.2.1")):
            pass


async def test_the_server_says_where_it_listens(config: Config, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "gateway"):
        async with GatewayServer(config) as server:
            assert f"listening on {server.url}" in caplog.text
            assert server.url == f"http://127.0.0.1:{server.port}"


@pytest.mark.sqlite
async def test_a_database_from_an_empty_folder_has_every_table_and_survives_a_restart(
    config: Config, clock: Clock
) -> None:
    async with running(config, clock) as gateway:
        key = await gateway.make("bot", role="client")
        admin = gateway.admin_key
    with sqlite3.connect(config.storage_place()) as database:
        tables = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    database.close()
    assert {"principals", "keys", "rotations", "conversations", "messages"} <= tables
    async with running(config, clock, admin) as gateway:
        assert await role_of(gateway, key) == "client"
