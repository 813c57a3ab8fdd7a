"""The lock of a home: one `heaters up` at a time runs in it, and `heaters down` finds it there."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from heaters_pipeline.domain.errors import HeatersError
from heaters_pipeline.files.locks import try_lock

LOCK_NAME = "up.lock"
END_SECONDS = 120
LOOK_SECONDS = 0.2


def take_home(home: Path) -> int:
    """An open file descriptor that holds the lock; the file has this process's number. Raises
    HeatersError if another process holds the lock."""
    held = try_lock(home / LOCK_NAME)
    if held is None:
        raise HeatersError(
            f"Heaters already runs in {home}: `heaters down` stops it, another HEATERS_HOME starts "
            "a second one."
        )
    os.ftruncate(held, 0)
    os.write(held, str(os.getpid()).encode())
    return held


def take_over_home(home: Path) -> tuple[int, bool]:
    """The same, after ending the process that holds the lock; whether there was one."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / LOCK_NAME
    held = try_lock(path)
    if held is not None:
        return held, False
    # The holder of the lock lives, so the number in the file is its own.
    with suppress(ValueError, ProcessLookupError):  # it is just starting, or ending
        os.kill(int(path.read_text()), signal.SIGTERM)
    end = time.monotonic() + END_SECONDS
    while (held := try_lock(path)) is None:
        if time.monotonic() > end:
            raise HeatersError(f"Heaters (process {path.read_text()}) does not stop.")
        time.sleep(LOOK_SECONDS)
    return held, True
