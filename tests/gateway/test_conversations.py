from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from gateway.app_keys import CONVERSATIONS, USERS
from gateway.conversations import ConversationRecord, Conversations, StoredMessage
from gateway.errors import NotFound
from gateway.principals import Principal
from storage import BrokenConstraint
from tests.gateway.conftest import Clock, RunningGateway, config_in, running

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
async def bot(gateway: RunningGateway) -> str:
    return await gateway.make("bot", role="client")


@pytest.fixture
async def member(gateway: RunningGateway, bot: str) -> str:
    return await gateway.make("1:1", key=bot)


async def principal(gateway: RunningGateway, name: str, client: str | None = "bot") -> Principal:
    users = gateway.server.app[USERS]
    return await users.get(None if client is None else (await users.client(client)).id, name)


def conversations_of(gateway: RunningGateway) -> Conversations:
    return gateway.server.app[CONVERSATIONS]


def a_conversation(owner: Principal, clock: Clock, title: str = "Tea") -> ConversationRecord:
    at = int(clock() * 1000)
    return ConversationRecord(
        id=str(uuid4()), owner_id=owner.id, owner_name=owner.name, client_id=owner.client_id,
        client_name=owner.client_name, title=title, title_source="provisional", tier="free", account="first",
        model="m-1", system="null", created_at=at, updated_at=at,
    )  # fmt: skip


def a_prompt(
    conversation: ConversationRecord, clock: Clock, parent: str | None = None, content: str = "How?"
) -> StoredMessage:
    return StoredMessage(
        id=str(uuid4()), conversation_id=conversation.id, parent_id=parent, role="user", content=content,
        created_at=int(clock() * 1000),
    )  # fmt: skip


def a_reply(prompt: StoredMessage, content: str = "With water.", **fields: object) -> StoredMessage:
    return msgspec.structs.replace(
        prompt, id=str(uuid4()), parent_id=prompt.id, role="assistant", content=content, model="m-1", account="first",
        input_tokens=3, output_tokens=4, cost_usd=0.25, estimated=True, finish_reason="stop", **fields,
    )  # fmt: skip


async def begun(
    gateway: RunningGateway, owner: Principal, title: str = "Tea"
) -> tuple[ConversationRecord, StoredMessage, StoredMessage]:
    """A conversation with one prompt and one reply."""
    kept = conversations_of(gateway)
    record = a_conversation(owner, gateway.clock, title)
    prompt = a_prompt(record, gateway.clock)
    await kept.record_prompt(record, new=True, prompt=prompt)
    reply = a_reply(prompt)
    await kept.record_reply(reply)
    return record, prompt, reply


async def test_a_conversation_is_read_as_it_was_written(gateway: RunningGateway, member: str) -> None:
    owner = await principal(gateway, "1:1")
    record, prompt, reply = await begun(gateway, owner)
    assert (await conversations_of(gateway).find(record.id, owner)).system == "null"
    seen = await gateway.call("GET", f"/api/conversations/{record.id.upper()}", key=member)
    assert seen.status == 200
    assert seen.body["conversation"]["title"] == "Tea"
    assert seen.body["conversation"]["user_id"] == "1:1"
    first, second = seen.body["messages"]
    assert (first["id"], first["role"], first["content"]["parts"]) == (prompt.id, "user", ["How?"])
    assert (second["id"], second["parent_id"], second["status"]) == (reply.id, prompt.id, "complete")
    assert second["usage"] == {"input_tokens": 3, "output_tokens": 4, "cost_usd": 0.25, "estimated": True}
    assert first["usage"] is None


async def test_owner_client_and_admin_may_and_others_find_nothing(
    gateway: RunningGateway, bot: str, member: str
) -> None:
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    path = f"/api/conversations/{record.id}"
    other_client = await gateway.make("other", role="client")
    others = [await gateway.make("2:2", key=bot), other_client, await gateway.make("1:1", key=other_client)]
    for key in (member, bot, gateway.admin_key):
        assert (await gateway.call("GET", path, key=key)).status == 200
    for key in others:
        for method, suffix, body in (
            ("GET", "", None),
            ("PATCH", "", {"title": "Mine"}),
            ("DELETE", "", None),
            ("GET", "/export", None),
        ):
            refused = await gateway.call(method, path + suffix, key=key, json=body)
            assert (refused.status, refused.code) == (404, "unknown_conversation")
        assert (await gateway.call("GET", "/api/conversations", key=key)).body["conversations"] == []


@pytest.mark.parametrize("name", ["x", "00000000-0000-4000-8000-000000000000", "1e", "%C3%BC"])
async def test_what_is_no_conversation_is_not_found(gateway: RunningGateway, member: str, name: str) -> None:
    refused = await gateway.call("GET", f"/api/conversations/{name}", key=member)
    assert (refused.status, refused.code) == (404, "unknown_conversation")


async def test_lists_show_the_last_used_first_in_pages(gateway: RunningGateway, member: str, clock: Clock) -> None:
    owner = await principal(gateway, "1:1")
    made = list[ConversationRecord]()
    for number in range(5):
        clock.advance(1 if number % 2 else 0)
        made.append((await begun(gateway, owner, f"T{number}"))[0])
    clock.advance(1)
    late = a_prompt(made[0], clock)
    await conversations_of(gateway).record_prompt(made[0], new=False, prompt=late)
    titles, path = list[str](), "/api/conversations?limit=2"
    while path:
        page = (await gateway.call("GET", path, key=member)).body
        titles += [conversation["title"] for conversation in page["conversations"]]
        path = f"/api/conversations?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert titles[0] == "T0"
    assert sorted(titles) == [f"T{number}" for number in range(5)]
    assert titles.index("T3") < titles.index("T1")


async def test_a_client_lists_all_of_its_users_or_one(gateway: RunningGateway, bot: str, member: str) -> None:
    await gateway.make("2:2", key=bot)
    await begun(gateway, await principal(gateway, "1:1"), "one")
    await begun(gateway, await principal(gateway, "2:2"), "two")
    await gateway.make("1:1")
    await begun(gateway, await principal(gateway, "1:1", None), "three")

    async def titles(query: str, key: str) -> set[str]:
        reply = await gateway.call("GET", f"/api/conversations{query}", key=key)
        return {conversation["title"] for conversation in reply.body["conversations"]}

    assert await titles("", bot) == {"one", "two"}
    assert await titles("?user_id=2:2", bot) == {"two"}
    assert await titles("?user_id=1:1", member) == {"one"}
    assert await titles("", gateway.admin_key) == {"one", "two", "three"}
    assert await titles("?client_id=bot", gateway.admin_key) == {"one", "two"}
    assert await titles("?user_id=1:1", gateway.admin_key) == {"three"}
    assert await titles("?user_id=1:1&client_id=bot", gateway.admin_key) == {"one"}
    refused = await gateway.call("GET", "/api/conversations?user_id=2:2", key=member)
    assert refused.status == 404


async def test_a_users_title_is_never_overwritten_by_a_generated_one(gateway: RunningGateway, member: str) -> None:
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    path, kept = f"/api/conversations/{record.id}", conversations_of(gateway)
    await kept.set_title(record.id, "Brewing", source="generated")
    assert (await gateway.call("GET", path, key=member)).body["conversation"]["title"] == "Brewing"
    renamed = await gateway.call("PATCH", path, key=member, json={"title": "My tea"})
    assert renamed.body["conversation"]["title"] == "My tea"
    await kept.set_title(record.id, "Brewing", source="generated")
    assert (await gateway.call("GET", path, key=member)).body["conversation"]["title"] == "My tea"
    for title in ("", "x" * 201, "a\nb", " "):
        assert (await gateway.call("PATCH", path, key=member, json={"title": title})).status == 400


async def test_an_export_holds_everything_that_was_said(gateway: RunningGateway, member: str) -> None:
    record, prompt, _ = await begun(gateway, await principal(gateway, "1:1"), "Tea\u2615")
    await conversations_of(gateway).record_reply(a_reply(prompt, "Half an", status="incomplete"))
    path = f"/api/conversations/{record.id}/export"
    markdown = await gateway.call("GET", path, key=member)
    assert markdown.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert f"conversation-{record.id}.md" in markdown.headers["Content-Disposition"]
    assert markdown.body.startswith("# Tea\u2615\n")
    assert all(text in markdown.body for text in ("How?", "With water.", "Half an", "incomplete", "m-1"))
    as_json = await gateway.call("GET", path + "?format=json", key=member)
    assert len(as_json.body["messages"]) == 3
    assert (await gateway.call("GET", path + "?format=pdf", key=member)).status == 400


async def test_a_path_leads_from_the_first_message_to_the_one_asked_for(
    gateway: RunningGateway, member: str, clock: Clock
) -> None:
    owner, kept = await principal(gateway, "1:1"), conversations_of(gateway)
    record, prompt, reply = await begun(gateway, owner)
    left = a_prompt(record, clock, reply.id, "left")
    right = a_prompt(record, clock, reply.id, "right")
    for message in (left, right):
        await kept.record_prompt(record, new=False, prompt=message)
    assert [m.content for m in await kept.path_to(record.id, left.id)] == ["How?", "With water.", "left"]
    assert [m.id for m in await kept.path_to(record.id, None)] == [prompt.id, reply.id, right.id]
    other, other_prompt, _ = await begun(gateway, owner)
    for unknown in (other_prompt.id, str(uuid4()), "x"):
        with pytest.raises(NotFound) as refused:
            await kept.path_to(record.id, unknown)
        assert refused.value.code == "unknown_parent"
    assert await kept.path_to(str(uuid4()), None) == []
    assert other.id != record.id


async def test_a_prompt_nobody_answered_can_be_withdrawn(gateway: RunningGateway, member: str, clock: Clock) -> None:
    owner, kept = await principal(gateway, "1:1"), conversations_of(gateway)
    record = a_conversation(owner, clock)
    prompt = a_prompt(record, clock)
    await kept.record_prompt(record, new=True, prompt=prompt)
    await kept.withdraw_prompt(record.id, prompt.id)
    with pytest.raises(NotFound):
        await kept.find(record.id, owner)
    answered, first, reply = await begun(gateway, owner)
    follow_up = a_prompt(answered, clock, reply.id)
    await kept.record_prompt(answered, new=False, prompt=follow_up)
    await kept.withdraw_prompt(answered.id, follow_up.id)
    await kept.withdraw_prompt(answered.id, first.id)
    assert [m.id for m in await kept.read(answered.id)] == [first.id, reply.id]


async def test_a_prompt_and_its_conversation_come_together_or_not_at_all(
    gateway: RunningGateway, member: str, clock: Clock
) -> None:
    owner, kept = await principal(gateway, "1:1"), conversations_of(gateway)
    _, taken, _ = await begun(gateway, owner)
    record = a_conversation(owner, clock)
    with pytest.raises(BrokenConstraint):
        await kept.record_prompt(record, new=True, prompt=msgspec.structs.replace(a_prompt(record, clock), id=taken.id))
    with pytest.raises(NotFound):
        await kept.find(record.id, owner)


async def test_a_reply_to_a_conversation_deleted_meanwhile_is_refused(
    gateway: RunningGateway, member: str, clock: Clock
) -> None:
    owner, kept = await principal(gateway, "1:1"), conversations_of(gateway)
    record, prompt, _ = await begun(gateway, owner)
    await kept.delete(record.id)
    with pytest.raises(NotFound, match="deleted"):
        await kept.record_reply(a_reply(prompt))
    with pytest.raises(NotFound, match="deleted"):
        await kept.record_prompt(record, new=False, prompt=a_prompt(record, clock))


@pytest.mark.sqlite
async def test_deleting_erases_the_words_from_the_file(tmp_path: Path, clock: Clock) -> None:
    config = config_in(tmp_path / "data")
    async with running(config, clock) as gateway:
        bot = await gateway.make("bot", role="client")
        member = await gateway.make("1:1", key=bot)
        record, _, _ = await begun(gateway, await principal(gateway, "1:1"), "Very private")
        path = f"/api/conversations/{record.id}"
        assert (await gateway.call("DELETE", path, key=member)).status == 200
        assert (await gateway.call("GET", path, key=member)).status == 404
        assert (await gateway.call("DELETE", path, key=member)).status == 404
    kept = (tmp_path / "data" / "gateway.db").read_bytes()
    assert b"Very private" not in kept
    assert b"With water." not in kept


async def test_deleting_a_user_keeps_conversations_and_purging_erases_them(
    gateway: RunningGateway, bot: str, member: str
) -> None:
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    path = f"/api/conversations/{record.id}"
    await gateway.call("DELETE", "/api/users/1:1", key=bot)
    assert (await gateway.call("GET", path, key=bot)).status == 200
    back = await gateway.make("1:1", key=bot)
    assert (await gateway.call("GET", path, key=back)).status == 200
    await gateway.call("DELETE", "/api/users/1:1?purge=true", key=bot)
    assert (await gateway.call("GET", path, key=bot)).status == 404


async def test_purging_a_client_erases_its_users_and_what_they_said(
    gateway: RunningGateway, bot: str, member: str
) -> None:
    record, _, _ = await begun(gateway, await principal(gateway, "1:1"))
    await gateway.call("DELETE", "/api/users/bot?purge=true", key=gateway.admin_key)
    assert (await gateway.call("GET", f"/api/conversations/{record.id}", key=gateway.admin_key)).status == 404
    assert (await gateway.call("GET", "/api/whoami", key=member)).code == "invalid_key"
    assert len((await gateway.call("GET", "/api/users", key=gateway.admin_key)).body["users"]) == 1


async def test_a_client_says_where_a_conversation_goes_on_and_nobody_else_does(
    gateway: RunningGateway, bot: str, member: str
) -> None:
    owner = await principal(gateway, "1:1")
    record, _, _ = await begun(gateway, owner)
    path, link = f"/api/conversations/{record.id}", "https://discord.com/channels/1/2"
    stranger = await gateway.make("other bot", role="client")
    assert (await gateway.call("PATCH", path, key=member, json={"link": link})).code == "forbidden"
    assert (await gateway.call("PATCH", path, key=stranger, json={"link": link})).status == 404
    for wrong in (
        "http://discord.com/x",
        "javascript:alert(1)",
        "https://discord.com@evil.example/",
        "https://x/\n",
        'https://x/"><script>',
        "https://x/" + "a" * 500,
        "//x",
        "",
        7,
    ):
        refused = await gateway.call("PATCH", path, key=bot, json={"link": wrong})
        assert refused.status in {400, 422}, wrong
    assert (await gateway.call("PATCH", path, key=bot, json={})).status in {400, 422}
    linked = await gateway.call("PATCH", path, key=bot, json={"link": link})
    assert (linked.body["conversation"]["link"], linked.body["conversation"]["title"]) == (link, "Tea")
    listed = await gateway.call("GET", "/api/conversations", key=member)
    assert listed.body["conversations"][0]["link"] == link
    both = await gateway.call("PATCH", path, key=bot, json={"link": None, "title": "Coffee"})
    assert (both.body["conversation"]["link"], both.body["conversation"]["title"]) == (None, "Coffee")
