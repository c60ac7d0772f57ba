"""What gateway and agent tell each other over their WebSocket: JSON in text frames, and answers as they come in binary
ones.

The agent says `Hello`, the gateway `Welcome`. From then on the gateway sends `Request`s, as many at once as the agent
said it takes, and the agent passes each on to its own server: first `Head`, then the body in binary frames of which the
first four bytes are the request's number, big-endian, then `End`; or `Failed`. `Cancel` stops one. Numbers are the
gateway's, from 1 on, on each connection anew. Whoever does not answer a `Ping` by the next one is cut off.
"""

from typing import Annotated, Literal

import msgspec

PROTOCOL = 1
"""The version that both must speak."""

NUMBER_BYTES = 4

MAX_FRAME_BYTES = 1_048_576
"""Of what an agent sends; a longer answer comes in several."""

# What closes a connection, beside RFC 6455's own codes: those from 4000 to 4999 are ours to give.
PROTOCOL_BROKEN = 4400
KEY_REFUSED = 4401
NOT_NAMED = 4403
TOO_SILENT = 4408
REPLACED = 4409
TOO_MANY = 4429

NO_BODY = msgspec.Raw(b"null")

Number = Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
ModelName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Models = Annotated[list[ModelName], msgspec.Meta(min_length=1, max_length=100)]
AtOnce = Annotated[int, msgspec.Meta(ge=0, le=1000)]

Path = Literal["chat/completions", "embeddings", "models", "moderations", "responses"]
"""What an agent passes on, below its own server's base URL. Those with a body are POSTs."""


class _Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=str.lower):
    """One text frame; `type` says which. Fields that are not known are ignored."""


# From the agent


class Hello(_Message, frozen=True, kw_only=True):
    """Who dials in. `session` stays the same when the agent comes back, so that what it left behind can be cut."""

    protocol: int
    session: Annotated[str, msgspec.Meta(min_length=8, max_length=100)]
    agent: Annotated[str, msgspec.Meta(max_length=100)] = ""
    models: Models
    at_once: Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Status(_Message, frozen=True, kw_only=True):
    """What changed: how many requests it takes at once (0: no more), and how many it works on, for others too."""

    at_once: AtOnce
    busy: AtOnce


class Head(_Message, frozen=True, kw_only=True):
    """The agent's server answers; of its headers those that say when to come back."""

    number: Number
    status: Annotated[int, msgspec.Meta(ge=200, le=599)]
    content_type: str
    headers: dict[str, str] = {}


class End(_Message, frozen=True, kw_only=True):
    """The answer is whole."""

    number: Number


class Failed(_Message, frozen=True, kw_only=True):
    """There is no answer, or no more of it: the server is out of reach, it broke off, or the agent will not ask it."""

    number: Number
    why: Literal["unreachable", "broken", "refused"]


class Pong(_Message, frozen=True, kw_only=True):
    """The answer to the ping of that number."""

    number: Number


# From the gateway


class Welcome(_Message, frozen=True, kw_only=True):
    """The agent is in. `accounts` are those it lends to now; a ping comes every `ping_seconds`."""

    connection: str
    accounts: list[str]
    ping_seconds: float


class Request(_Message, frozen=True, kw_only=True):
    """Ask your server this: a GET without a body, which is null, a POST with one."""

    number: Number
    path: Path
    body: msgspec.Raw = NO_BODY

    def __repr__(self) -> str:
        return f"Request({self.number}, {self.path})"


class Cancel(_Message, frozen=True, kw_only=True):
    """Nobody waits for this any more."""

    number: Number


class Ping(_Message, frozen=True, kw_only=True):
    """Are you there?"""

    number: Number


FromAgent = Hello | Status | Head | End | Failed | Pong
FromGateway = Welcome | Request | Cancel | Ping


def to_text(message: FromAgent | FromGateway) -> str:
    """The frame that says it."""
    return msgspec.json.encode(message).decode()


def body_frame(number: int, data: bytes) -> bytes:
    """The frame with a piece of an answer's body."""
    return number.to_bytes(NUMBER_BYTES) + data
