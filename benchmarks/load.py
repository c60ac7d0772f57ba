"""The load generator, in a process of its own: jobs come in as lines of JSON, results go out as lines of JSON."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Literal, Self

import aiohttp
import msgspec

from benchmarks.serving import environment, run
from benchmarks.upstream import FIRST_WORD

_FIRST_WORD = FIRST_WORD.encode()
_ENDS = (b"[DONE]", b"event: done")
_PROMPT = "What does a reverse proxy do, and what more does a gateway do? Say it in three sentences."
_LARGEST_RESULT_BYTES = 16 * 1_048_576


class Asker(msgspec.Struct, frozen=True):
    """Who asks the gateway, and in which conversation; none begins a new one."""

    key: str
    conversation_id: str | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """So many requests, so many at a time; `askers` take turns. A bare proxy asks `path` below `url`."""

    url: str
    path: str
    kind: Literal["gateway", "proxy"]
    stream: bool
    requests: int
    concurrency: int
    askers: tuple[Asker, ...] = (Asker("none"),)
    plus: bool = False
    model: str = "bench"
    seconds: float = 20.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds to the first word and to the end of each request, in no order, and of all of them together.

    `askers` can go on in the conversations that these requests began.
    """

    first: list[float]
    total: list[float]
    elapsed: float
    askers: tuple[Asker, ...]

    @property
    def per_second(self) -> float:
        """The throughput."""
        return len(self.total) / self.elapsed


class _Begun(msgspec.Struct):
    conversation_id: str


class Load:
    """Does one job."""

    def __init__(self, job: Job, session: aiohttp.ClientSession) -> None:
        self._job = job
        self._session = session
        self._first = list[float]()
        self._total = list[float]()
        self._askers = list[Asker]()

    async def run(self) -> Result:
        """Raises `RuntimeError` where an answer is not what it should be, `TimeoutError` where all take too long."""
        turns = iter(range(self._job.requests))
        began = perf_counter()
        async with asyncio.timeout(self._job.seconds):
            await asyncio.gather(*(self._work(turns) for _ in range(self._job.concurrency)))
        elapsed = perf_counter() - began
        return Result(first=self._first, total=self._total, elapsed=elapsed, askers=tuple(self._askers))

    async def _work(self, turns: Iterator[int]) -> None:
        for turn in turns:
            await self._ask(self._job.askers[turn % len(self._job.askers)])

    def _body(self, asker: Asker) -> bytes:
        if self._job.kind == "gateway":
            body = {"prompt": _PROMPT, "stream": self._job.stream, "plus": self._job.plus}
            if asker.conversation_id is not None:
                body["conversation_id"] = asker.conversation_id
            return msgspec.json.encode(body)
        # As much history as the gateway's follow-ups have on average.
        roles = ("user", "assistant", "user", "assistant", "user")
        messages = [{"role": role, "content": _PROMPT} for role in roles]
        return msgspec.json.encode({"model": self._job.model, "messages": messages, "stream": self._job.stream})

    async def _ask(self, asker: Asker) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {asker.key}"}
        first = 0.0
        seen = bytearray()
        began = perf_counter()
        async with self._session.post(
            self._job.url + self._job.path, data=self._body(asker), headers=headers
        ) as response:
            async for piece in response.content.iter_any():
                seen += piece
                if not first and _FIRST_WORD in seen:
                    first = perf_counter() - began
        total = perf_counter() - began
        ended = any(end in seen[-4_000:] for end in _ENDS) if self._job.stream else bool(first)
        if response.status != 200 or not first or not ended:
            raise RuntimeError(f"{self._job.url} answered {response.status}: {seen[-500:].decode()}")
        self._first.append(first)
        self._total.append(total)
        if self._job.kind == "gateway" and not self._job.stream:
            self._askers.append(Asker(asker.key, msgspec.json.decode(seen, type=_Begun).conversation_id))


async def serve() -> None:
    """Do jobs until there are no more."""
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        while line := await loop.run_in_executor(None, sys.stdin.buffer.readline):
            result = await Load(msgspec.json.decode(line, type=Job), session).run()
            sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
            sys.stdout.buffer.flush()


class LoadGenerator:
    """The process, as its orderer sees it. What goes wrong in it is said on its standard error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.load",
            cwd=self._folder,
            env=environment({}),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LARGEST_RESULT_BYTES,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def do(self, job: Job) -> Result:
        """Raises `RuntimeError` where the job failed."""
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode(job) + b"\n")
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the load generator ended; see above")
        return msgspec.json.decode(line, type=Result)


if __name__ == "__main__":
    run(serve())
