"""Programs written for ChatGPT-API-server find what they look for: its paths, its field names, its answers."""

import json
import logging
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import pytest

from gateway.config import Paths
from gateway.wire import UpdateUser
from tests.fakes.upstream import Answer, BreakOff, FakeUpstream, Refuse
from tests.gateway.chatting import Chatting, chatting

pytestmark = pytest.mark.usefixtures("either_engine")


class Told(NamedTuple):
    status: int
    body: Any

    @property
    def code(self) -> str:
        assert self.body["error"] == self.body["message"]
        return self.body["code"]


async def send(room: Chatting, method: str, path: str, data: Any = None, token: str | None = None) -> Told:
    """As curl sends it: JSON without saying that it is JSON, and the token as the whole header."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if data is not None else {}
    if token is not None:
        headers["Authorization"] = token
    body = None if data is None else json.dumps(data).encode()
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{room.server.url}{path}", data=body, headers=headers) as response,
    ):
        return Told(response.status, json.loads(await response.text()))


@pytest.fixture
async def room(tmp_path: Path, either_engine: str) -> AsyncGenerator[Chatting]:
    assert either_engine
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        await room.user("mia")
        await room.user("noa", plus=True)
        yield room


async def ask(room: Chatting, name: str, content: str, **more: Any) -> Told:
    return await send(room, "POST", "/api/ask", {"content": content, **more}, token=room.keys[name])


async def test_a_token_is_taken_bare_and_as_bearer_and_nothing_else_is(room: Chatting) -> None:
    key = room.keys["mia"]
    for token in (key, f"Bearer {key}"):
        told = await send(room, "POST", "/api/ask", {"content": "Hi"}, token=token)
        assert told.status == 200, told.body
        assert set(told.body) == {"id", "response_id", "conversation_id", "content", "error"}
        assert (told.body["content"], told.body["error"]) == ("Hello from the fake upstream.", "")
    for token in (None, f"Basic {key}", ""):
        told = await send(room, "POST", "/api/ask", {"content": "Hi"}, token=token)
        assert (told.status, told.code) == (401, "missing_key")
    assert (await send(room, "POST", "/api/ask", {"content": "Hi"}, token="rk-wrong")).code == "invalid_key"
    assert (await send(room, "POST", "/api/ask", {"content": "Hi"}, token=room.keys["root"])).status == 403
    # Elsewhere the scheme has to be there.
    assert (await send(room, "GET", "/api/whoami", token=key)).body["error"]["code"] == "missing_key"


async def test_a_follow_up_names_conversation_and_parent_or_neither(room: Chatting) -> None:
    first = (await ask(room, "mia", "One", conversation_id="", parent_id="", message_id="any")).body
    ids = {"conversation_id": first["conversation_id"], "parent_id": first["response_id"]}
    second = (await ask(room, "mia", "Two", **ids)).body
    assert second["conversation_id"] == first["conversation_id"]
    assert [text for _, text in room.upstream.requests[-1].messages] == ["One", first["content"], "Two"]
    for half in ("conversation_id", "parent_id"):
        refused = await ask(room, "mia", "Three", **{half: ids[half]})
        assert (refused.status, refused.code) == (400, "invalid_request")
        assert "both" in refused.body["message"]
    strange = await ask(room, "noa", "Mine?", **ids)
    assert (strange.status, strange.code) == (404, "unknown_conversation")


async def test_a_parent_that_is_not_the_last_message_branches_the_conversation(room: Chatting) -> None:
    first = (await ask(room, "mia", "One")).body
    ids = {"conversation_id": first["conversation_id"], "parent_id": first["response_id"]}
    await ask(room, "mia", "Left", **ids)
    right = await ask(room, "mia", "Right", **ids)
    assert right.status == 200
    assert [text for _, text in room.upstream.requests[-1].messages] == ["One", first["content"], "Right"]


async def test_the_best_account_one_may_use_answers_and_errors_have_their_status(room: Chatting) -> None:
    await ask(room, "mia", "Hi")
    await ask(room, "noa", "Hi")
    assert [request.body["model"] for request in room.upstream.requests] == ["gpt-free", "gpt-plus"]
    assert (await ask(room, "mia", " ")).code == "empty_prompt"
    assert (await ask(room, "mia", "Hi", plus=True)).status == 400
    room.upstream.play(BreakOff())
    broken = await ask(room, "mia", "Hi")
    assert (broken.status, broken.code) == (502, "upstream_broken_stream")


class Response(msgspec.Struct):
    """What ChatGPT-API-server's own `types.go` reads every answer into: all of it text, what is missing empty."""

    id: str = ""
    response_id: str = ""
    conversation_id: str = ""
    content: str = ""
    error: str = ""


async def test_programs_read_errors_as_they_read_answers(room: Chatting) -> None:
    room.upstream.play(Answer(text="Hello"), Refuse(429, headers={"Retry-After": "7"}), BreakOff(pieces=("Half ",)))
    answered, limited = await ask(room, "mia", "Hi"), await ask(room, "mia", "Hi")
    read = msgspec.convert(answered.body, Response)
    assert (read.content, read.error) == ("Hello", "")
    assert read.response_id
    assert limited.status == 429
    refused = [limited, await ask(room, "mia", "Hi", parent_id="half"), await ask(room, "noa", "Mine?", **ids(read))]
    refused.append(await send(room, "POST", "/api/ask", {"content": "Hi"}, token="rk-wrong"))
    refused.append(await send(room, "POST", "/api/ask", "no object", token=room.keys["mia"]))
    for told in refused:
        read = msgspec.convert(told.body, Response)
        assert (read.response_id, read.conversation_id, read.content) == ("", "", "")
        assert read.error[-1] == "."
    admin = {"admin_key": "wrong"}
    for method, path in (("POST", "/admin/users/add"), ("POST", "/admin/users/delete"), ("GET", "/api/connections")):
        told = await send(room, method, path, {**admin, "user_id": "x"} if method == "POST" else None)
        assert told.status == 401
        assert msgspec.convert(told.body, Response).error


def ids(answer: Response) -> dict[str, str]:
    """As the original's README says: to follow up, send these two."""
    return {"conversation_id": answer.conversation_id, "parent_id": answer.response_id}


async def test_an_admin_adds_lists_and_deletes_tokens(room: Chatting) -> None:
    admin = {"admin_key": room.keys["root"]}
    added = await send(room, "POST", "/admin/users/add", admin)
    assert (added.status, set(added.body)) == (200, {"user_id", "token"})
    user_id, token = added.body["user_id"], added.body["token"]
    assert (await send(room, "POST", "/api/ask", {"content": "Hi"}, token=token)).status == 200
    listed = await send(room, "GET", f"/admin/users?admin_key={room.keys['root']}")
    assert listed.body == {"users": [{"user_id": user_id, "token": f"…{token[-4:]}"}]}
    gone = await send(room, "POST", "/admin/users/delete", {**admin, "user_id": user_id})
    assert (gone.status, gone.body) == (200, {"message": "User deleted"})
    assert (await send(room, "POST", "/api/ask", {"content": "Hi"}, token=token)).code == "revoked_key"
    assert (await send(room, "GET", f"/admin/users?admin_key={room.keys['root']}")).body == {"users": []}


async def test_tokens_are_an_admins_affair(room: Chatting) -> None:
    for key, status in ((room.keys["bot"], 403), (room.keys["mia"], 403), ("rk-wrong", 401), ("", 401)):
        assert (await send(room, "POST", "/admin/users/add", {"admin_key": key})).status == status
        assert (await send(room, "POST", "/admin/users/delete", {"admin_key": key, "user_id": "mia"})).status == status
        assert (await send(room, "GET", f"/admin/users?admin_key={key}")).status == status
    both = await send(
        room, "POST", "/admin/users/add", {"admin_key": room.keys["root"]}, token=f"Bearer {room.keys['root']}"
    )
    assert (both.status, both.code) == (400, "two_keys")


async def test_only_users_that_admins_made_can_be_deleted_here(room: Chatting) -> None:
    for name in ("root", "bot", "mia", "nobody"):
        told = await send(room, "POST", "/admin/users/delete", {"admin_key": room.keys["root"], "user_id": name})
        assert (told.status, told.code) == (404, "unknown_user")
    await room.client.update_user("mia", UpdateUser(username="still here"))


@pytest.mark.sqlite
async def test_no_admin_key_in_an_address_reaches_a_log(room: Chatting, caplog: pytest.LogCaptureFixture) -> None:
    key = room.keys["root"]
    with caplog.at_level(logging.DEBUG):
        assert (await send(room, "GET", f"/admin/users?admin_key={key}")).status == 200
        assert (await send(room, "GET", f"/admin/users?admin_key={key}&more=1")).status == 400
        assert (await send(room, "GET", f"/admin/users/nowhere?admin_key={key}")).status == 404
    assert "/admin/users 200" in caplog.text
    assert key[3:20] not in caplog.text


@pytest.mark.sqlite
async def test_every_path_can_be_changed(tmp_path: Path) -> None:
    paths = Paths(ask="/go/ask", admin_users="/go/u", admin_users_add="/go/u/add", admin_users_delete="/go/u/delete")
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, paths=paths) as room:
        admin = {"admin_key": room.keys["root"]}
        added = (await send(room, "POST", "/go/u/add", admin)).body
        assert (await send(room, "POST", "/go/ask", {"content": "Hi"}, token=added["token"])).status == 200
        assert len((await send(room, "GET", f"/go/u?admin_key={room.keys['root']}")).body["users"]) == 1
        assert (await send(room, "POST", "/go/u/delete", {**admin, "user_id": added["user_id"]})).status == 200
        assert (await send(room, "POST", "/api/ask", {"content": "Hi"}, token=added["token"])).status == 404
