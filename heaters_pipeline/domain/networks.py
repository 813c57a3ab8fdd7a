"""Networks that are not the public internet, by name.

Python's own table (`ipaddress.is_private`) changes with its version, and knows nothing of
addresses that are public by registration and private by use. So the networks stand here, as in
IANA's registries of special-purpose addresses:

- https://www.iana.org/assignments/iana-ipv4-special-registry
- https://www.iana.org/assignments/iana-ipv6-special-registry
- https://www.iana.org/assignments/ipv6-address-space
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NOT_PUBLIC = {
    "an unspecified address": ("0.0.0.0/32", "::/128"),
    "a loopback address": ("127.0.0.0/8", "::1/128"),
    "a link-local address": ("169.254.0.0/16", "fe80::/10"),
    "a multicast address": ("224.0.0.0/4", "ff00::/8"),
    "a private address": (
        "10.0.0.0/8",
        "100.64.0.0/10",  # between a provider and its customers
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
    ),
    "an address of the cloud itself": (
        "168.63.129.16/32",  # Azure: metadata, DNS and the agent of the host
    ),
    "a reserved address": (
        "0.0.0.0/8",
        "192.0.0.0/24",  # protocol assignments; Oracle's cloud has its metadata in it
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112: answers nobody
        "192.52.193.0/24",  # multicast tunnels
        "192.88.99.0/24",  # relays of 6to4
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "240.0.0.0/4",
        "2001::/23",  # protocol assignments; Teredo, which hides an IPv4 address
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    ),
}
"""By the kind that a sentence names; the first network that holds an address tells its kind."""

_KINDS = [(ip_network(each), kind) for kind, networks in _NOT_PUBLIC.items() for each in networks]

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""RFC 4291: all that IANA hands out for the public internet."""

_HOLDING = (
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped (RFC 4291)
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64 (RFC 6052)
    (IPv6Network("2002::/16"), 80),  # 6to4 (RFC 3056)
)
"""Networks whose addresses hold an IPv4 address, which the connection leads to, and the number of
bits behind it."""


def why_not_public(address: Address) -> str | None:
    """What kind of address it is, where it isn't one of the public internet."""
    address = held(address)
    for network, kind in _KINDS:
        if address in network:
            return kind
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return "a reserved address"
    return None


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether one of the networks holds the address; False for what is none."""
    try:
        found = held(ip_address(address))
    except ValueError:
        return False
    return any(found in network for network in networks)


def held(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for; any other address itself."""
    for network, bits_behind in _HOLDING:
        if address in network:
            return IPv4Address(int(address) >> bits_behind & 0xFFFFFFFF)
    return address
