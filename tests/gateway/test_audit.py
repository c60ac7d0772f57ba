from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.client import GatewayClient
from gateway.times import milliseconds, moment
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import ask, chatting
from tests.gateway.conftest import Clock, RunningGateway
from tests.gateway.test_conversations import begun, principal

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
async def bot(gateway: RunningGateway) -> str:
    return await gateway.make("bot", role="client")


@pytest.fixture
async def member(gateway: RunningGateway, bot: str) -> str:
    return await gateway.make("1:1", key=bot)


async def entries(gateway: RunningGateway, key: str) -> list[dict[str, Any]]:
    seen = await gateway.call("GET", "/api/audit", key=key)
    assert seen.status == 200, seen.body
    return seen.body["entries"]


async def test_every_read_by_an_admin_or_a_client_is_noted(gateway: RunningGateway, bot: str, member: str) -> None:
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    path = f"/api/conversations/{record.id}"
    reads = [
        ("list", bot, "/api/conversations?user_id=1:1", "1:1", "bot", None),
        ("list", bot, "/api/conversations", None, "bot", None),
        ("list", gateway.admin_key, "/api/conversations", None, None, None),
        ("search", gateway.admin_key, "/api/search?q=x&client_id=bot", None, "bot", None),
        ("search", bot, "/api/search?q=x&user_id=1:1", "1:1", "bot", None),
        ("read", gateway.admin_key, path, "1:1", "bot", record.id),
        ("export", bot, f"{path}/export", "1:1", "bot", record.id),
        ("export", bot, f"{path}/export?format=json", "1:1", "bot", record.id),
    ]
    for action, key, address, user_id, client_id, conversation_id in reads:
        gateway.clock.advance(1)
        answer = await gateway.call("GET", address, key=key)
        assert answer.status == 200
        newest = (await entries(gateway, gateway.admin_key))[0]
        assert newest.pop("at")
        assert newest == {
            "reader": "bot" if key == bot else "admin",
            "reader_username": "",
            "reader_role": "client" if key == bot else "admin",
            "action": action,
            "user_id": user_id,
            "username": "",
            "client_id": client_id,
            "conversation_id": conversation_id,
            "request_id": answer.headers["X-Request-ID"],
        }
    assert len(await entries(gateway, gateway.admin_key)) == len(reads)


async def test_a_client_that_recalls_for_a_user_is_noted_too(gateway: RunningGateway, bot: str, member: str) -> None:
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    for more in ("", f"&conversation_id={record.id}"):
        answer = await gateway.call("GET", f"/api/recall?user_id=1:1{more}", key=bot)
        assert answer.status == 200, answer.body
        assert (await gateway.call("GET", f"/api/recall?{more[1:]}", key=member)).status == 200
    assert [entry["action"] for entry in await entries(gateway, member)] == ["read", "list"]


async def test_a_clients_follow_up_that_is_told_the_last_words_is_noted(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        mia = await room.user()
        told = await ask(room.client, "First", user_id="mia")
        assert (await mia.audit()).entries == []
        where = {"conversation_id": told.conversation_id}
        assert (await ask(mia, "Mine", **where)).last_message_prompt == "First"
        assert (await mia.audit()).entries == []
        for streamed in (False, True):
            asking = {"user_id": "mia", "prompt": "Next", "stream": streamed, **where}
            async with room.raw("bot", asking) as response:
                assert "last_message_prompt" in await response.text()
                assert (await mia.audit()).entries[0].request_id == response.headers["X-Request-ID"]
        async with room.raw("bot", {"user_id": "mia", "prompt": "Last", "reply_only": True, **where}) as response:
            assert await response.text() == upstream.reply
        entries = (await room.client.audit()).entries
        assert [(e.reader, e.action, e.user_id, e.conversation_id) for e in entries] == [
            ("bot", "read", "mia", told.conversation_id)
        ] * 2


async def test_what_people_read_of_their_own_is_not_noted(gateway: RunningGateway, member: str) -> None:
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    path = f"/api/conversations/{record.id}"
    for address in (path, f"{path}/export", "/api/conversations", "/api/conversations?user_id=1:1", "/api/search?q=x"):
        assert (await gateway.call("GET", address, key=member)).status == 200
    assert await entries(gateway, gateway.admin_key) == []


async def test_a_refused_read_is_not_noted(gateway: RunningGateway, bot: str, member: str) -> None:
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    other = await gateway.make("other", role="client")
    assert (await gateway.call("GET", f"/api/conversations/{record.id}", key=other)).status == 404
    assert (await gateway.call("GET", "/api/search?q=!", key=bot)).status == 400
    assert await entries(gateway, gateway.admin_key) == []


async def test_clients_and_users_see_what_is_about_them(gateway: RunningGateway, bot: str, member: str) -> None:
    other = await gateway.make("other", role="client")
    neighbour, stranger = await gateway.make("2:2", key=bot), await gateway.make("1:1", key=other)
    for key, address in (
        (bot, "/api/conversations?user_id=1:1"),
        (bot, "/api/conversations"),
        (gateway.admin_key, "/api/search?q=everybody"),
        (gateway.admin_key, "/api/search?q=x&client_id=other&user_id=1:1"),
        (other, "/api/conversations"),
    ):
        assert (await gateway.call("GET", address, key=key)).status == 200

    async def about(key: str) -> list[tuple[str, str | None, str | None]]:
        return [(entry["reader"], entry["client_id"], entry["user_id"]) for entry in await entries(gateway, key)]

    everybody, all_of_bot, all_of_other = ("admin", None, None), ("bot", "bot", None), ("other", "other", None)
    assert await about(member) == [everybody, all_of_bot, ("bot", "bot", "1:1")]
    assert await about(neighbour) == [everybody, all_of_bot]
    assert await about(stranger) == [all_of_other, ("admin", "other", "1:1"), everybody]
    assert await about(bot) == [everybody, all_of_bot, ("bot", "bot", "1:1")]
    assert await about(other) == [all_of_other, ("admin", "other", "1:1"), everybody]
    assert len(await about(gateway.admin_key)) == 5
    assert (await gateway.call("GET", "/api/audit")).status == 401


async def test_what_was_read_before_somebody_came_is_not_about_them(
    gateway: RunningGateway, bot: str, clock: Clock
) -> None:
    await gateway.call("GET", "/api/conversations", key=bot)
    clock.advance(1)
    assert await entries(gateway, await gateway.make("1:1", key=bot)) == []


async def test_the_log_outlives_those_it_tells_of(gateway: RunningGateway, bot: str, member: str) -> None:
    await gateway.call("GET", "/api/conversations?user_id=1:1", key=bot)
    for name in ("1:1?client_id=bot&purge=true", "bot?purge=true"):
        assert (await gateway.call("DELETE", f"/api/users/{name}", key=gateway.admin_key)).status == 200
    (entry,) = await entries(gateway, gateway.admin_key)
    assert (entry["reader"], entry["user_id"]) == ("bot", "1:1")


async def test_the_log_is_looked_through_by_reader_subject_action_and_day(
    gateway: RunningGateway, bot: str, member: str
) -> None:
    for key, address in (
        (bot, "/api/conversations?user_id=1:1"),
        (bot, "/api/search?q=x"),
        (gateway.admin_key, "/api/search?q=x"),
    ):
        assert (await gateway.call("GET", address, key=key)).status == 200
    today = moment(milliseconds(gateway.clock())).date()
    async with GatewayClient(gateway.url, gateway.admin_key) as admin:

        async def found(**wanted: Any) -> list[tuple[str, str]]:
            return [(each.reader, each.action) for each in (await admin.audit(**wanted)).entries]

        assert await found(reader="bot") == [("bot", "search"), ("bot", "list")]
        assert await found(action="search") == [("admin", "search"), ("bot", "search")]
        assert await found(user_id="1:1") == [("bot", "list")]
        assert await found(reader="bot", action="search", since=today, until=today) == [("bot", "search")]
        assert await found(until=today - timedelta(days=1)) == await found(since=today + timedelta(days=1)) == []
    assert (await gateway.call("GET", "/api/audit?action=write", key=bot)).status == 400
    of_member = await gateway.call("GET", "/api/audit?reader=bot", key=member)
    assert [each["action"] for each in of_member.body["entries"]] == ["search", "list"]


async def test_the_log_comes_in_pages_and_through_the_client_library(
    gateway: RunningGateway, bot: str, member: str
) -> None:
    async with GatewayClient(gateway.url, bot) as client:
        for _ in range(5):
            await client.list_conversations()
        found, cursor = list[str](), None
        while True:
            page = await client.audit(limit=2, cursor=cursor)
            assert len(page.entries) <= 2
            found += [entry.request_id for entry in page.entries]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert len(set(found)) == len(found) == 5
