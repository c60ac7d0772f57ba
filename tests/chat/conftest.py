"""A gateway in front of a fake provider, and a member's key for it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.fakes.upstream import FakeUpstream
from tests.gateway.chatting import Chatting, chatting


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Chatting]:
    folder = tmp_path / "gateway"
    folder.mkdir()
    async with FakeUpstream() as upstream, chatting(folder, upstream) as room:
        await room.user("mia")
        yield room


@pytest.fixture
def environ(room: Chatting) -> dict[str, str]:
    """What a member has set."""
    return {"ROLEKEY_GATEWAY": room.server.url, "ROLEKEY_KEY": room.keys["mia"]}
