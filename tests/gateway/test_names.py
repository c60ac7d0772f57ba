"""What people are called, wherever the gateway tells of them by an id that nobody knows by heart."""

from pathlib import Path

import pytest

from gateway.client import GatewayClient
from gateway.wire import CreateUser
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, ask, chatting
from tests.gateway.web.browsing import browser

ADA, BEN = "811:1042", "811:2077"


async def lived_in(room: Chatting) -> str:
    """Ada's conversation, with which Ben went on; both are known by ids of Discord's. Its id."""
    users = list[GatewayClient]()
    for user_id, called in ((ADA, "Ada Lovelace"), (BEN, "Ben <b>")):
        made = await room.client.create_user(CreateUser(user_id=user_id, username=called))
        room.keys[user_id] = made.key
        users.append(room.client.acting_with(made.key))
    begun = (await ask(users[0], "Is tea good?")).conversation_id
    await room.client.share_conversation(begun, BEN)
    await ask(users[1], "And coffee?", conversation_id=begun)
    await room.admin.create_user(CreateUser(user_id="plain"))
    return begun


@pytest.mark.usefixtures("either_engine")
async def test_hits_usage_and_the_log_tell_what_somebody_is_called_beside_the_id(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        begun = await lived_in(room)
        hit = (await room.admin.search("tea")).hits[0]
        assert (hit.user_id, hit.username, hit.client_id) == (ADA, "Ada Lovelace", "bot")
        named = {ADA: "Ada Lovelace", BEN: "Ben <b>"}
        for usage in (await room.admin.usage(), await room.client.usage(top=5)):
            assert {user.user_id: user.username for user in usage.users} == named
        groups = (await room.admin.usage(by="user")).groups
        assert {group.name: group.username for group in groups} == named
        line = (await room.admin.audit()).entries[0]
        assert (line.reader, line.reader_username, line.user_id, line.username) == ("root", "", None, "")
        await room.client.get_conversation(begun)
        assert (await room.admin.audit()).entries[0].username == "Ada Lovelace"
        await room.client.delete_user(ADA, purge=True)
        left = (await room.admin.audit()).entries[0]
        assert (left.user_id, left.username) == (ADA, "")


async def test_pages_call_people_by_their_names_and_tell_admins_the_ids(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        begun = await lived_in(room)

        async def see(who: str, path: str) -> str:
            async with browser(room.server.url) as tab:
                await tab.sign_in(room.keys[who])
                page = await tab.get(path)
                assert page.status == 200, page.text
                return " ".join(page.text.partition("<main")[2].split())

        for guest, you, other in ((ADA, "You", "Ben &lt;b&gt;"), (BEN, "Ada Lovelace", "You")):
            read = await see(guest, f"/c/{begun}")
            assert (f'author"> {you} ' in read, f'author"> {other} ' in read) == (True, True), guest
            assert ADA not in read
        for who, path in (("root", "/"), ("root", "/usage?by=user"), ("bot", f"/c/{begun}"), ("bot", "/audit")):
            read = await see(who, path)
            assert ("Ada Lovelace" in read, f">{ADA}</" in read) == (True, True), path
        assert "Ada Lovelace (811:1042) · bot · prompt" in await see("root", "/search?q=tea")
        assert "Ada Lovelace (811:1042) · prompt" in await see("bot", "/search?q=tea")
        assert "## Prompt of Ben <b>" in (await room.admin.export_conversation(begun)).decode()
