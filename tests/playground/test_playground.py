"""The playground as a newcomer meets it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.config import Config
from gateway.config import Account, Gateway, Secrets
from playground.app import playing, settings
from playground.screenshots import CHROMIUM_ARGUMENTS, arrive, find_chromium, go_to, type_command

ROOT = Path(__file__).parents[2]


async def test_the_three_people_can_be_chosen_and_what_happens_in_threads_can_be_seen() -> None:
    async with playing(Config()) as (world, page), aiohttp.ClientSession(page.url) as browser:
        await _html_is_guarded(browser)
        state = await _state(browser)
        assert [person["name"] for person in state["people"]] == ["Ada", "Paula", "Fred"]
        assert [room["name"] for room in state["rooms"]] == ["general"]

        fred = world.person("Fred")
        assert fred is not None
        await fred.actor.slash(world.general, "ask", prompt="write some code")
        [thread] = world.general.threads
        assert any("```python" in message.content for message in thread.history())

        assert [room["name"] for room in (await _state(browser))["rooms"]] == ["general", thread.name]
        await browser.post("open", json={"person": "Ada", "room": str(thread.id)})
        assert "```python" not in await _preview_text(browser, state["frame"]), "an old address shows nothing"
        assert "def greet" in await _preview_text(browser, (await _state(browser))["frame"])
        assert world.env.errors == []


async def test_a_private_thread_is_shown_to_its_member_only() -> None:
    async with playing(Config()) as (world, _page):
        ada, paula, fred = world.people
        await fred.actor.slash(world.general, "ask", prompt="a secret", private=True)
        assert len(world.rooms(fred)) == 2
        assert world.rooms(ada) == world.rooms(paula) == [world.general]


async def test_fred_is_refused_plus_and_told_the_role() -> None:
    async with playing(Config()) as (world, _page):
        result = await world.people[2].actor.slash(world.general, "ask", prompt="hello", tier="plus")
        assert result.response is not None
        assert re.search(r"<@&\d+>", result.response.content)
        assert result.ephemeral


def test_ctrl_c_and_sigterm_end_it_with_exit_code_0() -> None:
    command = [sys.executable, "-m", "bot", "playground", "--no-browser"]
    environment = {name: value for name, value in os.environ.items() if name not in {"DISCORD_TOKEN", "OPENAI_API_KEY"}}
    with (
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as one,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as two,
    ):
        for process, number in ((one, signal.SIGINT), (two, signal.SIGTERM)):
            assert process.stdout is not None
            line = process.stdout.readline()
            assert re.search(r"simulated Discord .*http://127\.0\.0\.1:\d+/\S+/$", line)
            process.send_signal(number)
            assert process.wait(10) == 0
            assert process.stdout.read() == "", "one line is all"


def test_without_a_providers_key_nothing_leaves_the_machine(tmp_path: Path) -> None:
    real = [Account(name="real", tier="plus", model="m", api_key_env="OTHER")]
    config = Config(gateway=Gateway(url="https://example.com", accounts=real), secrets=Secrets(discord_token="secret"))
    played = settings(config, tmp_path)
    assert played.embedded
    assert {account.kind for account in played.gateway.accounts} == {"offline"}
    assert played.secrets == Secrets()


def test_with_a_providers_key_the_real_models_answer(tmp_path: Path) -> None:
    secrets = Secrets(discord_token="secret", accounts={"OPENAI_API_KEY": "sk-real"})
    played = settings(Config(secrets=secrets), tmp_path)
    assert played.gateway.accounts == []
    assert played.secrets == Secrets(accounts={"OPENAI_API_KEY": "sk-real"})


@pytest.mark.browser
@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
async def test_a_person_types_ask_in_a_browser_and_reads_the_answer_in_the_thread() -> None:
    from playwright.async_api import async_playwright

    async with playing(Config()) as (_, page), async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        tab = await browser.new_page()
        await tab.goto(page.url)
        await arrive(tab)
        await type_command(tab, "ask", ("prompt", "Hello"))
        room = await go_to(tab, "↳")
        await room.get_by_text("You wrote").wait_for()
        await browser.close()


async def _html_is_guarded(browser: aiohttp.ClientSession) -> None:
    async with browser.get("") as response:
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "Rolekey playground" in await response.text()
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        async with browser.get("", headers=headers) as response:
            assert response.status == 403
    async with browser.get("/guessed/state") as response:
        assert response.status == 404


async def _state(browser: aiohttp.ClientSession) -> dict[str, Any]:
    async with browser.get("state") as response:
        return await response.json()


async def _preview_text(browser: aiohttp.ClientSession, frame: str) -> str:
    """What the Preview in the frame tells its own script."""
    headers = {"X-Simcord-Capability": frame.partition("#")[2]}
    async with browser.post("/api/pages", json={}, headers=headers) as response:
        return await response.text()
