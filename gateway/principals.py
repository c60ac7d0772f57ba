"""Who holds a key: an admin, a client, a user or an agent."""

from typing import Any

import msgspec

from gateway.times import moment
from gateway.wire import Role, User, UserLimits, WhoAmI


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody the gateway knows. Times are milliseconds since the epoch.

    `name` is the wire's `user_id`; `client_id` and `client_name` tell the client that created it, both are None where
    an admin did. `expires_at`, `last_used_at` and `key_hint` belong to the live key. `limits` are its own, not the
    tier's.
    """

    id: int
    role: Role
    name: str
    username: str
    community: str = ""
    client_id: int | None
    client_name: str | None
    plus: bool
    disabled: bool
    created_at: int
    expires_at: int | None
    last_used_at: int | None
    key_hint: str | None
    limits: UserLimits | None = None

    @classmethod
    def from_row(cls, row: Any) -> "Principal":
        """The principal in a row of the view `people`."""
        return cls(
            id=row["id"],
            role=row["role"],
            name=row["name"],
            username=row["username"],
            community=row["community"],
            client_id=row["client_id"],
            client_name=row["client_name"],
            plus=bool(row["plus"]),
            disabled=bool(row["disabled"]),
            created_at=row["created_at"],
            expires_at=row["expires_at"],
            last_used_at=row["last_used_at"],
            key_hint=row["key_hint"],
            limits=None if row["limits"] is None else msgspec.json.decode(row["limits"], type=UserLimits),
        )

    def to_wire(self) -> User:
        """What others may see of it."""
        return User(
            user_id=self.name,
            username=self.username,
            community=self.community,
            role=self.role,
            client_id=self.client_name,
            plus=self.plus,
            disabled=self.disabled,
            created_at=moment(self.created_at),
            expires_at=None if self.expires_at is None else moment(self.expires_at),
            last_used_at=None if self.last_used_at is None else moment(self.last_used_at),
            key_hint=self.key_hint,
            limits=self.limits,
        )

    def whoami(self) -> WhoAmI:
        """What it is told of itself."""
        return WhoAmI(
            role=self.role,
            name=self.name,
            client_id=self.client_name,
            expires_at=None if self.expires_at is None else moment(self.expires_at),
        )
