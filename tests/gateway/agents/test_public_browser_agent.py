"""The public browser agent of ChatGPT-API-server does here what it does there, message for message.

https://github.com/ChatGPT-Hackers/ChatGPT-API-agent (`src/content.js`)
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from gateway.app_keys import AGENTS
from gateway.client import GatewayClient
from gateway.config import Account
from gateway.errors import UpstreamFailed
from tests.fakes.agent import PassingTime, socket_to
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, ask, chatting
from tests.gateway.conftest import eventually

BROWSER = Account(name="browser", kind="agent", tier="free", model="chat", keyless_agents=True)

Chat = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Browser:
    """A tab: its cookies, which outlast reloads, and the site's own chat, which answers what the script posts."""

    def __init__(self) -> None:
        self.cookie = ""
        self.posted = list[dict[str, Any]]()
        self.sent = list[dict[str, Any]]()
        self.reply: Chat = self._answer

    async def _answer(self, payload: dict[str, Any]) -> dict[str, Any]:
        content = {"content_type": "text", "parts": [f"You said {payload['messages'][0]['content']['parts'][0]}"]}
        chat = payload.get("conversation_id") or str(uuid4())
        return {"message": {"id": str(uuid4()), "content": content}, "conversation_id": chat}


@asynccontextmanager
async def page(room: Chatting, browser: Browser) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    """The site's page, on which the script runs; leaving it closes the script's socket."""
    async with socket_to(room.server.url, None) as socket:
        running = asyncio.create_task(script(socket, browser))

        async def registered() -> bool:
            return any(
                not each.closed and each.session in browser.cookie for each in room.server.app[AGENTS].connections
            )

        await eventually(registered)
        try:
            yield socket
        finally:
            await socket.close()
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def script(socket: aiohttp.ClientWebSocketResponse, browser: Browser) -> None:
    """`onmessage`: each message is handled by itself, so pings are answered while the site thinks."""
    async with asyncio.TaskGroup() as handling:
        async for frame in socket:
            data = json.loads(frame.data)
            match data["message"]:
                case "Connection id":
                    stored = browser.cookie.partition("=")[2]
                    if not stored:
                        browser.cookie = f"connectionId={data['id']}"
                    await send(socket, browser, stored or data["id"], "Connection id", "")
                case "ping":
                    await send(socket, browser, data["id"], "pong", "")
                case "ChatGptRequest":
                    handling.create_task(answer(socket, browser, data))
                case other:
                    raise AssertionError(f"Unknown message: {other}")


async def answer(socket: aiohttp.ClientWebSocketResponse, browser: Browser, data: dict[str, Any]) -> None:
    asked = json.loads(data["data"])
    content = {"content_type": "text", "parts": [asked["content"]]}
    payload = {
        "action": "next",
        "messages": [{"id": asked["message_id"], "role": "user", "content": content}],
        "parent_message_id": asked["parent_id"],
        "model": "text-davinci-002-render",
    }
    if asked["conversation_id"] != "":
        payload["conversation_id"] = asked["conversation_id"]
    browser.posted.append(payload)
    try:
        told = await browser.reply(payload)
        response = {
            "response_id": told["message"]["id"],
            "conversation_id": told["conversation_id"],
            "content": told["message"]["content"]["parts"][0],
        }
    except (KeyError, ValueError):
        await send(socket, browser, data["id"], "error", "Unknown error", {})  # what an Error is in JSON
        return
    await send(socket, browser, data["id"], "ChatGptResponse", json.dumps(response))


async def send(
    socket: aiohttp.ClientWebSocketResponse, browser: Browser, number: str, message: str, data: str, error: Any = None
) -> None:
    said = {"id": number, "message": message, "data": data} | ({} if error is None else {"error": error})
    browser.sent.append(said)
    with suppress(ConnectionError):
        await socket.send_str(json.dumps(said))


@pytest.fixture
def time() -> PassingTime:
    return PassingTime()


@pytest.fixture
async def room(tmp_path: Path, time: PassingTime) -> AsyncGenerator[Chatting]:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, [BROWSER], sleep=time.sleep, title_wait_seconds=0.0) as room,
    ):
        yield room


async def test_it_answers_follows_up_and_goes_on_in_its_own_chat_after_a_reload(
    room: Chatting, mia: GatewayClient, time: PassingTime
) -> None:
    browser = Browser()
    async with page(room, browser):
        first = await ask(mia, "Hi")
        assert first.reply == "You said Hi"
        await time.passes(15, sleepers=2)
        second = await ask(mia, "And?", conversation_id=first.conversation_id)
        assert second.reply == "You said And?"
    cookie = browser.cookie
    async with page(room, browser):
        assert browser.sent[-1] == {"id": cookie.partition("=")[2], "message": "Connection id", "data": ""}
        third = await ask(mia, "Then?", conversation_id=first.conversation_id)
        assert third.reply == "You said Then?"
    assert browser.cookie == cookie
    began, *follow_ups = browser.posted
    assert "conversation_id" not in began
    chats = [follow_up["conversation_id"] for follow_up in follow_ups]
    assert chats == [chats[0]] * 2
    assert [post["messages"][0]["content"]["parts"] for post in browser.posted] == [["Hi"], ["And?"], ["Then?"]]
    assert {said["message"] for said in browser.sent} == {"Connection id", "pong", "ChatGptResponse"}


async def test_a_reload_in_the_middle_of_an_answer_is_told_at_once(room: Chatting, mia: GatewayClient) -> None:
    browser, asked = Browser(), asyncio.Event()

    async def think(payload: dict[str, Any]) -> dict[str, Any]:
        asked.set()
        return await asyncio.Future[dict[str, Any]]()

    browser.reply = think
    async with page(room, browser):
        asking = asyncio.create_task(ask(mia, "Hi"))
        await asked.wait()
    with pytest.raises(UpstreamFailed) as caught:
        await asking
    assert caught.value.code == "upstream_agent_gone"


async def test_where_the_site_refuses_it_says_error_and_answers_the_next(room: Chatting, mia: GatewayClient) -> None:
    browser = Browser()
    good = browser.reply

    async def refuse(payload: dict[str, Any]) -> dict[str, Any]:
        browser.reply = good
        raise ValueError("Wrong response code: 403")

    browser.reply = refuse
    async with page(room, browser):
        with pytest.raises(UpstreamFailed, match="reported an error"):
            await ask(mia, "Hi")
        assert (await ask(mia, "Again")).reply == "You said Again"


async def test_a_cookie_of_another_server_is_taken_as_its_id(room: Chatting, mia: GatewayClient) -> None:
    browser = Browser()
    browser.cookie = f"connectionId={uuid4()}"
    async with page(room, browser):
        assert (await ask(mia, "Hi")).reply == "You said Hi"
