"""What an address must not tell in words: the login that it may carry."""

from __future__ import annotations

import re

LOGIN = r"(?<!postgresql)(://)[^/?#]*@"
"""A login in an address (RFC 3986, userinfo), after a group of what stands before it; for Python
and Postgres. Addresses of databases have a rule of their own (`db.urls.without_password`)."""


def without_login(text: str) -> str:
    """`text`, an address or words with addresses in them, without `user:password@`."""
    return re.sub(LOGIN, r"\1", text)
