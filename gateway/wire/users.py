"""Users, their keys and their limits."""

from typing import Literal

import msgspec

from gateway.wire.base import Answer, DisplayName, Dollars, Figure, Moment, Name, Request, Role, Seconds


class CreateUser(Request, frozen=True, kw_only=True):
    """`POST /api/users`. `expires_in` is the key's life in seconds, without it the key does not expire.

    `community` is to which of the client's communities the user belongs, as people call it: a server on Discord.

    Only an admin makes clients, and agents, which lend the gateway a model.
    """

    user_id: Name
    username: DisplayName = ""
    community: DisplayName = ""
    plus: bool = False
    role: Literal["user", "client", "agent"] = "user"
    expires_in: Seconds | None = None


class UserLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one user that differ from the tier's; null is the tier's, 0 is no limit."""

    requests_per_minute: Figure | None = None
    tokens_per_day: Figure | None = None
    cost_per_month_usd: Dollars | None = None
    concurrent: Figure | None = None


class UpdateLimits(Request, frozen=True, kw_only=True):
    """What is left out stays, null goes back to the tier's limit, 0 is no limit."""

    requests_per_minute: Figure | msgspec.UnsetType | None = msgspec.UNSET
    tokens_per_day: Figure | msgspec.UnsetType | None = msgspec.UNSET
    cost_per_month_usd: Dollars | msgspec.UnsetType | None = msgspec.UNSET
    concurrent: Figure | msgspec.UnsetType | None = msgspec.UNSET


class UpdateUser(Request, frozen=True, kw_only=True):
    """`PATCH /api/users/{user_id}`. What is left out stays; `expires_in` counts from now, null lifts the expiry.

    `limits` take the place of the tier's, for both tiers together; null goes back to the tier's.
    """

    username: DisplayName | msgspec.UnsetType = msgspec.UNSET
    community: DisplayName | msgspec.UnsetType = msgspec.UNSET
    plus: bool | msgspec.UnsetType = msgspec.UNSET
    disabled: bool | msgspec.UnsetType = msgspec.UNSET
    expires_in: Seconds | msgspec.UnsetType | None = msgspec.UNSET
    limits: UpdateLimits | msgspec.UnsetType | None = msgspec.UNSET


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Who holds a key. `client_id` is the name of the client that created it; `key_hint` the key's last characters."""

    user_id: str
    username: str
    role: Role
    client_id: str | None
    plus: bool
    disabled: bool
    created_at: Moment
    expires_at: Moment | None
    last_used_at: Moment | None
    key_hint: str | None
    limits: UserLimits | None = None
    community: str = ""


class UserAnswer(Answer, frozen=True, kw_only=True):
    """One user."""

    user: User


class UserWithKey(Answer, frozen=True, kw_only=True):
    """The one answer that carries a key in plain text."""

    user: User
    key: str


class UserPage(Answer, frozen=True, kw_only=True):
    """Some users; `next_cursor` asks for the ones after them."""

    users: list[User]
    next_cursor: str | None = None


class WhoAmI(Answer, frozen=True, kw_only=True):
    """`GET /api/whoami`: what the key that asks is."""

    role: Role
    name: str
    client_id: str | None
    expires_at: Moment | None
