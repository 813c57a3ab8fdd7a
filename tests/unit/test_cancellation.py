"""Interrupting a step that is cancelled."""

from __future__ import annotations

import linecache
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from heaters_pipeline.work import cancellation
from heaters_pipeline.work.cancellation import Cancelled, cancellable

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(cancellation, "AGAIN_SECONDS", 0.5)


def test_what_waits_is_interrupted() -> None:
    began = time.monotonic()
    with pytest.raises(Cancelled, match="enough"), cancellable(lambda: True, "enough"):
        time.sleep(30)
    assert time.monotonic() - began < 5


def test_a_library_that_gets_over_every_failure_is_interrupted_all_the_same() -> None:
    with pytest.raises(Cancelled), cancellable(lambda: True, "enough"):
        while True:
            with suppress(Exception):
                time.sleep(30)


def test_what_swallows_it_hears_of_it_again_and_ends_as_cancelled() -> None:
    with pytest.raises(Cancelled), cancellable(lambda: True, "enough"):
        for _ in range(2):
            with suppress(Cancelled):
                time.sleep(30)


def test_work_that_nobody_cancels_goes_through() -> None:
    with cancellable(lambda: False, "enough"):
        time.sleep(0.1)


def test_a_signal_in_the_very_moment_of_leaving_is_the_last_one() -> None:
    before = signal.getsignal(signal.SIGUSR1)

    def on_line(frame: FrameType, event: str, _argument: object) -> Callable[..., Any] | None:
        if frame.f_code.co_name != cancellable.__name__:
            return None
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and line.startswith("ended = True") and not sent:
            sent.append(line)
            signal.raise_signal(signal.SIGUSR1)
        return on_line

    sent: list[str] = []
    tracing = sys.gettrace()
    try:
        with pytest.raises(Cancelled), cancellable(lambda: False, "enough"):
            sys.settrace(on_line)
    finally:
        sys.settrace(tracing)
    assert sent
    assert signal.getsignal(signal.SIGUSR1) is before
    assert "cancellation" not in {thread.name for thread in threading.enumerate()}
