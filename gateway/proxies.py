"""Whom a request comes from, where a proxy stands in front.

A proxy puts the caller's address at the end of X-Forwarded-For and says in X-Forwarded-Proto how the caller spoke to
it; anybody else can write both. So they count from proxies that the settings name, and from no others. The standard
that was to replace them (Forwarded, RFC 7239) is not read: a proxy that writes the one passes the other on as it came,
so reading both would let callers choose their address.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

_Address = IPv4Address | IPv6Address


class TrustedProxies:
    """The proxies whose word counts, as addresses or networks (`10.0.0.0/8`). Raises `ValueError` for anything else."""

    def __init__(self, proxies: Iterable[str]) -> None:
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(ip_network(each) for each in proxies)

    def address_of(self, request: web.Request) -> str:
        """The caller's address: the last one that no trusted proxy has."""
        nearest = _parse(request.remote or "")
        if nearest is None:
            return request.remote or ""
        said = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        while said and self._trusts(nearest):
            before = _parse(said.pop().strip())
            if before is None:
                break
            nearest = before
        return str(nearest)

    def is_secure(self, request: web.Request) -> bool:
        """Whether the caller speaks TLS, as far as this process or a trusted proxy knows."""
        if request.scheme == "https":
            return True
        nearest = _parse(request.remote or "")
        said = request.headers.get("X-Forwarded-Proto", "").partition(",")[0]
        return nearest is not None and self._trusts(nearest) and said.strip().lower() == "https"

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)


def _parse(text: str) -> _Address | None:
    """An address, also with a port behind it as some proxies write it; of IPv4 within IPv6 the former."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
