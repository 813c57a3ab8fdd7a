"""The signals that stop a process, as an exception."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequested(BaseException):
    """Ctrl-C, or another signal to stop: leave the work under way at once."""


@contextmanager
def stop_on_signals() -> Iterator[None]:
    """Raise StopRequested, once, for SIGINT, SIGTERM and the end of the terminal; also where the
    parent ignores SIGINT, as a shell does for the programs that it starts with `&`."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # not under nohup
        numbers.append(signal.SIGHUP)

    def stop(*_: object) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise StopRequested

    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
