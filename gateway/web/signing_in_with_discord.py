"""Signing in with Discord: to Discord, back with a code, and as which of one's users where there are several."""

import secrets
from typing import Annotated

import msgspec
from aiohttp import web

from gateway.app_keys import PROXIES, SESSIONS
from gateway.errors import ApiError, InvalidRequest, PermissionDenied
from gateway.parameters import query_of
from gateway.principals import Principal
from gateway.routing import Query, Routes
from gateway.session_cookies import SESSION, new_session
from gateway.times import Clock, milliseconds
from gateway.web.attempts import Attempts
from gateway.web.discord_oauth import DiscordAccount
from gateway.web.forms import form_of
from gateway.web.keys import ATTEMPTS, DISCORD_MEMBERS, DISCORD_OAUTH, SITE, TICKETS

RETURN_PATH = "signed-in-with-discord"

_MOST_BEGUN = 100
# What Discord sends along is some hundred characters long.
_Sent = Annotated[str, msgspec.Meta(max_length=2000)]


class FromDiscord(Query, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What Discord sends a member back with (RFC 6749, section 4.1.2; RFC 9207); what else it sends is no matter."""

    state: _Sent = ""
    code: _Sent = ""
    error: _Sent = ""
    iss: _Sent | None = None


class DiscordDoor:
    """The routes. `clock` gives seconds since the epoch."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        # Each writes a ticket down, for whoever comes along. A school's or a company's members share an address.
        self._begun = Attempts(clock=clock, most=_MOST_BEGUN)

    def add_routes(self, routes: Routes) -> None:
        """Add them. None is further down than the sign-in page: a browser would not send the cookie along."""
        routes.post("/sign-in-with-discord", self.leave, roles="anyone", page=True)
        routes.get(f"/{RETURN_PATH}", self.come_back, roles="anyone", page=True, query=FromDiscord)
        routes.post("/sign-in-as", self.choose, roles="anyone", page=True)

    async def leave(self, request: web.Request) -> web.Response:
        """`POST /sign-in-with-discord`: on to Discord, with a state that only this browser can come back with."""
        try:
            request.app[ATTEMPTS].check(_address(request))
            self._begun.check(_address(request))
        except ApiError as error:
            return request.app[SITE].sign_in_page(request, error=error)
        self._begun.note(_address(request))
        verifier = secrets.token_urlsafe(48)
        state = await request.app[TICKETS].issue("discord", request[SESSION].csrf, verifier)
        return request.app[SITE].leave(request.app[DISCORD_OAUTH].address(state, verifier))

    async def come_back(self, request: web.Request) -> web.Response:
        """`GET /signed-in-with-discord?code=…&state=…`: who it is, and in."""
        try:
            request.app[ATTEMPTS].check(_address(request))
            account = await self._account(request, query_of(request, FromDiscord))
            users = await self._users(request, account)
            if len(users) == 1:
                return await _enter(request, users[0])
        except ApiError as error:
            return request.app[SITE].sign_in_page(request, error=error)
        if not users:
            return request.app[SITE].page(request, "no_discord_user.html", status=403, account=account)
        several_clients = len({user.client_name for user in users}) > 1
        ticket = await request.app[TICKETS].issue("choice", request[SESSION].csrf, account.id)
        return request.app[SITE].page(
            request, "choose_user.html", account=account, users=users, ticket=ticket, several_clients=several_clients
        )

    async def choose(self, request: web.Request) -> web.Response:
        """`POST /sign-in-as`: in, as the one of one's users that was chosen."""
        form = await form_of(request)
        try:
            member_id = await request.app[TICKETS].redeem("choice", request[SESSION].csrf, form.get("ticket", ""))
            if member_id is None:
                raise InvalidRequest("This page was used already, or is older than ten minutes. Sign in again.")
            for user in await request.app[DISCORD_MEMBERS].users_of(member_id):
                if str(user.id) == form.get("user"):
                    return await _enter(request, user)
            raise InvalidRequest("There is no such user of yours any more. Sign in again.")
        except ApiError as error:
            return request.app[SITE].sign_in_page(request, error=error)

    async def _account(self, request: web.Request, sent: FromDiscord) -> DiscordAccount:
        """Who was sent back, and by nobody else: the state is this browser's, and was not used before."""
        session = request.get(SESSION)
        verifier = None
        if session is not None and sent.state:
            verifier = await request.app[TICKETS].redeem("discord", session.csrf, sent.state)
        if verifier is None or not request.app[DISCORD_OAUTH].is_issuer(sent.iss):
            if session is not None:  # another site's pictures come without a cookie, and must lock nobody out
                request.app[ATTEMPTS].note(_address(request))
            raise InvalidRequest(
                "This sign-in was begun in another browser, was used already, or took longer than ten minutes. "
                "Sign in again."
            )
        if sent.error == "access_denied":
            raise PermissionDenied("You did not let Discord tell who you are. Try again, or sign in with your key.")
        if sent.error or not sent.code:
            raise PermissionDenied("Discord did not let you in. Try again, or sign in with your key.")
        try:
            return await request.app[DISCORD_OAUTH].identify(sent.code, verifier)
        except PermissionDenied:
            request.app[ATTEMPTS].note(_address(request))
            raise

    async def _users(self, request: web.Request, account: DiscordAccount) -> list[Principal]:
        """Those whose keys work; where none does, the one used last, who is told why not."""
        users = await request.app[DISCORD_MEMBERS].users_of(account.id)
        now = milliseconds(self._clock())
        alive = [user for user in users if not user.disabled and (user.expires_at is None or user.expires_at > now)]
        return alive or users[:1]


async def _enter(request: web.Request, user: Principal) -> web.Response:
    """Begin a session in place of the one that was there."""
    name = await request.app[SESSIONS].begin_for(user)
    before = request[SESSION]
    if before.name is not None:
        await request.app[SESSIONS].end(before.name)
    return request.app[SITE].redirect(request, "", new_session(name, by="discord"))


def _address(request: web.Request) -> str:
    return request.app[PROXIES].address_of(request)
