import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from gateway.client import GatewayClient
from gateway.conversations import ConversationRecord
from gateway.errors import InvalidRequest
from tests.gateway.conftest import Clock, RunningGateway, config_in, running
from tests.gateway.test_conversations import a_prompt, a_reply, begun, conversations_of, principal

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
async def bot(gateway: RunningGateway) -> str:
    return await gateway.make("bot", role="client")


@pytest.fixture
async def member(gateway: RunningGateway, bot: str) -> str:
    return await gateway.make("1:1", key=bot)


async def said(gateway: RunningGateway, owner: str, *texts: str, title: str = "Talk") -> ConversationRecord:
    """A conversation of these prompts, a second apart."""
    record, _, _ = await begun(gateway, await principal(gateway, owner), title)
    for text in texts:
        gateway.clock.advance(1)
        prompt = a_prompt(record, gateway.clock, content=text)
        await conversations_of(gateway).record_prompt(record, new=False, prompt=prompt)
    return record


async def hits(gateway: RunningGateway, key: str, q: str, more: str = "") -> list[dict[str, Any]]:
    found = await gateway.call("GET", f"/api/search?q={quote(q)}{more}", key=key)
    assert found.status == 200, found.body
    return found.body["hits"]


async def texts(gateway: RunningGateway, key: str, q: str, more: str = "") -> list[str]:
    return [hit["snippet"] for hit in await hits(gateway, key, q, more)]


async def test_a_hit_tells_where_it_is(gateway: RunningGateway, member: str) -> None:
    record = await said(gateway, "1:1", title="Brewing")
    (hit,) = await hits(gateway, member, "water")
    seen = (await gateway.call("GET", f"/api/conversations/{record.id}", key=member)).body["messages"][1]
    assert hit == {
        "conversation_id": record.id,
        "conversation_title": "Brewing",
        "user_id": "1:1",
        "username": "",
        "client_id": "bot",
        "message_id": seen["id"],
        "role": "assistant",
        "created_at": seen["created_at"],
        "snippet": "With water.",
        "marks": [{"start": 5, "end": 10}],
    }
    (title,) = await hits(gateway, member, "BREWING")
    assert (title["message_id"], title["role"], title["snippet"]) == (None, None, "Brewing")


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("green tea", ["tea is green", "green tea with milk"]),
        ('"green tea"', ["green tea with milk"]),
        ("green -milk", ["tea is green"]),
        ('tea -"tea is"', ["green tea with milk"]),
        ("GREEN MILK", ["green tea with milk"]),
        ("creme", ["Crème brûlée"]),
        ("BRÛLÉE", ["Crème brûlée"]),
        ("bru\u0302le\u0301e", ["Crème brûlée"]),
        ("example", ["mail me@example.com/path-x now"]),
        ("example.com", ["mail me@example.com/path-x now"]),
        ("path-x", ["mail me@example.com/path-x now"]),
        ("ЧАЙ", ["зелёный чай"]),
        ("ея", []),
        ("gree", []),
    ],
)
async def test_words_phrases_and_exclusions(gateway: RunningGateway, member: str, q: str, found: list[str]) -> None:
    written = ["green tea with milk", "tea is green", "Crème brûlée", "mail me@example.com/path-x now", "зелёный чай"]
    await said(gateway, "1:1", *written)
    assert await texts(gateway, member, q) == found


@pytest.mark.parametrize(
    "q",
    [
        '"', '"" tea"', "tea AND", "NOT tea", "tea OR", "NEAR(tea", "content:tea", "tea*", "^tea", "(tea", "tea)",
        "{a}:tea", "tea'", "tea''", "tea \\ & | ! <->", "'; DROP TABLE messages; --", "tea:*A", "$1 :owner_id tea",
        "%s tea",
        "t" * 300, "\U00020000" * 300, "क़" * 300, "a " * 150, "a" + " -b" * 99, "\ud7a3", "é̂̃",
    ],
)  # fmt: skip
async def test_no_query_however_hostile_breaks_anything(gateway: RunningGateway, member: str, q: str) -> None:
    await said(gateway, "1:1", "tea")
    answer = await gateway.call("GET", f"/api/search?q={quote(q)}", key=member)
    assert answer.status in {200, 400}
    assert answer.status == 200 or answer.code == "invalid_request"


@pytest.mark.parametrize(
    "query", ["", "?q=", "?q=%20", "?q=-tea", "?q=" + "x" * 301, "?q=%00", "?q=a&q=b", "?q=a&limit=0"]
)
async def test_a_search_for_nothing_is_refused_in_words(gateway: RunningGateway, member: str, query: str) -> None:
    refused = await gateway.call("GET", f"/api/search{query}", key=member)
    assert refused.status == 400


async def test_everybody_finds_what_they_may_see_and_nothing_else(
    gateway: RunningGateway, bot: str, member: str
) -> None:
    other = await gateway.make("other", role="client")
    neighbour = await gateway.make("2:2", key=bot)
    await gateway.make("9:9", key=other)
    await gateway.make("direct")
    for name, client, word in (
        ("1:1", "bot", "one"),
        ("2:2", "bot", "two"),
        ("9:9", "other", "nine"),
        ("direct", None, "self"),
    ):
        record, _, _ = await begun(gateway, await principal(gateway, name, client), f"tea {word}")
        await conversations_of(gateway).record_prompt(
            record, new=False, prompt=a_prompt(record, gateway.clock, content=f"tea {word}")
        )

    async def whose(key: str, more: str = "") -> set[str]:
        found = await hits(gateway, key, "tea", more)
        assert len(found) == 2 * len({hit["user_id"] for hit in found})
        return {hit["user_id"] for hit in found}

    assert await whose(member) == {"1:1"}
    assert await whose(member, "&user_id=1:1") == {"1:1"}
    assert await whose(neighbour) == {"2:2"}
    assert await whose(bot) == {"1:1", "2:2"}
    assert await whose(bot, "&user_id=2:2") == {"2:2"}
    assert await whose(other) == {"9:9"}
    assert await whose(gateway.admin_key) == {"1:1", "2:2", "9:9", "direct"}
    assert await whose(gateway.admin_key, "&client_id=bot") == {"1:1", "2:2"}
    assert await whose(gateway.admin_key, "&client_id=other&user_id=9:9") == {"9:9"}
    assert await whose(gateway.admin_key, "&user_id=direct") == {"direct"}
    for key, more, status in (
        (member, "&user_id=2:2", 404), (bot, "&user_id=9:9", 404), (other, "&client_id=bot", 403),
        (member, "&client_id=other", 403), (gateway.admin_key, "&client_id=none", 404),
    ):  # fmt: skip
        assert (await gateway.call("GET", f"/api/search?q=tea{more}", key=key)).status == status
    assert (await gateway.call("GET", "/api/search?q=tea")).status == 401


async def test_pages_show_every_hit_once_newest_first(gateway: RunningGateway, member: str) -> None:
    for number in range(4):
        await said(gateway, "1:1", f"tea {number}a", f"tea {number}b", title=f"tea {number}")
        gateway.clock.advance(1)
    seen, path = list[str](), "/api/search?q=tea&limit=3"
    while path:
        page = (await gateway.call("GET", path, key=member)).body
        assert len(page["hits"]) <= 3
        seen += [hit["snippet"] for hit in page["hits"]]
        path = f"/api/search?q=tea&limit=3&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == [f"tea {number}{part}" for number in (3, 2, 1, 0) for part in ("b", "a", "")]


async def test_a_cursor_of_another_list_is_refused(gateway: RunningGateway, member: str, clock: Clock) -> None:
    for title in "ab":
        await said(gateway, "1:1", title=title)
    cursor = (await gateway.call("GET", "/api/conversations?limit=1", key=member)).body["next_cursor"]
    refused = await gateway.call("GET", f"/api/search?q=tea&cursor={cursor}", key=member)
    assert (refused.status, refused.code) == (400, "invalid_request")


async def test_a_new_title_is_found_and_the_old_one_is_not(gateway: RunningGateway, member: str) -> None:
    record = await said(gateway, "1:1", title="oldword")
    path = f"/api/conversations/{record.id}"
    await gateway.call("PATCH", path, key=member, json={"title": "newword"})
    assert await texts(gateway, member, "oldword") == []
    assert await texts(gateway, member, "newword") == ["newword"]


async def test_what_is_gone_is_not_found(gateway: RunningGateway, bot: str, member: str) -> None:
    kept = conversations_of(gateway)
    record = await said(gateway, "1:1", "tea", title="tea")
    prompt = a_prompt(record, gateway.clock, content="withdrawn")
    await kept.record_prompt(record, new=False, prompt=prompt)
    assert len(await hits(gateway, member, "withdrawn")) == 1
    await kept.withdraw_prompt(record.id, prompt.id)
    assert await hits(gateway, member, "withdrawn") == []
    await gateway.call("DELETE", f"/api/conversations/{record.id}", key=member)
    assert await hits(gateway, member, "tea") == []
    await said(gateway, "1:1", "tea", title="tea")
    assert len(await hits(gateway, bot, "tea")) == 2
    await gateway.call("DELETE", "/api/users/bot?purge=true", key=gateway.admin_key)
    assert await hits(gateway, gateway.admin_key, "tea") == []


async def test_a_very_long_reply_is_kept_and_found(gateway: RunningGateway, member: str) -> None:
    record, prompt, _ = await begun(gateway, await principal(gateway, "1:1"))
    long = "needle " + " ".join(f"w{number}" for number in range(150_000))
    await conversations_of(gateway).record_reply(a_reply(prompt, long))
    (hit,) = await hits(gateway, member, "needle")
    assert hit["conversation_id"] == record.id


@pytest.fixture
async def files(tmp_path: Path, clock: Clock) -> AsyncGenerator[tuple[RunningGateway, Path]]:
    async with running(config_in(tmp_path / "data"), clock) as gateway:
        yield gateway, tmp_path / "data"


def held(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("gateway.db*"))


@pytest.mark.sqlite
async def test_purging_erases_every_word_from_the_files_while_the_gateway_runs(
    files: tuple[RunningGateway, Path],
) -> None:
    gateway, folder = files
    bot = await gateway.make("bot", role="client")
    for name in ("1:1", "2:2"):
        await gateway.make(name, key=bot)
        for number in range(20):
            word = "zqmarker" if name == "1:1" else "other"
            await said(gateway, name, f"{word}{number} said by {name}", title=f"{word}title")
    assert b"zqmarker" in held(folder)
    assert (await gateway.call("DELETE", "/api/users/1:1?purge=true", key=bot)).status == 200
    assert b"zqmarker" not in held(folder)
    assert not any(word.startswith("zqmark") for word in indexed(folder))
    assert b"other" in held(folder)
    assert len(await hits(gateway, bot, "other3")) == 1


@pytest.mark.sqlite
async def test_deleting_a_conversation_erases_its_words_from_the_files(files: tuple[RunningGateway, Path]) -> None:
    gateway, folder = files
    member = await gateway.make("1:1", key=await gateway.make("bot", role="client"))
    record = await said(gateway, "1:1", "zqmarker", title="zqtitle")
    await said(gateway, "1:1", "stays")
    await gateway.call("DELETE", f"/api/conversations/{record.id}", key=member)
    assert b"zqmarker" not in held(folder)
    assert b"zqtitle" not in held(folder)
    assert not {"zqmarker", "zqtitle"} & indexed(folder)
    assert "stays" in indexed(folder)


def indexed(folder: Path) -> set[str]:
    """Every word that the index holds; FTS5 writes only what differs from the word before."""
    found = set[str]()
    with closing(sqlite3.connect(folder / "gateway.db")) as database:
        for table in ("messages_fts", "conversations_fts"):
            database.execute(f"CREATE VIRTUAL TABLE temp.words_{table} USING fts5vocab (main, {table}, row)")
            found |= {term for (term,) in database.execute(f"SELECT term FROM temp.words_{table}").fetchall()}
    return found


async def test_the_client_library_searches(gateway: RunningGateway, bot: str, member: str) -> None:
    await said(gateway, "1:1", "tea one", "tea two")
    async with GatewayClient(gateway.url, bot) as client:
        first = await client.search("tea", limit=1, user_id="1:1")
        assert [hit.snippet for hit in first.hits] == ["tea two"]
        second = await client.search("tea", limit=1, cursor=first.next_cursor)
        assert [hit.snippet for hit in second.hits] == ["tea one"]
        assert second.hits[0].marks[0].end == 3
        assert second.next_cursor is None
        with pytest.raises(InvalidRequest):
            await client.search("!")
