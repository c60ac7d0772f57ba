"""Our own agents, which pass requests on to a server that speaks OpenAI's protocol, and its answers back."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast, get_args

import aiohttp
import msgspec
from aiohttp import WSMessage, WSMsgType

from gateway.agents import messages
from gateway.agents.connection import AgentConnection, Line, Timing, text_of
from gateway.agents.errors import ProtocolBroken, refused, server_unreachable, too_much
from gateway.agents.messages import NUMBER_BYTES, End, Failed, FromAgent, Head, Hello, Pong, Status, to_text
from gateway.config import Account
from gateway.errors import ApiError
from gateway.upstreams.openai import OpenAIUpstream
from gateway.upstreams.transport import Response

# What nobody has read yet of an answer: far more than a reader that keeps up ever leaves.
_MOST_UNREAD_BYTES = 4 * 1_048_576
# An answer as long as any model's, each of its tokens in an event of its own.
_MOST_BYTES = 32 * 1_048_576

_DECODER = msgspec.json.Decoder(FromAgent)
_PATHS = get_args(messages.Path)


class Gone(aiohttp.ClientConnectionError):
    """The agent's connection is no more."""


class Tunnelled:
    """One answer on its way through an agent: a `Response` and its `Body`."""

    def __init__(self, account: Account, let_go: Callable[[], None]) -> None:
        self.account = account
        self.head: asyncio.Future[Head] = asyncio.get_running_loop().create_future()
        self._let_go = let_go
        self._pieces = deque[bytes]()
        self._unread = 0
        self._total = 0
        self._ended = False
        self._failure: Exception | None = None
        self._news = asyncio.Event()

    def __repr__(self) -> str:
        return f"Tunnelled({self.account.name!r})"

    # For the agent's connection

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self._ended or self._failure is not None

    def feed(self, data: bytes) -> None:
        """Take a piece of the body. Raises `ProtocolBroken` before the head."""
        if not self.head.done():
            raise ProtocolBroken("a body before its head")
        self._pieces.append(data)
        self._unread += len(data)
        self._total += len(data)
        if self._unread > _MOST_UNREAD_BYTES or self._total > _MOST_BYTES:
            self._pieces.clear()
            self.fail(too_much(self.account))
        self._news.set()

    def end(self) -> None:
        """The body is whole. Raises `ProtocolBroken` before the head."""
        if not self.head.done():
            raise ProtocolBroken("an end before its head")
        self._ended = True
        self._news.set()

    def fail(self, error: Exception) -> None:
        """There is no more to come, and why."""
        if not self.head.done():
            self.head.set_exception(error)
            self.head.exception()  # whoever asked may be gone
        self._failure = error
        self._news.set()

    # For whoever asked

    @property
    def status(self) -> int:
        """See `Response`."""
        return self.head.result().status

    @property
    def headers(self) -> Mapping[str, str]:
        """See `Response`; names are in lower case."""
        return {name.lower(): value for name, value in self.head.result().headers.items()}

    @property
    def content_type(self) -> str:
        """See `Response`."""
        return self.head.result().content_type

    @property
    def content(self) -> "Tunnelled":
        """See `Response`."""
        return self

    def release(self) -> None:
        """See `Response`."""
        self._let_go()

    async def readany(self) -> bytes:
        """See `Body`."""
        while not self._pieces and not self.over:
            self._news.clear()
            await self._news.wait()
        if not self._pieces and self._failure is not None:
            raise self._failure
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._unread = 0
        return data

    async def read(self, n: int = -1, /) -> bytes:
        """See `Body`."""
        data = await self.readany()
        if 0 <= n < len(data):
            self._pieces.appendleft(data[n:])
            self._unread = len(data) - n
            return data[:n]
        return data

    def at_eof(self) -> bool:
        """See `Body`."""
        return not self._pieces and self._ended


class TunnelConnection(AgentConnection):
    """A `rolekey agent` that is connected."""

    dialect = "rolekey"

    def __init__(
        self, line: Line, hello: Hello, *, name: str, timing: Timing, check_key: Callable[[], Awaitable[object]]
    ) -> None:
        super().__init__(line, name=name, session=hello.session, timing=timing, check_key=check_key)
        self._models = hello.models
        self._at_once = hello.at_once
        self._says_busy = 0
        self._answers = dict[int, Tunnelled]()
        self._last = 0
        self._pinged: int | None = None
        self._upstreams = dict[str, tuple[Account, OpenAIUpstream]]()

    @property
    def at_once(self) -> int:
        """See `AgentConnection`."""
        return self._at_once

    @property
    def models(self) -> list[str]:
        """See `AgentConnection`."""
        return self._models

    @property
    def busy(self) -> int:
        """What it works on for us, or as much more as it says."""
        return max(super().busy, self._says_busy)

    def upstream(self, account: Account) -> OpenAIUpstream:
        """See `AgentConnection`. It remembers what it found out about the agent's server."""
        known, upstream = self._upstreams.get(account.name, (None, None))
        if upstream is None or known != account:
            # Where the server is, only the agent knows.
            there = msgspec.structs.replace(account, base_url="")
            upstream = OpenAIUpstream(there, "", transport=TunnelTransport(self, there))
            self._upstreams[account.name] = (account, upstream)
        return upstream

    async def ask(self, account: Account, path: str, body: bytes | None) -> Response:
        """Have the agent ask its server.

        Raises `Gone`, and `ApiError` where the agent could not or would not ask.
        """
        if self.closed:
            raise Gone("the agent is gone")
        if path not in _PATHS:
            raise refused(account)
        self._last += 1
        number = self._last
        answer = self._answers[number] = Tunnelled(account, lambda: self._release(number))
        request = messages.Request(
            number=number,
            path=cast("messages.Path", path),
            body=messages.NO_BODY if body is None else msgspec.Raw(body),
        )
        try:
            await self._send(to_text(request))
            await answer.head
        except BaseException:
            self._release(number)
            raise
        return answer

    def _release(self, number: int) -> None:
        answer = self._answers.pop(number, None)
        if answer is not None and not answer.over and not self.closed:
            self._soon(self._send(to_text(messages.Cancel(number=number))))

    # What it says

    def _take(self, message: WSMessage) -> None:
        if message.type is WSMsgType.BINARY:
            self._take_body(cast("bytes", message.data))
            return
        text = text_of(message)
        if text is None:
            return
        try:
            said = _DECODER.decode(text)
        except msgspec.MsgspecError:
            raise ProtocolBroken("a text frame that is no message of this protocol") from None
        self._take_message(said)

    def _take_message(self, said: Any) -> None:
        match said:
            case Head():
                answer = self._answer(said.number)
                if answer is not None:
                    _give_head(answer, said)
            case End():
                answer = self._answer(said.number)
                if answer is not None:
                    answer.end()
            case Failed():
                answer = self._answer(said.number)
                if answer is not None:
                    answer.fail(_failure(said, answer))
            case Status():
                self._at_once, self._says_busy = said.at_once, said.busy
            case Pong():
                if said.number != self._pinged:
                    raise ProtocolBroken("a pong without its ping")
                self._pinged = None
            case _:
                raise ProtocolBroken("a second hello")

    def _take_body(self, frame: bytes) -> None:
        if len(frame) < NUMBER_BYTES:
            raise ProtocolBroken("a binary frame without a number")
        answer = self._answer(int.from_bytes(frame[:NUMBER_BYTES]))
        if answer is not None:
            answer.feed(frame[NUMBER_BYTES:])
            if answer.over:
                self._soon(self._send(to_text(messages.Cancel(number=int.from_bytes(frame[:NUMBER_BYTES])))))

    def _answer(self, number: int) -> Tunnelled | None:
        """The answer that a frame belongs to, None where nobody waits for it any more.

        Raises `ProtocolBroken` for a number that was never given.
        """
        if not 1 <= number <= self._last:
            raise ProtocolBroken("an answer to a request that was never made")
        answer = self._answers.get(number)
        return None if answer is None or answer.over else answer

    def _lose_all(self) -> None:
        for answer in self._answers.values():
            if not answer.over:
                answer.fail(Gone("the agent is gone"))

    async def _ping(self, number: int) -> None:
        self._pinged = number
        await self._send(to_text(messages.Ping(number=number)))

    def _awaits_pong(self) -> bool:
        return self._pinged is not None


class TunnelTransport:
    """A `Transport` to the server of one agent."""

    def __init__(self, connection: TunnelConnection, account: Account) -> None:
        self._connection = connection
        self._account = account

    async def request(self, path: str, body: bytes | None = None) -> Response:
        """See `Transport`."""
        return await self._connection.ask(self._account, path, body)

    async def close(self) -> None:
        """The connection is the agent's, and stays."""


def _give_head(answer: Tunnelled, head: Head) -> None:
    if answer.head.done():
        raise ProtocolBroken("a second head")
    answer.head.set_result(head)


def _failure(said: Failed, answer: Tunnelled) -> Exception:
    if said.why == "broken" or answer.head.done():
        return aiohttp.ClientPayloadError("the agent's server broke off")
    account = answer.account
    failure: ApiError = server_unreachable(account) if said.why == "unreachable" else refused(account)
    return failure
