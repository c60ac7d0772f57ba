"""The conversation somebody is in: what is sent with the next prompt, and what comes of it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from chat.showing import Show
from gateway.client import GatewayClient, ProtocolError
from gateway.wire import ChatAnswer, ChatRequest, Delta, NewAttachment, PlusWish, Start

# Seconds between looks at whether a stopped answer is stored; a gateway does it within milliseconds.
_PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Conversing:
    """A client and where it stands. `conversation_id` is None until a new conversation has begun."""

    def __init__(
        self,
        client: GatewayClient,
        *,
        plus: PlusWish = "any",
        system: str | None = None,
        conversation_id: str | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.client = client
        self.plus: PlusWish = plus
        self.system = system
        self.conversation_id = conversation_id
        self._sleep = sleep
        self._arriving: str | None = None  # the reply of which something has arrived and that is not finished

    def leave(self) -> None:
        """Begin anew with the next prompt."""
        self.conversation_id = None

    async def ask(self, prompt: str, show: Show, files: list[NewAttachment] | None = None) -> ChatAnswer:
        """Show the answer while it arrives. Cancelled, it stops the answer at the gateway, which keeps what arrived.

        Raises `ApiError`.
        """
        request = ChatRequest(
            prompt=prompt,
            conversation_id=self.conversation_id,
            plus=self.plus,
            system=None if self.conversation_id else self.system,
            attachments=files or [],
        )
        reply_id = None
        with show() as shown:
            async with aclosing(self.client.chat(request)) as events:
                async for event in events:
                    match event:
                        case Start():
                            reply_id = event.message_id
                            self.conversation_id = event.conversation_id
                        case Delta():
                            self._arriving = reply_id
                            shown.add(event.text)
                        case ChatAnswer():
                            self._arriving = None
                            return event
        raise ProtocolError("The gateway ended the answer without finishing it.")

    async def settle(self) -> None:
        """Wait until the gateway has stored what arrived of a stopped answer, so that a follow-up goes on from there.

        Raises `ApiError`.
        """
        reply_id, self._arriving = self._arriving, None
        if reply_id is None or self.conversation_id is None:
            return
        for pause in _PAUSES:
            await self._sleep(pause)
            messages = (await self.client.get_conversation(self.conversation_id)).messages
            if any(message.id == reply_id for message in messages):
                return
