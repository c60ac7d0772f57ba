"""How often somebody may try to sign in."""

import math
from collections import deque
from ipaddress import IPv6Network, ip_network

from gateway.errors import RateLimited
from gateway.times import Clock

_WINDOW_SECONDS = 60.0
# Addresses remembered at most: the longest silent is forgotten first.
_ADDRESSES = 10_000


class Attempts:
    """Counts tries that failed, or that cost something, by address. Who does too often within a minute has to wait.

    Keys cannot be guessed; this keeps those who try from costing anything. Of IPv6 a network of 64 bits counts as one
    address, since whoever has one of them has all.
    """

    def __init__(self, *, clock: Clock, most: int = 20) -> None:
        self._clock = clock
        self._most = most
        self._failed = dict[str, deque[float]]()

    def check(self, address: str) -> None:
        """Raise `RateLimited` with code `too_many_attempts` where that address has to wait."""
        tries = self._recent(_counted(address))
        if len(tries) >= self._most:
            wait = max(1.0, tries[0] + _WINDOW_SECONDS - self._clock())
            raise RateLimited(
                f"Too many tries to sign in. Wait {math.ceil(wait)} seconds, then try again.",
                code="too_many_attempts",
                retry_after=wait,
            )

    def note(self, address: str) -> None:
        """Note such a try."""
        address = _counted(address)
        tries = self._recent(address)
        tries.append(self._clock())
        self._failed.pop(address, None)
        self._failed[address] = tries
        if len(self._failed) > _ADDRESSES:
            del self._failed[next(iter(self._failed))]

    def _recent(self, address: str) -> deque[float]:
        tries = self._failed.get(address, deque[float]())
        while tries and tries[0] <= self._clock() - _WINDOW_SECONDS:
            tries.popleft()
        return tries


def _counted(address: str) -> str:
    try:
        network = ip_network(address)
    except ValueError:
        return address
    return str(network.supernet(new_prefix=64)) if isinstance(network, IPv6Network) else address
