"""Signing in, who is let in, and what other sites can do with a browser that is signed in: nothing."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from gateway.app_keys import ROUTES, SESSIONS
from gateway.errors import Unauthenticated
from gateway.session_cookies import CSRF_HEADER
from tests.gateway.conftest import Clock, RunningGateway, config_in, running
from tests.gateway.web.browsing import Browser, browser

pytestmark = pytest.mark.usefixtures("either_engine")


@pytest.fixture
async def mia(gateway: RunningGateway) -> AsyncGenerator[Browser]:
    key = await gateway.make("mia", plus=True)
    async with browser(gateway.url) as tab:
        assert (await tab.sign_in(key)).status == 200
        yield tab


async def test_every_role_signs_in_and_out_and_the_cookie_holds_no_key(gateway: RunningGateway) -> None:
    keys = {"admin": gateway.admin_key, "client": await gateway.make("bot", role="client")}
    keys["user"] = await gateway.make("mia", key=keys["client"])
    for role, key in keys.items():
        async with browser(gateway.url) as tab:
            assert (await tab.get("/")).url.path == "/sign-in"
            form = await tab.get("/sign-in")
            signed = await tab.post("/sign-in", {"csrf": form.csrf, "key": f" {key} "}, follow=False)
            assert (signed.status, signed.headers["Location"]) == (303, "./")
            told = signed.headers["Set-Cookie"]
            assert "HttpOnly" in told
            assert "SameSite=Lax" in told
            assert "Path" not in told
            assert key[3:] not in told
            home = await tab.get("/")
            assert (home.url.path, f"<small>{role}" in home.text) == ("/", True)
            assert key not in home.text
            assert ("This month" in home.text) == (role != "user")
            stolen = tab.cookie
            await tab.post("/sign-out", {"csrf": home.csrf})
            assert (await tab.get("/")).url.path == "/sign-in"
            again = await tab.get("/", follow=False, headers={"Cookie": stolen})
            assert again.headers["Location"].startswith("./sign-in")


async def test_a_cookie_is_secure_where_the_browser_has_tls(gateway: RunningGateway) -> None:
    key = await gateway.make("mia")
    async with browser(gateway.url) as tab:
        form = await tab.get("/sign-in")
        headers = {"Origin": "https://llm.example.org", "Sec-Fetch-Site": "same-origin"}
        signed = await tab.post("/sign-in", {"csrf": form.csrf, "key": key}, follow=False, headers=headers)
        assert "Secure" in signed.headers["Set-Cookie"]


async def test_a_revoked_disabled_or_replaced_key_ends_its_sessions_at_once(gateway: RunningGateway) -> None:
    async def die(how: str) -> None:
        key = await gateway.make(how)
        async with browser(gateway.url) as tab:
            assert (await tab.sign_in(key)).url.path == "/"
            if how == "revoked":
                await gateway.call("DELETE", f"/api/users/{how}", key=gateway.admin_key)
            elif how == "disabled":
                await gateway.call("PATCH", f"/api/users/{how}", key=gateway.admin_key, json={"disabled": True})
            else:
                await gateway.call("POST", f"/api/users/{how}/key", key=gateway.admin_key)
            after = await tab.get("/")
            assert (after.url.path, "You were signed out" in after.text) == ("/sign-in", True), how

    for how in ("revoked", "disabled", "replaced"):
        await die(how)


async def test_signing_out_everywhere_ends_ones_sessions_and_nobody_elses(
    gateway: RunningGateway, mia: Browser
) -> None:
    key = await gateway.make("tom")
    async with browser(gateway.url) as desk, browser(gateway.url) as phone:
        home = await desk.sign_in(key)
        await phone.sign_in(key)
        await desk.post("/sign-out-everywhere", {"csrf": home.csrf})
        for tab in (desk, phone):
            assert (await tab.get("/")).url.path == "/sign-in"
    assert (await mia.get("/")).url.path == "/"


async def test_no_page_below_the_first_folder_sets_a_cookie_that_would_hide_the_session(
    gateway: RunningGateway,
) -> None:
    async with browser(gateway.url) as tab:
        refused = await tab.post("/c/nothing/rename", {"csrf": "x", "title": "x"})
        assert (refused.status, refused.headers.get("Set-Cookie")) == (403, None)


async def test_a_session_expires(gateway: RunningGateway, mia: Browser) -> None:
    gateway.clock.advance(7 * 86_400 - 60)
    assert (await mia.get("/")).url.path == "/"
    gateway.clock.advance(120)
    assert (await mia.get("/")).url.path == "/sign-in"


async def test_keys_that_do_not_work_are_refused_and_after_some_the_address_waits(gateway: RunningGateway) -> None:
    good = await gateway.make("mia")
    async with browser(gateway.url) as tab:
        form = await tab.get("/sign-in")
        for _ in range(20):
            refused = await tab.post("/sign-in", {"csrf": form.csrf, "key": "rk-nonsense"})
            assert (refused.status, 'role="alert"' in refused.text) == (401, True)
            assert "rk-nonsense" not in refused.text
        waiting = await tab.post("/sign-in", {"csrf": form.csrf, "key": good})
        assert (waiting.status, "Too many tries" in waiting.text) == (429, True)
        assert int(waiting.headers["Retry-After"]) > 0
        gateway.clock.advance(61)
        assert (await tab.post("/sign-in", {"csrf": form.csrf, "key": good})).status == 200


async def test_no_other_site_can_act_for_whoever_is_signed_in(gateway: RunningGateway, mia: Browser) -> None:
    home = await mia.get("/")
    own = {"Origin": gateway.url, "Sec-Fetch-Site": "same-origin"}
    foreign: tuple[dict[str, str], ...] = (
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    )
    for path in ("/sign-in", "/sign-out", "/sign-out-everywhere"):
        for headers in foreign:
            refused = await mia.post(path, {"csrf": home.csrf, "key": ""}, headers=headers)
            assert refused.status == 403, (path, headers)
        for token in ("", "x" * 32):
            assert (await mia.post(path, {"csrf": token, "key": ""}, headers=own)).status == 403
    assert (await mia.get("/")).url.path == "/"


async def test_on_the_api_a_session_counts_with_its_token_in_the_header_alone(
    gateway: RunningGateway, mia: Browser
) -> None:
    token = (await mia.get("/")).csrf
    own = {"Sec-Fetch-Site": "same-origin"}
    assert (await mia.get("/api/whoami", headers=own)).status == 401
    assert (await mia.get("/api/chat?prompt=Hi", headers=own)).status == 401
    assert (await mia.get("/api/whoami", headers={**own, CSRF_HEADER: "x"})).status == 403
    cross = {"Sec-Fetch-Site": "cross-site", CSRF_HEADER: token}
    assert (await mia.get("/api/whoami", headers=cross)).status == 403
    assert '"name":"mia"' in (await mia.get("/api/whoami", headers={**own, CSRF_HEADER: token})).text
    async with browser(gateway.url) as stranger:
        assert (await stranger.get("/api/whoami", headers={**own, CSRF_HEADER: token})).status == 401


async def test_pages_run_nothing_inline_and_load_nothing_from_elsewhere(gateway: RunningGateway, mia: Browser) -> None:
    async with browser(gateway.url) as stranger:
        pages = [await mia.get("/"), await mia.get("/c/nothing"), await stranger.get("/sign-in")]
    for page in pages:
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]+src=)[^>]*>|<style|\son\w+=|\sstyle=|https?://", page.text)
        assert not re.search(r'(href|src|action)="/', page.text), "a proxy's prefix would be lost"
        assert page.headers["Cache-Control"] == "no-store"
    assert pages[1].status == 404


async def test_a_first_load_is_small_and_its_files_are_kept_for_ever(gateway: RunningGateway, mia: Browser) -> None:
    home = await mia.get("/")
    size = len(home.text)
    found = re.findall(r'(?:href|src)="\./(static/[^"]+)"', home.text)
    folder = found[0].rpartition("/")[0]
    found += [f"{folder}/fonts/inter-latin-wght-400-700.woff2"]
    for path in found:
        if path.endswith(".js"):
            script = (await mia.get(f"/{path}")).text
            imported = re.findall(r'^import .* from "\./(.+)";$', script, re.MULTILINE)
            found += [each for name in imported if (each := f"{folder}/js/{name}") not in found]
        file = await gateway.call("HEAD", f"/{path}", headers={"Accept-Encoding": "gzip"})
        assert (file.status, "immutable" in file.headers["Cache-Control"]) == (200, True), path
        size += int(file.headers["Content-Length"])
    assert len(found) >= 25
    assert size < 150_000


async def test_of_a_keys_sessions_the_newest_hundred_count(gateway: RunningGateway, mia: Browser) -> None:
    key, sessions = await gateway.make("tom"), gateway.server.app[SESSIONS]
    names = list[str]()
    for _ in range(102):
        names.append(await sessions.begin(key))
        gateway.clock.advance(1)
    for name in names[:2]:
        with pytest.raises(Unauthenticated):
            await sessions.holder(name)
    assert {(await sessions.holder(name)).name for name in names[2:]} == {"tom"}
    assert (await mia.get("/")).url.path == "/", "of another key"


async def test_every_page_needs_a_session_but_those_for_signing_in(gateway: RunningGateway) -> None:
    routes, seen = gateway.server.app[ROUTES], set[str]()
    async with browser(gateway.url) as stranger:
        csrf = (await stranger.get("/sign-in")).csrf
        for route in gateway.server.app.router.routes():
            contract = routes.contract(route)
            if not contract.page or contract.roles is None or route.method == "HEAD":
                continue
            path = re.sub(r"{\w+}", "nothing", contract.path)
            seen.add(contract.path)
            if route.method == "GET":
                refused = await stranger.get(path, follow=False)
            else:
                refused = await stranger.post(path, {"csrf": csrf}, follow=False)
            assert refused.status == 303, path
            assert refused.headers["Location"].endswith("sign-in"), path
    assert {"/", "/c/{id}", "/reply", "/sign-out-everywhere"} <= seen


async def test_an_address_that_leads_nowhere_is_a_page_to_people_signs_nobody_out_and_stays_json_to_programs(
    gateway: RunningGateway,
) -> None:
    async with browser(gateway.url) as tab:
        await tab.sign_in(gateway.admin_key)
        nowhere = await tab.get("/nothing", headers={"Accept": "text/html"})
        assert (nowhere.status, "There is no such page." in nowhere.text) == (404, True)
        assert (await tab.get("/users")).url.path == "/users"
    assert (await gateway.call("GET", "/nothing")).code == "unknown_route"


async def test_without_pages_there_is_the_api_alone(tmp_path: Path, clock: Clock) -> None:
    async with running(config_in(tmp_path / "data", web=False), clock) as gateway:
        for path in ("/", "/sign-in", "/static/x/icon.svg"):
            reply = await gateway.call("GET", path)
            assert (reply.status, reply.code) == (404, "unknown_route")
        key = await gateway.make("mia")
        reply = await gateway.call("GET", "/api/whoami", headers={CSRF_HEADER: "x"})
        assert (reply.status, reply.code) == (401, "missing_key")
        assert (await gateway.call("GET", "/api/whoami", key=key)).status == 200
