"""The address a request comes from. Only proxies in `TRUSTED_PROXIES` are believed."""

import ipaddress
from functools import cache

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def client_address(peer: str, forwarded_for: str = "") -> str:
    """The address of the client: the peer, or the rightmost hop of `X-Forwarded-For` that is not a trusted proxy.

    Everything to the left of that hop was written by the client. A peer that is not an IP address (a socket file) is
    returned unchanged and never trusted.
    """
    client = _parse(peer)
    if client is None:
        return peer
    hops = forwarded_for.split(",") if forwarded_for else []
    while hops and _is_trusted(client):
        hop = _parse(hops.pop().strip())
        if hop is None:
            break
        client = hop
    return str(client)


def address_of(request: HttpRequest) -> str:
    """The address of the client that sent this request."""
    return client_address(request.META.get("REMOTE_ADDR") or "", request.META.get("HTTP_X_FORWARDED_FOR", ""))


def comes_through_proxy(request: HttpRequest) -> bool:
    """Whether this request came through one of the `TRUSTED_PROXIES`, so that its headers can be believed."""
    peer = _parse(request.META.get("REMOTE_ADDR") or "")
    return peer is not None and _is_trusted(peer)


def limit_key(address: str) -> str:
    """The key that limits count by: an IPv4 address, or the /64 network of an IPv6 customer."""
    parsed = _parse(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _parse(text: str) -> Address | None:
    """The address without brackets, port and zone. IPv4 mapped into IPv6 becomes IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@cache
def _networks(trusted: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network, strict=False) for network in trusted)
