"""Signing in with Discord, before an authorization server that is as strict as Discord's, and as unreliable."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from yarl import URL

from gateway.app import create_app
from gateway.config import DiscordSignIn, Secrets
from tests.fakes.discord_oauth import CLIENT_SECRET, FakeDiscordOAuth, Hang, HangUp, Pass, Say
from tests.gateway.conftest import Clock, RunningGateway, config_in, running
from tests.gateway.web.browsing import Browser, Page, browser

pytestmark = pytest.mark.usefixtures("either_engine")
MIA = "81384788765712384"


class Door(msgspec.Struct):
    """A gateway, a bot that is its client, and a Discord on which somebody is Mia."""

    gateway: RunningGateway
    discord: FakeDiscordOAuth
    bot: str

    async def leave(self, tab: Browser) -> str:
        """Press the button; the address on Discord that one is sent to."""
        form = await tab.get("/sign-in")
        left = await tab.post("/sign-in-with-discord", {"csrf": form.csrf}, follow=False)
        assert left.status == 303, left.text
        return left.headers["Location"]

    async def come_back(self, tab: Browser, address: URL, *, follow: bool = True) -> Page:
        """Follow Discord's redirect, as browsers do from another site."""
        assert address.path == "/llm/signed-in-with-discord"
        headers = {"Sec-Fetch-Site": "cross-site"}
        return await tab.get(f"/signed-in-with-discord?{address.raw_query_string}", follow=follow, headers=headers)

    async def sign_in(self, tab: Browser) -> Page:
        return await self.come_back(tab, self.discord.authorise(await self.leave(tab)))


@asynccontextmanager
async def opened(
    folder: Path,
    clock: Clock,
    *,
    own_client: str = "bot",
    secret: str = CLIENT_SECRET,
    public_url: str = "https://example.org/llm/",
    port: int = 0,
    **settings: Any,
) -> AsyncGenerator[Door]:
    async with FakeDiscordOAuth() as discord:
        discord.account["id"] = MIA
        chosen = msgspec.convert(discord.settings(**settings), DiscordSignIn)
        config = config_in(folder, port=port, public_url=public_url, discord_sign_in=chosen)
        config = msgspec.structs.replace(config, secrets=Secrets(discord_client_secret=secret))
        app = create_app(config, clock=clock, own_client=own_client)
        async with running(config, clock, app=app) as gateway:
            yield Door(gateway, discord, await gateway.make("bot", role="client"))


@pytest.fixture
async def door(tmp_path: Path, clock: Clock) -> AsyncGenerator[Door]:
    async with opened(tmp_path, clock) as door:
        yield door


def problem_of(page: Page) -> str:
    assert 'role="alert"' in page.text, page.text
    return page.text.partition('role="alert"')[2].partition(">")[2].partition("<")[0]


async def test_a_member_signs_in_as_the_user_that_the_bot_made_and_discords_token_is_kept_nowhere(
    door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await door.gateway.make(f"7:{MIA}", key=door.bot, username="Mia of the tea house")
    await door.gateway.make(f"7:1{MIA}", key=door.bot, username="Not her")
    async with browser(door.gateway.url) as tab:
        form = await tab.get("/sign-in")
        assert f"form-action {door.discord.url} 'self'" in form.headers["Content-Security-Policy"]
        assert 'action="./sign-in-with-discord"' in form.text
        left = URL(await door.leave(tab))
        assert left.query["redirect_uri"] == "https://example.org/llm/signed-in-with-discord"
        back = door.discord.authorise(str(left))
        signed = await door.come_back(tab, back, follow=False)
        assert (signed.status, signed.headers["Location"]) == (303, "./")
        told = signed.headers["Set-Cookie"]
        assert all(part in told for part in ("HttpOnly", "SameSite=Lax"))
        home = await tab.get("/")
        assert "Mia of the tea house" in home.text
        assert "Signed in with Discord." in home.text
        assert door.discord.asked == ["POST /api/oauth2/token", "GET /api/users/@me"]
        for secret in (*door.discord.tokens, CLIENT_SECRET, back.query["code"], back.query["state"], MIA):
            assert secret not in caplog.text
            assert secret not in home.text + str(signed.headers)
        stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*.db*"))  # noqa: ASYNC240 - some bytes
        assert door.discord.tokens[0].encode() not in stored
        assert back.query["state"].encode() not in stored


async def test_a_session_that_began_on_discord_ends_with_the_users_key_everywhere(door: Door) -> None:
    gateway, user = door.gateway, f"/api/users/7:{MIA}"
    key = await gateway.make(f"7:{MIA}", key=door.bot, expires_in=3600)
    ends: tuple[tuple[str, str, Any], ...] = (
        ("PATCH", user, {"disabled": True}),
        ("POST", f"{user}/key", None),
        ("DELETE", user, None),
    )
    async with browser(gateway.url) as tab, browser(gateway.url) as phone:
        home = await door.sign_in(tab)
        await door.sign_in(phone)
        await phone.sign_in(key)
        await tab.post("/sign-out-everywhere", {"csrf": home.csrf})
        for each in (tab, phone):
            assert (await each.get("/")).url.path == "/sign-in"

        await door.sign_in(tab)
        gateway.clock.advance(3601)
        assert (await tab.get("/")).url.path == "/sign-in"
        assert "expired" in problem_of(await door.sign_in(tab))
        await gateway.call("PATCH", user, key=door.bot, json={"expires_in": 36_000})

        for method, path, body in ends:
            assert (await door.sign_in(tab)).url.path == "/"
            assert (await gateway.call(method, path, key=door.bot, json=body)).status == 200
            assert (await tab.get("/")).url.path == "/sign-in", method
            if body:
                refused = await door.sign_in(tab)
                assert (refused.status, "switched off" in problem_of(refused)) == (403, True)
                await gateway.call(method, path, key=door.bot, json={"disabled": False})
        assert "You have no key yet" in (await door.sign_in(tab)).text


async def test_who_has_users_on_several_servers_chooses_one_once(door: Door) -> None:
    attack = "<script>alert(1)</script>"
    for server, name, community in (("7", "Mia", "Tea house"), ("8", attack, attack), ("9", "switched off", "")):
        await door.gateway.make(f"{server}:{MIA}", key=door.bot, username=name, community=community)
    await door.gateway.call("PATCH", f"/api/users/9:{MIA}", key=door.bot, json={"disabled": True})
    stranger = await door.gateway.make("7:1", key=door.bot)
    async with browser(door.gateway.url) as tab, browser(door.gateway.url) as other:
        page = await door.sign_in(tab)
        assert page.status == 200
        assert "<strong>Tea house</strong>" in page.text
        assert "<script>alert" not in page.text
        assert "switched off" not in page.text
        ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
        offered = [part.partition('"')[0] for part in page.text.split('name="user" value="')[1:]]
        assert len(offered) == 2
        assert (await tab.get("/")).url.path == "/sign-in", "nobody is signed in before they chose"
        form = {"csrf": page.csrf, "ticket": ticket, "user": offered[1]}

        theirs = await other.get("/sign-in")
        stolen = await other.post("/sign-in-as", {**form, "csrf": theirs.csrf})
        assert (stolen.status, "used already" in problem_of(stolen)) == (400, True)
        assert (await tab.post("/sign-in-as", form)).url.path == "/"
        again = await tab.get("/")
        assert (await tab.post("/sign-in-as", {**form, "csrf": again.csrf})).status == 400

        page = await door.sign_in(tab)
        ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
        ids = {*offered, *(str(number) for number in range(12))} - set(offered)
        wrong = await tab.post("/sign-in-as", {"csrf": page.csrf, "ticket": ticket, "user": max(ids)})
        assert (wrong.status, "no such user" in problem_of(wrong)) == (400, True)
        assert stranger not in wrong.text

        page = await door.sign_in(tab)
        ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
        door.gateway.clock.advance(601)
        late = await tab.post("/sign-in-as", {"csrf": page.csrf, "ticket": ticket, "user": offered[0]})
        assert late.status == 400


async def test_only_clients_that_are_known_to_be_bots_say_who_a_member_is(tmp_path: Path, clock: Clock) -> None:
    async with opened(tmp_path / "a", clock, own_client="", clients=["tea bot", "coffee bot"]) as door:
        gateway = door.gateway
        tea = await gateway.make("tea bot", role="client")
        coffee = await gateway.make("coffee bot", role="client")
        for name in (f"7:{MIA}", MIA, f":{MIA}", f"x:{MIA}", f"7:7:{MIA}"):
            await gateway.make(name, key=door.bot, username=f"spoofed {name}")
        await gateway.make(f"7:{MIA}", username="an admin's")
        for name in (MIA, f":{MIA}", f"x:{MIA}", f"7:7:{MIA}", f"{MIA}:7"):
            await gateway.make(name, key=tea)
        async with browser(gateway.url) as tab:
            nobody = await door.sign_in(tab)
            assert (nobody.status, "You have no key yet" in nobody.text, "/ask" in nobody.text) == (403, True, True)
            assert (await tab.get("/")).url.path == "/sign-in"
            await gateway.make(f"7:{MIA}", key=tea, username="tea")
            assert ">tea<" in (await door.sign_in(tab)).text
            await gateway.make(f"7:{MIA}", key=coffee, username="coffee")
            choice = await door.sign_in(tab)
            assert all(words in choice.text for words in ("tea bot", "coffee bot"))
            assert "spoofed" not in choice.text
            await gateway.call("DELETE", "/api/users/coffee bot".replace(" ", "%20"), key=gateway.admin_key)
            assert ">tea<" in (await door.sign_in(tab)).text


async def test_a_sign_in_belongs_to_the_browser_that_began_it_and_happens_once(door: Door) -> None:
    await door.gateway.make(f"7:{MIA}", key=door.bot)
    async with browser(door.gateway.url) as tab, browser(door.gateway.url) as victim:
        await victim.get("/sign-in")
        back = door.discord.authorise(await door.leave(tab))
        # The attacker sends the victim the address that would sign them in as the attacker.
        for stranger in (victim, None):
            async with browser(door.gateway.url) as fresh:
                refused = await door.come_back(stranger or fresh, back)
                assert (refused.status, "in another browser" in problem_of(refused)) == (400, True)
        assert door.discord.asked == []
        assert (await victim.get("/")).url.path == "/sign-in"
        assert (await door.come_back(tab, back)).url.path == "/"
        assert (await door.come_back(tab, back)).status == 400, "used once"

        one, two = await door.leave(tab), await door.leave(tab)
        mixed = door.discord.authorise(one).update_query(state=URL(two).query["state"])
        refused = await door.come_back(tab, mixed)
        assert (refused.status, "does not confirm" in problem_of(refused)) == (403, True), "PKCE ties a code to it"
        wrong = door.discord.authorise(one)
        for bad in (
            wrong.update_query(state="nonsense"),
            wrong.without_query_params("state"),
            wrong.update_query(iss="https://evil.example"),
        ):
            assert (await door.come_back(tab, bad)).status == 400
        late = door.discord.authorise(await door.leave(tab))
        door.gateway.clock.advance(601)
        assert (await door.come_back(tab, late)).status == 400
        tolerant = door.discord.authorise(await door.leave(tab)).update_query(guild_id="7", new="1")
        assert (await door.come_back(tab, tolerant.without_query_params("iss"))).url.path == "/"


async def test_the_way_to_discord_is_begun_by_the_own_page_alone(door: Door) -> None:
    async with browser(door.gateway.url) as tab:
        assert (await tab.get("/sign-in-with-discord")).status == 405
        form = await tab.get("/sign-in")
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        for path in ("/sign-in-with-discord", "/sign-in-as"):
            assert (await tab.post(path, {"csrf": form.csrf}, headers=foreign)).status == 403
            assert (await tab.post(path, {"csrf": "x"})).status == 403


async def test_what_discord_refuses_and_fails_at_ends_in_words_and_a_way_on(door: Door) -> None:
    await door.gateway.make(f"7:{MIA}", key=door.bot)
    denied = {"access_denied": "You did not let Discord", "server_error": "Discord did not let you in"}
    token = json.dumps({"access_token": "t0ken", "token_type": "Bearer", "scope": "identify"}).encode()
    failures = (
        (Say(b'{"error": "invalid_grant", "error_description": "<b>"}', 400),),
        (Say(b'{"error": "invalid_client"}', 401),),
        (Say(b"<html>Bad gateway", 502, "text/html"),),
        (Say(b"", 204),),
        (Say(b'{"access_token": 5}'),),
        (Say(b'{"access_token": "t0ken", "token_type": "mac"}'),),
        (Say(b'{"access_token": "t0ken", "token_type": "Bearer", "scope": "email"}'),),
        (Say(b"\xff\xfe"),),
        (Say(b"{" * 70_000),),
        (Say(b'{"message": "You are being rate limited."}', 429),),
        (HangUp(),),
        (Pass(), Say(b'{"message": "401: Unauthorized"}', 401)),
        (Pass(), Say(b'{"id": "1 OR 1=1"}')),
        (Pass(), Say(b'{"id": 81384788765712384}')),
        (Pass(), Say(b"[]")),
        (Pass(), HangUp(), HangUp()),  # a connection that was used before is tried anew once
        (Say(token),),
    )
    async with browser(door.gateway.url) as tab:
        for error, words in denied.items():
            page = await door.come_back(tab, door.discord.refuse(await door.leave(tab), error))
            assert (page.status, words in problem_of(page)) == (403, True)
            assert "<script>alert" not in page.text
            assert 'action="./sign-in-with-discord"' in page.text
        for acts in failures:
            door.discord.play(*acts)
            page = await door.sign_in(tab)
            assert page.status == (403 if b"invalid_grant" in getattr(acts[0], "body", b"") else 502), acts
            assert "t0ken" not in page.text
            assert 'name="key"' in page.text
        door.discord.play(Say(b"x", 302))
        assert (await door.sign_in(tab)).status == 502
        assert (await door.sign_in(tab)).url.path == "/", "and then it works again"
        back = door.discord.authorise(await door.leave(tab))
        await door.discord.stop()
        gone = await door.come_back(tab, back)
        assert (gone.status, "cannot be asked" in problem_of(gone)) == (502, True)


async def test_a_discord_that_is_slow_is_not_waited_for_and_a_wrong_secret_is_told_to_the_operator(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        opened(tmp_path, clock, secret="mistyped", timeout_seconds=0.2) as door,
        browser(door.gateway.url) as tab,
    ):
        door.discord.play(Hang())
        async with asyncio.timeout(20):
            slow = await door.sign_in(tab)
        assert (slow.status, "in time" in problem_of(slow)) == (504, True)
        assert (await door.sign_in(tab)).status == 502
        assert "invalid_client" in caplog.text
        assert "mistyped" not in caplog.text


async def test_who_comes_back_with_what_was_never_given_has_to_wait(door: Door) -> None:
    await door.gateway.make(f"7:{MIA}", key=door.bot)
    async with browser(door.gateway.url) as tab:
        back = door.discord.authorise(await door.leave(tab))
        for _ in range(20):
            assert (await door.come_back(tab, back.update_query(state="guessed"))).status == 400
        waiting = await door.come_back(tab, back)
        assert (waiting.status, int(waiting.headers["Retry-After"]) > 0) == (429, True)
        form = await tab.get("/sign-in")
        assert (await tab.post("/sign-in-with-discord", {"csrf": form.csrf})).status == 429
        door.gateway.clock.advance(61)
        assert (await door.come_back(tab, back)).url.path == "/"


async def test_pictures_on_another_site_keep_nobody_from_signing_in(door: Door) -> None:
    await door.gateway.make(f"7:{MIA}", key=door.bot)
    async with browser(door.gateway.url) as tab:
        back = door.discord.authorise(await door.leave(tab))
        for _ in range(30):
            picture = await door.gateway.call("GET", "/signed-in-with-discord?state=guessed&code=x")
            assert picture.status == 400
        assert (await door.come_back(tab, back)).url.path == "/"


async def test_who_begins_and_begins_has_to_wait_before_the_next_ticket_is_written_down(door: Door) -> None:
    async with browser(door.gateway.url) as tab:
        for _ in range(100):
            await door.leave(tab)
        form = await tab.get("/sign-in")
        waiting = await tab.post("/sign-in-with-discord", {"csrf": form.csrf})
        assert (waiting.status, "Too many tries" in problem_of(waiting)) == (429, True)
        door.gateway.clock.advance(61)
        await door.leave(tab)


async def test_without_an_application_there_is_no_such_way_in(gateway: RunningGateway) -> None:
    async with browser(gateway.url) as tab:
        form = await tab.get("/sign-in")
        assert "Discord" not in form.text.replace("On Discord, <code>/key show", "")
        assert "form-action 'self';" in form.headers["Content-Security-Policy"]
        assert (await tab.post("/sign-in-with-discord", {"csrf": form.csrf})).status == 404
    with pytest.raises(ValueError, match="needs public_url"):
        config_in(Path("x"), discord_sign_in=DiscordSignIn(client_id="1"))
