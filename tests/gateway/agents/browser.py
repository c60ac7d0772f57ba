"""A browser agent of ChatGPT-API-server, on a real socket."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from gateway.app_keys import AGENTS
from tests.fakes.agent import socket_to
from tests.gateway.chatting import Chatting
from tests.gateway.conftest import eventually


class BrowserAgent:
    """Does what the public agent's script does on each message."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, connection_id: str) -> None:
        self.socket = socket
        self.connection_id = connection_id
        self._chats = 0

    async def say(self, number: str, message: str, data: str = "", error: Any = None) -> None:
        said = {"id": number, "message": message, "data": data}
        await self.socket.send_str(json.dumps(said if error is None else said | {"error": error}))

    async def next(self) -> dict[str, Any]:
        """The next message that is no ping; pings are answered."""
        while True:
            message = await self.socket.receive()
            assert message.type is aiohttp.WSMsgType.TEXT, message
            said = json.loads(message.data)
            assert set(said) == {"id", "message", "data"}
            if said["message"] != "ping":
                return said
            await self.say(said["id"], "pong")

    async def prompt(self) -> tuple[str, dict[str, Any]]:
        """The next request's id, and what it asks."""
        said = await self.next()
        assert said["message"] == "ChatGptRequest"
        return said["id"], json.loads(said["data"])

    async def answer(self, content: str) -> dict[str, Any]:
        number, asked = await self.prompt()
        self._chats += not asked["conversation_id"]
        response = {
            "response_id": f"reply to {asked['message_id']}",
            "conversation_id": asked["conversation_id"] or f"chat {self._chats}",
            "content": content,
        }
        await self.say(number, "ChatGptResponse", json.dumps(response))
        return asked


@asynccontextmanager
async def browser(room: Chatting, stored_id: str | None = None) -> AsyncGenerator[BrowserAgent]:
    """An agent that echoes the id it is given, or says the one it had."""
    async with socket_to(room.server.url, None) as socket:
        greeting = json.loads((await socket.receive()).data)
        assert greeting["message"] == "Connection id"
        agent = BrowserAgent(socket, stored_id or greeting["id"])
        await agent.say(agent.connection_id, "Connection id")
        await connected(room, agent.connection_id)
        yield agent


async def connected(room: Chatting, connection_id: str) -> None:
    async def there() -> bool:
        return [one.session for one in room.server.app[AGENTS].connections if not one.closed].count(connection_id) == 1

    await eventually(there)
