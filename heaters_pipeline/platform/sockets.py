"""Unix sockets and ports: where they can be opened, and whether a program answers there."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from heaters_pipeline.domain.errors import HeatersError

LONGEST_PATH_BYTES = 107  # sockaddr_un of Linux, without the closing zero byte


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


def port_is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def accepts_connections(path: Path) -> bool:
    """Whether a program listens on the Unix socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) == 0


def answers_http(address: str) -> bool:
    """Whether a GET is answered with 200; never through a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=5) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
