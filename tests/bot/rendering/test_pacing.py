import asyncio

import aiohttp
import pytest
from aiohttp import web

from bot.rendering.pacing import Paces, Pacing
from bot.rendering.rate_limits import RateLimits


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Discord:
    """Edits in one channel, `limit` in five seconds; a real server says so, as Discord does."""

    def __init__(self, clock: Clock, limit: int) -> None:
        self.clock = clock
        self.limit = limit
        self.left = limit
        self.resets_at = 0.0
        self.refused = 0

    async def edit(self, _: web.Request) -> web.Response:
        if self.clock.now >= self.resets_at:
            self.left, self.resets_at = self.limit, self.clock.now + 5
        self.refused += self.left == 0
        self.left = max(self.left - 1, 0)
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.left),
            "X-RateLimit-Reset-After": str(self.resets_at - self.clock.now),
        }
        return web.json_response({}, headers=headers)


async def edits_in_a_minute(streams: int, limit: int) -> tuple[list[int], Discord, int]:
    """How often each of some answers in one channel is edited, and what Discord saw of it."""
    clock = Clock()
    discord = Discord(clock, limit)
    app = web.Application()
    app.router.add_patch("/api/v10/channels/{channel}/messages/{message}", discord.edit)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    limits = RateLimits(clock)
    paces = Paces(1.0, limits)
    answers = [paces.in_channel(7) for _ in range(streams)]
    counts, due, fewest = [0] * streams, [0.1] * streams, limit
    try:
        async with aiohttp.ClientSession(trace_configs=[limits.trace()]) as session:
            for pacing in answers:  # the messages that are sent first
                assert pacing.wait(0.0) == 0
                pacing.begin(0.0)
                pacing.record(0.1, succeeded=True)
            while min(due) < 60:
                number = due.index(min(due))
                clock.now, pacing = due[number], answers[number]
                pause = pacing.wait(clock.now)
                if pause == 0:
                    pacing.begin(clock.now)
                    async with session.patch(f"{site.name}/api/v10/channels/7/messages/{number}"):
                        counts[number] += 1
                    pause = 0.1
                    pacing.record(clock.now + pause, succeeded=True)
                    fewest = min(fewest, discord.left)
                due[number] = clock.now + max(pause, 1e-6)
    finally:
        await runner.cleanup()
    return counts, discord, fewest


@pytest.mark.parametrize(("streams", "limit"), [(1, 5), (3, 5), (8, 5), (4, 2)])
async def test_answers_in_one_channel_share_what_discord_announces_and_leave_one_call_free(
    streams: int, limit: int
) -> None:
    counts, discord, fewest = await edits_in_a_minute(streams, limit)
    assert discord.refused == 0
    assert fewest == 1 if streams > 1 else fewest >= 1
    assert min(counts) >= max(counts) / 2
    if streams > 1:  # what is announced is used, too
        assert sum(counts) > 0.8 * (limit - 1) * 12


async def test_other_responses_and_other_channels_say_nothing() -> None:
    limits = RateLimits()
    app = web.Application()

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({}, headers={"X-RateLimit-Limit": "x", "X-RateLimit-Remaining": "1"})

    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession(trace_configs=[limits.trace()]) as session:
            for method, path in (("PATCH", "/channels/7/messages/1"), ("POST", "/channels/7/messages")):
                async with session.request(method, site.name + path):
                    pass
    finally:
        await runner.cleanup()
    assert limits.window(7) is None


def edit(pacing: Pacing, now: float, took: float = 0.1, *, succeeded: bool = True) -> tuple[float, float]:
    """One edit as soon as it is due; how long it had to wait, and the time when it is over."""
    pause = pacing.wait(now)
    pacing.begin(now + pause)
    pacing.record(now + pause + took, succeeded=succeeded)
    return pause, now + pause + took


def pauses(pacing: Pacing, now: float, count: int, took: float = 0.1, *, succeeded: bool = True) -> list[float]:
    found: list[float] = []
    for _ in range(count):
        pause, now = edit(pacing, now, took, succeeded=succeeded)
        found.append(pause)
    return found


def test_the_first_edit_is_due_at_once_the_next_soon_and_later_ones_less_often() -> None:
    first, second, *later = pauses(Pacing(1.0), 5.0, 20)
    assert (first, round(second, 9)) == (0, 0.5)
    assert later == sorted(later)
    assert round(later[-1], 9) == 2.5


def test_edits_become_rarer_while_calls_take_long_and_frequent_again_after() -> None:
    pacing, now = Pacing(0.1), 0.0
    for _ in range(3):
        _, now = edit(pacing, now, 6.0)
    _, now = edit(pacing, now)
    pause, now = edit(pacing, now)
    assert pause > 3
    for _ in range(40):
        pause, now = edit(pacing, now)
    assert round(pause, 9) == 0.25


def test_failures_make_edits_rarer_up_to_a_bound() -> None:
    assert 10 < pauses(Pacing(1.0), 0.0, 30, succeeded=False)[-1] <= 15


def test_answers_in_other_channels_do_not_wait_for_each_other() -> None:
    paces = Paces(1.0, RateLimits())
    pressed, quiet, alone = paces.in_channel(1), paces.in_channel(2), paces.alone()
    assert pauses(pressed, 0.0, 5, took=8.0)[-1] > 0.7
    for pacing in (quiet, alone):
        assert round(pauses(pacing, 0.0, 2)[1], 9) == 0.5


def test_a_negative_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Pacing(-1.0)


async def test_a_channel_is_forgotten_with_its_last_answer() -> None:
    paces = Paces(1.0, RateLimits())
    answers = [paces.in_channel(1), paces.in_channel(1)]
    assert len(paces._channels) == 1
    answers.clear()
    await asyncio.sleep(0)
    assert len(paces._channels) == 0
