"""The gateway's client library: typed calls over HTTP. Needs aiohttp and msgspec, nothing else of Rolekey's server.

async with GatewayClient("http://127.0.0.1:8080", key) as gateway:
    async for event in gateway.chat(ChatRequest(prompt="Hello")):
        if isinstance(event, Delta):
            print(event.text, end="")
"""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import contextmanager
from datetime import date
from types import TracebackType
from typing import Any, ClassVar, Literal, Self, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec

from gateway.errors import BY_STATUS, ApiError, InternalError
from gateway.wire import (
    AccessTokenAnswer,
    AccessTokenRequest,
    AccountPage,
    AuditPage,
    ChatAnswer,
    ChatRequest,
    Conversation,
    ConversationAnswer,
    ConversationPage,
    ConversationSummary,
    CopyConversation,
    CreateUser,
    Delta,
    Done,
    Erased,
    ErasedMessages,
    ErrorAnswer,
    Health,
    Held,
    HeldAll,
    Policy,
    SearchPage,
    Share,
    ShareConversation,
    ShareList,
    Start,
    UpdateConversation,
    UpdateUser,
    UsageAnswer,
    User,
    UserAnswer,
    UserPage,
    UserWithKey,
    WhoAmI,
)

ChatEvent = Start | Delta | ChatAnswer
T = TypeVar("T")
_HELD: Any = Held  # a union, which pyright does not take for a type

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
# A stream is kept alive by a comment every 15 s; four missed ones mean that nobody is there any more.
_STREAM_SILENCE_SECONDS = 60.0


class GatewayUnreachable(ApiError):
    """Nobody answered: the gateway is down, or the connection broke."""

    status: ClassVar[int] = 0
    default_code: ClassVar[str] = "gateway_unreachable"


class ProtocolError(ApiError):
    """What answered does not speak the gateway's protocol."""

    status: ClassVar[int] = 0
    default_code: ClassVar[str] = "protocol_error"


class BrokenAnswer(ApiError):
    """An answer that broke off after it had begun; what had arrived is kept under `conversation_id`."""

    status: ClassVar[int] = 502
    default_code: ClassVar[str] = "upstream_broken_stream"

    def __init__(self, answer: ErrorAnswer) -> None:
        super().__init__(answer.error.message, code=answer.error.code, retry_after=answer.retry_after)
        self.conversation_id = answer.conversation_id
        self.message_id = answer.message_id


class GatewayClient:
    """One key's view of one gateway.

    Every call raises an `ApiError`: the subclass tells the status, `code` the reason. Use it as an async context
    manager, or hand it a session that somebody else closes.
    """

    def __init__(self, url: str, key: str, *, session: aiohttp.ClientSession | None = None) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._session = session
        self._owned: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"GatewayClient({self.url!r})"

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

    def acting_with(self, key: str) -> "GatewayClient":
        """The same gateway through another key; shares the connections."""
        return GatewayClient(self.url, key, session=self._live_session())

    # Users and keys

    async def health(self) -> Health:
        """Whether the gateway is up."""
        return await self._call("GET", "/health", Health)

    async def whoami(self) -> WhoAmI:
        """What this key is."""
        return await self._call("GET", "/api/whoami", WhoAmI)

    async def create_user(self, request: CreateUser) -> UserWithKey:
        """Create a user; `Conflict` where this client has one of that `user_id`."""
        return await self._call("POST", "/api/users", UserWithKey, body=request)

    async def get_user(self, user_id: str) -> User:
        """One user, without its key."""
        return (await self._call("GET", _user_path(user_id), UserAnswer)).user

    async def list_users(
        self, *, page_size: int = 200, ending: str | None = None, deleted: bool = False
    ) -> AsyncGenerator[User]:
        """Every user this key may see, a page at a time: those whose `user_id` ends so, and with `deleted` also those
        of whom only data is left.
        """
        cursor: str | None = None
        while True:
            query = _query(limit=page_size, cursor=cursor, ending=ending, deleted="true" if deleted else None)
            page = await self._call("GET", "/api/users", UserPage, query=query)
            for user in page.users:
                yield user
            cursor = page.next_cursor
            if cursor is None:
                return

    async def update_user(self, user_id: str, changes: UpdateUser, *, client_id: str | None = None) -> User:
        """Change what `changes` names; an admin says with `client_id` whose user is meant."""
        query = {} if client_id is None else {"client_id": client_id}
        return (await self._call("PATCH", _user_path(user_id), UserAnswer, body=changes, query=query)).user

    async def delete_user(self, user_id: str, *, purge: bool = False) -> None:
        """Revoke a user's key at once; with `purge` erase its conversations too."""
        await self._call("DELETE", _user_path(user_id), Done, query={"purge": "true"} if purge else {})

    async def rotate_key(self, user_id: str) -> UserWithKey:
        """Replace a user's key; the old one is dead when this returns."""
        return await self._call("POST", f"{_user_path(user_id)}/key", UserWithKey)

    async def held_of(self, user_id: str) -> AsyncGenerator[Held]:
        """All that the gateway holds of a user, also of a deleted one, a part at a time.

        Raises `GatewayUnreachable` where the connection broke before the last part.
        """
        path = f"{_user_path(user_id)}/data"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_STREAM_SILENCE_SECONDS)
        with _reaching():
            response = await self._send("GET", path, limits=timeout)
        try:
            with _reaching():
                if response.status != 200:
                    raise _error(response.status, await response.read())
                async for line in _lines(response.content):
                    part = _decode(line, _HELD)
                    if isinstance(part, HeldAll):
                        return
                    yield part
            raise GatewayUnreachable("The gateway broke off. Try again in a moment.")
        finally:
            response.close()

    async def erase_data(self, user_id: str) -> Erased:
        """Revoke a user's key and erase what the gateway holds of them; also of a deleted one."""
        return await self._call("DELETE", f"{_user_path(user_id)}/data", Erased)

    async def policy(self) -> Policy:
        """What the gateway keeps, how long, and where it sends prompts."""
        return await self._call("GET", "/api/policy", Policy)

    async def usage(
        self,
        user_id: str | None = None,
        *,
        since: date | None = None,
        until: date | None = None,
        client_id: str | None = None,
        cursor: str | None = None,
        starting: str | None = None,
        top: int | None = None,
    ) -> UsageAnswer:
        """What was used on the days from `since` (else the first of the month) until `until` (else today), UTC.

        Without `user_id` a user's own, else that of all this key may see; of one user also what is left. `starting`
        chooses users by how their `user_id` starts, `top` so many of them who cost most.
        """
        asked = {"user_id": user_id, "from": since, "to": until, "client_id": client_id, "cursor": cursor}
        asked |= {"starting": starting, "top": top}
        query = {name: str(value) for name, value in asked.items() if value is not None}
        return await self._call("GET", "/api/usage", UsageAnswer, query=query)

    # Conversations

    async def list_conversations(self, *, limit: int = 25, cursor: str | None = None) -> ConversationPage:
        """This key's conversations, last used first."""
        return await self._call("GET", "/api/conversations", ConversationPage, query=_query(limit=limit, cursor=cursor))

    async def get_conversation(self, conversation_id: str) -> ConversationAnswer:
        """A conversation and all of its messages."""
        return await self._call("GET", _conversation_path(conversation_id), ConversationAnswer)

    async def rename_conversation(self, conversation_id: str, title: str) -> Conversation:
        """Give a conversation a title of one's own."""
        path, body = _conversation_path(conversation_id), UpdateConversation(title=title)
        return (await self._call("PATCH", path, ConversationSummary, body=body)).conversation

    async def delete_conversation(self, conversation_id: str) -> None:
        """Erase a conversation."""
        await self._call("DELETE", _conversation_path(conversation_id), Done)

    async def erase_message(self, conversation_id: str, message_id: str) -> ErasedMessages:
        """Erase a message and all that follows from it; see the route."""
        path = f"{_conversation_path(conversation_id)}/messages/{quote(message_id, safe='')}"
        return await self._call("DELETE", path, ErasedMessages)

    async def copy_conversation(
        self, conversation_id: str, user_id: str, *, message_id: str | None = None
    ) -> Conversation:
        """A conversation of another user's with what was said in this one, up to a reply or the last one (clients)."""
        path = f"{_conversation_path(conversation_id)}/copy"
        body = CopyConversation(user_id=user_id, message_id=message_id)
        return (await self._call("POST", path, ConversationSummary, body=body)).conversation

    async def share_conversation(self, conversation_id: str, user_id: str) -> list[Share]:
        """Let another user read a conversation and go on with it (clients); with whom it is shared now."""
        path, body = f"{_conversation_path(conversation_id)}/shares", ShareConversation(user_id=user_id)
        return (await self._call("POST", path, ShareList, body=body)).shares

    async def list_shares(self, conversation_id: str) -> list[Share]:
        """With whom a conversation is shared."""
        return (await self._call("GET", f"{_conversation_path(conversation_id)}/shares", ShareList)).shares

    async def take_share_back(self, conversation_id: str, user_id: str) -> None:
        """End a share; `NotFound` where there is none."""
        path = f"{_conversation_path(conversation_id)}/shares/{quote(user_id, safe='')}"
        await self._call("DELETE", path, Done)

    async def export_conversation(self, conversation_id: str, form: Literal["md", "json"] = "md") -> bytes:
        """The whole conversation as a file, in UTF-8."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS, sock_connect=_CONNECT_SECONDS)
        path = f"{_conversation_path(conversation_id)}/export"
        return await self._fetch("GET", path, limits=timeout, query={"format": form})

    async def search(
        self,
        q: str,
        *,
        user_id: str | None = None,
        client_id: str | None = None,
        limit: int = 25,
        cursor: str | None = None,
    ) -> SearchPage:
        """Messages and titles that hold all words of `q`, newest first; see `GET /api/search`."""
        query = _query(limit=limit, cursor=cursor, q=q, user_id=user_id, client_id=client_id)
        return await self._call("GET", "/api/search", SearchPage, query=query)

    async def audit(self, *, limit: int = 50, cursor: str | None = None) -> AuditPage:
        """Who read what of what users wrote, as far as this key may know, newest first."""
        return await self._call("GET", "/api/audit", AuditPage, query=_query(limit=limit, cursor=cursor))

    async def download_attachment(self, conversation_id: str, hashed: str) -> bytes:
        """A file that came with a prompt, by its `Attachment.hash`."""
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS, sock_connect=_CONNECT_SECONDS)
        path = f"{_conversation_path(conversation_id)}/attachments/{quote(hashed, safe='')}"
        return await self._fetch("GET", path, limits=timeout)

    async def accounts(self) -> AccountPage:
        """The pool of upstream accounts (admins only)."""
        return await self._call("GET", "/api/accounts", AccountPage)

    # Chat

    async def ask(self, request: ChatRequest) -> ChatAnswer:
        """Send a prompt and wait for the whole answer."""
        async for event in self.chat(request):
            if isinstance(event, ChatAnswer):
                return event
        raise ProtocolError("The gateway ended the answer without finishing it.")

    async def make_access_token(self, request: AccessTokenRequest) -> AccessTokenAnswer:
        """A token for prompts on a provider key of the caller's own; give it as `ChatRequest.access_token`."""
        return await self._call("POST", "/api/access-token", AccessTokenAnswer, body=request)

    async def chat(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """Send a prompt and yield `Start`, then `Delta`s, then the whole `ChatAnswer`.

        Closing the generator early closes the connection, which stops the answer at the gateway.
        """
        body = msgspec.structs.replace(request, stream=True)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_STREAM_SILENCE_SECONDS)
        with _reaching():
            response = await self._send("POST", "/api/chat", body=body, limits=timeout)
        try:
            with _reaching():
                if response.status != 200:
                    raise _error(response.status, await response.read())
                async for name, data in _events(response.content):
                    event = _chat_event(name, data)
                    if event is not None:
                        yield event
                    if isinstance(event, ChatAnswer):
                        return
            raise GatewayUnreachable("The gateway broke off the answer. Ask again, or follow up to go on from here.")
        finally:
            response.close()

    # The wire

    def _live_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("open the client first: async with GatewayClient(...) as gateway")
        return self._session

    async def _send(
        self,
        method: str,
        path: str,
        *,
        limits: aiohttp.ClientTimeout,
        body: msgspec.Struct | None = None,
        query: Mapping[str, str] | None = None,
    ) -> aiohttp.ClientResponse:
        headers = {"Authorization": f"Bearer {self._key}"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = msgspec.json.encode(body)
        return await self._live_session().request(
            method, self.url + path, data=data, params=query, headers=headers, timeout=limits, allow_redirects=False
        )

    async def _call(
        self,
        method: Literal["GET", "POST", "PATCH", "DELETE"],
        path: str,
        answer: type[T],
        *,
        body: msgspec.Struct | None = None,
        query: Mapping[str, str] | None = None,
    ) -> T:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS, sock_connect=_CONNECT_SECONDS)
        return _decode(await self._fetch(method, path, limits=timeout, body=body, query=query), answer)

    async def _fetch(
        self,
        method: str,
        path: str,
        *,
        limits: aiohttp.ClientTimeout,
        body: msgspec.Struct | None = None,
        query: Mapping[str, str] | None = None,
    ) -> bytes:
        """The whole body of a success."""
        with _reaching():
            response = await self._send(method, path, limits=limits, body=body, query=query)
            async with response:
                data = await response.read()
        if not 200 <= response.status < 300:
            raise _error(response.status, data)
        return data


@contextmanager
def _reaching() -> Generator[None]:
    """Say a lost or refused connection in one way."""
    try:
        yield
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError, OSError) as error:
        raise GatewayUnreachable("The gateway does not answer. Try again in a moment.") from error
    except aiohttp.ClientError as error:
        raise ProtocolError("What answers at the gateway's address is not a Rolekey gateway.") from error


def _user_path(user_id: str) -> str:
    return f"/api/users/{quote(user_id, safe='')}"


def _conversation_path(conversation_id: str) -> str:
    return f"/api/conversations/{quote(conversation_id, safe='')}"


def _query(*, limit: int, **given: str | None) -> dict[str, str]:
    return {"limit": str(limit)} | {name: value for name, value in given.items() if value is not None}


async def _lines(content: aiohttp.StreamReader) -> AsyncGenerator[bytes]:
    """Lines of any length; aiohttp's own are limited."""
    buffer = b""
    async for chunk in content.iter_any():
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            yield line


def _decode(data: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=answer)
    except msgspec.MsgspecError as error:
        raise ProtocolError("What answers at the gateway's address is not a Rolekey gateway.") from error


def _error(status: int, data: bytes) -> ApiError:
    try:
        answer = msgspec.json.decode(data, type=ErrorAnswer)
    except msgspec.MsgspecError:
        return ProtocolError(f"The gateway's address answered with HTTP status {status} and no reason.")
    kind = BY_STATUS.get(status, InternalError)
    return kind(answer.error.message, code=answer.error.code, retry_after=answer.retry_after)


def _chat_event(name: str, data: bytes) -> ChatEvent | None:
    """One server-sent event; events this client does not know are passed over."""
    if name == "delta":
        return _decode(data, Delta)
    if name == "start":
        return _decode(data, Start)
    if name == "done":
        return _decode(data, ChatAnswer)
    if name == "error":
        raise BrokenAnswer(_decode(data, ErrorAnswer))
    return None


async def _events(content: aiohttp.StreamReader) -> AsyncGenerator[tuple[str, bytes]]:
    """Server-sent events as they come (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    buffer = b""
    async for chunk in content.iter_any():
        *blocks, buffer = (buffer + chunk).split(b"\n\n")
        for block in blocks:
            fields = dict[bytes, bytes]()
            for line in block.split(b"\n"):
                field, _, value = line.partition(b":")
                if field:
                    fields[field] = fields[field] + b"\n" + value.lstrip() if field in fields else value.lstrip()
            if b"data" in fields:
                yield fields.get(b"event", b"message").decode(), fields[b"data"]


__all__ = [
    "BrokenAnswer",
    "ChatEvent",
    "GatewayClient",
    "GatewayUnreachable",
    "ProtocolError",
]
