"""Under which names a server of ours may be reached.

A browser takes pages for ours if their address has our name. Another site's name that leads to this
machine (DNS rebinding) would make that site's pages as trusted as ours, so only known names count.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from ipaddress import ip_address
from typing import NamedTuple

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?")


class HostAndPort(NamedTuple):
    host: str
    """A name, or an address without brackets."""
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def host_and_port(text: str) -> HostAndPort:
    """Of `name:port` or `[::1]:port`. Raises ValueError for anything else."""
    host, _, port = text.strip().rpartition(":")
    if not _HOST.fullmatch(text.strip().lower()) or not host or not 0 < int(port) < 1 << 16:
        raise ValueError(f"{text!r} is not host:port")
    return HostAndPort(host.strip("[]"), int(port))


def is_address(host: str) -> bool:
    """Whether it is an IP address, not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a server that listens on the address is reached from this machine alone."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def known_names(host: str, trusted: Sequence[str]) -> Collection[str]:
    """This machine's own names, the address that a server listens on, and the names that a person
    has added; one that begins with a dot stands for itself and all names below it."""
    return {_as_sent(name) for name in (*LOOPBACK, host, *trusted)}


def is_known(header: str, names: Collection[str]) -> bool:
    """Whether a `Host` header (`name`, `name:port`, `[::1]:port`) has one of the names."""
    found = _HOST.fullmatch(header.lower())
    if found is None:
        return False
    name = found[1] or found[2]
    domains = (f".{name}"[dot.start() :] for dot in re.finditer(r"\.", f".{name}"))
    return name in names or any(domain in names for domain in domains)


def _as_sent(name: str) -> str:
    """As browsers send it: addresses in their shortest form, names in ASCII."""
    try:
        return ip_address(name).compressed
    except ValueError:
        return ".".join(label.encode("idna").decode() for label in name.lower().split("."))
