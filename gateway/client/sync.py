"""The client library for scripts without asyncio.

with SyncGatewayClient("http://127.0.0.1:8080", key) as gateway:
    print(gateway.ask("What is a monad?").reply)
    for event in gateway.chat("And a functor?"):
        if isinstance(event, Delta):
            print(event.text, end="")

The calls are those of `GatewayClient`, with the same arguments, results and errors. They run on a loop of their own in
a thread of its own, so they also work where a loop runs already (notebooks), and threads may share one client.
"""

import asyncio
import functools
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from gateway.client import GatewayClient
from gateway.client.retrying import Retries

P = ParamSpec("P")
T = TypeVar("T")


class _LoopThread:
    """A loop that runs in a thread until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rolekey-client", daemon=True)
        self._thread.start()

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end; whoever stops waiting (Ctrl-C) stops the work, too."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _waiting(
    call: Callable[Concatenate[GatewayClient, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate["SyncGatewayClient", P], T]:
    """A call that returns when its answer is there."""

    @functools.wraps(call)
    def waiting(self: "SyncGatewayClient", *args: P.args, **kwargs: P.kwargs) -> T:
        client, loop = self.opened()
        return loop.wait_for(call(client, *args, **kwargs))

    return waiting


def _iterating(
    call: Callable[Concatenate[GatewayClient, P], AsyncGenerator[T]],
) -> Callable[Concatenate["SyncGatewayClient", P], Generator[T]]:
    """A call that yields as things arrive; closing the iterator, or leaving it to be collected, closes the stream."""

    @functools.wraps(call)
    def iterating(self: "SyncGatewayClient", *args: P.args, **kwargs: P.kwargs) -> Generator[T]:
        client, loop = self.opened()
        return _drawn(loop, call(client, *args, **kwargs))

    return iterating


def _drawn(loop: _LoopThread, stream: AsyncGenerator[T]) -> Generator[T]:
    async def draw() -> list[T]:
        async for item in stream:
            return [item]
        return []

    async def close() -> None:
        await stream.aclose()

    try:
        while drawn := loop.wait_for(draw()):
            yield from drawn
    finally:
        loop.wait_for(close())


class SyncGatewayClient:
    """`GatewayClient` for scripts. Use it as a context manager."""

    def __init__(self, url: str, key: str, *, retries: Retries | None = None) -> None:
        self._client = GatewayClient(url, key, retries=retries)
        self._loop: _LoopThread | None = None

    def __repr__(self) -> str:
        return f"SyncGatewayClient({self._client.url!r})"

    def __enter__(self) -> Self:
        self._loop = _LoopThread()
        self._loop.wait_for(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _, loop = self.opened()
        self._loop = None
        try:
            loop.wait_for(self._client.__aexit__(kind, error, trace))
        finally:
            loop.close()

    def opened(self) -> tuple[GatewayClient, _LoopThread]:
        """The client and the loop it lives on.

        Raises `RuntimeError` outside `with`.
        """
        if self._loop is None:
            raise RuntimeError("open the client first: with SyncGatewayClient(...) as gateway")
        return self._client, self._loop

    health = _waiting(GatewayClient.health)
    whoami = _waiting(GatewayClient.whoami)

    create_user = _waiting(GatewayClient.create_user)
    get_user = _waiting(GatewayClient.get_user)
    list_users = _iterating(GatewayClient.list_users)
    update_user = _waiting(GatewayClient.update_user)
    delete_user = _waiting(GatewayClient.delete_user)
    rotate_key = _waiting(GatewayClient.rotate_key)
    held_of = _iterating(GatewayClient.held_of)
    erase_data = _waiting(GatewayClient.erase_data)

    ask = _waiting(GatewayClient.ask)
    chat = _iterating(GatewayClient.chat)
    make_access_token = _waiting(GatewayClient.make_access_token)

    list_conversations = _waiting(GatewayClient.list_conversations)
    all_conversations = _iterating(GatewayClient.all_conversations)
    get_conversation = _waiting(GatewayClient.get_conversation)
    rename_conversation = _waiting(GatewayClient.rename_conversation)
    link_conversation = _waiting(GatewayClient.link_conversation)
    delete_conversation = _waiting(GatewayClient.delete_conversation)
    erase_message = _waiting(GatewayClient.erase_message)
    copy_conversation = _waiting(GatewayClient.copy_conversation)
    share_conversation = _waiting(GatewayClient.share_conversation)
    list_shares = _waiting(GatewayClient.list_shares)
    take_share_back = _waiting(GatewayClient.take_share_back)
    export_conversation = _waiting(GatewayClient.export_conversation)
    download_attachment = _waiting(GatewayClient.download_attachment)
    search = _waiting(GatewayClient.search)

    usage = _waiting(GatewayClient.usage)
    policy = _waiting(GatewayClient.policy)
    audit = _waiting(GatewayClient.audit)
    accounts = _waiting(GatewayClient.accounts)
