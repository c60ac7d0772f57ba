"""The client library without asyncio, as a script uses it, against a running gateway."""

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.client import BrokenAnswer, GatewayClient, NotFound, Unauthenticated
from gateway.client.sync import SyncGatewayClient
from gateway.wire import ChatAnswer, CreateUser, Delta, Start
from tests.fakes.upstream import Answer, BreakOff, FakeUpstream
from tests.gateway.chatting import Chatting, chatting


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Chatting]:
    async with FakeUpstream() as upstream, chatting(tmp_path, upstream) as room:
        yield room


async def as_script(script: Callable[[], None]) -> None:
    """Run where no loop runs, while the gateway's goes on."""
    await asyncio.to_thread(script)


def test_every_call_of_the_client_is_there() -> None:
    public = {name for name, _ in inspect.getmembers(GatewayClient, inspect.isfunction) if not name.startswith("_")}
    assert public - {"acting_with"} <= set(dir(SyncGatewayClient))


async def test_a_script_looks_after_users_and_follows_up(room: Chatting) -> None:
    def script() -> None:
        with SyncGatewayClient(room.server.url, room.keys["bot"]) as client:
            key = client.create_user(CreateUser(user_id="mia")).key
            assert [user.user_id for user in client.list_users()] == ["mia"]
        with SyncGatewayClient(room.server.url, key) as mia:
            first = mia.ask("Hi")
            assert first.reply == "Hello from the fake upstream."
            [found] = mia.all_conversations(page_size=1)
            assert mia.rename_conversation(found.id, "Mine").title == "Mine"
            assert b"Hello from the fake" in mia.export_conversation(found.id)
            assert mia.search("fake").hits[0].conversation_id == found.id
            assert mia.usage().total.requests == 1
            mia.delete_conversation(found.id)
            with pytest.raises(NotFound):
                mia.get_conversation(found.id)
        with SyncGatewayClient(room.server.url, "rk-none") as nobody, pytest.raises(Unauthenticated):
            nobody.whoami()

    await as_script(script)


async def test_an_answer_is_iterated_while_it_arrives(room: Chatting) -> None:
    await room.user("mia")
    room.upstream.play(Answer(pieces=("One ", "two"), pause_at=1), BreakOff())
    loop = asyncio.get_running_loop()

    def script() -> None:
        with SyncGatewayClient(room.server.url, room.keys["mia"]) as mia:
            events = mia.chat("Hi")
            assert isinstance(next(events), Start)
            assert next(events) == Delta(text="One ")
            loop.call_soon_threadsafe(room.upstream.release.set)
            *_, last = events
            assert isinstance(last, ChatAnswer)
            with pytest.raises(BrokenAnswer) as caught:
                mia.ask("Again")
            assert caught.value.conversation_id

    await as_script(script)


async def test_an_iterator_that_is_closed_stops_the_answer_at_the_provider(room: Chatting) -> None:
    await room.user("mia")
    room.upstream.play(Answer(pieces=("One ", "two"), pause_at=1))

    def script() -> None:
        with SyncGatewayClient(room.server.url, room.keys["mia"]) as mia, closing(mia.chat("Hi")) as events:
            assert [next(events) for _ in range(2)][1] == Delta(text="One ")

    await as_script(script)
    await room.upstream.deserted.wait()


def test_it_leaves_no_thread_and_says_when_it_is_not_open() -> None:
    before = threading.active_count()
    client = SyncGatewayClient("http://127.0.0.1:9", "rk-x")
    with client:
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="with SyncGatewayClient"):
        client.whoami()
