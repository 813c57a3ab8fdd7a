"""Signs of life over connections that say nothing for hours because they hold a lock.

Without them a router forgets the connection, and a server keeps the lock of a machine that has
vanished. With them either side notices within a minute that the other one is gone.
"""

from __future__ import annotations

from typing import Any

KEEPALIVES: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
"""Seconds, seconds and a number, as libpq calls them: what the client does."""

ASK_SERVER = "SELECT " + ", ".join(
    f"set_config('tcp_{name}', '{value}', false)" for name, value in KEEPALIVES.items()
)
"""Has the server do the same for the rest of the session."""
