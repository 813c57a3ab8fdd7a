"""Stopping work from outside, wherever it is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from heaters_pipeline.domain.errors import InputError

LOOK_SECONDS = 1.0


class Cancelled(InputError):
    """Somebody asked for the end of the work; doing it again by itself is not what they want."""


@contextmanager
def cancellable(is_cancelled: Callable[[], bool], words: str) -> Iterator[None]:
    """Raises Cancelled (`words`) inside, about a second after `is_cancelled`, which a thread of its
    own asks, first says so. A signal interrupts what the main thread waits for; Python runs its
    handlers in no other thread, so the work must be in that one."""
    over = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        if not over.is_set():
            over.set()
            raise Cancelled(words)

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            if is_cancelled() and not over.is_set():
                signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
                return

    before = signal.signal(signal.SIGUSR1, stop)
    watcher = threading.Thread(target=watch, name="cancellation", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, before)
