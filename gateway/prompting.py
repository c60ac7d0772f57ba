"""The way of a prompt: history, account, upstream, storage, answer."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, ExitStack, aclosing
from typing import Any, TypeVar

import msgspec

from gateway.accounts import AccountPool, Lease, PooledAccount
from gateway.attachments import image_part
from gateway.config import Gateway
from gateway.context import fit, room_for_answer
from gateway.conversations import ConversationRecord, Conversations, StoredMessage
from gateway.errors import ApiError, NotFound
from gateway.exchange import Exchange, PartialReply
from gateway.limits import Along, Hold, Limits
from gateway.moderation import moderate
from gateway.own_credentials import OwnCredentials, own_lease
from gateway.placing import Place, Placing
from gateway.principals import Principal
from gateway.request_trace import note_first_text, note_spent
from gateway.shown_files import check_images, turns_of, with_data, with_tokens
from gateway.times import Clock, milliseconds
from gateway.titles import generate_title, provisional_title
from gateway.upstreams.base import Completion, Event, Finished, Text
from gateway.user_hash import UserHash
from gateway.wire import ChatAnswer, ChatRequest, Delta, Start, is_on
from storage import StorageError

log = logging.getLogger(__name__)

ChatEvent = Start | Delta | ChatAnswer
T = TypeVar("T")

# A title that takes longer than this is not worth its connection.
_TITLE_SECONDS = 30.0


class Prompting:
    """Answers prompts.

    `clock` gives seconds since the epoch, `new_id` a UUID that nobody has yet.
    """

    def __init__(
        self,
        conversations: Conversations,
        pool: AccountPool,
        limits: Limits,
        settings: Gateway,
        *,
        own_credentials: OwnCredentials,
        clock: Clock,
        new_id: Callable[[], str],
        user_hash: UserHash,
    ) -> None:
        self._conversations = conversations
        self._placing = Placing(conversations, settings)
        self._pool = pool
        self._limits = limits
        self._own_credentials = own_credentials
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._user_hash = user_hash
        self._titles = set[asyncio.Task[None]]()
        self._stores = set[asyncio.Task[Any]]()

    async def prompt(
        self,
        user: Principal,
        request: ChatRequest,
        *,
        stream: bool = True,
        admitted: Callable[[Mapping[str, str]], None] | None = None,
    ) -> AsyncGenerator[ChatEvent]:
        """Answer a prompt of `user`'s: `Start`, `Delta`s, then the whole `ChatAnswer`.

        Who has no use for pieces says so by `stream`: the provider is asked for the answer in one, and nothing is kept
        where that breaks off.

        When `Start` comes, the upstream has taken the prompt and it is on disk; when the answer comes, so is the reply.
        If the upstream refuses before, nothing is kept. If the answer breaks off after, or the caller closes the
        generator or is cancelled, what had arrived is kept as incomplete, and the `ApiError` says under which ids.
        Before `Start`, `admitted` is given the headers that tell of the user's limits.
        Raises `ApiError` and `storage.StorageError`.
        """
        self._placing.check(request)
        with ExitStack() as seat:
            exchange = await self._prepare(user, request, seat, stream=stream)
            async with self._limits.hold(user, exchange.needs(), self._prompt_of(exchange)) as hold:
                if admitted is not None:
                    admitted(hold.headers)
                await moderate(exchange.pooled, *_read_by_model(exchange, request))
                async with aclosing(self._answer(exchange.within(hold.output_tokens), hold)) as events:
                    async for event in events:
                        yield event

    async def _answer(self, exchange: Exchange, hold: Hold) -> AsyncGenerator[ChatEvent]:
        reply = PartialReply()
        with self._lease(exchange) as lease:
            async with aclosing(lease.upstream.stream(exchange.completion)) as events:
                await self._begin(exchange, hold, events)
                naming = self._name(exchange, lease) if exchange.new and hold.named else None
                try:
                    yield exchange.start()
                    async for event in events:
                        if isinstance(event, Text):
                            if not reply:
                                note_first_text()
                            reply.add(event.text)
                            yield Delta(text=event.text)
                        elif isinstance(event, Finished):
                            reply.finished = event
                    exchange.check(reply)
                except ApiError as error:
                    error.conversation_id = exchange.record.id
                    error.message_id = await self._surely(self._keep(exchange, hold, reply))
                    raise
                except BaseException:
                    await events.aclose()
                    await self._surely(self._keep(exchange, hold, reply, hung_up=True))
                    raise
        stored = await self._record(exchange, hold, reply)
        title = await self._title_within_reason(exchange, naming)
        yield exchange.answer(stored, title, self._clock())

    async def close(self) -> None:
        """Give up titles still under way and finish what is being stored."""
        for task in self._titles:
            task.cancel()
        pending = self._titles | self._stores
        if pending:
            await asyncio.wait(pending)

    # Before the upstream

    async def _prepare(self, user: Principal, request: ChatRequest, seat: ExitStack, *, stream: bool) -> Exchange:
        began = self._clock()
        place = await self._placing.find(user, request)
        record, files, again = place.record, place.files, place.again
        pooled = self._who_answers(user, request, record, images=any(file.is_image for file in files))
        check_images(files, pooled.account)
        if request.access_token is None:
            seat.enter_context(self._pool.seat(pooled))
        completion = await self._completion(user, request, place, pooled)
        new = record is None
        record = record or self._new_record(user, request, pooled, began)
        prompt = again or StoredMessage(
            id=self._new_id(),
            conversation_id=record.id,
            parent_id=place.history[-1].id if place.history else None,
            role="user",
            content=place.text,
            created_at=milliseconds(began),
            files=files,
            author_id=None if user.id == record.owner_id else user.id,
        )
        return Exchange(
            user=user,
            record=record,
            new=new,
            again=again is not None,
            history=place.history,
            prompt=prompt,
            reply_id=self._new_id(),
            pooled=pooled,
            completion=msgspec.structs.replace(completion, conversation_id=record.id, stream=stream),
            began=began,
        )

    def _who_answers(
        self, user: Principal, request: ChatRequest, record: ConversationRecord | None, *, images: bool
    ) -> PooledAccount:
        if request.access_token is not None:
            tier = "plus" if is_on(request.user_plus) else "free"
            return self._own_credentials.account(request.access_token, user, tier=tier, continued=record)
        if record is not None:
            return self._pool.pinned(record.account, record.tier, request.plus, user_plus=user.plus)
        return self._pool.pick(request.plus, user_plus=user.plus, images=images)

    async def _completion(
        self, user: Principal, request: ChatRequest, place: Place, pooled: PooledAccount
    ) -> Completion:
        account, record = pooled.account, place.record
        system = request.system if request.system is not None else record.system if record else None
        answer_tokens = room_for_answer(account.context_tokens, account.max_output_tokens)
        room = self._settings.max_attached_bytes - sum(file.size for file in place.files)
        turns = fit(
            self._settings.system_prompt if system is None else system,
            turns_of(place.history, account, most_bytes=room),
            place.text,
            files=with_tokens(place.files, account),
            input_tokens=account.context_tokens - answer_tokens,
        )
        return Completion(
            model=account.model,
            turns=await with_data(turns, self._conversations.data_of),
            max_output_tokens=answer_tokens,
            # With a credential of one's own the provider knows who it is.
            user=None if request.access_token is not None else self._user_hash.of(user),
        )

    def _new_record(
        self, user: Principal, request: ChatRequest, pooled: PooledAccount, began: float
    ) -> ConversationRecord:
        return ConversationRecord(
            id=self._new_id(),
            owner_id=user.id,
            owner_name=user.name,
            client_id=user.client_id,
            client_name=user.client_name,
            title=provisional_title(request.prompt),
            title_source="provisional",
            tier=pooled.account.tier,
            account=pooled.account.name,
            model=pooled.account.model,
            system=request.system,
            created_at=milliseconds(began),
            updated_at=milliseconds(began),
        )

    # While the upstream answers

    def _lease(self, exchange: Exchange) -> AbstractContextManager[Lease]:
        if exchange.record.own_credential:
            return own_lease(exchange.pooled)
        return self._pool.lease(exchange.pooled)

    async def _begin(self, exchange: Exchange, hold: Hold, events: AsyncGenerator[Event]) -> None:
        """Return once the upstream has taken the prompt and the prompt is on disk."""
        try:
            await anext(events)
        except (GeneratorExit, asyncio.CancelledError):
            if not exchange.completion.stream:
                # How much of an answer in one piece was written when it was given up nobody tells.
                await self._surely(self._limits.settle(hold, exchange.spent(exchange.stored(PartialReply(), 0.0))))
            raise
        await hold.on_disk()
        hold.begun = True

    def _prompt_of(self, exchange: Exchange) -> Along | None:
        """The prompt is stored together with what is reserved for it, while the upstream is asked; if either of the
        two fails, it is taken back. One that was kept before stays as it is."""
        if exchange.again:
            return None
        return Along(
            self._conversations.prompt_record(exchange.record, new=exchange.new, prompt=exchange.prompt),
            undo=self._conversations.prompt_withdrawal(exchange.record.id, exchange.prompt.id),
        )

    def _name(self, exchange: Exchange, lease: Lease) -> asyncio.Task[None]:
        task = asyncio.create_task(self._title(exchange, lease))
        self._titles.add(task)
        task.add_done_callback(self._titles.discard)
        return task

    async def _title(self, exchange: Exchange, lease: Lease) -> None:
        """Store a generated title; where there is none the provisional one stays."""
        with self._pool.hold(exchange.pooled):
            title = await generate_title(lease.upstream, exchange.title_request(), seconds=_TITLE_SECONDS)
        if title.usage is None:
            return
        spent = exchange.spent_on_title(title.usage)
        note_spent(spent)
        try:
            await self._conversations.set_title(
                exchange.record.id, title.text, source="generated", also=self._limits.charge(spent)
            )
        except StorageError as error:
            log.warning("the title of conversation %s was not stored: %s", exchange.record.id, error)

    async def _title_within_reason(self, exchange: Exchange, naming: asyncio.Task[None] | None) -> str:
        """The title the conversation has once it was named, or once that takes too long; its user may have named it."""
        if naming is None:
            return exchange.record.title
        await asyncio.wait({naming}, timeout=self._settings.title_wait_seconds)
        try:
            return (await self._conversations.find(exchange.record.id, exchange.user)).title
        except (NotFound, StorageError):
            return exchange.record.title

    # After the upstream

    async def _record(self, exchange: Exchange, hold: Hold, reply: PartialReply) -> StoredMessage:
        """Store a reply, and with it what it used."""
        stored = exchange.stored(reply, self._clock())
        spent = exchange.spent(stored)
        note_spent(spent)
        try:
            await self._conversations.record_reply(stored, also=self._limits.settlement(hold, spent))
        except NotFound:
            await self._limits.settle(hold, spent)  # what is gone was used all the same
            raise
        hold.settled = True
        return stored

    async def _keep(self, exchange: Exchange, hold: Hold, reply: PartialReply, *, hung_up: bool = False) -> str | None:
        """Store what has arrived of a reply; the id it is stored under, None where nothing had.

        Of an answer without a word what it used counts where the provider finished it or the caller gave it up.
        """
        try:
            if not reply:
                if hung_up or reply.finished is not None:
                    await self._limits.settle(hold, exchange.spent(exchange.stored(reply, self._clock())))
                return None
            await self._record(exchange, hold, reply)
        except NotFound:
            return None
        except StorageError as error:
            log.error("the reply to prompt %s broke off and was not stored: %s", exchange.prompt.id, error)  # noqa: TRY400 -- the message says all
            return None
        return exchange.reply_id

    async def _surely(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this to its end, also when the caller is cancelled meanwhile."""
        task = asyncio.create_task(work)
        self._stores.add(task)
        task.add_done_callback(self._stores.discard)
        return await asyncio.shield(task)


def _read_by_model(exchange: Exchange, request: ChatRequest) -> tuple[list[str], list[dict[str, Any]]]:
    """Every text and every image that comes with the request."""
    files = exchange.prompt.files
    texts = [text for text in (exchange.prompt.content, request.system) if text]
    texts += [file.text for file in files if not file.is_image and file.size]
    return texts, [image_part(file) for file in files if file.is_image]
