"""The gateway's client library: typed calls over HTTP. Needs aiohttp and msgspec, nothing else of Rolekey's server.

async with GatewayClient("http://127.0.0.1:8080", key) as gateway:
    async for event in gateway.chat("Hello"):
        if isinstance(event, Delta):
            print(event.text, end="")

`gateway.client.sync` is the same for scripts without asyncio. Requests and answers are in `gateway.wire`.
"""

from gateway.client.chat import ChatCalls, ChatEvent
from gateway.client.conversations import ConversationCalls
from gateway.client.errors import (
    ApiError,
    BrokenAnswer,
    Conflict,
    GatewayUnreachable,
    InternalError,
    InvalidRequest,
    LimitReached,
    NotFound,
    PermissionDenied,
    ProtocolError,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UpstreamFailed,
    UpstreamTimeout,
)
from gateway.client.operations import OperationCalls
from gateway.client.retrying import NEVER, Retries
from gateway.client.users import UserCalls


class GatewayClient(UserCalls, ConversationCalls, ChatCalls, OperationCalls):
    """One key's view of one gateway.

    Every call raises an `ApiError`: the subclass tells the status, `code` the reason (`gateway.client.errors`). Use it
    as an async context manager, or hand it a session that somebody else closes. What is safe to repeat is repeated as
    `retries` says; hand it `NEVER` where nothing shall be.
    """


__all__ = [
    "NEVER",
    "ApiError",
    "BrokenAnswer",
    "ChatEvent",
    "Conflict",
    "GatewayClient",
    "GatewayUnreachable",
    "InternalError",
    "InvalidRequest",
    "LimitReached",
    "NotFound",
    "PermissionDenied",
    "ProtocolError",
    "RateLimited",
    "Retries",
    "TooLarge",
    "Unauthenticated",
    "Unavailable",
    "UpstreamFailed",
    "UpstreamTimeout",
]
