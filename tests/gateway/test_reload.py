"""New settings for a gateway that runs: accounts come and go, and nobody's answer is broken off."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest

from gateway.app_keys import ACCOUNTS, CONFIG
from gateway.client import GatewayClient
from gateway.config import Account, Config
from gateway.errors import Unavailable
from gateway.upstreams.openai import OpenAIUpstream
from gateway.upstreams.transport import HttpTransport
from gateway.wire import ChatRequest, CreateUser, Delta
from tests.fakes.upstream import Answer, FakeUpstream, Refuse
from tests.gateway.chatting import Chatting, accounts_at, ask, chatting, events_of, text_of
from tests.gateway.conftest import eventually


@pytest.fixture
async def upstream() -> AsyncGenerator[FakeUpstream]:
    async with FakeUpstream() as fake:
        yield fake


@pytest.fixture
async def room(tmp_path: Path, upstream: FakeUpstream) -> AsyncGenerator[Chatting]:
    async with chatting(tmp_path, upstream) as running:
        yield running


def changed(room: Chatting, accounts: list[Account]) -> Config:
    config = room.server.app[CONFIG]
    return msgspec.structs.replace(config, gateway=msgspec.structs.replace(config.gateway, accounts=accounts))


async def test_a_removed_account_finishes_its_stream_and_is_closed_after(room: Chatting) -> None:
    room.upstream.play(Answer("One two three", pause_at=1))
    user = await room.user()
    streaming = asyncio.create_task(events_of(user, "Hi"))
    await room.upstream.paused.wait()
    old = room.server.app[ACCOUNTS].accounts[0]
    other = msgspec.structs.replace(accounts_at(room.upstream)[0], name="other", model="gpt-other")
    room.server.reload(changed(room, [other]))
    assert [account.name for account in (await room.admin.accounts()).accounts] == ["other"]
    assert (await ask(user, "Hi")).model == "gpt-other"
    assert (old.in_flight, old.removed) == (1, True)
    room.upstream.release.set()
    events = await streaming
    assert text_of(events) == "One two three"

    async def closed() -> bool:
        assert isinstance(old.upstream, OpenAIUpstream)
        return isinstance(old.upstream.transport, HttpTransport) and old.upstream.transport.closed

    await eventually(closed)
    conversation = getattr(events[-1], "conversation_id", None)
    with pytest.raises(Unavailable) as caught:
        await ask(user, "More", conversation_id=conversation)
    assert caught.value.code == "account_unavailable"


async def test_an_account_that_did_not_change_keeps_its_figures_and_one_that_was_disabled_is_tried_again(
    room: Chatting,
) -> None:
    user, plus = await room.user(), await room.user("paul", plus=True)
    await ask(plus, "Hi", plus=True)
    room.upstream.play(Refuse(401))
    with pytest.raises(Exception, match="refused"):
        await ask(user, "Hi")
    with pytest.raises(Unavailable, match="refuses the key"):
        await ask(user, "Hi")
    room.server.reload(room.server.app[CONFIG])
    assert (await ask(user, "Hi")).reply
    assert (await room.admin.accounts()).accounts[1].requests == 1


async def test_settings_that_wait_for_a_restart_are_named(room: Chatting, caplog: pytest.LogCaptureFixture) -> None:
    config = room.server.app[CONFIG]
    room.server.reload(
        msgspec.structs.replace(config, gateway=msgspec.structs.replace(config.gateway, port=1, affinity="prefer"))
    )
    assert "wait for a restart: port" in caplog.text


def settings(upstream: FakeUpstream, *names: str) -> str:
    accounts = [
        {"name": name, "tier": "free", "model": f"model-{name}", "base_url": upstream.base_url} for name in names
    ]
    tables = (
        "\n".join(["[[gateway.accounts]]", *(f"{key} = {json.dumps(value)}" for key, value in account.items())])
        for account in accounts
    )
    return "\n".join(["[gateway]", "port = 0", *tables])


async def test_sighup_changes_the_accounts_of_a_process_while_it_streams(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    file = tmp_path / "rolekey.toml"
    file.write_text(settings(upstream, "first"))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "gateway",
        "--config",
        str(file),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=PIPE,
        stderr=STDOUT,
    )
    assert process.stdout is not None

    async def until(words: str) -> str:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            async for line in process.stdout:
                if words in line.decode():
                    return line.decode().strip()
        raise AssertionError(f"it never said {words}")

    try:
        admin_key = (await until("shown this once")).rpartition(" ")[2]
        url = (await until("listening on")).rpartition(" ")[2]
        async with GatewayClient(url, admin_key) as admin:
            user = admin.acting_with((await admin.create_user(CreateUser(user_id="mia"))).key)
            upstream.play(Answer("One two three", pause_at=1))
            stream = user.chat(ChatRequest(prompt="Hi"))
            said = ""
            async for event in stream:
                said += event.text if isinstance(event, Delta) else ""
                if said == "One":
                    file.write_text(settings(upstream, "second"))
                    process.send_signal(signal.SIGHUP)
                    await until("the settings were read again")
                    assert (await ask(user, "Hi")).model == "model-second"
                    upstream.release.set()
            assert said == "One two three"
            file.write_text("[gateway]\naffinity = 'sometimes'\n")
            process.send_signal(signal.SIGHUP)
            assert "affinity" in await until("the settings stay as they were")
            assert (await ask(user, "Hi")).model == "model-second"
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0
