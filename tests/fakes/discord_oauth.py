"""Discord's authorization server on a real socket: OAuth2's code flow with PKCE, as strict as RFC 6749 and RFC 7636.

    async with FakeDiscordOAuth() as discord:
        ...point [gateway.discord_sign_in] at discord.settings()...
        discord.account = {"id": "42", "username": "mia"}
        back = await discord.authorise(address)    # as a member who presses Authorize; where they are sent back to

In a browser the page asks, with a button to authorise and one to cancel. Acts given to `play` answer the next calls by
the gateway, in order; after them each is answered as it should be.
"""

import asyncio
import base64
import hashlib
import html
import secrets
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from aiohttp import web
from yarl import URL

CLIENT_ID = "1234567890"
CLIENT_SECRET = "the application's secret"


@dataclass(frozen=True, slots=True)
class Say:
    """Exactly this answer."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Hang:
    """Says nothing until the server ends."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Closes the connection without a word."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Answers as it should."""


@dataclass(frozen=True, slots=True)
class _Grant:
    challenge: str
    redirect_uri: str
    account: dict[str, Any]


class FakeDiscordOAuth:
    """See the module."""

    def __init__(self) -> None:
        self.account: dict[str, Any] = {"id": "42", "username": "mia", "discriminator": "0"}
        """Who is signed in to Discord."""
        self.scope = "identify"
        """What tokens are for."""
        self.tokens = list[str]()
        """All there were; what must never be seen anywhere."""
        self.asked = list[str]()
        """The calls by the gateway, as `METHOD path`."""
        self.url = ""
        self._grants = dict[str, _Grant]()
        self._live = dict[str, dict[str, Any]]()
        self._acts = list[Say | Hang | HangUp | Pass]()
        self._end = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/oauth2/authorize", self._ask)
        app.router.add_get("/oauth2/decide", self._decide)
        app.router.add_post("/api/oauth2/token", self._token)
        app.router.add_get("/api/users/@me", self._me)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self._runner = runner
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Go away: from now on nobody answers."""
        self._end.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def settings(self, **more: Any) -> dict[str, Any]:
        """What `[gateway.discord_sign_in]` says."""
        return {
            "client_id": CLIENT_ID,
            "authorize_url": f"{self.url}/oauth2/authorize",
            "token_url": f"{self.url}/api/oauth2/token",
            "user_url": f"{self.url}/api/users/@me",
            "issuer": self.url,
            **more,
        }

    def play(self, *acts: Say | Hang | HangUp | Pass) -> None:
        """How to answer the next calls by the gateway."""
        self._acts += acts

    def authorise(self, address: str, *, account: dict[str, Any] | None = None) -> URL:
        """What becomes of a member who says yes: where they are sent back to."""
        asked = URL(address)
        assert str(asked.with_query(None)) == f"{self.url}/oauth2/authorize"
        return self._answer(asked.query, account or self.account)

    def refuse(self, address: str, error: str = "access_denied") -> URL:
        """What becomes of one who says no."""
        query = self._checked(URL(address).query)
        back = {
            "error": error,
            "error_description": "<script>alert(1)</script>",
            "state": query["state"],
            "iss": self.url,
        }
        return URL(query["redirect_uri"]).update_query(back)

    async def _ask(self, request: web.Request) -> web.Response:
        query = self._checked(request.query)
        links = {
            words: html.escape(str(URL("/oauth2/decide").with_query({**query, "yes": yes})))
            for words, yes in (("Authorize", "1"), ("Cancel", ""))
        }
        shown = "".join(f'<p><a href="{address}">{words}</a></p>' for words, address in links.items())
        return web.Response(
            text=f'<!doctype html><title>Discord</title><link rel="icon" href="data:,">{shown}',
            content_type="text/html",
        )

    async def _decide(self, request: web.Request) -> web.Response:
        asked = str(URL(f"{self.url}/oauth2/authorize").with_query(request.query).without_query_params("yes"))
        back = self.authorise(asked) if request.query["yes"] else self.refuse(asked)
        return web.Response(status=302, headers={"Location": str(back)})

    def _answer(self, given: Any, account: dict[str, Any]) -> URL:
        query = self._checked(given)
        code = secrets.token_urlsafe(16)
        self._grants[code] = _Grant(query["code_challenge"], query["redirect_uri"], account)
        return URL(query["redirect_uri"]).update_query(code=code, state=query["state"], iss=self.url)

    def _checked(self, query: Any) -> dict[str, str]:
        """What a client must send, no more and no less."""
        known = {"response_type": "code", "client_id": CLIENT_ID, "scope": "identify", "code_challenge_method": "S256"}
        assert {name: query.get(name) for name in known} == known
        assert set(query) == {*known, "redirect_uri", "state", "code_challenge"}
        assert len(query["code_challenge"]) == 43
        assert len(query["state"]) >= 22, "128 bits at least"
        return dict(query)

    async def _token(self, request: web.Request) -> web.StreamResponse:
        act = self._next(request)
        if act is not None:
            return await self._play(act, request)
        form = await request.post()
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        grant = self._grants.pop(str(form.get("code")), None)
        verifier = str(form.get("code_verifier"))
        if (
            grant is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != grant.redirect_uri
            or not 43 <= len(verifier) <= 128
            or _challenge(verifier) != grant.challenge
        ):
            return web.json_response(
                {"error": "invalid_grant", "error_description": 'Invalid "code" in request.'}, status=400
            )
        token = secrets.token_urlsafe(16)
        self.tokens.append(token)
        self._live[token] = grant.account
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 604800, "scope": self.scope}
        return web.json_response({**answer, "refresh_token": secrets.token_urlsafe(16)})

    async def _me(self, request: web.Request) -> web.StreamResponse:
        act = self._next(request)
        if act is not None:
            return await self._play(act, request)
        account = self._live.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if account is None:
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        return web.json_response(account)

    def _next(self, request: web.Request) -> Say | Hang | HangUp | None:
        self.asked.append(f"{request.method} {request.path}")
        act = self._acts.pop(0) if self._acts else Pass()
        return None if isinstance(act, Pass) else act

    async def _play(self, act: Say | Hang | HangUp, request: web.Request) -> web.StreamResponse:
        if isinstance(act, Say):
            return web.Response(body=act.body, status=act.status, content_type=act.content_type)
        if isinstance(act, Hang):
            await self._end.wait()
        assert request.transport is not None
        request.transport.close()
        return web.Response()


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
