"""Where Unix sockets can lie, and that nobody else reaches them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from heaters_pipeline.domain.errors import HeatersError

LONGEST_PATH_BYTES = 107  # sockaddr_un of Linux, without the closing zero byte

ENCODER = "encoder.sock"


def encoder_socket(home: Path) -> Path:
    """Where the search process of a home listens, in a folder of its own."""
    return socket_folder(home / "search", ENCODER) / ENCODER


def socket_folder(preferred: Path, name: str) -> Path:
    """`preferred`, if the path of a socket `name` in it is short enough, else a temporary folder,
    always the same one for `preferred`."""
    if len(os.fsencode(preferred / name)) <= LONGEST_PATH_BYTES:
        return preferred
    digest = hashlib.sha256(os.fsencode(preferred)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"heaters-{digest}"


def make_private(folder: Path, owner: int, group: int) -> None:
    """Create the folder for its owner alone. Raises HeatersError if it exists and others own it or
    may read it."""
    if not folder.exists():
        folder.mkdir(mode=0o700)
        if owner != os.geteuid():
            os.chown(folder, owner, group)
    status = folder.lstat()
    if status.st_uid != owner or status.st_mode & 0o077:
        raise HeatersError(
            f"{folder} is open to others or belongs to somebody else, so no socket can be put "
            "there: remove it, or set HEATERS_HOME to a shorter path."
        )
