"""The gateway beside a bare reverse proxy, in front of the same provider, in turns."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec

from benchmarks import statements
from benchmarks.figures import Figure, Report, compared
from benchmarks.load import Asker, Job, LoadGenerator, Result
from benchmarks.running_gateway import running_gateway
from benchmarks.serving import Server
from benchmarks.upstream import CHUNKS, THINKING_SECONDS
from gateway.client import GatewayClient
from gateway.wire import CreateUser

_CONCURRENCY = 64
# Follow-ups per conversation: its history has one exchange before the first and four before the last.
_FOLLOW_UPS = 4
_SETTLE_SECONDS = 0.5
_MORE_FOR_THE_PROXY = 4


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How much is measured: rounds of each side in turns, and requests in each."""

    rounds: int
    sequential: int
    parallel: int


FULL = Scale(rounds=7, sequential=60, parallel=384)
QUICK = Scale(rounds=3, sequential=24, parallel=128)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of request."""

    name: str
    stream: bool
    new: bool = False
    thinking: bool = False


_WHOLE = Case(name="follow-up, not streamed", stream=False)
_STREAMED = Case(name="follow-up, streamed", stream=True)
_THINKING = Case(
    name=f"follow-up, streamed, provider thinks {THINKING_SECONDS * 1000:.0f} ms", stream=True, thinking=True
)
_NEW_WHOLE = Case(name="new conversation and its title, not streamed", stream=False, new=True)
_NEW_STREAMED = Case(name="new conversation and its title, streamed", stream=True, new=True)


class Rounds:
    """What was measured of one case, a list entry a round."""

    def __init__(self) -> None:
        self.ours = list[Result]()
        self.reference = list[Result]()
        self.our_cpu = list[float]()
        self.reference_cpu = list[float]()

    def first(self, results: Sequence[Result]) -> list[float]:
        """Milliseconds to the first word."""
        return [1000 * median(result.first) for result in results]

    def total(self, results: Sequence[Result]) -> list[float]:
        """Milliseconds to the end."""
        return [1000 * median(result.total) for result in results]


class Bench:
    """The processes of one run."""

    def __init__(self, gateway: Server, proxy: Server, load: LoadGenerator, keys: list[str], scale: Scale) -> None:
        self.gateway = gateway
        self.proxy = proxy
        self._load = load
        self._keys = keys
        self._scale = scale

    async def measure(self, case: Case, concurrency: int) -> Rounds:
        """The gateway and the proxy in turns, each first as often as the other."""
        rounds = Rounds()
        requests = self._scale.sequential if concurrency == 1 else self._scale.parallel
        for number in range(self._scale.rounds):
            askers = await self._askers(case, requests)
            for ours in (True, False) if number % 2 else (False, True):
                # The proxy would be done before a scheduler's hiccup evens out.
                count = requests if ours or concurrency == 1 else requests * _MORE_FOR_THE_PROXY
                await self._round(case, concurrency, count, askers, rounds, ours=ours)
        return rounds

    async def _round(
        self, case: Case, concurrency: int, requests: int, askers: tuple[Asker, ...], rounds: Rounds, *, ours: bool
    ) -> None:
        server = self.gateway if ours else self.proxy
        thinking = "/thinking" if case.thinking else ""
        job = Job(
            url=server.url,
            path="/api/chat" if ours else f"{thinking}/v1/chat/completions",
            kind="gateway" if ours else "proxy",
            stream=case.stream,
            requests=requests,
            concurrency=concurrency,
            askers=askers,
            plus=case.thinking,
        )
        before = server.cpu_seconds()
        result = await self._load.do(job)
        cpu = (server.cpu_seconds() - before) * 1000 / requests
        (rounds.ours if ours else rounds.reference).append(result)
        (rounds.our_cpu if ours else rounds.reference_cpu).append(cpu)

    async def _askers(self, case: Case, requests: int) -> tuple[Asker, ...]:
        newcomers = tuple(Asker(key) for key in self._keys)
        if case.new:
            return newcomers
        begun = await self._load.do(
            Job(
                url=self.gateway.url,
                path="/api/chat",
                kind="gateway",
                stream=False,
                requests=max(1, requests // _FOLLOW_UPS),
                concurrency=min(_CONCURRENCY, 8),
                askers=newcomers,
                plus=case.thinking,
            )
        )
        return begun.askers


async def measure(scale: Scale) -> Report:
    """All of it. Raises `RuntimeError` where a server does not start or answers wrongly."""
    async with _bench(scale) as (bench, folder):
        await asyncio.sleep(_SETTLE_SECONDS)
        idle, idle_proxy = bench.gateway.memory_mb(), bench.proxy.memory_mb()
        for case in (_WHOLE, _STREAMED):
            await bench.measure(case, 8)  # connections, caches, the allocator
        figures = [figure for case in (_WHOLE, _STREAMED) for figure in await _latency(bench, case)]
        figures += await _latency(bench, _THINKING)
        for case in (_NEW_WHOLE, _NEW_STREAMED):
            figures += await _latency(bench, case)
        for case in (_WHOLE, _STREAMED, _NEW_WHOLE, _NEW_STREAMED):
            figures += await _throughput(bench, case)
        figures += [
            Figure(what="memory, idle", unit="MB", ours=idle, reference=idle_proxy),
            Figure(
                what=f"memory, the most at {_CONCURRENCY} at a time",
                unit="MB",
                ours=bench.gateway.peak_memory_mb(),
                reference=bench.proxy.peak_memory_mb(),
            ),
        ]
        alone = await statements.measure(folder)
        figures += [
            Figure(what="statements and commits of one prompt alone, by the clock", unit="ms", ours=alone.elapsed),
            Figure(what="statements and commits of one prompt alone, CPU", unit="ms", ours=alone.cpu),
        ]
        return Report(
            title="Gateway",
            ours="gateway",
            reference="bare proxy",
            figures=figures,
            notes=_notes(_sync_milliseconds(folder)),
        )


def _notes(sync_milliseconds: float) -> list[str]:
    return f"""\
An answer is {CHUNKS} pieces. The gateway authenticates every request and has prompt and reply on disk: two commits, \
and an fdatasync in this folder takes {sync_milliseconds:.2f} ms.
Not streamed the provider answers both in one piece.
A title is a second request to the provider, which the proxy does not make; the answer's end waits for it.
At {_CONCURRENCY} at a time the server, the provider and the load generator share the processor's cores; the rows of \
CPU are the server's alone.""".splitlines()


async def _latency(bench: Bench, case: Case) -> list[Figure]:
    rounds = await bench.measure(case, 1)
    figures = list[Figure]()
    if case.stream:
        what = f"time to the first word: {case.name}"
        figures.append(compared(what, "ms", rounds.first(rounds.ours), rounds.first(rounds.reference)))
    what = f"time to the end: {case.name}"
    return [*figures, compared(what, "ms", rounds.total(rounds.ours), rounds.total(rounds.reference))]


async def _throughput(bench: Bench, case: Case) -> list[Figure]:
    rounds = await bench.measure(case, _CONCURRENCY)
    ours = [result.per_second for result in rounds.ours]
    reference = [result.per_second for result in rounds.reference]
    return [
        compared(f"throughput, {_CONCURRENCY} at a time: {case.name}", "/s", ours, reference),
        compared(f"server's CPU a request: {case.name}", "ms", rounds.our_cpu, rounds.reference_cpu),
    ]


@asynccontextmanager
async def _bench(scale: Scale) -> AsyncGenerator[tuple[Bench, Path]]:
    with tempfile.TemporaryDirectory(prefix="rolekey-bench-") as name:
        folder = Path(name)
        async with (
            Server(folder, "benchmarks.upstream") as upstream,
            Server(folder, "benchmarks.reverse_proxy", upstream.url) as proxy,
            running_gateway(folder, upstream.url, plus_path="/thinking/v1") as (gateway, client_key),
            LoadGenerator(folder) as load,
        ):
            async with GatewayClient(gateway.url, client_key) as client:
                users = [
                    await client.create_user(CreateUser(user_id=f"user {number}", plus=True))
                    for number in range(_CONCURRENCY)
                ]
            yield Bench(gateway, proxy, load, [user.key for user in users], scale), folder


def _sync_milliseconds(folder: Path, times: int = 50) -> float:
    took = list[float]()
    with (folder / "sync").open("wb") as file:
        for _ in range(times):
            file.write(bytes(4096))
            file.flush()
            began = perf_counter()
            os.fdatasync(file.fileno())
            took.append(perf_counter() - began)
    return 1000 * median(took)
