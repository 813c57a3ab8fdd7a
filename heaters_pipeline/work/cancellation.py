"""Stopping work from outside, wherever it is."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

LOOK_SECONDS = 1.0
AGAIN_SECONDS = 5.0
"""Python swallows what is raised in a destructor: unless the work has ended by then, once more. It
has long cleaned up after itself where it was heard."""


class Cancelled(BaseException):
    """Somebody asked for the end of the work. No Exception, so that no library takes it for a
    failure that it may try to get over."""


@contextmanager
def cancellable(is_cancelled: Callable[[], bool], words: str) -> Iterator[None]:
    """Raises Cancelled (`words`) inside, about a second after `is_cancelled`, which a thread of its
    own asks, first says so; and again on leaving, whatever became of it inside. A signal
    interrupts what the main thread waits for; Python runs its handlers in no other thread, so the
    work must be in that one."""
    over = threading.Event()
    ended = asked = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if not ended:
            asked = True
            raise Cancelled(words)

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
        yield
    finally:
        ended = True
        over.set()
        watcher.join()
        signal.signal(signal.SIGUSR1, before)
        if asked:
            raise Cancelled(words)
