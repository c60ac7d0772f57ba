"""Asks Discord who somebody is: OAuth2's authorization code flow with PKCE, for the scope `identify` alone.

https://docs.discord.com/developers/topics/oauth2, RFC 6749, RFC 7636 and, for what comes back, RFC 9700. The token is
used once and forgotten, not revoked: revoking it would take the application off the member's account, and with it a
bot that they installed there.
"""

import base64
import hashlib
import logging
from typing import Annotated, TypeVar

import aiohttp
import msgspec
from yarl import URL

from gateway.config import DiscordSignIn
from gateway.errors import ApiError, PermissionDenied, UpstreamFailed, UpstreamTimeout

log = logging.getLogger(__name__)

SCOPE = "identify"
# What Discord answers is some hundred bytes long.
_MOST_BYTES = 65_536

S = TypeVar("S", bound=msgspec.Struct)


class DiscordAccount(msgspec.Struct, frozen=True):
    """Who somebody is on Discord."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")]
    username: str = ""


class _Token(msgspec.Struct, frozen=True):
    access_token: Annotated[str, msgspec.Meta(min_length=1)]
    token_type: str
    scope: str = SCOPE

    def __repr__(self) -> str:
        return "_Token(hidden)"


class _Refusal(msgspec.Struct, frozen=True):
    error: str = ""


class DiscordOAuth:
    """One application on Discord. `redirect_uri` is where Discord sends members back to."""

    def __init__(
        self, settings: DiscordSignIn, client_secret: str, *, redirect_uri: str, session: aiohttp.ClientSession
    ) -> None:
        self._settings = settings
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._session = session
        self._timeout = aiohttp.ClientTimeout(total=settings.timeout_seconds)

    def address(self, state: str, verifier: str) -> str:
        """Where the member tells Discord that we may know who they are. `verifier` stays here until `identify`."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": SCOPE,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return str(URL(self._settings.authorize_url).update_query(asked))

    def is_issuer(self, issuer: str | None) -> bool:
        """Whether an answer that names who gave it (RFC 9207) is Discord's; one that names nobody is taken for it."""
        return issuer is None or issuer == self._settings.issuer

    async def identify(self, code: str, verifier: str) -> DiscordAccount:
        """Whose code this is.

        Raises `PermissionDenied` with code `discord_refused` where Discord does not take the code, `UpstreamTimeout`,
        and `UpstreamFailed` for anything else.
        """
        token = await self._token(code, verifier)
        headers = {"Authorization": f"Bearer {token.access_token}"}
        status, body = await self._ask("GET", self._settings.user_url, headers=headers)
        if status != 200:
            log.warning("Discord did not say whose a token is: status %d", status)
            raise _unreachable()
        return _read(body, DiscordAccount)

    async def _token(self, code: str, verifier: str) -> _Token:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
            "client_id": self._settings.client_id,
            "client_secret": self._client_secret,
        }
        status, body = await self._ask("POST", self._settings.token_url, data=form)
        if status != 200:
            raise _refused(status, body)
        token = _read(body, _Token)
        if token.token_type.lower() != "bearer" or SCOPE not in token.scope.split():
            log.warning("Discord gave a token for something else")
            raise _unreachable()
        return token

    async def _ask(
        self, method: str, url: str, *, headers: dict[str, str] | None = None, data: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        try:
            async with self._session.request(
                method, url, headers=headers, data=data, timeout=self._timeout, allow_redirects=False
            ) as response:
                body = b""
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        log.warning("Discord's answer to a sign-in is longer than %d bytes", _MOST_BYTES)
                        raise _unreachable()
                return response.status, body
        except TimeoutError as error:
            raise UpstreamTimeout(
                "Discord did not answer in time. Try again in a minute, or sign in with your key.",
                code="discord_timeout",
            ) from error
        except aiohttp.ClientError as error:
            log.warning("Discord cannot be reached to sign somebody in: %s", type(error).__name__)
            raise _unreachable() from error


def _read(body: bytes, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("Discord's answer to a sign-in cannot be read: %s", type(error).__name__)
        # Its words may quote a token.
        raise _unreachable() from None


def _refused(status: int, body: bytes) -> ApiError:
    try:
        reason = msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        reason = ""
    if status == 400 and reason == "invalid_grant":
        return PermissionDenied(
            "Discord does not confirm this sign-in: it does so once, and for a short time. Sign in again.",
            code="discord_refused",
        )
    # Of an error's name only what OAuth2 has (RFC 6749, section 5.2) goes into the log.
    named = reason if reason in _REASONS else "no reason that OAuth2 knows"
    log.warning("Discord refused to sign somebody in: status %d, %s", status, named)
    return _unreachable()


_REASONS = {
    "invalid_request", "invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
}  # fmt: skip


def _unreachable() -> ApiError:
    return UpstreamFailed(
        "Discord cannot be asked who you are just now. Try again in a minute, or sign in with your key.",
        code="discord_unreachable",
    )
