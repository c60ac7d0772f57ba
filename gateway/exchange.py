"""One prompt and its answer on their way through the gateway, and how they are written down and told."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from gateway.accounts import PooledAccount
from gateway.allowances import Naming, Needs
from gateway.conversations import ConversationRecord, StoredMessage
from gateway.errors import UpstreamFailed
from gateway.limits import Spent
from gateway.prices import price_of, priced
from gateway.principals import Principal
from gateway.times import milliseconds
from gateway.titles import title_request
from gateway.tokens import estimate_tokens
from gateway.upstreams.base import Completion, Finished
from gateway.wire import ChatAnswer, ReplyMessage, Start, Usage


class PartialReply:
    """What has arrived of an answer so far."""

    def __init__(self) -> None:
        self._pieces = list[str]()
        self.finished: Finished | None = None

    def add(self, text: str) -> None:
        """Take the next piece."""
        self._pieces.append(text)

    @property
    def text(self) -> str:
        """All pieces in one."""
        return "".join(self._pieces)

    def __bool__(self) -> bool:
        return any(self._pieces)


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known of a prompt before the upstream is asked. `began` is in seconds since the epoch; `new` says that
    the conversation begins here, `again` that the prompt was kept before.
    """

    user: Principal
    record: ConversationRecord
    new: bool
    again: bool = False
    history: list[StoredMessage]
    prompt: StoredMessage
    reply_id: str
    pooled: PooledAccount
    completion: Completion
    began: float

    def __repr__(self) -> str:
        return f"Exchange({self.record.id}, {self.prompt.id})"

    def needs(self) -> Needs:
        """What the prompt may come to at most."""
        return Needs(
            tier=self.record.tier,
            input_tokens=self._input_tokens(),
            output_tokens=self.completion.max_output_tokens,
            price=self._price,
            own_credential=self.record.own_credential,
            naming=self._naming() if self.new else None,
        )

    def within(self, output_tokens: int) -> "Exchange":
        """The same with an answer that is no longer than that."""
        if output_tokens >= self.completion.max_output_tokens:
            return self
        shorter = msgspec.structs.replace(self.completion, max_output_tokens=output_tokens)
        return msgspec.structs.replace(self, completion=shorter)

    def spent(self, reply: StoredMessage) -> Spent:
        """What the answer used, from the reply as it is kept; on its user's own credential it cost us nothing."""
        return Spent(
            principal_id=self.user.id,
            tier=self.record.tier,
            account=self.pooled.account.name,
            model=self.pooled.account.model,
            input_tokens=reply.input_tokens or 0,
            output_tokens=reply.output_tokens or 0,
            cost_usd=0.0 if self.record.own_credential else reply.cost_usd or 0.0,
            estimated=reply.estimated,
        )

    def title_request(self) -> Completion:
        """What a model is asked with for the conversation's title."""
        account = self.pooled.account
        return title_request(account.title_model or account.model, self.prompt.content)

    def spent_on_title(self, usage: Usage) -> Spent:
        """What the title used."""
        account, model = self.pooled.account, self.title_request().model
        cost = 0.0 if self.record.own_credential else priced(usage, account, model).cost_usd or 0.0
        return Spent(
            principal_id=self.user.id,
            tier=self.record.tier,
            account=account.name,
            model=model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=cost,
            estimated=False,
            requests=0,
        )

    def start(self) -> Start:
        """What is told once the upstream has taken the prompt."""
        return Start(
            conversation_id=self.record.id,
            message_id=self.reply_id,
            parent_id=self.prompt.id,
            model=self.completion.model,
            tier=self.record.tier,
        )

    def check(self, reply: PartialReply) -> None:
        """Refuse an answer without a word: nobody could read it, and no model takes it back as history.

        Raises `UpstreamFailed` with code `upstream_empty_answer`.
        """
        if reply:
            return
        name = self.pooled.account.name
        if reply.finished is not None and reply.finished.reason == "length":
            words = (
                "The model used up its room before it said anything. Ask for less at once; "
                f"an admin can raise max_output_tokens of the account {name}."
            )
        else:
            words = f"The model of the account {name} gave an empty answer. Ask again, or say it differently."
        raise UpstreamFailed(words, code="upstream_empty_answer")

    def stored(self, reply: PartialReply, now: float) -> StoredMessage:
        """The reply as it is kept; incomplete unless the upstream finished it."""
        account, finished = self.pooled.account, reply.finished
        usage = self._usage(reply)
        return StoredMessage(
            id=self.reply_id,
            conversation_id=self.record.id,
            parent_id=self.prompt.id,
            role="assistant",
            content=reply.text,
            created_at=milliseconds(now),
            status="incomplete" if finished is None else "complete",
            finish_reason=None if finished is None else finished.reason,
            model=account.model,
            account=account.name,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=usage.cost_usd,
            estimated=usage.estimated,
            author_id=self.prompt.author_id,
        )

    def answer(self, reply: StoredMessage, title: str, now: float) -> ChatAnswer:
        """The whole answer as it is told, from the reply as it is kept."""
        told = reply.to_wire()
        began = datetime.fromtimestamp(self.began, UTC)
        return ChatAnswer(
            conversation_id=self.record.id,
            conversation_title=title,
            message=ReplyMessage(id=told.id, content=told.content),
            message_id=told.id,
            parent_id=told.parent_id,
            reply=reply.content,
            model=self.completion.model,
            tier=self.record.tier,
            finish_reason=reply.finish_reason,
            usage=told.usage or Usage(input_tokens=0, output_tokens=0),
            api_user=self.user.name,
            api_client_id=self.user.client_name,
            api_prompt=self.prompt.content,
            api_prompt_time_origin=self.began,
            api_prompt_time_origin_readable=f"{began:%Y-%m-%d %H:%M:%S} UTC",
            api_response_time_taken=max(0.0, now - self.began),
            last_message_prompt=self._last("user"),
            last_message_reply=self._last("assistant"),
        )

    def _usage(self, reply: PartialReply) -> Usage:
        """What the provider counted, else an estimate; with its price."""
        usage = None if reply.finished is None else reply.finished.usage
        if usage is None:
            usage = Usage(input_tokens=self._input_tokens(), output_tokens=estimate_tokens(reply.text), estimated=True)
        return priced(usage, self.pooled.account)

    def _input_tokens(self) -> int:
        return sum(turn.tokens for turn in self.completion.turns)

    def _price(self, input_tokens: int, output_tokens: int) -> float:
        account = self.pooled.account
        return price_of(account, account.model, input_tokens, output_tokens)

    def _naming(self) -> Naming:
        request = self.title_request()
        asked, answered = sum(turn.tokens for turn in request.turns), request.max_output_tokens
        used = Usage(input_tokens=asked, output_tokens=answered)
        return Naming(tokens=asked + answered, cost_usd=priced(used, self.pooled.account, request.model).cost_usd)

    def _last(self, role: Literal["user", "assistant"]) -> str | msgspec.UnsetType:
        return next((message.content for message in reversed(self.history) if message.role == role), msgspec.UNSET)
