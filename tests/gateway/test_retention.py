import asyncio
from pathlib import Path

import pytest

from gateway.config import Retention as RetentionSettings
from gateway.conversations import Conversations
from gateway.retention import Retention
from gateway.store import open_database
from storage import Database, StorageBusy
from tests.gateway.conftest import Clock, RunningGateway, config_in, eventually, running
from tests.gateway.test_conversations import a_prompt, begun, conversations_of, principal

pytestmark = pytest.mark.usefixtures("either_engine")
DAY = 86_400


async def database_of(gateway: RunningGateway, folder: Path) -> Database:
    return await open_database(config_in(folder).storage_place())


async def titles(gateway: RunningGateway, key: str) -> set[str]:
    listed = await gateway.call("GET", "/api/conversations?limit=200", key=key)
    return {conversation["title"] for conversation in listed.body["conversations"]}


async def test_conversations_unused_for_long_go_and_others_stay(
    gateway: RunningGateway, tmp_path: Path, clock: Clock
) -> None:
    member = await gateway.make("1:1", key=await gateway.make("bot", role="client"))
    owner = await principal(gateway, "1:1")
    used, _, _ = await begun(gateway, owner, "used")
    for number in range(120):
        await begun(gateway, owner, f"old {number}")
    clock.advance(30 * DAY - 1)
    await conversations_of(gateway).record_prompt(used, new=False, prompt=a_prompt(used, clock))
    await begun(gateway, owner, "new")
    database = await database_of(gateway, tmp_path / "data")
    retention = Retention(database, days=30, clock=clock)
    assert await retention.sweep() == 0
    clock.advance(2)
    assert await Retention(database, days=0, clock=clock).sweep() == 0
    assert await retention.sweep() == 120
    assert await retention.sweep() == 0
    await database.close()
    assert await titles(gateway, member) == {"used", "new"}
    assert (await gateway.call("GET", "/api/search?q=old", key=member)).body["hits"] == []


async def test_the_sweep_comes_every_hour_and_outlives_a_failure(
    gateway: RunningGateway, tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await gateway.make("1:1", key=await gateway.make("bot", role="client"))
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    database = await database_of(gateway, tmp_path / "data")
    retention = Retention(database, days=1, clock=clock)
    pauses, enough = list[float](), asyncio.Event()

    class Failing(Retention):
        async def sweep(self) -> int:
            if len(pauses) < 3:
                raise StorageBusy("the database is locked")
            return await retention.sweep()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock.advance(seconds)
        if len(pauses) == 26:
            enough.set()
            await asyncio.Event().wait()

    sweeping = asyncio.create_task(Failing(database, days=1, clock=clock, pause=pause).run())
    await asyncio.wait_for(enough.wait(), 10)
    sweeping.cancel()
    assert set(pauses) == {3600.0}
    assert "the database is locked" in caplog.text
    assert await Conversations(database, clock=clock).read(record.id) == []
    await database.close()


async def test_a_gateway_sweeps_when_it_starts(tmp_path: Path, clock: Clock) -> None:
    async with running(config_in(tmp_path / "data"), clock) as gateway:
        admin = gateway.admin_key
        await gateway.make("1:1")
        await begun(gateway, await principal(gateway, "1:1", None), "old")
    clock.advance(2 * DAY)
    async with running(config_in(tmp_path / "data", retention=RetentionSettings(days=1)), clock, admin) as gateway:

        async def gone() -> bool:
            return not await titles(gateway, admin)

        await eventually(gone)
