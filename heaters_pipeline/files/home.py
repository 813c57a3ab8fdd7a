"""The home is nobody else's: it has the videos, the logs, and the key that signs sessions."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

KEPT = (
    *("storage", "cache", "uploads", "logs", "scratch", "dagster", "search", "tls"),
    *("secret_key", "demo.mp4"),
)
"""What Heaters keeps in it, but for the embedded Postgres, which closes its own folder."""

OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_home(home: Path) -> None:
    """Make the home, or close to others what an earlier version left open: the home itself and what
    Heaters keeps in it. Started by root, the embedded Postgres runs as another user and has to pass
    through the home; that remains possible."""
    home.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
    _close(home, OF_OTHERS & ~stat.S_IXOTH if os.geteuid() == 0 else OF_OTHERS)
    for name in KEPT:
        _close(home / name, OF_OTHERS)


def _close(path: Path, bits: int) -> None:
    with suppress(FileNotFoundError, PermissionError):  # not there, or not ours to close
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & bits:
            path.chmod(mode & ~bits)


@contextmanager
def private_files() -> Iterator[None]:
    """Inside it, only their owner may read what this process and its children make."""
    before = os.umask(OF_OTHERS)
    try:
        yield
    finally:
        os.umask(before)
