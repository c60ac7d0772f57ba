"""chatgpt-api-server's pages: recall and access tokens, by session or by a key in the form, and adding users."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from gateway.config import Paths
from gateway.wire import ChatRequest
from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, ask, chatting
from tests.gateway.conftest import RunningGateway
from tests.gateway.web.browsing import Browser, Page, browser

OWN_KEY = "sk-mia-own-0123456789"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Chatting]:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        await room.user("mia")
        yield room


@pytest.fixture
async def stranger(room: Chatting) -> AsyncGenerator[Browser]:
    async with browser(room.server.url) as tab:
        yield tab


async def send(tab: Browser, path: str, **fields: str) -> Page:
    return await tab.post(path, {"csrf": (await tab.get(path)).csrf, **fields})


async def test_titles_and_messages_are_recalled_by_a_key_in_the_form_alone(room: Chatting, stranger: Browser) -> None:
    mia = room.client.acting_with(room.keys["mia"])
    room.upstream.title, room.upstream.reply = "Bread <b>", "Knead, <script>alert(1)</script> then wait"
    begun = await ask(mia, "How do I bake?")
    room.upstream.reply = "An hour"
    await ask(mia, "How long?", conversation_id=begun.conversation_id)
    titles = await send(stranger, "/recall", key=room.keys["mia"])
    assert (titles.status, "Bread &lt;b&gt;" in titles.text, begun.conversation_id in titles.text) == (200, True, True)
    one = await send(stranger, "/recall", key=room.keys["mia"], conversation_id=begun.conversation_id)
    places = [one.text.index(words) for words in ("How do I bake?", "Knead, &lt;script&gt;", "How long?", "An hour")]
    assert places == sorted(places)
    for page in (titles, one):
        assert room.keys["mia"] not in page.text + str(page.url)
    unnamed = await send(stranger, "/recall", key=room.keys["bot"])
    assert (unnamed.status, "Bread" in unnamed.text) == (200, False)
    by_client = await send(stranger, "/recall", key=room.keys["bot"], user_id="mia")
    assert "Bread &lt;b&gt;" in by_client.text
    noted = (await room.admin.audit()).entries
    assert [(entry.reader, entry.action, entry.user_id) for entry in noted] == [("bot", "list", "mia")]
    await room.user("tom")
    foreign = await send(stranger, "/recall", key=room.keys["tom"], conversation_id=begun.conversation_id)
    assert (foreign.status, "Knead" in foreign.text) == (404, False)
    in_address = await stranger.get(f"/recall?key={room.keys['mia']}")
    assert (in_address.status, "Bread" in in_address.text) == (400, False)
    for _ in range(20):
        assert (await send(stranger, "/recall", key="rk-nonsense")).status in {401, 429}
    assert (await send(stranger, "/recall", key=room.keys["mia"])).status == 429


async def test_whoever_is_signed_in_recalls_without_a_key_and_a_client_its_users(
    room: Chatting, stranger: Browser
) -> None:
    begun = await ask(room.client.acting_with(room.keys["mia"]), "How do I bake?")
    await stranger.sign_in(room.keys["mia"])
    link = re.search(r'href="\./(recall\?[^"]+)"', (await stranger.get("/recall")).text)
    assert link
    assert "How do I bake?" in (await stranger.get(f"/{link[1].replace('&amp;', '&')}")).text
    async with browser(room.server.url) as desk:
        await desk.sign_in(room.keys["bot"])
        read = await desk.get(f"/recall?user_id=mia&conversation_id={begun.conversation_id}")
        assert "How do I bake?" in read.text
        assert (await desk.get("/recall?user_id=nobody")).status == 404


async def test_a_provider_key_becomes_a_token_that_prompts_run_on(room: Chatting, stranger: Browser) -> None:
    made = await send(stranger, "/access-token", key=room.keys["mia"], api_key=OWN_KEY)
    token = re.search(r"rk-at-[\w=-]+", made.text)
    assert token, made.text
    assert (OWN_KEY in made.text, made.headers["Cache-Control"]) == (False, "no-store")
    mia = room.client.acting_with(room.keys["mia"])
    assert (await mia.ask(ChatRequest(prompt="Hi", access_token=token[0]))).reply
    await stranger.sign_in(room.keys["bot"])
    for_mia = await send(stranger, "/access-token", user_id="mia", api_key=OWN_KEY)
    assert "rk-at-" in for_mia.text


async def test_an_e_mail_and_a_password_are_refused_in_words_and_not_repeated(
    room: Chatting, stranger: Browser
) -> None:
    for fields in ({"email": "mia@example.org", "password": "hunter2-secret"}, {"api_key": "mia@example.org"}):
        refused = await send(stranger, "/access-token", key=room.keys["mia"], **fields)
        assert (refused.status, "takes no e-mail and no password" in refused.text) == (400, True)
        assert "hunter2-secret" not in refused.text
    assert (await send(stranger, "/access-token", key=room.keys["root"], api_key=OWN_KEY)).status == 403
    assert (await send(stranger, "/access-token", key=room.keys["mia"])).status == 400


async def test_the_page_for_adding_users_stands_where_the_api_takes_arguments(gateway: RunningGateway) -> None:
    bot = await gateway.make("bot", role="client")
    async with browser(gateway.url) as tab:
        assert (await tab.get("/admin/add-user", headers=BROWSER)).url.path == "/sign-in"
        await tab.sign_in(bot)
        page = await tab.get("/admin/add-user", headers=BROWSER)
        assert (page.status, 'action="../users/add"' in page.text) == (200, True)
        assert (await tab.get("/admin/add-user")).status == 401, "a program's session counts for nothing"
    made = await gateway.call("GET", f"/admin/add-user?client={bot}&userid=7", headers=BROWSER)
    assert made.body["api_key"].startswith("rk-")
    by_header = await gateway.call("GET", "/admin/add-user", key=bot, headers=BROWSER)
    assert (by_header.status, by_header.code) == (400, "invalid_request")


async def test_the_pages_move_with_their_paths_in_the_config(tmp_path: Path) -> None:
    paths = Paths(admin_add_user="/v0/add", recall_page="/v0/recalled", access_token_page="/token")
    async with (
        FakeUpstream() as upstream,
        chatting(tmp_path, upstream, paths=paths) as room,
        browser(room.server.url) as tab,
    ):
        assert (await tab.get("/recall")).status == 404
        await tab.sign_in(room.keys["bot"])
        home = await tab.get("/")
        for path, title in (("v0/add", "Add user"), ("v0/recalled", "Recall"), ("token", "Access token")):
            assert f'href="./{path}"' in home.text
            page = await tab.get(f"/{path}", headers=BROWSER)
            assert (page.status, f"<h1>{title}</h1>" in page.text) == (200, True), path
