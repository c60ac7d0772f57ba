"""Everything the gateway holds of a user: shown whole, erased whole, and nobody gets out of a limit by it."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from gateway.client import GatewayClient
from gateway.config import Account, Limits, Retention, TierLimits
from gateway.errors import NotFound, PermissionDenied, RateLimited, Unauthenticated
from gateway.wire import (
    Erased,
    HeldConversation,
    HeldMessage,
    HeldReading,
    HeldUsage,
    HeldUser,
    NewAttachment,
    UpdateUser,
)
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import ask, chatting
from tests.gateway.conftest import Clock, RunningGateway, config_in, eventually, running

pytestmark = pytest.mark.usefixtures("either_engine")


async def test_all_that_is_held_of_a_user_is_shown_part_by_part(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        mia, tom = await room.user("1:7"), await room.user("1:8")
        note = NewAttachment(name="note.txt", data="SGVsbG8=")
        told = await ask(mia, "What does it say?", attachments=[note], system="Be brief.")
        await ask(mia, "And in French?", conversation_id=told.conversation_id)
        await ask(tom, "Mine alone")
        await room.client.get_conversation(told.conversation_id)
        parts = [part async for part in room.client.held_of("1:7")]
        assert [type(part) for part in parts[:1]] == [HeldUser]
        assert sum(part.requests for part in parts if isinstance(part, HeldUsage)) == 2
        [conversation] = [part for part in parts if isinstance(part, HeldConversation)]
        assert (conversation.conversation.id, conversation.system) == (told.conversation_id, "Be brief.")
        messages = [part.message for part in parts if isinstance(part, HeldMessage)]
        assert [message.role for message in messages] == ["user", "assistant"] * 2
        assert messages[2].content.parts == ["And in French?"]
        assert messages[0].attachments[0].name == "note.txt"
        readings = [part.reading for part in parts if isinstance(part, HeldReading)]
        assert [(reading.reader, reading.action) for reading in readings] == [("bot", "export"), ("bot", "read")]
        assert "Mine alone" not in str(parts)
        own = [part async for part in mia.held_of("1:7")]
        assert len(own) == len(parts), "who reads their own leaves no note"
        with pytest.raises(NotFound):
            [part async for part in tom.held_of("1:7")]


async def test_what_a_user_wrote_is_erased_with_its_key_and_counted(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        mia, tom = await room.user("1:7"), await room.user("1:8")
        note = NewAttachment(name="note.txt", data="SGVsbG8=")
        told = await ask(mia, "A secret word: abracadabra", attachments=[note])
        await ask(mia, "More", conversation_id=told.conversation_id)
        kept = await ask(tom, "Mine stays")
        with pytest.raises(NotFound):
            await tom.erase_data("1:7")
        assert await room.client.erase_data("1:7") == Erased(conversations=1, messages=4, attachments=1, usage_days=0)
        with pytest.raises(Unauthenticated):
            await mia.whoami()
        with pytest.raises(NotFound):
            await room.client.get_conversation(told.conversation_id)
        assert (await room.client.search("abracadabra")).hits == []
        assert (await tom.get_conversation(kept.conversation_id)).messages != []
        assert await room.client.erase_data("1:7") == Erased(conversations=0, messages=0, attachments=0, usage_days=0)
        with pytest.raises(NotFound):
            await room.client.erase_data("1:9")


async def test_who_was_deleted_before_is_found_and_erased_too(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        for name in ("1:7", "2:7", "2:17"):
            await ask(await room.user(name), "Hello")
            await room.client.delete_user(name)
        await room.user("3:7")
        assert [user.user_id async for user in room.client.list_users(ending=":7")] == ["3:7"]
        found = [user.user_id async for user in room.client.list_users(ending=":7", deleted=True, page_size=1)]
        assert found == ["1:7", "2:7", "3:7"]
        assert len([part async for part in room.client.held_of("1:7") if isinstance(part, HeldMessage)]) == 2
        assert (await room.client.erase_data("2:7")).conversations == 1


async def test_nobody_gets_out_of_a_limit_or_a_block_by_being_forgotten(tmp_path: Path) -> None:
    limits = Limits(free=TierLimits(requests_per_minute=0, tokens_per_day=20_000))
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, limits=limits) as room:
        upstream.title = ""
        user = await room.user("1:7")
        answers = 0
        with pytest.raises(RateLimited):
            for answers in range(100):  # noqa: B007  how many there were is told below
                await ask(user, "word " * 1500)
        assert answers > 3
        await room.client.erase_data("1:7")
        with pytest.raises(RateLimited):
            await ask(await room.user("1:7"), "word " * 1500)
        await room.client.update_user("1:7", UpdateUser(disabled=True))
        await room.client.erase_data("1:7")
        again = await room.user("1:7")
        assert (await room.client.get_user("1:7")).disabled
        with pytest.raises(PermissionDenied, match="switched off"):
            await ask(again, "Let me in")


async def test_who_was_forgotten_is_erased_whole_once_nothing_depends_on_it(tmp_path: Path, clock: Clock) -> None:
    key = ""

    async def names(gateway: RunningGateway) -> list[str]:
        page = await gateway.call("GET", "/api/users?deleted=true", key=key)
        return [user["user_id"] for user in page.body["users"]]

    config = config_in(tmp_path / "data")
    async with running(config, clock) as gateway:
        key = await gateway.make("bot", role="client")
        for name in ("1:7", "1:8", "1:9"):
            await gateway.make(name, key=key)
        await gateway.call("PATCH", "/api/users/1:8", key=key, json={"disabled": True})
        for name in ("1:7", "1:8"):
            assert (await gateway.call("DELETE", f"/api/users/{name}/data", key=key)).status == 200
        await gateway.call("DELETE", "/api/users/1:9", key=key)
        assert await names(gateway) == ["1:7", "1:8", "1:9"]
        admin = gateway.admin_key
    clock.now += timedelta(days=40).total_seconds()
    async with running(config, clock, admin) as gateway:

        async def swept() -> bool:  # a block stays, and so does who was only revoked
            return await names(gateway) == ["1:8", "1:9"]

        await eventually(swept)


async def test_the_policy_tells_how_long_and_to_whom(tmp_path: Path) -> None:
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, retention=Retention(days=30)) as room,
    ):
        policy = await (await room.user()).policy()
        assert (policy.retention_days, policy.providers, policy.moderated) == (30, ["127.0.0.1"], False)


async def test_the_heaviest_users_of_a_server_come_first_with_its_own_total(tmp_path: Path) -> None:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        upstream.title = ""
        asked = {"1:1": 1, "1:2": 3, "1:3": 2, "2:1": 4, "11:1": 1}
        users = dict[str, GatewayClient]()
        for name, times in asked.items():
            users[name] = await room.user(name)
            for _ in range(times):
                await ask(users[name], "Hello")
        usage = await room.client.usage(starting="1:", top=2)
        assert [(user.user_id, user.requests) for user in usage.users] == [("1:2", 3), ("1:3", 2)]
        assert usage.total.requests == 6
        assert usage.next_cursor is None
        everybody = await room.client.usage(starting="1:")
        assert [user.user_id for user in everybody.users] == ["1:1", "1:2", "1:3"]
        assert msgspec.structs.asdict(everybody.total)["requests"] == 6


async def test_the_policy_names_nobody_where_an_offline_model_answers(tmp_path: Path) -> None:
    account = Account(name="small", tier="free", kind="offline", model="rules")
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream, [account]) as room:
        assert (await (await room.user()).policy()).providers == []
