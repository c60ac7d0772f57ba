"""How often what may be asked. https://discord.com/developers/docs/topics/rate-limits

Discord publishes no numbers but the global ones; those of `STRICT` are what its headers have been seen to say. Each
window begins with its first request and ends so many seconds later, with whatever came of the requests in it.
"""

import hashlib
import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from aiohttp import web

from playground.standin.rest.routing import Answer, Asked
from playground.standin.world.clock import Clock

_MAJOR = ("channel_id", "guild_id", "application_id", "token")
"""The top-level resources that a route's limit is counted apart for; ids of interactions are no such thing."""
_APPLICATION_ROUTES = "/applications/"
_INTERACTION_ROUTES = ("/interactions/", "/webhooks/")
_INVALID = {401, 403, 429}
_WINDOWS_KEPT = 10_000


@dataclass(frozen=True)
class Limit:
    """`requests` in `seconds`. `bucket` is what clients are told under: routes can share that and count apart."""

    bucket: str
    requests: int
    seconds: float


@dataclass(frozen=True)
class Rules:
    """What is limited, and how.

    `routes` are by method and pattern. `fields` hold for requests whose body has that field, on top of the route's
    own, and count for the resource, whoever asks. None is no limit.
    """

    routes: Mapping[tuple[str, str], Limit] = field(default_factory=dict[tuple[str, str], Limit])
    fields: Mapping[tuple[str, str, str], Limit] = field(default_factory=dict[tuple[str, str, str], Limit])
    globally: Limit | None = None
    invalid: Limit | None = None
    """How many answers of 401, 403 and 429 an address may get before it is banned."""
    ban_seconds: float = 3600.0

    def faster(self, times: float) -> "Rules":
        """The same with windows that many times shorter, for who has no time to wait."""

        def shorter(limit: Limit | None) -> Any:
            return limit and replace(limit, seconds=limit.seconds / times)

        return Rules(
            routes={key: shorter(limit) for key, limit in self.routes.items()},
            fields={key: shorter(limit) for key, limit in self.fields.items()},
            globally=shorter(self.globally),
            invalid=shorter(self.invalid),
            ban_seconds=self.ban_seconds / times,
        )


_CHANNEL = "/channels/{channel_id}"
_MESSAGES = _CHANNEL + "/messages"
_MESSAGE = _MESSAGES + "/{message_id}"
_REACTION = _MESSAGE + "/reactions/{emoji}/@me"
_MEMBER = "/guilds/{guild_id}/members/{user_id}"
_WEBHOOK = "/webhooks/{application_id}/{token}"
_TEN_MINUTES = 600.0

STRICT = Rules(
    routes={
        # Sending and editing say the same bucket and count apart: github.com/discord/discord-api-docs/issues/8073
        ("POST", _MESSAGES): Limit("messages", 5, 5.0),
        ("PATCH", _MESSAGE): Limit("messages", 5, 5.0),
        ("DELETE", _MESSAGE): Limit("delete message", 5, 1.0),
        ("POST", _MESSAGES + "/bulk-delete"): Limit("bulk delete", 1, 3.0),
        ("PUT", _REACTION): Limit("reactions", 1, 0.25),
        ("DELETE", _REACTION): Limit("reactions", 1, 0.25),
        ("POST", _CHANNEL + "/typing"): Limit("typing", 5, 5.0),
        ("PATCH", _CHANNEL): Limit("channel", 10, 15.0),
        ("POST", _MESSAGE + "/threads"): Limit("threads", 50, 300.0),
        ("POST", _CHANNEL + "/threads"): Limit("threads", 50, 300.0),
        ("GET", "/guilds/{guild_id}/members"): Limit("list members", 10, 10.0),
        ("GET", _MEMBER): Limit("member", 5, 1.0),
        ("PATCH", _MEMBER): Limit("edit member", 10, 10.0),
        ("PUT", _MEMBER + "/roles/{role_id}"): Limit("member roles", 10, 10.0),
        ("DELETE", _MEMBER + "/roles/{role_id}"): Limit("member roles", 10, 10.0),
        ("GET", "/gateway/bot"): Limit("gateway", 2, 5.0),
        # github.com/discord/discord-api-docs/issues/367
        ("POST", _WEBHOOK): Limit("webhook", 5, 2.0),
        ("PATCH", _WEBHOOK + "/messages/{message_id}"): Limit("webhook messages", 5, 2.0),
        ("DELETE", _WEBHOOK + "/messages/{message_id}"): Limit("webhook messages", 5, 2.0),
    },
    # github.com/discord/discord-api-docs/issues/2190: name and topic count apart; the headers speak of the route's own
    fields={
        ("PATCH", _CHANNEL, "name"): Limit("channel name", 2, _TEN_MINUTES),
        ("PATCH", _CHANNEL, "topic"): Limit("channel topic", 2, _TEN_MINUTES),
    },
    globally=Limit("global", 50, 1.0),
    invalid=Limit("invalid", 10_000, _TEN_MINUTES),
)
OFF = Rules()
PRESETS = {"strict": STRICT, "off": OFF}


@dataclass
class _Window:
    ends: datetime
    left: int


class RateLimits:
    """As a gate it stands before every route; `rules` can be changed at any time, which forgets what was counted."""

    def __init__(self, clock: Clock, rules: Rules = OFF) -> None:
        self._clock = clock
        self._rules = rules
        self._windows: dict[tuple[object, ...], _Window] = {}
        self._invalid: dict[str, deque[datetime]] = {}
        self._banned_until: dict[str, datetime] = {}

    @property
    def rules(self) -> Rules:
        """What is in force."""
        return self._rules

    @rules.setter
    def rules(self, rules: Rules) -> None:
        self._rules = rules
        self._windows.clear()
        self._invalid.clear()
        self._banned_until.clear()

    async def gate(self, asked: Asked) -> Answer | None:
        """Let a request through, with headers for its answer, or answer 429."""
        banned = self._ban(asked.request)
        if banned is not None:
            return banned
        return self._globally(asked) or self._by_route(asked)

    def note(self, asked: Asked, answer: Answer) -> None:
        """Count what an address was refused.

        https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
        """
        limit = self._rules.invalid
        shared = answer.headers.get("X-RateLimit-Scope") == "shared"
        address = asked.request.remote or ""
        if limit is None or answer.status not in _INVALID or shared or address in self._banned_until:
            return
        now = self._clock.now()
        times = self._invalid.setdefault(address, deque())
        times.append(now)
        while now - times[0] >= timedelta(seconds=limit.seconds):
            times.popleft()
        if len(times) >= limit.requests:
            times.clear()
            self._banned_until[address] = now + timedelta(seconds=self._rules.ban_seconds)

    def _ban(self, request: web.Request) -> Answer | None:
        """What Cloudflare says, in Discord's place: no JSON, and no `Via` by which clients know Discord."""
        address = request.remote or ""
        until = self._banned_until.get(address)
        if until is None:
            return None
        seconds = (until - self._clock.now()).total_seconds()
        if seconds <= 0:
            del self._banned_until[address]
            return None
        return Answer(429, headers={"Retry-After": str(math.ceil(seconds))}, text="error code: 1015")

    def _globally(self, asked: Asked) -> Answer | None:
        """https://discord.com/developers/docs/topics/rate-limits#global-rate-limit"""
        limit = self._rules.globally
        if limit is None or asked.route.startswith(_INTERACTION_ROUTES):
            return None
        who = asked.caller.id if asked.caller is not None else asked.request.remote
        window = self._window(limit, "global", who)
        if window.left > 0:
            window.left -= 1
            return None
        headers = {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
        return self._refusal("You are being rate limited.", self._seconds_left(window), headers)

    def _by_route(self, asked: Asked) -> Answer | None:
        limit = self._rules.routes.get((asked.request.method, asked.route))
        if limit is None:
            return None
        who = asked.caller.id if asked.caller is not None else asked.request.remote
        window = self._window(limit, asked.request.method, asked.route, who, *_major(asked))
        if window.left <= 0:
            headers = self._headers(limit, window) | {"X-RateLimit-Scope": "user"}
            return self._refusal("You are being rate limited.", self._seconds_left(window), headers)
        window.left -= 1
        asked.headers.update(self._headers(limit, window))
        return self._by_field(asked)

    def _by_field(self, asked: Asked) -> Answer | None:
        body: object = asked.body
        named = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
        keys = [(asked.request.method, asked.route, name) for name in named]
        limits = [(key, self._rules.fields[key]) for key in keys if key in self._rules.fields]
        windows = [self._window(limit, *key, *_major(asked)) for key, limit in limits]
        exhausted = [self._seconds_left(window) for window in windows if window.left <= 0]
        if exhausted:
            headers = asked.headers | {"X-RateLimit-Scope": "shared"}
            return self._refusal("The resource is being rate limited.", max(exhausted), headers)
        for window in windows:
            window.left -= 1
        return None

    def _window(self, limit: Limit, *key: object) -> _Window:
        now = self._clock.now()
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            if len(self._windows) >= _WINDOWS_KEPT:
                self._windows = {key: each for key, each in self._windows.items() if each.ends > now}
            window = self._windows[key] = _Window(now + timedelta(seconds=limit.seconds), limit.requests)
        return window

    def _seconds_left(self, window: _Window) -> float:
        return max(0.0, (window.ends - self._clock.now()).total_seconds())

    def _headers(self, limit: Limit, window: _Window) -> dict[str, str]:
        """https://discord.com/developers/docs/topics/rate-limits#header-format"""
        return {
            "X-RateLimit-Limit": str(limit.requests),
            "X-RateLimit-Remaining": str(window.left),
            "X-RateLimit-Reset": f"{window.ends.timestamp():.3f}",
            "X-RateLimit-Reset-After": f"{self._seconds_left(window):.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(limit.bucket.encode()).hexdigest()[:32],
        }

    @staticmethod
    def _refusal(message: str, seconds: float, headers: dict[str, str]) -> Answer:
        """https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit"""
        wait = math.ceil(seconds * 1000) / 1000
        body = {"message": message, "retry_after": wait, "global": "X-RateLimit-Global" in headers}
        return Answer(429, body, headers | {"Retry-After": str(math.ceil(wait))})


def _major(asked: Asked) -> list[str]:
    """The top-level resources in a path. An application is one in the address of its webhook alone."""
    if asked.route.startswith(_APPLICATION_ROUTES):
        return []
    return [asked.path[name] for name in _MAJOR if name in asked.path]
