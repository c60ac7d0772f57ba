"""The gateway goes away and comes back while members ask."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import unused_port

from bot.config import Answers
from gateway.app import create_app
from gateway.bootstrap import ensure_client_key
from gateway.config import Gateway, Secrets
from gateway.server import GatewayServer
from tests.cogs.conftest import MakeWorld, last, settings
from tests.fakes.upstream import FakeUpstream

ANSWER = "Hello from the fake upstream."


async def test_prompts_wait_for_the_gateways_return_and_presses_fail_in_words_where_it_stays_away(
    make_world: MakeWorld, tmp_path: Path, upstream: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    port = unused_port()
    own = settings(tmp_path / "apart", upstream)
    apart = msgspec.structs.replace(own, gateway=msgspec.structs.replace(own.gateway, port=port))
    apart.data_dir.mkdir(parents=True)
    secrets = Secrets(secret="a secret of the tests", client_key=await ensure_client_key(apart))
    patient = Answers(edit_interval_seconds=0.01, grace_seconds=0.2, gateway_patience_seconds=8)
    away = Gateway(url=f"http://127.0.0.1:{port}")
    async with make_world(gateway=away, secrets=secrets, answers=patient) as world:
        asked = asyncio.create_task(world.fred.slash(world.general, "ask", prompt="Hi"))
        while "prompts wait for it" not in caplog.text:
            assert not asked.done()
            await asyncio.sleep(0.01)
        assert world.upstream.requests == []
        async with GatewayServer(apart, create_app(apart)):
            await asked
            [thread] = world.threads()
            assert world.said(thread) == [ANSWER]
            assert "the gateway is back" in caplog.text
        shown = last(thread)
        for command in ("key rotate", "conversations list", "usage", "export me", "share"):
            options = {"member": world.paula} if command == "share" else {}
            caplog.clear()
            asked = asyncio.create_task(world.fred.slash(thread, command, **options))
            while "prompts wait for it" not in caplog.text:
                assert not asked.done(), command
                await asyncio.sleep(0.01)
            async with GatewayServer(apart, create_app(apart)):
                result = await asked
            told = [message.content for message in (result.response, *result.followups) if message is not None]
            assert told, command
            assert "can't reach the gateway" not in " ".join(told), command
        impatient = msgspec.structs.replace(patient, gateway_patience_seconds=0)
        world.config = msgspec.structs.replace(world.config, answers=impatient)
        await world.restart()
        await world.fred.click(shown, label="Regenerate")
        assert "I can't reach the gateway right now." in world.said(thread)[-1]
