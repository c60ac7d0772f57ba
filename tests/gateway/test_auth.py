import asyncio
from pathlib import Path

import pytest

from gateway.bootstrap import create_key, revoke
from gateway.keys import generate_key
from tests.gateway.conftest import Clock, RunningGateway, config_in, eventually, running

pytestmark = pytest.mark.usefixtures("either_engine")

WHOAMI = "/api/whoami"


@pytest.fixture
async def bot(gateway: RunningGateway) -> str:
    return await gateway.make("bot", role="client")


async def test_no_key_is_refused_with_the_way_to_send_one(gateway: RunningGateway) -> None:
    for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Basic eDp5"}):
        refused = await gateway.call("GET", WHOAMI, headers=headers)
        assert (refused.status, refused.code) == (401, "missing_key")
        assert refused.headers["WWW-Authenticate"] == "Bearer"


async def test_a_mistyped_key_is_told_from_an_unknown_one(gateway: RunningGateway, bot: str) -> None:
    mistyped = await gateway.call("GET", WHOAMI, key=bot[:-1] + ("0" if bot[-1] != "0" else "1"))
    unknown = await gateway.call("GET", WHOAMI, key=generate_key())
    assert (mistyped.status, mistyped.code) == (unknown.status, unknown.code) == (401, "invalid_key")
    assert "mistyped" in mistyped.body["message"]
    assert "does not know" in unknown.body["message"]


async def test_the_scheme_may_be_in_any_case(gateway: RunningGateway, bot: str) -> None:
    assert (await gateway.call("GET", WHOAMI, headers={"Authorization": f"bearer  {bot}"})).status == 200


async def test_a_key_expires_to_the_millisecond_and_lives_again_when_extended(
    gateway: RunningGateway, bot: str, clock: Clock
) -> None:
    clock.now = round(clock.now)
    key = await gateway.make("1:1", key=bot, expires_in=60)
    clock.advance(59.999)
    assert (await gateway.call("GET", WHOAMI, key=key)).status == 200
    clock.advance(0.001)
    refused = await gateway.call("GET", WHOAMI, key=key)
    assert (refused.status, refused.code) == (401, "expired_key")
    await gateway.call("PATCH", "/api/users/1:1", key=bot, json={"expires_in": 60})
    assert (await gateway.call("GET", WHOAMI, key=key)).status == 200
    await gateway.call("PATCH", "/api/users/1:1", key=bot, json={"expires_in": None})
    clock.advance(10**9)
    assert (await gateway.call("GET", WHOAMI, key=key)).status == 200


async def test_rotation_kills_the_old_key_and_keeps_the_lease(gateway: RunningGateway, bot: str, clock: Clock) -> None:
    old = await gateway.make("1:1", key=bot, expires_in=60, plus=True)
    before = (await gateway.call("GET", "/api/users/1:1", key=bot)).body["user"]
    rotated = await gateway.call("POST", "/api/users/1:1/key", key=old)
    assert rotated.status == 200
    assert rotated.headers["Cache-Control"] == "no-store"
    assert (await gateway.call("GET", WHOAMI, key=old)).code == "revoked_key"
    assert (await gateway.call("GET", WHOAMI, key=rotated.body["key"])).status == 200
    assert rotated.body["user"]["expires_at"] == before["expires_at"]
    assert rotated.body["user"]["plus"] is True
    clock.advance(61)
    late = await gateway.call("POST", "/api/users/1:1/key", key=bot)
    assert (late.status, late.code) == (409, "key_expired")


async def test_a_rotation_repeated_with_its_idempotency_key_gives_the_same_key(
    gateway: RunningGateway, bot: str, clock: Clock
) -> None:
    await gateway.make("1:1", key=bot)
    once = {"Idempotency-Key": "a1"}
    replies = await asyncio.gather(
        *(gateway.call("POST", "/api/users/1:1/key", key=bot, headers=once) for _ in range(5))
    )
    keys = {reply.body["key"] for reply in replies}
    assert len(keys) == 1
    assert (await gateway.call("GET", WHOAMI, key=keys.pop())).status == 200
    clock.advance(601)
    late = await gateway.call("POST", "/api/users/1:1/key", key=bot, headers=once)
    assert (late.status, late.code) == (409, "idempotency_replayed")
    clock.advance(24 * 3600)
    assert (await gateway.call("POST", "/api/users/1:1/key", key=bot, headers=once)).status == 200


async def test_an_idempotency_key_does_not_bring_back_a_key_that_was_replaced(
    gateway: RunningGateway, bot: str
) -> None:
    await gateway.make("1:1", key=bot)
    path = "/api/users/1:1/key"
    first = await gateway.call("POST", path, key=bot, headers={"Idempotency-Key": "a1"})
    await gateway.call("POST", path, key=bot, headers={"Idempotency-Key": "a2"})
    again = await gateway.call("POST", path, key=bot, headers={"Idempotency-Key": "a1"})
    assert (again.status, again.code) == (409, "idempotency_replayed")
    assert (await gateway.call("GET", WHOAMI, key=first.body["key"])).code == "revoked_key"
    assert (await gateway.call("POST", path, key=bot, headers={"Idempotency-Key": "x" * 201})).status == 400


async def test_idempotency_keys_of_two_callers_do_not_meet(gateway: RunningGateway, bot: str) -> None:
    await gateway.make("1:1", key=bot)
    once = {"Idempotency-Key": "a1"}
    by_bot = await gateway.call("POST", "/api/users/1:1/key", key=bot, headers=once)
    by_admin = await gateway.call("POST", "/api/users/1:1/key?client_id=bot", key=gateway.admin_key, headers=once)
    assert by_bot.body["key"] != by_admin.body["key"]


async def test_revoking_from_another_process_holds_at_once(tmp_path: Path, clock: Clock) -> None:
    config = config_in(tmp_path / "data")
    async with running(config, clock) as gateway:
        key = await create_key(config, "client", "other", clock=clock)
        assert (await gateway.call("GET", WHOAMI, key=key)).status == 200
        await revoke(config, "other", clock=clock)
        assert (await gateway.call("GET", WHOAMI, key=key)).code == "revoked_key"


async def test_revoking_holds_at_once_also_under_load(gateway: RunningGateway, bot: str) -> None:
    key = await gateway.make("1:1", key=bot)
    stop = asyncio.Event()

    async def load() -> None:
        while not stop.is_set():
            await gateway.call("GET", "/api/users", key=bot)

    readers = [asyncio.create_task(load()) for _ in range(8)]
    assert (await gateway.call("GET", WHOAMI, key=key)).status == 200
    await gateway.call("DELETE", "/api/users/1:1", key=bot)
    assert (await gateway.call("GET", WHOAMI, key=key)).code == "revoked_key"
    stop.set()
    await asyncio.gather(*readers)


async def test_the_last_use_is_noted_at_most_once_a_minute(gateway: RunningGateway, bot: str, clock: Clock) -> None:
    key = await gateway.make("1:1", key=bot)

    async def last_used() -> str | None:
        return (await gateway.call("GET", "/api/users/1:1", key=bot)).body["user"]["last_used_at"]

    assert await last_used() is None
    await gateway.call("GET", WHOAMI, key=key)
    first = await eventually(last_used)
    clock.advance(59)
    await gateway.call("GET", WHOAMI, key=key)
    await asyncio.sleep(0.02)
    assert await last_used() == first
    clock.advance(2)
    await gateway.call("GET", WHOAMI, key=key)

    async def moved() -> bool:
        return await last_used() != first

    await eventually(moved)


@pytest.mark.sqlite
async def test_no_key_lies_readable_in_the_data_folder(tmp_path: Path, clock: Clock) -> None:
    config = config_in(tmp_path / "data")
    async with running(config, clock) as gateway:
        bot = await gateway.make("bot", role="client")
        user = await gateway.make("1:1", key=bot)
        new = await gateway.call("POST", "/api/users/1:1/key", key=bot, headers={"Idempotency-Key": "a1"})
        keys = [gateway.admin_key, bot, user, new.body["key"]]
        running_files = {path: path.read_bytes() for path in config.data_dir.iterdir()}
    stopped_files = {path: path.read_bytes() for path in config.data_dir.iterdir()}
    assert len(running_files) >= 3
    for content in (*running_files.values(), *stopped_files.values()):
        for key in keys:
            assert key[3:20].encode() not in content


async def test_a_new_secret_in_front_keeps_old_keys_and_takes_them_over(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "data"
    async with running(config_in(folder, secret="old"), clock) as gateway:
        admin = gateway.admin_key
        idle = await gateway.make("idle", role="client")
    async with running(config_in(folder, secret="new,old"), clock, admin) as gateway:
        assert (await gateway.call("GET", WHOAMI, key=admin)).status == 200
    async with running(config_in(folder, secret="new"), clock, admin) as gateway:
        assert (await gateway.call("GET", WHOAMI, key=admin)).status == 200
        assert (await gateway.call("GET", WHOAMI, key=idle)).code == "invalid_key"


async def test_keys_survive_the_move_from_the_generated_secret_to_one_of_ones_own(tmp_path: Path, clock: Clock) -> None:
    folder = tmp_path / "data"
    async with running(config_in(folder), clock) as gateway:
        admin = gateway.admin_key
    async with running(config_in(folder, secret="mine"), clock, admin) as gateway:
        assert (await gateway.call("GET", WHOAMI, key=admin)).status == 200
