"""The playground whole: the bot on the stand-in, over HTTP as its page asks, and as the process it is."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bot.config import Config
from gateway.config import Account, Gateway, Secrets
from playground.app import Playground, accounts, playing, settings
from tests.discord_openapi import exchange_violations

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]
Fits = Callable[[Any], bool]


class Client:
    """What the page does, without the page."""

    def __init__(self, playground: Playground, session: aiohttp.ClientSession) -> None:
        self.playground = playground
        self.session = session
        self.url = URL(playground.url)
        self.headers = {"X-Playground-Token": self.url.query["t"]}
        self.ids = {each.user.global_name: str(each.user.id) for each in playground.scene.people}
        self.guild = playground.scene.people[0].home[0]

    async def get(self, path: str, **query: str) -> Any:
        async with self.session.get(self.url.origin() / path, params=query, headers=self.headers) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def post(self, path: str, body: Any) -> tuple[int, Json]:
        async with self.session.post(self.url.origin() / path, json=body, headers=self.headers) as response:
            return response.status, await response.json()

    async def act(self, who: str, what: str, **fields: Any) -> Json:
        status, answer = await self.post("control/act", {"as": self.ids[who], "do": what, **fields})
        assert status == 200, answer
        return answer

    async def channel(self, who: str, name: str) -> Json:
        state = await self.get("control/state", **{"as": self.ids[who]})
        return next(each for guild in state["guilds"] for each in guild["channels"] if each["name"] == name)

    async def command(self, who: str, name: str) -> str:
        [guild] = [
            each
            for each in (await self.get("control/state", **{"as": self.ids[who]}))["guilds"]
            if each["id"] == str(self.guild.id)
        ]
        return next(each["id"] for each in guild["commands"] if each["name"] == name)

    async def ask(self, who: str, channel_id: str, **options: str | bool) -> Json:
        given = [
            {"type": 5 if isinstance(value, bool) else 3, "name": name, "value": value}
            for name, value in options.items()
        ]
        command_id = await self.command(who, "ask")
        return await self.act(who, "slash", channel_id=channel_id, command_id=command_id, options=given, nonce="n")

    @asynccontextmanager
    async def live(self, path: str, **query: str) -> AsyncGenerator["Frames"]:
        url = (self.url.origin() / path).with_query({"t": self.url.query["t"], **query})
        async with self.session.ws_connect(url) as socket:
            yield Frames(socket)


class Frames:
    """What a WebSocket tells; `seen` is all of it so far."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.seen = list[Json]()

    async def until(self, **wanted: "str | Fits") -> Json:
        """The next frame with these values; a function is asked about the value instead."""
        while True:
            try:
                frame: Json = await self._socket.receive_json(timeout=10)
            except TimeoutError:
                raise AssertionError(f"{wanted} did not come; last came {str(self.seen[-8:])[-4000:]}") from None
            self.seen.append(frame)
            if all(_fits(frame.get(name), value) for name, value in wanted.items()):
                return frame


def _fits(value: Any, wanted: str | Fits) -> bool:
    return value == wanted if isinstance(wanted, str) else bool(wanted(value))


@asynccontextmanager
async def played(*, word_seconds: float = 0.001) -> AsyncGenerator[Client]:
    async with playing(Config(), word_seconds=word_seconds) as playground, aiohttp.ClientSession() as session:
        yield Client(playground, session)
        broken = exchange_violations(playground.standin.control.requests)
        assert not broken, "\n".join(broken)


def says(text: str) -> Fits:
    return lambda data: data is not None and text in str(data.get("content", ""))


async def test_a_role_turns_into_access_and_leaving_ends_it() -> None:
    async with (
        played() as client,
        client.live("control/live", **{"as": client.ids["Fred"]}) as fred,
        client.live("panel/live") as panel,
    ):
        general = await client.channel("Fred", "general")
        await client.ask("Fred", general["id"], prompt="Please write a table", tier="free")
        thread = (await fred.until(t="THREAD_CREATE"))["d"]
        assert thread["parent_id"] == general["id"]
        await fred.until(d=says("everyone, unless an admin"))
        [first] = (await panel.until(kind="keys", keys=bool))["keys"]
        assert (first["name"], first["guild"], first["tier"], first["state"]) == (
            "Fred",
            "Rolekey HQ",
            "free",
            "active",
        )
        assert re.fullmatch(r"rk-…\w{4}", first["key"])
        await panel.until(kind="limits", limits=lambda limits: any(each["used"] >= 1 for each in limits))

        await client.ask("Fred", general["id"], prompt="More, please", tier="plus")
        refusal = (await fred.until(d=says("Plus is not part of your access")))["d"]
        assert refusal["flags"] & 64
        [welcome, *_] = reversed(
            await client.get(f"control/channels/{general['id']}/messages", **{"as": client.ids["Paula"]})
        )
        assert "Plus is not part" not in welcome["content"]

        plus = client.playground.scene.plus_roles[client.guild.id]
        role = {"guild_id": str(client.guild.id), "user_id": client.ids["Fred"], "role_id": str(plus.id)}
        await client.act("Fred", "role", **role, give=True)
        [now] = (await panel.until(kind="keys", keys=lambda keys: keys[0]["tier"] == "plus"))["keys"]
        assert now["key"] == first["key"]
        await client.ask("Fred", general["id"], prompt="More, please", tier="plus")
        second = (await fred.until(t="THREAD_CREATE"))["d"]
        await fred.until(d=says("offline-large"))
        await client.act("Fred", "send", channel_id=second["id"], content="What did I ask before?")
        await fred.until(d=says("Before it you wrote"))

        await client.act("Fred", "leave", guild_id=str(client.guild.id))
        await fred.until(t="GUILD_DELETE")
        [gone] = (await panel.until(kind="keys", keys=lambda keys: keys[0]["state"] == "revoked"))["keys"]
        assert gone["key"] == first["key"]
        status, told = await client.post(
            "control/act", {"as": client.ids["Fred"], "do": "send", "channel_id": general["id"], "content": "?"}
        )
        assert (status, told["error"]) == (400, "Missing Access")
        await client.act("Fred", "join", guild_id=str(client.guild.id))
        await fred.until(t="GUILD_CREATE")
        assert (await panel.until(kind="keys"))["keys"] == []
        events = [frame["name"] for frame in panel.seen if frame["kind"] == "event"]
        wanted = [
            "Command",
            "Key made",
            "Command",
            "Role changed",
            "Tier changed",
            "Command",
            "Member left",
            "Key revoked",
            "Member joined",
        ]
        assert [name for name in events if name in wanted] == wanted
        assert {"/api/chat"} <= {
            frame["path"] for frame in panel.seen if frame["kind"] == "request" and frame["who"] == "Fred"
        }
        assert {200} == {frame["status"] for frame in panel.seen if frame["kind"] == "discord"} - {201, 204}


async def test_the_switches_cut_the_gateway_off_break_the_provider_and_spend_a_budget_and_all_of_it_is_mended() -> None:
    async with (
        played() as client,
        client.live("control/live", **{"as": client.ids["Paula"]}) as paula,
        client.live("panel/live") as panel,
    ):
        general = (await client.channel("Paula", "general"))["id"]

        async def do(**body: Any) -> None:
            assert await client.post("panel/do", body) == (200, {})

        async def hears(text: str) -> None:
            await client.ask("Paula", general, prompt="Is anybody there?")
            await paula.until(d=says(text))

        assert (await client.post("panel/do", {"do": "spend", "user_id": client.ids["Paula"]}))[0] == 400
        await hears("You wrote")
        await panel.until(kind="keys", keys=bool)

        await do(do="gateway", up=False)
        assert (await panel.until(kind="switches"))["gateway"] == "down"
        gateway = URL(client.playground.gateway.url)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(gateway.host, gateway.port)
        await hears("reach the gateway")
        await do(do="gateway", up=True)
        await hears("You wrote")

        await do(do="upstream", mode="failing")
        assert (await panel.until(kind="switches", upstream="failing"))["gateway"] == "up"
        await hears("cannot be reached")
        await do(do="upstream", mode="ok")
        await hears("You wrote")

        await do(do="spend", user_id=client.ids["Paula"])
        await panel.until(kind="limits", limits=lambda limits: any(each["used"] >= each["most"] > 0 for each in limits))
        await hears("has 0 of")
        await do(do="refill", user_id=client.ids["Paula"])
        await hears("You wrote")


async def test_a_private_answer_is_there_for_one_alone_and_the_admins_room_for_admins() -> None:
    async with (
        played() as client,
        client.live("control/live", **{"as": client.ids["Fred"]}) as fred,
        client.live("control/live", **{"as": client.ids["Paula"]}) as paula,
    ):
        general = (await client.channel("Fred", "general"))["id"]
        await client.ask("Fred", general, prompt="A secret", private=True)
        thread = (await fred.until(t="THREAD_CREATE", d=lambda data: data["type"] == 12))["d"]
        await fred.until(d=says("A secret"))
        mods = (await client.channel("Ada", "mods"))["id"]
        await client.act("Ada", "send", channel_id=mods, content="A secret of the admins")
        await client.act("Ada", "send", channel_id=general, content="Hello, everybody")
        await paula.until(t="MESSAGE_CREATE", d=says("Hello, everybody"))
        assert "secret" not in str(paula.seen)

        async def sees(who: str, kind: str) -> set[str]:
            state = await client.get("control/state", **{"as": client.ids[who]})
            return {each["id"] for guild in state["guilds"] for each in guild[kind]}

        assert thread["id"] in await sees("Fred", "threads")
        assert await sees("Paula", "threads") == set()
        assert mods in await sees("Ada", "channels") - await sees("Fred", "channels")
        status, told = await client.post(
            "control/act", {"as": client.ids["Paula"], "do": "send", "channel_id": thread["id"], "content": "Hi"}
        )
        assert (status, told) == (400, {"error": "Missing Access"})


async def test_forms_files_completion_and_menus_reach_the_bot_and_bad_requests_are_told_in_words() -> None:
    async with played() as client, client.live("control/live", **{"as": client.ids["Ada"]}) as ada:
        general = (await client.channel("Ada", "general"))["id"]
        await client.ask("Ada", general, prompt="Say something about owls")
        finished = (await ada.until(t="MESSAGE_UPDATE", d=lambda data: "Follow up" in str(data.get("components"))))["d"]
        buttons = {each["label"]: each["custom_id"] for each in finished["components"][0]["components"]}
        await client.act("Ada", "press", message_id=finished["id"], custom_id=buttons["Follow up"], nonce="form")
        form = (await ada.until(t="INTERACTION_MODAL_CREATE"))["d"]
        assert form["nonce"] == "form"
        [field] = [each.get("component") or each["components"][0] for each in form["components"]][:1]
        filled = [{"custom_id": field["custom_id"], "value": "And what did I ask before?"}]
        await client.act("Ada", "submit", modal_id=form["id"], components=filled)
        await ada.until(d=says("Before it you wrote: “Say something about owls”"))

        offered = await client.act(
            "Ada", "autocomplete", channel_id=general, command_id=await client.command("Ada", "followup"),
            options=[{"type": 3, "name": "conversation", "value": "owl", "focused": True}],
        )  # fmt: skip
        assert any("owls" in choice["name"] for choice in offered["choices"])
        await client.act("Ada", "react", message_id=finished["id"], emoji="👍")
        messages = await client.get(f"control/channels/{finished['channel_id']}/messages", **{"as": client.ids["Ada"]})
        assert [each["reactions"][0]["me"] for each in messages if "reactions" in each] == [True]

        for body in (
            {},
            {"do": "fly", "as": "1"},
            {"do": "send", "as": "x", "channel_id": "1"},
            {"do": "press", "as": client.ids["Ada"], "message_id": "1", "custom_id": "x"},
        ):
            status, told = await client.post("control/act", body)
            assert status == 400
            assert told["error"]
        owls = next(each for each in client.playground.scene.people[1].home if each is not client.guild)
        status, told = await client.post(
            "control/act", {"as": client.ids["Paula"], "do": "leave", "guild_id": str(owls.id)}
        )
        assert (status, told["error"]) == (400, "Discord would not let you: the owner of a server cannot leave it.")


async def test_the_page_is_for_whoever_has_its_address_and_for_no_other_site() -> None:
    async with played() as client:
        origin, token = client.url.origin(), client.url.query["t"]
        async with client.session.get(client.url) as response:
            assert response.status == 200
            policy = response.headers["Content-Security-Policy"]
            assert policy.startswith(
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' http://127.0.0.1:"
            )
            assert "unsafe" not in policy
            assert response.headers["Cache-Control"] == "no-store"
            assert token not in await response.text()
        for path, headers in (
            ("/", {}),
            ("/?t=guessed", {}),
            ("/control/state", {}),
            ("/control/state?t=guessed", {}),
            ("/panel/live", {}),
            (f"/?t={token}", {"Host": "evil.example"}),
            (f"/?t={token}", {"Host": f"evil.example:{origin.port}"}),
            (f"/control/state?t={token}", {"Origin": "https://evil.example"}),
            (f"/control/live?t={token}", {"Origin": "null"}),
        ):
            async with client.session.get(origin.join(URL(path)), headers=headers) as response:
                assert response.status == 403, (path, headers)
        async with client.session.get(origin / "js/main.js") as response:
            assert (response.status, response.content_type) == (200, "application/javascript")
        async with client.session.get(URL(f"{origin}/%2e%2e/app.py", encoded=True)) as response:
            assert response.status in (403, 404)


def test_ctrl_c_and_sigterm_end_it_with_exit_code_0_and_leave_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bot", "playground", "--no-browser"]
    environment = {name: value for name, value in os.environ.items() if name not in {"DISCORD_TOKEN", "OPENAI_API_KEY"}}
    environment["TMPDIR"] = str(tmp_path)
    with (
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as one,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as two,
    ):
        for process, number in ((one, signal.SIGINT), (two, signal.SIGTERM)):
            assert process.stdout is not None
            line = process.stdout.readline()
            assert re.search(r"simulated Discord .*http://127\.0\.0\.1:\d+/\?t=\S+$", line)
            process.send_signal(number)
            assert process.wait(10) == 0
            assert process.stdout.read() == "", "one line is all"
    assert list(tmp_path.iterdir()) == []


def test_without_a_providers_key_nothing_leaves_the_machine(tmp_path: Path) -> None:
    real = [Account(name="real", tier="plus", model="m", api_key_env="OTHER")]
    config = Config(
        gateway=Gateway(url="https://example.com", accounts=real),
        secrets=Secrets(discord_token="secret", client_key="secret", accounts={"OTHER": "secret"}),
    )
    played = settings(config, tmp_path, accounts(config, "http://127.0.0.1:1/v1", "socks5://127.0.0.1:2"))
    assert played.embedded
    assert played.data_dir == tmp_path
    assert {account.base_url for account in played.gateway.accounts} == {"http://127.0.0.1:1/v1"}
    assert played.secrets == Secrets()


def test_with_a_providers_key_the_real_models_answer_by_the_line_one_can_cut(tmp_path: Path) -> None:
    secrets = Secrets(discord_token="secret", accounts={"OPENAI_API_KEY": "sk-real"})
    config = Config(secrets=secrets)
    played = settings(config, tmp_path, accounts(config, "http://127.0.0.1:1/v1", "socks5://127.0.0.1:2"))
    assert {account.base_url for account in played.gateway.accounts} == {"https://api.openai.com/v1"}
    assert {account.proxy for account in played.gateway.accounts} == {"socks5://127.0.0.1:2"}
    assert played.secrets == Secrets(accounts={"OPENAI_API_KEY": "sk-real"})
