"""The benchmarks run; what they measure is nobody's business here."""

from benchmarks import bot, crowd, gateway, openai_api
from benchmarks.figures import Report


def named(report: Report) -> set[str]:
    return {figure.what for figure in report.figures}


async def test_the_gateway_is_measured_beside_a_bare_proxy() -> None:
    report = await gateway.measure(gateway.Scale(rounds=1, sequential=3, parallel=3))
    assert {"memory, idle", "throughput, 64 at a time: follow-up, streamed"} <= named(report)
    assert all(figure.ours > 0 for figure in report.figures if figure.unit in {"ms", "/s", "MB"} and not figure.ratio)


async def test_openais_api_is_measured_beside_a_bare_proxy() -> None:
    report = await openai_api.measure(openai_api.Scale(rounds=1, parallel=3, long=1))
    assert {"throughput, 64 at a time", "server's CPU, answer of 10,000 chunks"} <= named(report)


async def test_a_long_answer_takes_more_calls_to_discord_than_a_short_one() -> None:
    report = await bot.measure(bot.Scale(rounds=1, commands=1, haste=100.0))
    calls = [figure.ours for figure in report.figures if figure.what.startswith("Discord calls")]
    assert calls[0] < calls[1]


async def test_a_crowd_is_answered_whole_and_each_interaction_is_timed() -> None:
    report = await crowd.measure(crowd.Scale(guilds=3, members=9, waves=1, more_guilds=3))
    found = {figure.what: figure.ours for figure in report.figures}
    assert found["answers lost"] == 0
    assert (
        0
        < found["acknowledged: median"]
        <= found["first words: median"]
        <= found["whole answer, thread renamed: slowest"]
    )


def test_a_quantile_is_a_value_that_was_measured() -> None:
    assert [crowd.quantile([4, 1, 3, 2], share) for share in (0.25, 0.5, 0.99, 1.0)] == [1, 2, 4, 4]
