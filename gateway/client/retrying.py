"""Asking again what failed, where that cannot do a thing twice."""

import asyncio
import random
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from gateway.client.errors import (
    ApiError,
    GatewayUnreachable,
    ProtocolError,
    RateLimited,
    Unavailable,
    UpstreamFailed,
    UpstreamTimeout,
)

T = TypeVar("T")

# What a proxy in front of the gateway says in HTML while the gateway starts anew.
_PASSING = {502, 503, 504}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often, and how long apart.

    The n-th wait is a random part of `first_seconds` doubled n times ("full jitter"), or what the gateway asked for and
    such a part on top; where it asks for more than `most_seconds`, the error is raised at once. `random` gives numbers
    from 0 to 1, `token` the `Idempotency-Key` of what is safe only with one.
    """

    repeats: int = 2
    first_seconds: float = 0.25
    most_seconds: float = 5.0
    random: Callable[[], float] = random.SystemRandom().random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    token: Callable[[], str] = secrets.token_urlsafe

    async def run(self, attempt: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """Do it, and again while it fails in a way that may pass.

        What is not `repeatable` is done again only where the first request cannot have arrived. Raises the last
        `ApiError`.
        """
        for number in range(self.repeats):
            try:
                return await attempt()
            except ApiError as error:
                wait = self._wait(error, number)
                if wait is None or not (repeatable or _never_arrived(error)):
                    raise
            await self.sleep(wait)
        return await attempt()

    def _wait(self, error: ApiError, number: int) -> float | None:
        """The seconds until the next attempt; None where there is to be none."""
        if not _may_pass(error) or (error.retry_after or 0.0) > self.most_seconds:
            return None
        return (error.retry_after or 0.0) + self.random() * min(self.first_seconds * 2**number, self.most_seconds)


def _may_pass(error: ApiError) -> bool:
    if isinstance(error, ProtocolError):
        return error.http_status in _PASSING
    return isinstance(error, GatewayUnreachable | RateLimited | UpstreamFailed | Unavailable | UpstreamTimeout)


def _never_arrived(error: ApiError) -> bool:
    return isinstance(error, GatewayUnreachable) and not error.sent


NEVER = Retries(repeats=0)
"""Asks once."""
