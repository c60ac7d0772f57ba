"""Agents of ChatGPT-API-server, message for message: a browser with a chat of its own that answers whole, one prompt at
a time. They bring no key.

https://github.com/ChatGPT-Hackers/ChatGPT-API-server (`handlers/client.go`, `handlers/api.go`, `types/types.go`) and
https://github.com/ChatGPT-Hackers/ChatGPT-API-agent (`src/content.js`)
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import aiohttp
import msgspec
from aiohttp import WSMessage, web

from gateway.agents.connection import AgentConnection, Line, Timing, text_of
from gateway.agents.errors import ProtocolBroken, agent_gone, refused, reported
from gateway.config import Account
from gateway.errors import ApiError
from gateway.titles import TITLE_INSTRUCTION
from gateway.upstreams.base import Accepted, Completion, Event, Finished, Text, Turn
from gateway.upstreams.openai_errors import timed_out

# Places in conversations that agents can go on from without being told the whole story again.
_MOST_PLACES = 10_000
# Prompts that were given up, whose answers may come all the same.
_MOST_GIVEN_UP = 100

NewId = Callable[[], str]


class OriginalMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Every frame, both ways. `data` is JSON within, or empty."""

    id: str
    message: str
    data: str = ""

    def __repr__(self) -> str:
        return f"OriginalMessage({self.message!r})"


class ChatGptRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a request; empty ids begin a conversation."""

    message_id: str
    conversation_id: str
    parent_id: str
    content: str

    def __repr__(self) -> str:
        return f"ChatGptRequest({len(self.content)} characters)"


class ChatGptResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The `data` of a response. The ids are those of the agent's own chat."""

    response_id: str = ""
    conversation_id: str = ""
    content: str = ""
    error: str = ""

    def __repr__(self) -> str:
        return f"ChatGptResponse({len(self.content)} characters)"


class _FromAgent(OriginalMessage, frozen=True, kw_only=True):
    # The public agent puts its own words here, or whatever it caught.
    error: Any = None


class _Place(msgspec.Struct, frozen=True):
    """Where in the agent's own chat a conversation stands."""

    conversation_id: str
    response_id: str


class Places:
    """Where conversations stand in the chats of agents, which outlast their connections: a page is soon reloaded."""

    def __init__(self) -> None:
        self._places = OrderedDict[tuple[str, bytes], _Place]()

    def find(self, session: str, turns: Sequence[Turn]) -> _Place | None:
        """Where these turns ended in an agent's own chat."""
        return self._places.get((session, _digest(turns)))

    def remember(self, session: str, turns: Sequence[Turn], place: _Place) -> None:
        """These turns end here; of too many the oldest are forgotten."""
        self._places[session, _digest(turns)] = place
        if len(self._places) > _MOST_PLACES:
            self._places.popitem(last=False)


_DECODER = msgspec.json.Decoder(_FromAgent)


async def shake_hands(socket: web.WebSocketResponse, connection_id: str) -> str:
    """Tell an agent its connection's id; the id it goes by: that one, or the one it had when it was here before.

    Raises `ProtocolBroken`.
    """
    await socket.send_str(_encoded(OriginalMessage(id=connection_id, message="Connection id")))
    text = text_of(await socket.receive())
    if text is None:
        raise ProtocolBroken("no answer to its connection id")
    said = _decoded(text).id
    if said == connection_id:
        return connection_id
    try:
        return str(UUID(said))
    except ValueError:
        raise ProtocolBroken("a connection id that is none") from None


class OriginalConnection(AgentConnection):
    """A browser agent that is connected. `new_id` gives a UUID that nobody has yet; `places` are all agents'."""

    dialect = "original"

    def __init__(
        self,
        line: Line,
        *,
        session: str,
        timing: Timing,
        check_key: Callable[[], Awaitable[object]],
        new_id: NewId,
        places: Places,
    ) -> None:
        super().__init__(line, name=None, session=session, timing=timing, check_key=check_key)
        self.places = places
        self.new_id = new_id
        self._answers = dict[str, asyncio.Future[_FromAgent]]()
        self._given_up = OrderedDict[str, None]()
        self._pinged: str | None = None

    @property
    def at_once(self) -> int:
        """See `AgentConnection`."""
        return 1

    @property
    def models(self) -> list[str]:
        """See `AgentConnection`."""
        return []

    def upstream(self, account: Account) -> "OriginalUpstream":
        """See `AgentConnection`."""
        return OriginalUpstream(self, account)

    async def ask(self, prompt: ChatGptRequest) -> _FromAgent:
        """What the agent says to a prompt. Raises `aiohttp.ClientConnectionError` where it goes away."""
        number = self.new_id()
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        if self.closed:
            self._lose_all()
        try:
            data = msgspec.json.encode(prompt).decode()
            await self._send(_encoded(OriginalMessage(id=number, message="ChatGptRequest", data=data)))
            return await answer
        finally:
            del self._answers[number]
            if not answer.done() or answer.cancelled():
                self._given_up[number] = None
                if len(self._given_up) > _MOST_GIVEN_UP:
                    self._given_up.popitem(last=False)

    def _take(self, message: WSMessage) -> None:
        text = text_of(message)
        if text is None:
            return
        said = _decoded(text)
        if said.message == "pong":
            if said.id != self._pinged:
                raise ProtocolBroken("a pong without its ping")
            self._pinged = None
        elif (answer := self._answers.get(said.id)) is not None:
            if not answer.done():
                answer.set_result(said)
            elif not answer.cancelled():
                raise ProtocolBroken("a second answer to a request")
        elif said.id not in self._given_up:
            raise ProtocolBroken("an answer to a request that was never made")

    def _lose_all(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(aiohttp.ClientConnectionError("the agent is gone"))

    async def _ping(self, number: int) -> None:  # noqa: ARG002 - this dialect's pings have ids
        self._pinged = self.new_id()
        await self._send(_encoded(OriginalMessage(id=self._pinged, message="ping")))

    def _awaits_pong(self) -> bool:
        return self._pinged is not None


class OriginalUpstream:
    """An `Upstream` through one browser agent.

    It goes on in the agent's own chat where that stands at the same place; else it tells the story so far.
    """

    def __init__(self, connection: OriginalConnection, account: Account) -> None:
        self._connection = connection
        self._account = account

    async def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        """See `Upstream`. Nothing is known of the answer before it is whole."""
        if any(turn.role == "system" and turn.text == TITLE_INSTRUCTION for turn in completion.turns):
            raise refused(self._account)  # it would stand among its owner's chats
        response = _response(self._account, await self._ask(self._prompt(completion.turns)))
        place = _Place(response.conversation_id, response.response_id)
        self._remember((*completion.turns, Turn("assistant", response.content)), place)
        yield Accepted()
        if response.content:
            yield Text(response.content)
        yield Finished(reason="stop", usage=None)

    async def close(self) -> None:
        """The connection is the agent's, and stays."""

    async def _ask(self, prompt: ChatGptRequest) -> _FromAgent:
        try:
            async with asyncio.timeout(self._account.first_byte_timeout_seconds):
                return await self._connection.ask(prompt)
        except TimeoutError as error:
            raise timed_out(self._account) from error
        except aiohttp.ClientConnectionError as error:
            raise agent_gone(self._account, begun=False) from error

    def _prompt(self, turns: Sequence[Turn]) -> ChatGptRequest:
        connection = self._connection
        place = connection.places.find(connection.session, turns[:-1]) if len(turns) > 1 else None
        new_id = connection.new_id
        if place is None:
            return ChatGptRequest(message_id=new_id(), conversation_id="", parent_id=new_id(), content=told(turns))
        return ChatGptRequest(
            message_id=new_id(),
            conversation_id=place.conversation_id,
            parent_id=place.response_id,
            content=told(turns[-1:]),
        )

    def _remember(self, turns: Sequence[Turn], place: _Place) -> None:
        if place.conversation_id and place.response_id:
            self._connection.places.remember(self._connection.session, turns, place)


def told(turns: Sequence[Turn]) -> str:
    """A conversation as one prompt: the last turn alone, or all with who said what."""
    texts = [turn.text + "".join(f"\n\n{file.name}:\n{file.text}" for file in turn.files) for turn in turns]
    if len(turns) == 1:
        return texts[0]
    return "\n\n".join(f"{turn.role.capitalize()}: {text}" for turn, text in zip(turns, texts, strict=True))


def _response(account: Account, said: _FromAgent) -> ChatGptResponse:
    failure: ApiError = reported(account)
    if said.message != "ChatGptResponse":
        raise failure
    try:
        response = msgspec.json.decode(said.data, type=ChatGptResponse)
    except msgspec.MsgspecError:
        raise failure from None
    if response.error:
        raise failure
    return response


def _digest(turns: Sequence[Turn]) -> bytes:
    digest = hashlib.blake2b(digest_size=32)
    for turn in turns:
        for part in (turn.role, turn.text, *(file.text for file in turn.files)):
            data = part.encode()
            digest.update(len(data).to_bytes(8))
            digest.update(data)
    return digest.digest()


def _encoded(message: OriginalMessage) -> str:
    return msgspec.json.encode(message).decode()


def _decoded(text: str) -> _FromAgent:
    try:
        return _DECODER.decode(text)
    except msgspec.MsgspecError:
        raise ProtocolBroken("a frame that is no message of this protocol") from None
