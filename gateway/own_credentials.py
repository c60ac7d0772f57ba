"""Prompts on the caller's own credential: access tokens, and the upstream that one stands for.

A token is the credential, sealed; the gateway keeps no copy of either. It works for the user it was made for, at the
endpoint that it was proven at, until it expires.
"""

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any

import msgspec

from gateway.accounts import Lease, PooledAccount
from gateway.config import Account
from gateway.conversations import OWN_CREDENTIAL, ConversationRecord
from gateway.errors import ApiError, Conflict, InvalidRequest, PermissionDenied, Unavailable
from gateway.principals import Principal
from gateway.times import Clock, milliseconds
from gateway.upstreams.base import Completion, Event
from gateway.upstreams.openai import OpenAIUpstream
from gateway.wire import Tier
from storage import Sealer

# The purpose that access tokens are sealed for: nothing sealed for another opens as one.
ACCESS_TOKENS = b"rolekey: access tokens"
# As keys have, so that whatever blots out keys blots out tokens.
_PREFIX = "rk-at-"


class IssuedToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token, and until when it works, in milliseconds since the epoch."""

    token: str
    expires_at: int

    def __repr__(self) -> str:
        return f"IssuedToken(until {self.expires_at})"


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    user: int
    base_url: str
    key: str
    expires_at: int

    def __repr__(self) -> str:
        return "_Content(hidden)"


class OwnCredentials:
    """Makes access tokens and finds who answers for one. `accounts` gives the settings' accounts of now."""

    def __init__(self, seal: Sealer, accounts: Callable[[], Sequence[Account]], *, hours: float, clock: Clock) -> None:
        self._seal = seal
        self._accounts = accounts
        self._hours = hours
        self._clock = clock

    async def issue(self, user: Principal, key: str, *, tier: Tier) -> IssuedToken:
        """Prove a key at the endpoint of the tier's first account, and seal it for this user.

        Raises `PermissionDenied` with code `credential_refused`, `Unavailable` with code `no_account`, and what the
        provider's trouble is.
        """
        account = next(iter(self._of_tier(tier)), None)
        if account is None:
            raise Unavailable(
                f"This gateway has no {tier} account whose provider could be asked. Try user_plus the other way.",
                code="no_account",
            )
        upstream = OpenAIUpstream(account, key)
        try:
            with _own_words():
                await upstream.call("models")
        finally:
            await upstream.close()
        expires_at = milliseconds(self._clock() + self._hours * 3600)
        content = _Content(user=user.id, base_url=account.base_url, key=key, expires_at=expires_at)
        sealed = self._seal.seal(msgspec.json.encode(content).decode()).decode()
        return IssuedToken(token=_PREFIX + sealed, expires_at=expires_at)

    def account(
        self, token: str, user: Principal, *, tier: Tier, continued: ConversationRecord | None = None
    ) -> PooledAccount:
        """Who answers a prompt with this token: the tier's account, or the one that began the conversation, with the
        token's key in place of its own.

        Raises `PermissionDenied` with code `invalid_access_token` or `expired_access_token`, and `Unavailable` with
        code `account_unavailable`.
        """
        content = self._open(token, user)
        for account in self._of_tier(continued.tier if continued else tier):
            name = OWN_CREDENTIAL + account.name
            if account.base_url == content.base_url and (continued is None or continued.account == name):
                return PooledAccount(msgspec.structs.replace(account, name=name), OwnUpstream(account, content.key))
        raise Unavailable(
            "The access token was made for a provider that this gateway does not ask for this. "
            "Make a token with the same user_plus, and begin a new conversation.",
            code="account_unavailable",
        )

    def _of_tier(self, tier: Tier) -> list[Account]:
        return [account for account in self._accounts() if account.tier == tier and account.kind == "openai"]

    def _open(self, token: str, user: Principal) -> _Content:
        opened = self._seal.open(token.removeprefix(_PREFIX).encode()) if token.startswith(_PREFIX) else None
        content = None if opened is None else msgspec.json.decode(opened, type=_Content)
        if content is None or content.user != user.id:
            raise PermissionDenied(
                "The access token is not one that this gateway made for you. Make one with POST /api/access-token.",
                code="invalid_access_token",
            )
        if content.expires_at <= milliseconds(self._clock()):
            raise PermissionDenied(
                "The access token has expired. Make a new one with POST /api/access-token.",
                code="expired_access_token",
            )
        return content


class OwnUpstream:
    """An account's endpoint, asked with somebody's own key. Connections do not outlive an answer, nor the key them."""

    def __init__(self, account: Account, key: str) -> None:
        self._account = account
        self._key = key

    def __repr__(self) -> str:
        return f"OwnUpstream({self._account.name!r})"

    async def stream(self, completion: Completion) -> AsyncGenerator[Event]:
        """Ask for one answer and yield its events; see `Upstream`."""
        upstream = OpenAIUpstream(self._account, self._key)
        try:
            with _own_words():
                async with aclosing(upstream.stream(completion)) as events:
                    async for event in events:
                        yield event
        finally:
            await upstream.close()

    async def call(self, path: str, body: dict[str, Any] | None = None) -> bytes:
        """See `Endpoint`."""
        upstream = OpenAIUpstream(self._account, self._key)
        try:
            with _own_words():
                return await upstream.call(path, body)
        finally:
            await upstream.close()

    async def close(self) -> None:
        """Nothing stays open."""


@contextmanager
def own_lease(pooled: PooledAccount) -> Generator[Lease]:
    """The use of an account with somebody's own credential: it counts for nothing in the pool."""
    if pooled.upstream is None:
        raise RuntimeError("somebody's own credential always has its upstream")
    yield Lease(pooled.account, pooled.upstream)


def check_kind(record: ConversationRecord, access_token: str | None) -> None:
    """Raise `Conflict` with code `conversation_kind` where a conversation begun one way is continued the other way."""
    if record.own_credential and access_token is None:
        raise Conflict(
            "This conversation was begun with an access token. Send one to go on, or begin a new conversation.",
            code="conversation_kind",
        )
    if access_token is not None and not record.own_credential:
        raise Conflict(
            "This conversation was begun without an access token. Leave it out to go on, or begin a new conversation.",
            code="conversation_kind",
        )


def refuse_password() -> InvalidRequest:
    """Why an e-mail and a password are not taken, and what to do instead."""
    return InvalidRequest(
        "This gateway takes no e-mail and no password: a password opens the whole account, and providers forbid "
        "handing it on. Make an API key at your provider, which you can limit and revoke, and send it as api_key.",
        code="password_refused",
    )


@contextmanager
def _own_words() -> Generator[None]:
    """An account's trouble with its own key is its admin's; with the caller's key it is the caller's."""
    try:
        yield
    except ApiError as error:
        if error.code == "upstream_authentication":
            raise PermissionDenied(
                "The provider refuses your own API key: it is mistyped, revoked, or may not do this. "
                "Check it at your provider and make a new access token.",
                code="credential_refused",
            ) from error
        if error.code == "upstream_quota":
            raise PermissionDenied(
                "Your own account at the provider has used up its budget. Raise it there.", code="credential_quota"
            ) from error
        raise
