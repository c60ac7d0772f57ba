"""Turns: of several processes on one store one does it, also when one of them dies."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.store import open_store
from bot.turns import TERM, Turns
from storage import Store
from tests.clock import Clock
from tests.gateway.engines import PLACES

pytestmark = pytest.mark.usefixtures("either_engine")


class Night:
    """Sleeping that a test ends; the time meanwhile is the test's, too."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.asleep = asyncio.Event()
        self.over = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await self.over.wait()
        self.over.clear()
        self._clock.ahead += timedelta(seconds=seconds)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    store = await open_store(PLACES.store(tmp_path))
    yield store
    await store.database.close()


async def waits(store: Store, clock: Clock, holder: str) -> bool:
    """Ask for the turn, and at once let the wait for it be over."""
    night = Night(clock)
    night.over.set()
    async with Turns(store, holder, now=clock.now, sleep=night.sleep).taken("sweep") as mine:
        if mine:
            assert night.asleep.is_set()
        return mine


async def test_one_process_has_the_turn_and_gives_it_back(store: Store) -> None:
    clock = Clock()
    first, second = (Turns(store, name, now=clock.now, sleep=Night(clock).sleep) for name in ("first", "second"))
    async with first.taken("sweep") as mine, second.taken("something else") as other:
        assert mine
        assert other
    async with second.taken("sweep") as mine:
        assert mine


async def test_a_process_that_lives_keeps_the_turn_however_long_it_takes(store: Store) -> None:
    clock = Clock()
    night = Night(clock)
    async with Turns(store, "first", now=clock.now, sleep=night.sleep).taken("sweep") as mine:
        assert mine
        for _ in range(6):
            night.asleep.clear()
            night.over.set()
            await night.asleep.wait()
        other = Clock(clock.ahead - TERM)  # it waits a term, as long as the first has held it since it renewed it
        assert not await waits(store, other, "second")


async def test_a_process_that_died_keeps_others_waiting_for_one_term(store: Store) -> None:
    clock = Clock()
    died = Turns(store, "died", now=clock.now)
    assert await died._take("sweep")
    assert await waits(store, clock, "second")


async def test_who_is_stopped_while_giving_the_turn_back_stops(store: Store) -> None:
    ending = asyncio.Event()

    async def hard_to_wake(_seconds: float) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ending.set()
            await asyncio.sleep(0)

    clock = Clock()
    turns = Turns(store, "first", now=clock.now, sleep=hard_to_wake)

    async def take_and_go_on() -> None:
        async with turns.taken("sweep"):
            await asyncio.sleep(0)
        await asyncio.Event().wait()

    task = asyncio.create_task(take_and_go_on())
    await ending.wait()
    task.cancel()
    async with asyncio.timeout(5):
        await asyncio.wait({task})
    assert task.cancelled()
    async with Turns(store, "second", now=clock.now, sleep=Night(clock).sleep).taken("sweep") as mine:
        assert mine
