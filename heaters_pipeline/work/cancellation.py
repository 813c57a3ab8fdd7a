"""Stopping work from outside, wherever it is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 5.0
"""Until the next try. Python swallows an exception raised in a destructor; work that did hear it
has long cleaned up by then."""


class Cancelled(BaseException):
    """Somebody cancelled the work. It is no Exception, so that no library handles it as a failure
    and goes on."""


@contextmanager
def cancellable(is_cancelled: Callable[[], bool], sentence: str) -> Iterator[None]:
    """Raises Cancelled (`sentence`) in the main thread, about a second after `is_cancelled` first
    returns True, and again on leaving, so that nobody can swallow it.

    A thread asks `is_cancelled`. A signal then interrupts the main thread, whatever it waits for:
    Python runs signal handlers there only, so the work must run in that thread.
    """
    over = threading.Event()
    ended = asked = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if not ended:
            asked = True
            raise Cancelled(sentence)

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            if is_cancelled():
                break
        while not over.is_set():
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
            over.wait(AGAIN_SECONDS)

    before = signal.signal(signal.SIGUSR1, stop)
    watcher = threading.Thread(target=watch, name="cancellation", daemon=True)
    watcher.start()
    try:
        try:
            yield
        finally:
            ended = True
    finally:
        ended = True  # Not yet, where a signal came just before the first one.
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, before)
        if asked:
            raise Cancelled(sentence)
