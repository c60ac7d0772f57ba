"""A gateway in a process of its own, started as production starts it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.serving import Server
from bot.config import load
from gateway.bootstrap import create_key

_CONFIG = """\
data_dir = "{folder}/data"
[gateway]
port = 0
record_v1 = {record_v1}
[gateway.limits.free]
requests_per_minute = 100000000
tokens_per_day = 100000000000
concurrent = 100000
[gateway.limits.plus]
requests_per_minute = 100000000
tokens_per_day = 100000000000
concurrent = 100000
[[gateway.accounts]]
name = "free"
tier = "free"
model = "bench"
base_url = "{free}"
api_key_env = "BENCH_KEY"
[[gateway.accounts]]
name = "plus"
tier = "plus"
model = "bench"
base_url = "{plus}"
api_key_env = "BENCH_KEY"
"""
_ENVIRON = {"BENCH_KEY": "sk-bench"}


@asynccontextmanager
async def running_gateway(
    folder: Path,
    upstream_url: str,
    *,
    plus_path: str,
    fill: Callable[[Path], Awaitable[None]] | None = None,
    record_v1: bool = False,
) -> AsyncGenerator[tuple[Server, str]]:
    """`rolekey gateway` on an empty folder, and the key of a client on it.

    Its free account is answered at once, its plus account as `benchmarks.upstream` answers under `plus_path`. Before it
    starts, `fill` is given its database.
    """
    config = folder / "config.toml"
    places = {"folder": folder, "free": f"{upstream_url}/v1", "plus": upstream_url + plus_path}
    config.write_text(_CONFIG.format(**places, record_v1=str(record_v1).lower()))
    settings = load(config, environ={})
    key = await create_key(settings, "client", "bench")
    if fill is not None:
        await fill(settings.data_dir / "gateway.db")
    async with Server(folder, "bot", "gateway", "--config", str(config), environ=_ENVIRON) as gateway:
        yield gateway, key
