"""OpenAI's API of the gateway beside a bare reverse proxy, in front of the same provider, in turns."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, Report, compared
from benchmarks.load import Asker, Job, LoadGenerator
from benchmarks.running_gateway import running_gateway
from benchmarks.serving import Server
from benchmarks.upstream import CHUNKS, VERY_LONG_CHUNKS
from gateway.client import GatewayClient
from gateway.wire import CreateUser

_CONCURRENCY = 64
_MORE_FOR_THE_PROXY = 2

_NOTES = f"""\
An answer is {CHUNKS} chunks, streamed, each in a packet of its own. The gateway authenticates, reserves and settles; \
its caller does not ask for usage, so it takes that out of the stream."""


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds of each side in turns, requests in each round, and very long answers in each."""

    rounds: int
    parallel: int
    long: int


FULL = Scale(rounds=9, parallel=640, long=4)
QUICK = Scale(rounds=3, parallel=192, long=2)


class Bench:
    """The processes of one run."""

    def __init__(self, gateway: Server, proxy: Server, load: LoadGenerator, keys: list[str], scale: Scale) -> None:
        self._servers = (gateway, proxy)
        self._load = load
        self._askers = tuple(Asker(key) for key in keys)
        self._scale = scale

    async def measure(
        self, path: str, *, requests: int, concurrency: int
    ) -> tuple[list[list[float]], list[list[float]]]:
        """Throughput in answers a second, and CPU in milliseconds an answer: of the gateway, then of the proxy."""
        speeds: list[list[float]] = [[], []]
        cpu: list[list[float]] = [[], []]
        for number in range(self._scale.rounds):
            for side in (0, 1) if number % 2 else (1, 0):
                server = self._servers[side]
                count = requests * (_MORE_FOR_THE_PROXY if side else 1)
                # The gateway's plus account is the provider under /long/v1; the proxy is asked for that by the path.
                model = "plus" if path else "free"
                job = Job(
                    url=server.url,
                    path=f"{path if side else ''}/v1/chat/completions",
                    kind="proxy",
                    stream=True,
                    requests=count,
                    concurrency=concurrency,
                    askers=self._askers,
                    model=model,
                )
                before = server.cpu_seconds()
                result = await self._load.do(job)
                cpu[side].append(1000 * (server.cpu_seconds() - before) / count)
                speeds[side].append(result.per_second)
        return speeds, cpu


async def measure(scale: Scale) -> Report:
    """All of it. Raises `RuntimeError` where a server does not start or answers wrongly."""
    figures = list[Figure]()
    for recorded in (False, True):
        async with _bench(scale, record_v1=recorded) as bench:
            await bench.measure("", requests=_CONCURRENCY, concurrency=8)  # connections, caches, the allocator
            kept = ", conversations kept" if recorded else ""
            speeds, cpu = await bench.measure("", requests=scale.parallel, concurrency=_CONCURRENCY)
            figures.append(compared(f"throughput, {_CONCURRENCY} at a time{kept}", "/s", *speeds))
            figures.append(compared(f"server's CPU an answer{kept}", "ms", *cpu))
            _, cpu = await bench.measure("/long", requests=scale.long, concurrency=1)
            figures.append(compared(f"server's CPU, answer of {VERY_LONG_CHUNKS:,} chunks{kept}", "ms", *cpu))
    return Report(
        title="OpenAI's API",
        ours="gateway",
        reference="bare proxy",
        figures=figures,
        notes=_NOTES.splitlines(),
    )


@asynccontextmanager
async def _bench(scale: Scale, *, record_v1: bool) -> AsyncGenerator[Bench]:
    with tempfile.TemporaryDirectory(prefix="rolekey-bench-") as name:
        folder = Path(name)
        async with (
            Server(folder, "benchmarks.upstream") as upstream,
            Server(folder, "benchmarks.reverse_proxy", upstream.url) as proxy,
            running_gateway(folder, upstream.url, plus_path="/long/v1", record_v1=record_v1) as (gateway, client_key),
            LoadGenerator(folder) as load,
        ):
            async with GatewayClient(gateway.url, client_key) as client:
                users = [
                    await client.create_user(CreateUser(user_id=f"user {number}", plus=True))
                    for number in range(_CONCURRENCY)
                ]
            yield Bench(gateway, proxy, load, [user.key for user in users], scale)
