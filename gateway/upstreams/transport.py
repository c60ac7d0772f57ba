"""How requests reach a provider, and its answers the gateway."""

import asyncio
from collections.abc import Mapping
from typing import Protocol, cast

import aiohttp
from aiohttp_socks import ProxyConnector

from gateway.config import Account

# How long the end of a body may lag behind its last event before the connection is given up rather than reused.
_TAIL_SECONDS = 0.05


class Body(Protocol):
    """What follows the head of an answer. Reading raises `aiohttp.ClientError`, `OSError` or `ApiError`."""

    async def readany(self) -> bytes:
        """What has arrived, as soon as something has; empty at the end."""
        ...

    async def read(self, n: int = -1, /) -> bytes:
        """At most `n` bytes; empty at the end."""
        ...

    def at_eof(self) -> bool:
        """Whether all of it was read."""
        ...


class Response(Protocol):
    """The head of an answer, and the way to its body."""

    @property
    def status(self) -> int:
        """HTTP's."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """By names in any case."""
        ...

    @property
    def content_type(self) -> str:
        """The kind of the body, without parameters."""
        ...

    @property
    def content(self) -> Body:
        """The body."""
        ...

    def release(self) -> object:
        """Let go of it; where its body was not read to the end, the provider stops."""
        ...


class Transport(Protocol):
    """A way to one provider."""

    async def request(self, path: str, body: bytes | None = None) -> Response:
        """The answer to a GET of a path below the account's `base_url`, or with a body in JSON to a POST.

        Raises `aiohttp.ClientError`, `OSError` or `ApiError`.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


class HttpTransport:
    """HTTP to the account's `base_url`, through its proxy where it has one. Connects on first use."""

    def __init__(self, account: Account, api_key: str) -> None:
        self._account = account
        self._key = api_key
        self._base_url = account.base_url.rstrip("/")
        self._proxy = account.proxy if account.proxy.startswith("http") else None
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"HttpTransport({self._account.name!r})"

    async def request(self, path: str, body: bytes | None = None) -> Response:
        """See `Transport`; raises `aiohttp_socks`' errors, too."""
        response = await self._open_session().request(
            "GET" if body is None else "POST",
            f"{self._base_url}/{path}",
            data=body,
            proxy=self._proxy,
            allow_redirects=False,
        )
        return cast("Response", response)  # its headers are a cached property, which a protocol cannot say

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @property
    def closed(self) -> bool:
        """Whether it holds no connection."""
        return self._session is None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {
                "Content-Type": "application/json",
                "Accept": "text/event-stream, application/json",
                "Accept-Encoding": "identity",  # a compressed stream arrives in lumps
                "User-Agent": "rolekey",
            }
            if self._key:
                headers["Authorization"] = f"Bearer {self._key}"
            seconds = self._account.connect_timeout_seconds
            self._session = aiohttp.ClientSession(
                connector=_connector(self._account.proxy),
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=None, connect=seconds, sock_connect=seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def let_finish(response: Response) -> None:
    """Read the empty end of a body, so that its connection can be used again."""
    if response.content.at_eof():
        return
    try:
        async with asyncio.timeout(_TAIL_SECONDS):
            while not response.content.at_eof():
                await response.content.readany()
    except (TimeoutError, aiohttp.ClientError, OSError):
        return


def left_over(response: Response) -> bytes:
    """What had arrived before the connection broke: aiohttp's readers hide it behind the error, and there is no public
    way to it.
    """
    read = getattr(response.content, "_read_nowait", None)
    return b"" if read is None else read(-1)


def _connector(proxy: str) -> aiohttp.TCPConnector:
    # Limits are counted by the gateway, not by waiting for a connection.
    if not proxy.startswith("socks"):
        return aiohttp.TCPConnector(limit=0)
    # The proxy resolves names in either spelling: nobody wants their DNS to take another way than their requests.
    connector: aiohttp.TCPConnector = ProxyConnector.from_url(proxy.replace("socks5h://", "socks5://"), limit=0)
    return connector
