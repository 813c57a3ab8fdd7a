"""Rules for names, passwords and sign-ins. Pure."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from heaters_pipeline.domain.errors import HeatersError, InputError

LONGEST_NAME = 40
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000
"""Whatever is sent is hashed, and hashing costs time."""

TOKEN_PREFIX = "heaters_"  # noqa: S105
"""Tokens begin with it, so that they are known for what they are wherever they turn up."""


SESSION_COOKIE = "heaters"
SESSION_SECRET = "_user_id"  # noqa: S105
"""Under this name Flask-Login keeps a session's secret in the cookie."""

INVITE_DAYS = 7
"""How long a link lets somebody in."""


class Who(NamedTuple):
    """Who does something, and from where, as the audit log names them."""

    name: str
    address: str


class SignInRefused(HeatersError):
    """The name or the password is wrong."""


class TooSoon(HeatersError):
    """Too many sign-ins have failed: the next one has to wait for `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many sign-ins have failed: try again in {seconds} s.")
        self.seconds = seconds


class Allowance(NamedTuple):
    """How many sign-ins may fail before the next one has to wait, and how long at most."""

    free: int
    longest: float
    """Seconds."""

    def pause(self, failures: int) -> float:
        """Seconds until the next try, after so many failures in a row: 1, 2, 4, ..."""
        over = failures - self.free
        return 0.0 if over <= 0 else min(self.longest, 2.0 ** min(over - 1, 30))


FOR_NAME = Allowance(free=5, longest=60)
"""Short, as a stranger who fails on purpose keeps the person out, too."""
FOR_ADDRESS = Allowance(free=20, longest=900)
"""An office shares one address."""


def person_name(text: str) -> str:
    """The name as it is kept. Raises InputError for one that can't be shown."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(f"A reviewer's name has 1 to {LONGEST_NAME} characters.")
    return name


def check_password(password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InputError(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters: several words "
            "are easy to remember."
        )


class Counters(NamedTuple):
    """By what failed sign-ins are counted."""

    name: str
    """Whether a person has it or not."""
    address: str
    """Of IPv6 its /64 network, as one machine has all addresses of that."""


def counters(name: str, address: str) -> Counters:
    shown = "".join(each for each in name.casefold() if each.isprintable())
    return Counters(f"name {shown.strip()[:LONGEST_NAME]}", f"address {_network(address)}")


def _network(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((int(found), 64), strict=False))
