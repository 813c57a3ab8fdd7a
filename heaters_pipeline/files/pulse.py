"""Signs of life of this process: whoever moves frames, bytes or rows on says so.

A process that is stopped, or hangs, says nothing. `db.locks.video_lock` passes the signs on to
Postgres, where everybody can see them.
"""

from __future__ import annotations

import time

_last = time.monotonic()


def beat(_done: object = None) -> None:
    """Work has moved on. As a callback it takes how far."""
    global _last
    _last = time.monotonic()


def last_beat() -> float:
    """When work moved on last, by the clock of `time.monotonic`."""
    return _last
