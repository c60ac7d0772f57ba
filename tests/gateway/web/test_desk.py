"""The organisation's pages without a browser: who may do what to whom, and that nothing else is done."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest

from gateway.app_keys import ROUTES
from tests.gateway.conftest import RunningGateway
from tests.gateway.web.browsing import Browser, Page, browser

pytestmark = pytest.mark.usefixtures("either_engine")

ATTACK = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
WORK: dict[str, dict[str, str]] = {
    "key": {},
    "profile": {"username": "Taken over", "tier": "plus"},
    "disabled": {"disabled": "true"},
    "expiry": {"days": "1"},
    "limits": {"requests_per_minute": "1"},
    "delete": {"purge": "true", "confirm": "mia"},
}
"""What is done to a user, and the form for it."""


@asynccontextmanager
async def at_desk(gateway: RunningGateway, key: str) -> AsyncGenerator[Browser]:
    async with browser(gateway.url) as tab:
        assert (await tab.sign_in(key)).status == 200
        yield tab


@pytest.fixture
async def bot(gateway: RunningGateway) -> str:
    return await gateway.make("bot", role="client")


@pytest.fixture
async def mia(gateway: RunningGateway, bot: str) -> str:
    return await gateway.make("mia", key=bot, username="Mia Lindgren")


async def send(tab: Browser, path: str, **fields: str) -> Page:
    """Fill in a form of a page."""
    return await tab.post(path, {"csrf": (await tab.get("/")).csrf, **fields})


def key_in(page: Page) -> str:
    """The key that a page shows once."""
    found = re.findall(r"rk-[A-Za-z0-9_-]{20,}", page.text)
    assert len(found) == 1, page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert found[0] not in str(page.url) + str(page.headers)
    return found[0]


async def works(gateway: RunningGateway, key: str) -> bool:
    return (await gateway.call("GET", "/api/whoami", key=key)).status == 200


async def user_as_told(gateway: RunningGateway, bot: str, name: str = "mia") -> dict[str, object]:
    user = (await gateway.call("GET", f"/api/users/{name}", key=bot)).body["user"]
    return {field: told for field, told in user.items() if field != "last_used_at"}


async def test_no_client_sees_or_touches_what_is_another_clients(gateway: RunningGateway, bot: str, mia: str) -> None:
    before = await user_as_told(gateway, bot)
    other = await gateway.make("other", role="client")
    await gateway.make("tom", key=other)
    async with at_desk(gateway, other) as tab:
        assert "Mia" not in (await tab.get("/users")).text + (await tab.get("/users?search=mia")).text
        for named, status in (("user_id=mia", 404), ("user_id=mia&client_id=bot", 403), ("user_id=bot", 404)):
            for path in ("/user", "/user/conversations", "/recall"):
                page = await tab.get(f"{path}?{named}")
                assert (page.status, "Lindgren" in page.text) == (status, False), (path, named)
            for name, fields in WORK.items():
                assert (await send(tab, f"/user/{name}?{named}", **fields)).status == status, (name, named)
        assert (await tab.get("/users?client_id=bot")).status == 403
        assert (await tab.get("/clients")).status == 403
        assert (await send(tab, "/clients/add", user_id="mine")).status == 403
        assert (await send(tab, "/users/add", user_id="x", client_id="bot")).status == 403
        assert (await tab.get("/user?user_id=tom")).status == 200
    async with at_desk(gateway, mia) as tab:
        for path in ("/users", "/user?user_id=mia", "/user/conversations?user_id=mia", "/users/add", "/clients"):
            assert (await tab.get(path)).status == 403, path
        for name, fields in WORK.items():
            assert (await send(tab, f"/user/{name}?user_id=mia", **fields)).status == 403, name
        assert (await tab.get("/recall?user_id=tom")).status == 403
    assert await user_as_told(gateway, bot) == before
    assert await works(gateway, mia)


async def test_no_form_counts_that_another_site_sent(gateway: RunningGateway, bot: str, mia: str) -> None:
    before = await user_as_told(gateway, bot)
    routes = gateway.server.app[ROUTES]
    posts = [
        contract.path
        for contract in map(routes.contract, gateway.server.app.router.routes())
        if contract.page and contract.method == "POST" and contract.path.startswith(("/user", "/clients", "/recall"))
    ]
    assert {f"/user/{name}" for name in WORK} | {"/users/add", "/clients/add", "/recall"} <= set(posts)
    async with at_desk(gateway, gateway.admin_key) as tab:
        csrf = (await tab.get("/")).csrf
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        for path in (*posts, "/access-token"):
            fields = {"user_id": "new", "key": mia, **WORK.get(path.rpartition("/")[2], {})}
            where = f"{path}?user_id=mia&client_id=bot" if path.startswith("/user/") else path
            assert (await tab.post(where, {"csrf": csrf, **fields}, headers=foreign)).status == 403, path
            assert (await tab.post(where, {"csrf": "x", **fields})).status == 403, path
    assert await user_as_told(gateway, bot) == before
    assert (await gateway.call("GET", "/api/users/new", key=gateway.admin_key)).status == 404


async def test_a_user_is_made_changed_and_taken_away(gateway: RunningGateway, bot: str) -> None:
    async with at_desk(gateway, bot) as tab:
        form = {"user_id": "7", "username": "Ada", "tier": "plus", "days": "30"}
        key = key_in(await send(tab, "/users/add", **form))
        again = await send(tab, "/users/add", **form)
        assert (again.status, 'value="Ada"' in again.text, "That id is taken." in again.text) == (409, True, True)
        long = await send(tab, "/users/add", user_id="8", username="x" * 101)
        assert (long.status, f'value="{"x" * 101}"' in long.text) == (400, True)
        listed = await tab.get("/users?search=AD")
        assert ">Ada<" in listed.text
        assert (key[-4:] in listed.text, key in listed.text) == (True, False)
        made = await user_as_told(gateway, bot, "7")
        assert (made["plus"], made["expires_at"] is not None) == (True, True)

        assert "Changed." in (await send(tab, "/user/profile?user_id=7", username="Ada L.", tier="free")).text
        await send(tab, "/user/expiry?user_id=7", days="")
        await send(tab, "/user/limits?user_id=7", requests_per_minute="3", cost_per_month_usd="1.5", concurrent="0")
        changed = await user_as_told(gateway, bot, "7")
        assert (changed["username"], changed["plus"], changed["expires_at"]) == ("Ada L.", False, None)
        told = {"requests_per_minute": 3, "tokens_per_day": None, "cost_per_month_usd": 1.5, "concurrent": 0}
        assert changed["limits"] == told
        for fields in ({"requests_per_minute": "-1"}, {"tokens_per_day": "many"}):
            wrong = await send(tab, "/user/limits?user_id=7", **fields)
            assert (wrong.status, f'value="{next(iter(fields.values()))}"' in wrong.text) == (400, True)
        assert (await send(tab, "/user/expiry?user_id=7", days="0")).status == 400
        await send(tab, "/user/limits?user_id=7")
        assert (await user_as_told(gateway, bot, "7"))["limits"] is None

        await send(tab, "/user/disabled?user_id=7", disabled="true")
        assert not await works(gateway, key)
        await send(tab, "/user/disabled?user_id=7", disabled="false")
        assert await works(gateway, key)

        renewed = key_in(await send(tab, "/user/key?user_id=7", once="a-form"))
        assert key_in(await send(tab, "/user/key?user_id=7", once="a-form")) == renewed, "the same form, sent again"
        assert (await works(gateway, key), await works(gateway, renewed)) == (False, True)

        assert "The key is dead." in (await send(tab, "/user/delete?user_id=7")).text
        assert not await works(gateway, renewed)
        assert (await tab.get("/user?user_id=7")).status == 404


async def test_erasing_takes_the_id_typed_and_a_client_goes_with_its_users(
    gateway: RunningGateway, bot: str, mia: str
) -> None:
    async with at_desk(gateway, gateway.admin_key) as tab:
        page = await tab.get("/user?user_id=bot")
        assert "its 1 user are dead" in page.text
        wrong = await send(tab, "/user/delete?user_id=bot", purge="true", confirm="bob")
        assert (wrong.status, "Nothing was erased" in wrong.text, await works(gateway, mia)) == (400, True, True)
        assert "so are those" in (await send(tab, "/user/delete?user_id=bot")).text
        assert not await works(gateway, mia)
        admin = (await gateway.call("GET", "/api/whoami", key=gateway.admin_key)).body["name"]
        assert (await send(tab, f"/user/delete?{urlencode({'user_id': admin})}")).status == 409

        made = await send(tab, "/clients/add", user_id="shop", role="client")
        tom = await gateway.make("tom", key=key_in(made))
        assert "are erased" in (await send(tab, "/user/delete?user_id=shop", purge="true", confirm="shop")).text
        assert not await works(gateway, tom)
        agent = key_in(await send(tab, "/clients/add", user_id="gpu", role="agent"))
        assert agent[-4:] in (await tab.get("/clients")).text
        refused = await send(tab, "/clients/add", user_id="king", role="admin")
        assert (refused.status, 'value="king"' in refused.text) == (400, True)


async def test_names_that_attack_stay_text_on_every_page(gateway: RunningGateway) -> None:
    client = await gateway.make(f"c{ATTACK}", role="client", username=f"C{ATTACK}")
    await gateway.make(f"u{ATTACK}", key=client, username=f"U{ATTACK}")
    await gateway.make("../..?#%41", key=client)
    whose = {"user_id": f"u{ATTACK}", "client_id": f"c{ATTACK}"}
    async with at_desk(gateway, gateway.admin_key) as tab:
        for path in (
            "/users",
            f"/users?{urlencode({'search': ATTACK, 'client_id': whose['client_id']})}",
            f"/user?{urlencode(whose)}",
            f"/user/conversations?{urlencode(whose)}",
            f"/recall?{urlencode(whose)}",
            f"/user?{urlencode({'user_id': whose['client_id']})}",
            "/clients",
            "/users/add",
        ):
            page = await tab.get(path)
            assert page.status == 200, path
            assert "<script>" not in page.text, path
            assert "<img" not in page.text, path
            assert "onerror" in page.text, path
        for path in ("/users/add", "/clients/add"):
            page = await send(tab, path, user_id=ATTACK * 3, username=ATTACK)
            assert (page.status, "<img" in page.text) == (400, False)
        links = re.findall(r'href="\./(user\?[^"]+)"', (await tab.get("/users")).text)
        assert len(links) == 2
        for link in links:
            assert (await tab.get(f"/{link.replace('&amp;', '&')}")).status == 200, link


async def test_a_page_of_many_users_leads_on_to_the_next(gateway: RunningGateway, bot: str) -> None:
    for number in range(51):
        await gateway.make(f"m:{number:02}", key=bot, username=f"Member {number}")
    async with at_desk(gateway, bot) as tab:
        first = await tab.get("/users?search=member")
        following = re.search(r'href="\./(users\?[^"]*cursor=[^"]+)"', first.text)
        assert following
        second = await tab.get(f"/{following[1].replace('&amp;', '&')}")
        assert ("m:49" in first.text, "m:50" in first.text) == (True, False)
        assert ("m:49" in second.text, "m:50" in second.text) == (False, True)
        assert (await tab.get("/users?cursor=nonsense")).status == 400
