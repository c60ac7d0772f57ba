"""Which shards a process runs, and what it must share with those that run the others."""

from pathlib import Path

import pytest

from bot.app import run
from bot.config import ConfigError, load
from bot.doctor import examine
from bot.shards import Shards
from bot.sharing import check_sharing

SHARED = {
    "ROLEKEY__STORAGE": "postgresql://me@127.0.0.1:1/bot",
    "ROLEKEY__GATEWAY__URL": "http://127.0.0.1:1",
    "ROLEKEY_SECRET": "the same everywhere",
}


@pytest.mark.parametrize(
    ("text", "ids", "count"),
    [("0-3/8", (0, 1, 2, 3), 8), ("7/8", (7,), 8), ("0,2, 5-7/8", (0, 2, 5, 6, 7), 8), ("0-0/1", (0,), 1)],
)
def test_shards_are_written_as_ranges_of_a_number(text: str, ids: tuple[int, ...], count: int) -> None:
    shards = Shards.parse(text)
    assert shards == Shards(ids, count)
    assert Shards.parse(str(shards)) == shards


@pytest.mark.parametrize("text", ["8", "0-3", "/8", "0-3/0", "8/8", "4-9/8", "3-1/8", "a/8", "0/99999999999"])
def test_what_names_no_shards_is_refused_with_what_to_write(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    with pytest.raises(ConfigError, match=r"\[discord\] shards: .* shards"):
        load(tmp_path / "config.toml", SHARED | {"ROLEKEY__DISCORD__SHARDS": text})


def test_a_guild_is_on_one_shard_of_one_process() -> None:
    processes = [Shards.parse(text) for text in ("0-3/8", "4-6/8", "7/8")]
    for guild_id in range(0, 1 << 28, 1 << 22):
        assert [process.has(guild_id) for process in processes].count(True) == 1
    assert Shards().has(5)


def test_processes_are_apart_where_they_can_run_at_once() -> None:
    first = Shards.parse("0-3/8")
    assert first.apart_from(Shards.parse("4-7/8"))
    assert not any(first.apart_from(Shards.parse(text)) for text in ("0-3/8", "3-7/8", "0-3/4", "8-15/16", ""))
    assert not Shards().apart_from(first)


@pytest.mark.parametrize("missing", SHARED)
async def test_who_leaves_shards_to_others_shares_a_database_a_gateway_and_a_secret(
    missing: str, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").touch()
    said = SHARED | {"ROLEKEY__DISCORD__SHARDS": "0-3/8"}
    check_sharing(load(tmp_path / "config.toml", said))
    del said[missing]
    config = load(tmp_path / "config.toml", said)
    with pytest.raises(ConfigError, match="the same for all of them"):
        await run(config, lambda _: None)
    finding = next(each for each in await examine(config, discord=False) if each.check == "shards")
    assert finding.result == "failed"
    check_sharing(load(tmp_path / "config.toml", said | {"ROLEKEY__DISCORD__SHARDS": "0-7/8"}))
