"""OpenAI's library against a gateway with a fake provider."""

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionToolParam

from gateway.client import GatewayClient
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, chatting

HI: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hi"}]
TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}


class Libraries:
    """OpenAI's library as members set it up: another address, and their own key."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    def __call__(self, room: Chatting, name: str = "mia") -> openai.AsyncOpenAI:
        made = openai.AsyncOpenAI(base_url=f"{room.server.url}/v1", api_key=room.keys[name], max_retries=0)
        self._stack.push_async_callback(made.close)
        return made


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    async with chatting(tmp_path, upstream) as room:
        await room.user("mia")
        await room.user("paula", plus=True)
        yield room


@pytest.fixture
async def library() -> AsyncGenerator[Libraries]:
    async with AsyncExitStack() as stack:
        yield Libraries(stack)


def member(room: Chatting, name: str = "mia") -> GatewayClient:
    return room.client.acting_with(room.keys[name])


@asynccontextmanager
async def posted(room: Chatting, body: Any, path: str = "chat/completions") -> AsyncGenerator[aiohttp.ClientResponse]:
    """A request by no library: its very bytes, or JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {room.keys['mia']}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{room.server.url}/v1/{path}", data=data, headers=headers) as response,
    ):
        yield response


async def used(room: Chatting, name: str = "mia") -> tuple[int, int, int]:
    """Requests, tokens in and out so far."""
    total = (await member(room, name).usage()).total
    return total.requests, total.input_tokens, total.output_tokens


async def kept(room: Chatting, name: str = "mia") -> list[list[tuple[str, str, str]]]:
    """Role, text and status of the messages of each conversation, the one used last first."""
    user = member(room, name)
    found = [await user.get_conversation(each.id) for each in (await user.list_conversations()).conversations]
    return [[(m.role, m.content.parts[0], m.status) for m in conversation.messages] for conversation in found]
