"""The gateway with a database that has grown beside one that is empty, in front of the same provider, in turns."""

import asyncio
import sqlite3
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.figures import Figure, Report, compared
from benchmarks.load import Asker, Job, LoadGenerator, Result
from benchmarks.running_gateway import running_gateway
from benchmarks.serving import Server
from gateway.client import GatewayClient

_CONCURRENCY = 64
_FOLLOW_UPS = 4
_CONVERSATIONS_EACH = 10
_MESSAGES_EACH = 10
_DAYS_OF_USE = 30


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """Users in the grown database, each with a hundred messages; rounds, and requests in each."""

    users: int
    rounds: int
    sequential: int
    parallel: int


FULL = Scale(users=10_000, rounds=9, sequential=80, parallel=384)
QUICK = Scale(users=500, rounds=3, sequential=24, parallel=128)

# Words from a number, so that texts differ and the search index is as large as it would be.
_TEXT = """
'What about ' || printf('w%x w%x w%x', n % 997, n % 4999, n % 99991) || ', and what more does a gateway do with '
|| printf('v%x v%x', n % 503, n % 20011) || '? Say it in three sentences, for somebody who has never seen one before.'
"""
_NUMBERS = "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)"
_ID = "printf('%08x-0000-4000-8000-%012x', {kind}, {number})"
_NOW = "CAST(strftime('%s', 'now') AS INTEGER) * 1000"


class Case(msgspec.Struct, frozen=True):
    """One kind of request."""

    name: str
    stream: bool
    new: bool = False


_CASES = (
    Case("follow-up, not streamed", stream=False),
    Case("follow-up, streamed", stream=True),
    Case("new conversation and its title, streamed", stream=True, new=True),
)


class Bench:
    """The processes of one run."""

    def __init__(self, grown: "Side", empty: "Side", load: LoadGenerator, scale: Scale) -> None:
        self._sides = (grown, empty)
        self._load = load
        self._scale = scale

    async def figures(self, case: Case) -> list[Figure]:
        """Time to the end of a request alone, and throughput and CPU of many at a time."""
        alone, _ = await self._measure(case, 1)
        many, cpu = await self._measure(case, _CONCURRENCY)
        totals = [[1000 * median(result.total) for result in results] for results in alone]
        speeds = [[result.per_second for result in results] for results in many]
        return [
            compared(f"time to the end: {case.name}", "ms", *totals),
            compared(f"throughput, {_CONCURRENCY} at a time: {case.name}", "/s", *speeds),
            compared(f"server's CPU a request: {case.name}", "ms", *cpu),
        ]

    async def warm_up(self) -> None:
        """Connections, caches, the allocator."""
        for case in _CASES:
            await self._measure(case, 8)

    async def _measure(self, case: Case, concurrency: int) -> tuple[list[list[Result]], list[list[float]]]:
        requests = self._scale.sequential if concurrency == 1 else self._scale.parallel
        results: list[list[Result]] = [[], []]
        cpu: list[list[float]] = [[], []]
        for number in range(self._scale.rounds):
            for which in (0, 1) if number % 2 else (1, 0):
                side = self._sides[which]
                askers = side.newcomers if case.new else await self._begin(side, requests)
                before = side.server.cpu_seconds()
                results[which].append(await self._ask(side, askers, requests, concurrency, stream=case.stream))
                cpu[which].append((side.server.cpu_seconds() - before) * 1000 / requests)
        return results, cpu

    async def _begin(self, side: "Side", requests: int) -> tuple[Asker, ...]:
        begun = await self._ask(side, side.newcomers, max(1, requests // _FOLLOW_UPS), 8, stream=False)
        return begun.askers

    async def _ask(
        self, side: "Side", askers: tuple[Asker, ...], requests: int, concurrency: int, *, stream: bool
    ) -> Result:
        return await self._load.do(
            Job(
                url=side.server.url,
                path="/api/chat",
                kind="gateway",
                stream=stream,
                requests=requests,
                concurrency=concurrency,
                askers=askers,
            )
        )


class Side(msgspec.Struct, frozen=True):
    """One gateway, who asks it, and how large its database is in megabytes."""

    server: Server
    newcomers: tuple[Asker, ...]
    megabytes: float


async def measure(scale: Scale) -> Report:
    """All of it. Raises `RuntimeError` where a server does not start or answers wrongly."""
    async with AsyncExitStack() as stack:
        folder, grown_at, empty_at = (
            Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rolekey-bench-"))) for _ in range(3)
        )
        upstream = await stack.enter_async_context(Server(folder, "benchmarks.upstream"))
        load = await stack.enter_async_context(LoadGenerator(folder))
        grown = await stack.enter_async_context(_side(grown_at, upstream, scale.users, talks=True))
        empty = await stack.enter_async_context(_side(empty_at, upstream, _CONCURRENCY, talks=False))
        bench = Bench(grown, empty, load, scale)
        await bench.warm_up()
        figures = [figure for case in _CASES for figure in await bench.figures(case)]
    return Report(
        title="Gateway with a database that has grown",
        ours="grown",
        reference="empty",
        figures=figures,
        notes=[_note(scale, grown)],
    )


def _note(scale: Scale, grown: Side) -> str:
    messages = scale.users * _CONVERSATIONS_EACH * _MESSAGES_EACH
    return (
        f"Grown: {messages:,} messages of {scale.users:,} users in {grown.megabytes:,.0f} MB, all of them in the "
        f"search index, and what each used on {_DAYS_OF_USE} days. Empty: {_CONCURRENCY} users. "
        "The same number ask in both."
    )


@asynccontextmanager
async def _side(folder: Path, upstream: Server, users: int, *, talks: bool) -> AsyncGenerator[Side]:
    async def fill(database: Path) -> None:
        await asyncio.to_thread(_fill, database, users, talks=talks)

    async with running_gateway(folder, upstream.url, plus_path="/v1", fill=fill) as (server, client_key):
        async with GatewayClient(server.url, client_key) as client:
            step = users // _CONCURRENCY
            names = [f"user {number * step}" for number in range(_CONCURRENCY)]
            keys = [(await client.rotate_key(name)).key for name in names]
        megabytes = (folder / "data" / "gateway.db").stat().st_size / 2**20
        yield Side(server, tuple(Asker(key) for key in keys), megabytes)


def _fill(database: Path, users: int, *, talks: bool) -> None:
    """Write users of the one client there is into the gateway's database, and what they have said and used."""
    conversations = users * _CONVERSATIONS_EACH if talks else 0
    values = {"users": users, "conversations": conversations, "messages": conversations * _MESSAGES_EACH}
    conversation = _ID.format(kind=1, number="n / " + str(_MESSAGES_EACH))
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = -200000")
        connection.execute("BEGIN")
        connection.execute(
            f"{_NUMBERS} INSERT INTO principals (client_id, name, username, plus, role, created_at)"
            f" SELECT (SELECT id FROM principals WHERE role = 'client'), 'user ' || n, 'User', 1, 'user', {_NOW}"
            " FROM numbers",
            {"count": users},
        )
        connection.execute(
            "INSERT INTO keys (principal_id, hash, hint, created_at)"
            f" SELECT id, randomblob(32), '0000', {_NOW} FROM principals WHERE role = 'user'"
        )
        if talks:
            _fill_talks(connection, values, conversation)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _fill_talks(connection: sqlite3.Connection, values: dict[str, int], conversation: str) -> None:
    first = "(SELECT min(id) FROM principals WHERE role = 'user')"
    connection.execute(
        f"{_NUMBERS} INSERT INTO conversations"
        " (id, owner_id, title, title_source, tier, account, model, created_at, updated_at)"
        f" SELECT {_ID.format(kind=1, number='n')}, {first} + n % :users, 'About w' || n % 9973, 'generated', 'free',"
        f" 'free', 'bench', {_NOW} - n, {_NOW} - n FROM numbers",
        {"count": values["conversations"], "users": values["users"]},
    )
    connection.execute(
        f"{_NUMBERS} INSERT INTO messages (id, conversation_id, parent_id, role, content, status, model, account,"
        " input_tokens, output_tokens, cost_usd, created_at)"
        f" SELECT {_ID.format(kind=2, number='n')}, {conversation},"
        f" CASE WHEN n % {_MESSAGES_EACH} > 0 THEN {_ID.format(kind=2, number='n - 1')} END,"
        f" CASE n % 2 WHEN 0 THEN 'user' ELSE 'assistant' END, {_TEXT}, 'complete', 'bench', 'free', 40, 40, 0.0,"
        f" {_NOW} - n FROM numbers",
        {"count": values["messages"]},
    )
    connection.execute(
        f"{_NUMBERS} INSERT INTO usage (principal_id, day, tier, account, model, requests, estimated, input_tokens,"
        " output_tokens, cost_usd)"
        f" SELECT {first} + n / {_DAYS_OF_USE}, CAST(strftime('%s', 'now') AS INTEGER) / 86400 - n % {_DAYS_OF_USE},"
        " 'free', 'free', 'bench', 1, 0, 40, 40, 0.0 FROM numbers",
        {"count": values["users"] * _DAYS_OF_USE},
    )
