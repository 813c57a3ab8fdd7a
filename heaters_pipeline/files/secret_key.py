"""The key that signed session cookies before it was kept in the database (`db.secret_keys`)."""

from __future__ import annotations

from pathlib import Path

FILE_NAME = "secret_key"


def key_of_home(home: Path) -> bytes | None:
    """The key that an earlier version left in `home`; None where there is none."""
    path = home / FILE_NAME
    return path.read_bytes() if path.exists() else None
