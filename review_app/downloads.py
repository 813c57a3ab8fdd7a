"""Answers that hold a thread of the server until their client has read them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wsgi import ClosingIterator

BUFFERED_BYTES = 256 << 20
"""Of an answer, which the server takes from its thread before the client reads it: more than the
longest run of frames has."""

AT_ONCE = 8
"""Half of the server's threads (`server.THREADS`)."""

FOR_EACH = 4
"""For one client."""

RETRY_AFTER_SECONDS = 10


class Downloads:
    """The long answers in progress, by the address of their client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def hold(self, client: str, body: Iterable[bytes]) -> ClosingIterator:
        """`body` itself; it counts as in progress until it is closed. Raises ServiceUnavailable
        where too many are."""
        with self._lock:
            if self._running[client] >= FOR_EACH or self._running.total() >= AT_ONCE:
                raise ServiceUnavailable(
                    "Too many long downloads are in progress: wait until one has ended, then try "
                    "again.",
                    retry_after=RETRY_AFTER_SECONDS,
                )
            self._running[client] += 1
        return ClosingIterator(body, lambda: self._ended(client))

    def _ended(self, client: str) -> None:
        with self._lock:
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]
