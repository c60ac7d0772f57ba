"""How a call goes over the wire; what may be called stands in the modules beside this one."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self, TypeVar

import aiohttp
import msgspec

from gateway.client.errors import NOT_A_GATEWAY, NotFound, ProtocolError, error_of, reaching
from gateway.client.retrying import Retries
from gateway.wire import Done

T = TypeVar("T")
Method = Literal["GET", "POST", "PATCH", "DELETE"]

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
# A stream is kept alive by a comment every 15 s; four missed ones mean that nobody is there any more.
_STREAM_SILENCE_SECONDS = 60.0
_WHOLE = aiohttp.ClientTimeout(total=_ANSWER_SECONDS, sock_connect=_CONNECT_SECONDS)
_STREAM = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_STREAM_SILENCE_SECONDS)
# The gateway's PATCHes say what shall be, so twice is once.
_IDEMPOTENT = {"GET", "PATCH", "DELETE"}


@dataclass(frozen=True, slots=True)
class _Sending:
    """A request, to be sent once or again."""

    method: Method
    path: str
    body: msgspec.Struct | None = None
    query: Mapping[str, str] | None = None
    idempotency_key: str | None = None


class _Once:
    """Sends a request once. aiohttp would send some a second time by itself where the connection is lost, and then a
    DELETE seems to have found nothing, and nobody waits in between; repeating is left to `Retries`.
    """

    def __init__(self) -> None:
        self._lost: aiohttp.ClientConnectionError | None = None

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self._lost is not None:
            raise self._lost
        try:
            return await handler(request)
        except aiohttp.ClientConnectionError as error:
            self._lost = error
            raise


class Connection:
    """An address, a key and a session; the subclasses add calls."""

    def __init__(
        self, url: str, key: str, *, session: aiohttp.ClientSession | None = None, retries: Retries | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._session = session
        self._owned: aiohttp.ClientSession | None = None
        self._retries = retries or Retries()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    async def __aenter__(self) -> Self:
        if self._session is None:
            self._session = self._owned = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._owned is not None:
            await self._owned.close()
            self._session = self._owned = None

    def acting_with(self, key: str) -> Self:
        """The same gateway through another key; shares the connections."""
        return type(self)(self.url, key, session=self._live_session(), retries=self._retries)

    async def _call(
        self,
        method: Method,
        path: str,
        answer: type[T],
        *,
        body: msgspec.Struct | None = None,
        query: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> T:
        """A request and its typed answer."""
        return decode(await self._fetch(method, path, body=body, query=query, idempotency_key=idempotency_key), answer)

    async def _fetch(
        self,
        method: Method,
        path: str,
        *,
        body: msgspec.Struct | None = None,
        query: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> bytes:
        """The whole body of a success."""

        sending = _Sending(method, path, body, query, idempotency_key)
        repeatable = method in _IDEMPOTENT or idempotency_key is not None
        return await self._retries.run(lambda: self._read(sending), repeatable=repeatable)

    async def _erase(self, path: str, *, query: Mapping[str, str] | None = None) -> None:
        """A DELETE that answers `Done`. What a repeated one does not find, the lost one erased."""
        sending = _Sending("DELETE", path, query=query)
        asked = False

        async def attempt() -> Done:
            nonlocal asked
            again, asked = asked, True
            try:
                return decode(await self._read(sending), Done)
            except NotFound:
                if not again:
                    raise
                return Done()

        await self._retries.run(attempt, repeatable=True)

    @asynccontextmanager
    async def _streamed(
        self, method: Literal["GET", "POST"], path: str, *, body: msgspec.Struct | None = None
    ) -> AsyncGenerator[aiohttp.StreamReader]:
        """The body of a success while it arrives. It is asked for again only until it has begun."""

        async def attempt() -> aiohttp.ClientResponse:
            return await self._send(_Sending(method, path, body), _STREAM)

        response = await self._retries.run(attempt, repeatable=method in _IDEMPOTENT)
        try:
            with reaching():
                yield response.content
        finally:
            response.close()

    async def _read(self, sending: "_Sending") -> bytes:
        """Send once, and read the body of a success."""
        response = await self._send(sending, _WHOLE)
        with reaching():
            async with response:
                return await response.read()

    async def _send(self, sending: "_Sending", limits: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        """Send once; the head of a success. Anything else is raised as the error it is."""
        headers = {"Authorization": f"Bearer {self._key}"}
        data = None
        if sending.body is not None:
            headers["Content-Type"] = "application/json"
            data = msgspec.json.encode(sending.body)
        if sending.idempotency_key is not None:
            headers["Idempotency-Key"] = sending.idempotency_key
        with reaching():
            response = await self._live_session().request(
                sending.method,
                self.url + sending.path,
                data=data,
                params=sending.query,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
                middlewares=(_Once(),),
            )
            if 200 <= response.status < 300:
                return response
            async with response:
                raise error_of(response.status, response.headers, await response.read())

    def _live_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("open the client first: async with GatewayClient(...) as gateway")
        return self._session


def decode(data: bytes, answer: type[T]) -> T:
    """An answer as its type.

    Raises `ProtocolError`.
    """
    try:
        return msgspec.json.decode(data, type=answer)
    except msgspec.MsgspecError as error:
        raise ProtocolError(NOT_A_GATEWAY) from error


def query_of(**given: object) -> dict[str, str]:
    """A query without what is not asked for."""
    return {name: str(value) for name, value in given.items() if value is not None}
