"""Programs written for chatgpt-api-server find what they look for: its paths, its argument names, its answers."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
import pytest

from bot.config import ConfigError, load
from gateway.app import create_app
from gateway.app_keys import ROUTES
from gateway.config import OWN_PATHS, Config, Paths
from gateway.errors import NotFound, Unauthenticated
from gateway.wire import UpdateUser
from tests.fakes.upstream import Answer, BreakOff, FakeUpstream
from tests.gateway.chatting import Chatting, ask, chatting

pytestmark = pytest.mark.usefixtures("either_engine")


class PublicClient:
    """Sends what the public Python client of chatgpt-api-server sends: the same fields in the same JSON, no header."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api"

    async def ask(self, *, prompt: str, user: str, **said: Any) -> str:
        body = {"prompt": prompt, "user": user, "reply_only": said.get("reply_only")}
        if said.get("conversation_id") is not None:
            body["conversation_id"] = said["conversation_id"]
        if said.get("access_token") is not None and said.get("user_plus") is not None:
            body["access_token"] = said["access_token"]
            body["user_plus"] = said["user_plus"]
        elif said.get("plus") is not None:
            body["plus"] = said["plus"]
        async with aiohttp.ClientSession() as session, session.post(f"{self._url}/chat", json=body) as response:
            return await response.text()

    async def recall(self, *, user: str, conversation_id: str | None = None) -> Any:
        body = {"user": user}
        if conversation_id is not None:
            body["conversation_id"] = conversation_id
        async with aiohttp.ClientSession() as session, session.post(f"{self._url}/recall", json=body) as response:
            return await response.json()


class Asked(msgspec.Struct):
    status: int
    text: str
    headers: Any

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def code(self) -> str:
        assert self.body["status"] == "error"
        assert self.body["message"] == self.body["error"]["message"]
        return self.body["error"]["code"]


async def send(room: Chatting, method: str, path: str, **arguments: Any) -> Asked:
    """GET with the arguments in the query, POST with them as JSON."""
    url = f"{room.server.url}{path}"
    body = arguments if method == "POST" else None
    if method == "GET":
        url = f"{url}?{urlencode(arguments)}"
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as response:
        return Asked(response.status, await response.text(), response.headers)


@pytest.fixture(params=["GET", "POST"])
def method(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def room(tmp_path: Path, either_engine: str) -> AsyncGenerator[Chatting]:
    assert either_engine
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        yield room


# The public client


async def test_the_public_client_works_unchanged(room: Chatting) -> None:
    await room.user("mia")
    client, key = PublicClient(room.server.url), room.keys["mia"]
    first = json.loads(await client.ask(prompt="First", user=key, plus="false"))
    assert (first["status"], first["message"]["content"]["parts"]) == ("success", ["Hello from the fake upstream."])
    said = await client.ask(
        prompt="Second", user=key, plus="any", reply_only="true", conversation_id=first["conversation_id"]
    )
    assert said == "Hello from the fake upstream."
    assert room.upstream.requests[1].messages[0] == ("user", "First")
    titles = await client.recall(user=key)
    assert titles == {first["conversation_id"]: {"title": "A Fine Title"}}
    recalled = await client.recall(user=key, conversation_id=first["conversation_id"])
    assert recalled["conversation_title"] == "A Fine Title"
    pairs = [pair for entry in recalled["messages"] for pair in entry.values()]
    assert pairs == [{"prompt": prompt, "reply": said} for prompt in ("First", "Second")]
    assert first["message"]["id"] in recalled["messages"][0]


async def test_the_public_client_is_told_what_is_wrong_in_one_shape(room: Chatting) -> None:
    refused = json.loads(await PublicClient(room.server.url).ask(prompt="Hi", user="rk-nonsense"))
    assert (refused["status"], refused["error"]["code"]) == ("error", "invalid_key")
    assert refused["message"]
    assert room.upstream.requests == []


# Chat


async def test_a_users_key_is_an_argument(room: Chatting, method: str) -> None:
    await room.user("mia")
    said = await send(room, method, "/api/chat", user=room.keys["mia"], prompt="Hi there", plus="false")
    assert (said.status, said.body["api_user"], said.body["api_prompt"]) == (200, "mia", "Hi there")
    again = await send(room, method, "/api/chat", user=room.keys["mia"], prompt="Hi", conversation_id="")
    assert again.body["conversation_id"] != said.body["conversation_id"]
    assert said.headers["Cache-Control"] == "no-store"
    assert said.headers["Referrer-Policy"] == "no-referrer"


async def test_a_post_without_a_body_takes_its_arguments_from_the_address(room: Chatting) -> None:
    await room.user("mia")
    query = urlencode({"user": room.keys["mia"], "prompt": "Hi", "reply_only": "true"})
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{room.server.url}/api/chat?{query}") as response:
            assert await response.text() == "Hello from the fake upstream."
        async with session.post(f"{room.server.url}/api/chat?{query}", json={"prompt": "Hi"}) as response:
            assert response.status == 400


async def test_plus_is_text_and_takes_plus_access(room: Chatting, method: str) -> None:
    await room.user("mia")
    await room.user("noa", plus=True)
    refused = await send(room, method, "/api/chat", user=room.keys["mia"], prompt="Hi", plus="true")
    assert (refused.status, refused.code) == (403, "plus_required")
    for wish, tier in (("true", "plus"), ("any", "plus"), ("false", "free")):
        said = await send(room, method, "/api/chat", user=room.keys["noa"], prompt="Hi", plus=wish)
        assert said.body["tier"] == tier
    wrong = await send(room, method, "/api/chat", user=room.keys["noa"], prompt="Hi", plus="perhaps")
    assert wrong.status == 400
    assert "plus" in wrong.body["message"]


async def test_reply_only_is_text_and_with_pretty_a_page_that_runs_nothing(room: Chatting, method: str) -> None:
    await room.user("mia")
    room.upstream.reply = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"
    arguments = {"user": room.keys["mia"], "prompt": "Hi", "reply_only": "true"}
    plain = await send(room, method, "/api/chat", **arguments, pretty="false")
    assert plain.text == room.upstream.reply
    page = await send(room, method, "/api/chat", **arguments, pretty="true")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "<strong>Bold</strong>" in page.text
    assert "<script" not in page.text
    assert 'href="javascript' not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


async def test_a_client_makes_its_user_on_first_use_and_finds_it_again(room: Chatting, method: str) -> None:
    client = room.keys["bot"]
    arguments = {"client": client, "user_id": "7", "username": "Ada", "user_id_plus": "true", "prompt": "Hi"}
    first = await send(room, method, "/api/chat", **arguments, plus="true")
    assert (first.status, first.body["tier"], first.body["api_user"]) == (200, "plus", "7")
    assert first.body["api_client_id"] == "bot"
    made = await room.client.get_user("7")
    assert (made.username, made.plus, made.role, made.key_hint) == ("Ada", True, "user", None)
    # Once it is there, what was said on first use says nothing any more.
    await room.client.update_user("7", UpdateUser(plus=False))
    again = await send(room, method, "/api/chat", **arguments, plus="true")
    assert (again.status, again.code) == (403, "plus_required")
    alone = await send(room, method, "/api/chat", client=client, user_id="7", prompt="Hi")
    assert alone.status == 200


async def test_many_first_uses_at_once_make_one_user(room: Chatting) -> None:
    arguments = {
        "client": room.keys["bot"], "user_id": "7", "username": "", "user_id_plus": "false", "prompt": "Hi",
    }  # fmt: skip
    said = await asyncio.gather(*(send(room, "POST", "/api/chat", **arguments) for _ in range(8)))
    assert {answer.status for answer in said} == {200}
    assert [user.user_id async for user in room.client.list_users()] == ["7"]


async def test_a_user_made_on_first_use_has_no_key_until_its_client_asks_for_one(room: Chatting) -> None:
    arguments = {"user_id": "7", "username": "Ada", "user_id_plus": "false", "prompt": "Hi"}
    await send(room, "POST", "/api/chat", client=room.keys["bot"], **arguments)
    made = await room.client.rotate_key("7")
    said = await send(room, "POST", "/api/chat", user=made.key, prompt="Hi")
    assert said.body["api_user"] == "7"


async def test_an_unknown_user_is_made_only_where_all_is_said(room: Chatting, method: str) -> None:
    client = room.keys["bot"]
    unsaid = await send(room, method, "/api/chat", client=client, prompt="Hi")
    assert unsaid.status == 400
    assert "user_id" in unsaid.body["message"]
    half = await send(room, method, "/api/chat", client=client, user_id="7", prompt="Hi")
    assert (half.status, half.code) == (404, "unknown_user")
    assert "user_id_plus" in half.body["message"]
    await room.user("mia")
    await room.client.update_user("mia", UpdateUser(disabled=True))
    switched_off = {"user_id": "mia", "username": "", "user_id_plus": "true"}
    off = await send(room, method, "/api/chat", client=client, prompt="Hi", **switched_off)
    assert (off.status, off.code) == (403, "disabled")


async def test_a_client_may_send_the_key_of_its_own_user_beside_its_own(room: Chatting, method: str) -> None:
    await room.user("mia")
    client = room.keys["bot"]
    said = await send(room, method, "/api/chat", client=client, user=room.keys["mia"], prompt="Hi")
    assert said.body["api_user"] == "mia"
    other = await add(room, "GET", admin=room.keys["root"], userid="other", is_client="true")
    strange = await send(room, method, "/api/chat", client=other, user=room.keys["mia"], prompt="Hi")
    assert strange.status == 403
    assert (await send(room, method, "/api/chat", client="rk-no", user=room.keys["mia"], prompt="Hi")).status == 401


async def test_a_key_is_taken_only_under_the_name_of_its_role(room: Chatting, method: str) -> None:
    await room.user("mia")
    for role, key in (("user", room.keys["bot"]), ("client", room.keys["mia"]), ("user", room.keys["root"])):
        said = await send(room, method, "/api/chat", prompt="Hi", **{role: key})
        assert said.status == 403, role
    assert (await send(room, method, "/api/chat", prompt="Hi", admin=room.keys["root"])).status in {400, 401}
    assert room.upstream.requests == []


async def test_a_key_in_the_header_and_one_as_an_argument_are_one_too_many(room: Chatting) -> None:
    await room.user("mia")
    await room.user("noa")
    async with room.raw("mia", {"prompt": "Hi", "user": room.keys["noa"]}) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == "two_keys"


async def test_routes_that_take_no_keys_as_arguments_stay_closed_to_them(room: Chatting) -> None:
    await room.user("mia")
    assert (await send(room, "GET", "/api/users", client=room.keys["bot"])).status == 401
    assert (await send(room, "GET", "/api/conversations", user=room.keys["mia"])).status == 401


# Users


async def add(room: Chatting, method: str, path: str = "/api/client/add-user", **arguments: Any) -> str:
    added = await send(room, method, path, **arguments)
    assert (added.status, added.body["status"], added.body["message"]) == (200, "success", "User added"), added.text
    assert added.headers["Cache-Control"] == "no-store"
    return added.body["api_key"]


async def test_a_client_adds_users_of_its_own_and_no_clients(room: Chatting, method: str) -> None:
    client = room.keys["bot"]
    key = await add(room, method, client=client, userid="7", username="Ada", plus="true", is_client="false")
    assert (await room.client.acting_with(key).get_user("7")).plus
    assert (await room.client.get_user("7")).client_id == "bot"
    twice = await send(room, method, "/api/client/add-user", client=client, userid="7", username="Ada", plus="true")
    assert (twice.status, twice.code) == (409, "user_exists")
    grasping = await send(room, method, "/api/client/add-user", client=client, userid="8", is_client="true")
    assert grasping.status == 403
    assert grasping.body["message"] == "Clients cannot create new clients."
    with pytest.raises(NotFound):
        await room.client.get_user("8")


async def test_an_admin_adds_users_and_clients_at_either_path(room: Chatting, method: str) -> None:
    admin = room.keys["root"]
    await add(room, method, "/admin/add-user", admin=admin, userid="7", username="Ada", plus="false")
    client = await add(room, method, admin=admin, userid="shop", username="The shop", is_client="true")
    await add(room, method, client=client, userid="7", username="Another Ada", plus="false")
    assert (await room.admin.get_user("shop")).role == "client"


async def test_who_adds_must_be_an_admin_or_a_client(room: Chatting, method: str) -> None:
    await room.user("mia")
    for path in ("/api/client/add-user", "/admin/add-user"):
        assert (await send(room, method, path, userid="7")).status == 401
        assert (await send(room, method, path, client=room.keys["mia"], userid="7")).status == 403
        assert (await send(room, method, path, client=room.keys["bot"])).status == 400


async def test_a_removed_users_key_is_dead_and_only_its_owner_removes_it(room: Chatting, method: str) -> None:
    mia = await room.user("mia")
    await room.user("noa")
    other = await add(room, "POST", admin=room.keys["root"], userid="other", is_client="true")
    strange = await send(room, method, "/api/remove-user", client=other, userid="mia")
    assert (strange.status, strange.code) == (404, "unknown_user")
    gone = await send(room, method, "/api/remove-user", client=room.keys["bot"], userid="mia")
    assert (gone.status, gone.body["status"]) == (200, "success")
    with pytest.raises(Unauthenticated):
        await ask(mia, "Hi")
    gone = await send(room, method, "/api/remove-user", admin=room.keys["root"], userid="noa", client_id="bot")
    assert gone.status == 200
    own = await send(room, method, "/api/remove-user", admin=room.keys["root"], userid="root")
    assert (own.status, own.code) == (409, "own_key")


# Conversations


async def test_a_conversation_is_recalled_in_order_with_what_nothing_answered(room: Chatting, method: str) -> None:
    mia = await room.user("mia")
    first = await ask(mia, "One")
    room.upstream.play(Answer(""))
    said = await send(
        room, method, "/api/chat", user=room.keys["mia"], prompt="Lost", conversation_id=first.conversation_id
    )
    assert said.status == 502
    await ask(mia, "Two", conversation_id=first.conversation_id)
    recalled = await send(
        room, method, "/api/recall", client=room.keys["bot"], user_id="mia", conversation_id=first.conversation_id
    )
    pairs = [pair for entry in recalled.body["messages"] for pair in entry.values()]
    hello = "Hello from the fake upstream."
    assert [(pair["prompt"], pair["reply"]) for pair in pairs] == [("One", hello), ("Lost", ""), ("Two", hello)]


async def test_nobody_recalls_or_removes_what_is_anothers(room: Chatting, method: str) -> None:
    mia = await room.user("mia")
    await room.user("noa")
    kept = (await ask(mia, "Hi")).conversation_id
    other = await add(room, "POST", admin=room.keys["root"], userid="other", is_client="true")
    assert (await send(room, method, "/api/recall", user=room.keys["noa"])).body == {}
    for path in ("/api/recall", "/api/remove-conversation"):
        strange = await send(room, method, path, user=room.keys["noa"], conversation_id=kept)
        assert (strange.status, strange.code) == (404, "unknown_conversation")
        strange = await send(room, method, path, client=other, user_id="mia", conversation_id=kept)
        assert strange.status == 404
    assert list((await send(room, method, "/api/recall", user=room.keys["mia"])).body) == [kept]


async def test_a_conversation_is_removed_by_its_user_its_client_or_an_admin(room: Chatting, method: str) -> None:
    mia = await room.user("mia")
    for who in (
        {"user": room.keys["mia"]},
        {"client": room.keys["bot"], "user_id": "mia"},
        {"admin": room.keys["root"]},
    ):
        kept = (await ask(mia, "Hi")).conversation_id
        gone = await send(room, method, "/api/remove-conversation", conversation_id=kept, **who)
        assert (gone.status, gone.body["status"]) == (200, "success")
    wrong = (await ask(mia, "Hi")).conversation_id
    missed = await send(
        room, method, "/api/remove-conversation", client=room.keys["bot"], user_id="noa", conversation_id=wrong
    )
    assert missed.status == 404
    assert list((await send(room, method, "/api/recall", user=room.keys["mia"])).body) == [wrong]


# Settings and logs


@pytest.mark.sqlite
async def test_every_path_can_be_changed_and_our_own_stay(tmp_path: Path) -> None:
    paths = Paths(
        chat="/v0/ask", recall="/v0/recall", access_token="/v0/token",
        add_user="/v0/add", admin_add_user="/v0/root/add", remove_user="/v0/remove", remove_conversation="/v0/forget",
    )  # fmt: skip
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, paths=paths) as room:
        mia = await room.user("mia")
        key, client, admin = room.keys["mia"], room.keys["bot"], room.keys["root"]
        said = await send(room, "GET", "/v0/ask", user=key, prompt="Hi")
        assert said.status == 200
        assert (await ask(mia, "Hi")).status == "success"
        assert len((await send(room, "POST", "/v0/recall", user=key)).body) == 2
        assert (await send(room, "POST", "/v0/add", client=client, userid="7")).status == 200
        assert (await send(room, "POST", "/v0/root/add", admin=admin, userid="7")).status == 200
        assert (await send(room, "POST", "/v0/remove", client=client, userid="7")).status == 200
        assert (await send(room, "POST", "/v0/token", user=key, api_key="sk-mine")).status == 200
        gone = {"user": key, "conversation_id": said.body["conversation_id"]}
        assert (await send(room, "POST", "/v0/forget", **gone)).status == 200
        assert (await send(room, "GET", "/api/recall", user=key)).status == 404
        assert (await send(room, "GET", "/api/chat", user=key, prompt="Hi")).status == 405


@pytest.mark.sqlite
def test_two_routes_at_one_path_are_refused_when_settings_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[gateway.paths]\nchat = "/api/recall"\n')
    with pytest.raises(ConfigError, match=r"/api/recall"):
        load(path, {})


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "taken", ["/api/users", "/api/conversations/7/export", "/health", "/api/chat", "api/recall", "/"]
)
def test_a_path_that_is_none_or_is_the_gateways_own_is_refused(tmp_path: Path, taken: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(f'[gateway.paths]\nrecall = "{taken}"\nchat = "/ask"\n')
    with pytest.raises(ConfigError, match="recall|/api/chat|another route"):
        load(path, {})


@pytest.mark.sqlite
def test_every_route_of_the_gateways_own_is_known_as_taken() -> None:
    movable = set(msgspec.structs.asdict(Paths()).values())
    for contract in create_app(Config())[ROUTES].contracts():
        assert contract.path in movable or OWN_PATHS.match(contract.path), contract.path


@pytest.mark.sqlite
async def test_no_key_in_an_address_reaches_a_log(room: Chatting, caplog: pytest.LogCaptureFixture) -> None:
    await room.user("mia")
    key = room.keys["mia"]
    with caplog.at_level(logging.DEBUG):
        assert (await send(room, "GET", "/api/chat", user=key, prompt="My secret prompt")).status == 200
        assert (await send(room, "GET", "/api/chat", user=key)).status == 400
        assert (await send(room, "GET", "/api/chat", user=key, prompt="x", nonsense="1")).status == 400
        assert (await send(room, "GET", "/api/nowhere", user=key)).status == 404
        assert (await send(room, "GET", "/api/users", user=key)).status == 401
        assert (await send(room, "POST", "/api/chat", user=key, prompt=7)).status == 400
        room.upstream.play(BreakOff())
        assert (await send(room, "GET", "/api/chat", user=key, prompt="x")).status == 502
        await malformed(room, f"GET /api/chat?user={key}&prompt=x HTTP/9.9\r\n\r\n")
        await malformed(room, f"GET /api/chat?user={key} and more HTTP/1.1\r\nHost: x\r\n\r\n")
        await malformed(room, f"GE\x01T /api/chat?user={key} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "/api/chat 200" in caplog.text
    assert key not in caplog.text
    assert key[3:20] not in caplog.text
    assert "secret prompt" not in caplog.text


async def malformed(room: Chatting, request: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", room.server.port)
    writer.write(request.encode())
    assert b" 400 " in await reader.readline()
    writer.close()
