"""The way of a request that is passed on: account, limits, moderation, provider, caller, and what is written down."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp
import msgspec

from gateway.accounts import AccountPool, PooledAccount
from gateway.allowances import Needs
from gateway.config import Account, Gateway
from gateway.context import room_for_answer
from gateway.errors import ApiError, NotFound, UpstreamFailed
from gateway.limits import Hold, Limits, Spent
from gateway.moderation import moderate
from gateway.prices import price_of, priced
from gateway.principals import Principal
from gateway.relaying.asked import Asked
from gateway.relaying.metering import StreamMeter
from gateway.relaying.models import Models
from gateway.relaying.recording import Kept, Recording
from gateway.relaying.reply import Reply, piece_of
from gateway.request_trace import note_first_text, note_spent
from gateway.times import Clock
from gateway.upstreams.event_stream import LineTooLong
from gateway.upstreams.openai_errors import broken_stream, event_refusal, not_the_protocol, timed_out
from gateway.upstreams.relayed import Relayed, Relays
from gateway.upstreams.transport import Response, left_over, let_finish
from gateway.user_hash import UserHash
from gateway.wire import Usage
from storage import StorageError

log = logging.getLogger(__name__)

_LARGEST_ANSWER_BYTES = 64 * 1_048_576
# How long an answer in one piece may take to be written, of which nothing is seen meanwhile.
_WRITING_SECONDS = 480.0
# After so many pieces a model has begun to speak, and silence counts as idle.
_OPENING_PIECES = 2


class HungUp(Exception):
    """The caller went away."""


class Caller(Protocol):
    """Whoever asked, and is told the answer as it comes."""

    def admitted(self, headers: Mapping[str, str]) -> None:
        """The limits allow it; these headers tell of them."""
        ...

    async def begin(self, content_type: str) -> None:
        """A stream begins. Raises `HungUp`."""
        ...

    async def send(self, data: bytes) -> None:
        """The next events. Raises `HungUp`."""
        ...


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that is whole and written down: what is left to tell of a stream, or all of it."""

    content_type: str
    last: bytes


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    """A request with who answers it, and where it is kept if it is."""

    user: Principal
    asked: Asked
    pooled: PooledAccount
    model: str
    input_tokens: int
    output_tokens: int
    kept: Kept | None

    @property
    def account(self) -> Account:
        return self.pooled.account

    def needs(self) -> Needs:
        """What it may come to at most."""
        return Needs(
            tier=self.account.tier,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            price=lambda asked, answered: price_of(self.account, self.model, asked, answered),
        )

    def usage(self, reply: Reply) -> Usage:
        """What it used, with its price: counted by the provider, else estimated."""
        used = reply.usage
        if used is None:
            used = Usage(input_tokens=self.input_tokens, output_tokens=reply.tokens, estimated=True)
        return priced(used, self.account, self.model)

    def spent(self, usage: Usage) -> Spent:
        """The same as it is written down."""
        return Spent(
            principal_id=self.user.id,
            tier=self.account.tier,
            account=self.account.name,
            model=self.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd or 0.0,
            estimated=usage.estimated,
        )


class Relaying:
    """Passes requests on and answers back. `clock` gives seconds since the epoch, `new_id` a UUID nobody has yet."""

    def __init__(
        self,
        pool: AccountPool,
        limits: Limits,
        recording: Recording,
        settings: Gateway,
        *,
        clock: Clock,
        new_id: Callable[[], str],
        user_hash: UserHash,
    ) -> None:
        self.models = Models(pool)
        self._pool = pool
        self._limits = limits
        self._recording = recording
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._user_hash = user_hash
        self._stores = set[asyncio.Task[None]]()

    async def answer(self, user: Principal, asked: Asked, caller: Caller) -> Answered:
        """Have a request answered; a stream is told as it comes, all but its end.

        If the provider refuses before it answers, nothing is kept. If the answer breaks off after, or the caller hangs
        up or is cancelled, what had arrived is billed, and kept where the settings say so.
        Raises `ApiError`, `HungUp` and `storage.StorageError`.
        """
        with ExitStack() as seat:
            job = await self._prepare(user, asked, seat)
            along = None if job.kept is None else self._recording.along(job.kept)
            async with self._limits.hold(user, job.needs(), along) as hold:
                caller.admitted(hold.headers)
                await moderate(job.pooled, asked.texts, asked.images)
                with self._pool.lease(job.pooled):
                    return await self._relay(job, hold, caller)

    async def close(self) -> None:
        """Finish what is being stored."""
        if self._stores:
            await asyncio.wait(self._stores)

    async def _prepare(self, user: Principal, asked: Asked, seat: ExitStack) -> _Job:
        pooled, model = self.models.pick(user, asked.model, asked.path, images=bool(asked.images))
        seat.enter_context(self._pool.seat(pooled))
        account = pooled.account
        most = 0
        if asked.path != "embeddings":
            longest = room_for_answer(account.context_tokens, account.max_output_tokens)
            most = min(longest, asked.max_output_tokens or longest) * asked.answers
        kept = None
        if self._settings.record_v1 and (said := asked.said()):
            kept = await self._recording.place(user, said, pooled)
        return _Job(
            user=user,
            asked=asked,
            pooled=pooled,
            model=model,
            input_tokens=asked.input_tokens(account),
            output_tokens=most,
            kept=kept,
        )

    def _request(self, job: _Job, output_tokens: int) -> Relayed:
        asked = job.asked
        return Relayed(
            path=asked.path,
            fields=asked.fields,
            model=job.model,
            stream=asked.stream,
            max_output_tokens=None if asked.path == "embeddings" else max(1, output_tokens // asked.answers),
            limit_field=asked.limit_field,
            user=self._user_hash.of(job.user),
            answer_id=self._new_id(),
            created=int(self._clock()),
        )

    async def _relay(self, job: _Job, hold: Hold, caller: Caller) -> Answered:
        upstream = job.pooled.upstream
        if not isinstance(upstream, Relays):
            raise TypeError("every upstream of the pool relays")
        reply = Reply()
        try:
            async with upstream.relay(self._request(job, hold.output_tokens)) as response:
                if job.kept is not None:
                    await hold.on_disk()
                hold.begun = True
                if response.content_type == "text/event-stream":
                    answered = await self._stream(job, response, reply, caller)
                else:
                    answered = await self._whole(job, response, reply)
        except ApiError:
            if hold.begun and reply.tokens:
                await self._surely(self._keep(job, hold, reply))
            raise
        except (HungUp, asyncio.CancelledError):
            # How much of an answer in one piece was written when it was given up nobody tells.
            if hold.begun or not job.asked.stream:
                await self._surely(self._keep(job, hold, reply))
            raise
        await self._record(job, hold, reply)
        return answered

    # The answer

    async def _stream(self, job: _Job, response: Response, reply: Reply, caller: Caller) -> Answered:
        asked = job.asked
        meter = StreamMeter(reply, strip_usage=not asked.wants_usage, keep_text=job.kept is not None)
        await caller.begin("text/event-stream; charset=utf-8")
        try:
            with self._translated(job.account):
                try:
                    await self._pieces(job, response, meter, caller)
                except (aiohttp.ClientError, OSError):
                    # It may have broken while the disk or the caller was waited for.
                    if data := meter.feed(left_over(response)):
                        await caller.send(data)
                    if not (meter.done or meter.error):
                        raise
        finally:
            # Where the provider counted, and nothing is kept, nobody needs to know what it said.
            if job.kept is not None or reply.usage is None or not reply.finished:
                meter.read()
        if meter.error is not None:
            raise event_refusal(job.account, job.model, meter.error, self._clock())
        if not reply.finished:
            raise broken_stream(job.account)
        await let_finish(response)
        return Answered(content_type="text/event-stream", last=meter.last)

    async def _pieces(self, job: _Job, response: Response, meter: StreamMeter, caller: Caller) -> None:
        account, number = job.account, 0
        read, send = response.content.readany, caller.send
        async with _Patience(max(account.first_byte_timeout_seconds, account.idle_timeout_seconds)) as patience:
            while not (meter.done or meter.error):
                patience.begin()
                piece = await read()
                patience.end()
                data = meter.feed(piece) if piece else meter.end()
                if data:
                    await send(data)
                if not piece:
                    return
                number += 1
                if number == 1:
                    note_first_text()
                elif number == _OPENING_PIECES:
                    patience.seconds = account.idle_timeout_seconds

    async def _whole(self, job: _Job, response: Response, reply: Reply) -> Answered:
        body = bytearray()
        with self._translated(job.account):
            async with asyncio.timeout(job.account.first_byte_timeout_seconds + _WRITING_SECONDS):
                while piece := await response.content.readany():
                    body += piece
                    if len(body) > _LARGEST_ANSWER_BYTES:
                        raise LineTooLong
        data = bytes(body)
        piece = piece_of(data)
        if response.content_type != "application/json" or piece is None:
            raise not_the_protocol(job.account)
        if piece.failure is not None and not piece.choices and piece.counts is None:
            raise event_refusal(job.account, job.model, piece.failure, self._clock())
        reply.take(piece)
        reply.finished = True
        return Answered(content_type="application/json", last=data)

    @contextmanager
    def _translated(self, account: Account) -> Generator[None]:
        try:
            yield
        except TimeoutError as error:
            raise timed_out(account) from error
        except LineTooLong as error:
            raise UpstreamFailed(
                f"The provider of the account {account.name} sent more than an answer can be.", code="upstream_flood"
            ) from error

    # After it

    async def _record(self, job: _Job, hold: Hold, reply: Reply) -> None:
        """Write down what was used, and the reply where it is kept."""
        usage = job.usage(reply)
        spent = job.spent(usage)
        note_spent(spent)
        if job.kept is not None and reply.text:
            also = self._limits.settlement(hold, spent)
            try:
                await self._recording.reply(job.user, job.kept, reply, usage, job.pooled, also)
            except NotFound:
                log.info("a conversation was deleted while it was being answered")
            else:
                hold.settled = True
                return
        await self._limits.settle(hold, spent)

    async def _keep(self, job: _Job, hold: Hold, reply: Reply) -> None:
        """The same for an answer that broke off."""
        try:
            await self._record(job, hold, reply)
        except StorageError as error:
            log.error("an answer broke off and was not stored: %s", error)  # noqa: TRY400 -- the message says all

    async def _surely(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this to its end, also when the caller is cancelled meanwhile."""
        task = asyncio.create_task(work)
        self._stores.add(task)
        task.add_done_callback(self._stores.discard)
        await asyncio.shield(task)


class _Patience:
    """Ends its block by `TimeoutError` once one wait in it takes longer than `seconds`.

    One timer looks at all waits: to set and cancel a timer for each piece costs a good part of passing it on.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._limit = asyncio.timeout(None)
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._timer = self._loop.call_later(self.seconds, self._look)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        if self._timer is not None:
            self._timer.cancel()
        return await self._limit.__aexit__(kind, error, trace)

    def begin(self) -> None:
        """A wait begins."""
        self._since = self._loop.time()

    def end(self) -> None:
        """It is over."""
        self._since = None

    def _look(self) -> None:
        left = self.seconds
        if self._since is not None:
            left -= self._loop.time() - self._since
            if left <= 0:
                self._limit.reschedule(self._loop.time())
                return
        self._timer = self._loop.call_later(left, self._look)
