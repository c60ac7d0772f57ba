"""Prompts and their answers."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from gateway.client.connection import Connection, decode
from gateway.client.errors import BrokenAnswer, GatewayUnreachable, ProtocolError
from gateway.client.streams import events
from gateway.wire import AccessTokenAnswer, AccessTokenRequest, ChatAnswer, ChatRequest, Delta, ErrorAnswer, Start

ChatEvent = Start | Delta | ChatAnswer


class ChatCalls(Connection):
    """`/api/chat` and `/api/access-token`."""

    async def ask(self, request: ChatRequest | str) -> ChatAnswer:
        """Send a prompt and wait for the whole answer."""
        async with aclosing(self.chat(request)) as answering:
            async for event in answering:
                if isinstance(event, ChatAnswer):
                    return event
        raise ProtocolError("The gateway ended the answer without finishing it.")

    async def chat(self, request: ChatRequest | str) -> AsyncGenerator[ChatEvent]:
        """Send a prompt and yield `Start`, then `Delta`s, then the whole `ChatAnswer`.

        Closing the generator early closes the connection, which stops the answer at the gateway. A prompt is sent
        again only where the gateway cannot have had it.
        """
        asked = ChatRequest(prompt=request) if isinstance(request, str) else request
        body = msgspec.structs.replace(asked, stream=True)
        async with self._streamed("POST", "/api/chat", body=body) as content:
            async for name, data in events(content):
                event = _chat_event(name, data)
                if event is not None:
                    yield event
                if isinstance(event, ChatAnswer):
                    return
        raise GatewayUnreachable("The gateway broke off the answer. Ask again, or follow up to go on from here.")

    async def make_access_token(self, request: AccessTokenRequest) -> AccessTokenAnswer:
        """A token for prompts on a provider key of the caller's own; give it as `ChatRequest.access_token`."""
        return await self._call("POST", "/api/access-token", AccessTokenAnswer, body=request)


def _chat_event(name: str, data: bytes) -> ChatEvent | None:
    """One server-sent event; events this client does not know are passed over."""
    if name == "delta":
        return decode(data, Delta)
    if name == "start":
        return decode(data, Start)
    if name == "done":
        return decode(data, ChatAnswer)
    if name == "error":
        raise BrokenAnswer(decode(data, ErrorAnswer))
    return None
