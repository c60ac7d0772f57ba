"""Tokens that stand for a caller's own provider key."""

from typing import Annotated

import msgspec

from gateway.wire.base import Answer, Moment, Name, Request, Switch

ProviderKey = Annotated[str, msgspec.Meta(max_length=1000, pattern=r"^[\x21-\x7e]+$(?!\n)")]


class AccessTokenRequest(Request, frozen=True, kw_only=True):
    """`POST /api/access-token`. `api_key` is a key of the caller's own at the provider; `user_plus` says at the
    provider of which tier. `email` and `password` are known only to be refused in words.
    """

    api_key: ProviderKey | None = None
    user_plus: Switch = False
    user_id: Name | None = None
    email: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return "AccessTokenRequest(hidden)"


class AccessTokenAnswer(Answer, frozen=True, kw_only=True):
    """A token that stands for the caller's own credential until `expires_at`. `Access Token` is the same once more,
    under the name that chatgpt-api-server gave it.
    """

    access_token: str
    expires_at: Moment
    access_token_again: str = msgspec.field(name="Access Token")

    def __repr__(self) -> str:
        return f"AccessTokenAnswer(until {self.expires_at})"
