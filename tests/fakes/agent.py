"""Agents on real sockets that do what a test says, and time that passes when a test says so."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp


class PassingTime:
    """A `sleep` whose time passes only by `passes`."""

    def __init__(self) -> None:
        self.slept = list[float]()
        self._now = 0.0
        self._sleepers = list[tuple[float, asyncio.Event]]()
        self._fell_asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        woken = asyncio.Event()
        sleeper = (self._now + seconds, woken)
        self._sleepers.append(sleeper)
        self._fell_asleep.set()
        try:
            await woken.wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    async def passes(self, seconds: float, *, sleepers: int) -> None:
        """Wait until so many sleep, then let time pass."""
        while len(self._sleepers) < sleepers:
            self._fell_asleep.clear()
            await self._fell_asleep.wait()
        self._now += seconds
        for sleeper in [each for each in self._sleepers if each[0] <= self._now]:
            self._sleepers.remove(sleeper)
            sleeper[1].set()


class FakeAgent:
    """Speaks Rolekey's protocol. What it does not do by itself: answer."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.welcome: dict[str, Any] = {}

    async def say(self, kind: str, **fields: Any) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **fields}))

    async def next(self) -> dict[str, Any]:
        """The gateway's next message; requests for titles are refused."""
        while True:
            message = await self.socket.receive()
            assert message.type is aiohttp.WSMsgType.TEXT, message
            said: dict[str, Any] = json.loads(message.data)
            if said["type"] == "request" and "Write a title" in message.data:
                await self.say("failed", number=said["number"], why="refused")
            else:
                return said

    async def begin(self, number: int, text: str | None = None) -> None:
        """The head of a good answer, and its first words."""
        await self.say("head", number=number, status=200, content_type="text/event-stream")
        if text is not None:
            await self.body(number, chunk(text))

    async def body(self, number: int, data: bytes) -> None:
        await self.socket.send_bytes(number.to_bytes(4) + data)

    async def finish(self, number: int) -> None:
        await self.body(number, chunk("", "stop") + b"data: [DONE]\n\n")
        await self.say("end", number=number)

    async def answer(self, text: str = "Hello from the agent.") -> dict[str, Any]:
        """Take the next request and answer it; the request."""
        request = await self.next()
        await self.begin(request["number"], text)
        await self.finish(request["number"])
        return request

    async def closed(self) -> tuple[int | None, str]:
        """With which code and words the gateway closes the connection; what it says before is passed over."""
        while True:
            message = await self.socket.receive()
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, str(message.extra or "")
            if message.type is not aiohttp.WSMsgType.TEXT:
                return self.socket.close_code, ""


@asynccontextmanager
async def dialled(
    url: str, key: str | None, *, models: list[str] | None = None, at_once: int = 4, session: str = "session-1"
) -> AsyncGenerator[FakeAgent]:
    """An agent that is in."""
    async with socket_to(url, key) as socket:
        agent = FakeAgent(socket)
        await agent.say("hello", protocol=1, session=session, models=models or ["lent"], at_once=at_once)
        agent.welcome = await agent.next()
        assert agent.welcome["type"] == "welcome"
        yield agent


@asynccontextmanager
async def socket_to(url: str, key: str | None) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    """A WebSocket that nobody has spoken on."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/client/register", headers=headers) as socket,
    ):
        yield socket


def chunk(text: str, finish_reason: str | None = None) -> bytes:
    """An event of a stream as OpenAI has it."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode() + b"\n\n"
