"""What the requests and answers are made of: names, times, figures, and the two kinds of bodies."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Role = Literal["admin", "client", "user", "agent"]
Tier = Literal["free", "plus"]
PlusWish = bool | Literal["any", "true", "false"]
# Programs written for chatgpt-api-server send their booleans as text, and null for what they leave out.
Switch = bool | Literal["true", "false"] | None
MessageStatus = Literal["complete", "incomplete"]

# In Python alone `$` also matches before a line end, which a name must not end with.
PRINTED = r"^[^\x00-\x1f\x7f]*$(?!\n)"
PRINTED_WORDS = r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$(?!\n)"

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=PRINTED_WORDS)]
DisplayName = Annotated[str, msgspec.Meta(max_length=100, pattern=PRINTED)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Seconds = Annotated[int, msgspec.Meta(ge=1, le=10 * 365 * 86_400)]
Figure = Annotated[int, msgspec.Meta(ge=0, le=10**12)]
Dollars = Annotated[float, msgspec.Meta(ge=0, le=10**9)]


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A body that the gateway takes."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A body that the gateway sends."""

    status: Literal["success"] = "success"


class Done(Answer, frozen=True, kw_only=True):
    """A success with nothing more to say."""


def is_on(switch: PlusWish | Switch) -> bool:
    """Whether a switch is on, however it is written."""
    return switch in (True, "true")
